"""The prediction log as readers know it: its form, and what is in it. Writes nothing."""
