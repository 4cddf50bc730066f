"""The long texts of a model.yaml with their titles, rendered. Says nothing where nobody has written anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mintmark.publishing.site.pages.texts import render_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

TEXTS: Final = {
    "purpose": "Purpose",
    "intended_use": "What it is for",
    "out_of_scope": "What it is not for",
    "limitations": "Limitations",
    "ethics": "Ethics",
    "training_data": "Training data",
}


def described(model: Mapping[str, Any]) -> list[tuple[str, Markup]]:
    """Return each text that is written, as title and HTML."""
    return [(title, render_text(model[key])) for key, title in TEXTS.items() if model.get(key)]
