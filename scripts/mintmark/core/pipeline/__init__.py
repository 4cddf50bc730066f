"""The pipeline as data: what its stages and files may be called, and what its templates declare. Reads no files."""
