"""The names of the forge's environments in which a channel of a model is deployed."""

from __future__ import annotations


def environment(model: str, channel: str) -> str:
    """Return the environment of a channel, `iris/production`: its reviewers say yes before the channel's move counts.

    No name of a model or a channel holds a slash, so two channels never share an environment.
    """
    return f"{model}/{channel}"


def rollback_environment(model: str, channel: str) -> str:
    """Return the environment of a move back, `iris/production/rollback`: no reviewers, so it waits for nobody."""
    return f"{environment(model, channel)}/rollback"
