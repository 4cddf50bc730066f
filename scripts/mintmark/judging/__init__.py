"""Judge a proposal: what a change is, what its versions are worth, whether they can be made again."""
