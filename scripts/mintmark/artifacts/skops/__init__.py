"""The guard of skops files: canonical bytes, types, shapes and bounds."""
