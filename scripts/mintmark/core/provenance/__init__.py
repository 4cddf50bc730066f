"""What made a model: its candidate as a record tells it, and the packages that it was made with. Reads no files."""
