"""The pages that tell of the whole registry, apart from its home and its audit."""
