"""Commits that propose, promote, roll back and yank: prepared, written whole or not at all."""
