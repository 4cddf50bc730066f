"""A registry read from its published site: documents, records, listings and bytes."""
