"""Read models out of other registries: what is there, what of it can come, and what nobody here can check."""
