"""The commands that bring models from elsewhere."""
