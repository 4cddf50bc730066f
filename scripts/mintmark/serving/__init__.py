"""Serve what channels say: a server that follows them, proves what it loads, and logs what it answers."""
