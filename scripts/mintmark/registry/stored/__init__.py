"""Bytes of stored files: the store, its remotes, verified streams, the candidate."""
