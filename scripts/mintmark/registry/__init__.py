"""The tree of a registry: files, Git, DVC, the store, the blob cache, and the loader that joins them."""
