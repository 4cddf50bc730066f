"""Begin a registry and a model in it: files of a team's own, made from those of this repository."""
