"""Reports of a review: for GitHub, for a terminal, for programs."""
