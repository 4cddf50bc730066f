"""The command that watches what is served."""
