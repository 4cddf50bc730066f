"""The tree of a registry, read from a clone or a published site: records, history, stored bytes, validation."""
