"""The forge that hosts a registry: pull requests, issues, releases and deployments, through one client."""
