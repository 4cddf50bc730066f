"""YAML, read strictly and written so that it reads back the same."""
