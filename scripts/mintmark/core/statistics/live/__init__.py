"""What the counts of production tell beside those of the reference: drift, and performance without labels."""
