"""The pages of the site, made from the documents of the API."""
