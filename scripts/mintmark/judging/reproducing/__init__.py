"""The recorded stages of a version, run again and held against what it recorded."""
