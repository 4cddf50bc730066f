"""Whether a converted model answers as the one that it was made from: the rows to ask, and what the answers show."""
