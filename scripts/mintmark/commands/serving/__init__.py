"""Commands that serve what is registered, and look into what was served."""
