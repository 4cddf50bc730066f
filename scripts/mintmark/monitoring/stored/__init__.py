"""Documents of windows as they are kept: on a branch or in a folder, and folded by month. Trusts nobody."""
