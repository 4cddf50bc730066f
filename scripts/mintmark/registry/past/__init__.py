"""What Git history tells: versions, moves, events, notes and what a tree changes."""
