"""What a merge leads to, and what is handed to others: one verb per file."""
