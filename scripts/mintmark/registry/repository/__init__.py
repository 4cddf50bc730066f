"""What a Git repository is to its reader: the settings that are relied on, names, dates and what is skipped."""
