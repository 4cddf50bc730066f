"""The registry site and its static API, made from the documents of a registry."""
