"""Model cards: Markdown with the front matter of the Hugging Face Hub."""
