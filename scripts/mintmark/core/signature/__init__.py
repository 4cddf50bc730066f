"""The signature of a model: what columns it takes, and rows held against them."""
