"""Model files: formats, digests, safety checks and loading."""
