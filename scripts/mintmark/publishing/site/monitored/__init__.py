"""What was seen of models in production, as the site shows it: read from documents of windows, drawn and told."""
