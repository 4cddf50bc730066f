"""The documents of the static API, the feed, the badges and the SQLite file."""
