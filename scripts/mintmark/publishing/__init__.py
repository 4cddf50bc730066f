"""What is made for readers of a registry: reports, cards, pages and exports."""
