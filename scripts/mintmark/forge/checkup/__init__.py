"""What a repository's settings lack, asked of the forge and of the clone."""
