"""The pages of what was withdrawn or cannot be read."""
