"""The commands that begin a registry, add a model to it, and bring its files up to date."""
