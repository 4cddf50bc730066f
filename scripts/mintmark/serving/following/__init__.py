"""Follow a registry: where it is, what a version proves, and what is remembered between runs."""
