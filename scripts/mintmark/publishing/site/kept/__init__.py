"""What one build of a site made and the next one may take: parts that nothing has changed."""
