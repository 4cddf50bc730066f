"""What a merge leads to, derived from what is merged: tags in GTO's grammar, and the desired state on `deploy`."""
