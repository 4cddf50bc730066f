"""What `mintmark compare` is made of: the sides, and the rows on which they differ."""
