"""Commands that ask registered models about rows in a file."""
