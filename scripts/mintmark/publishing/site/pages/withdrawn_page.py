"""The page of a version that was withdrawn, so that an old link says what became of it. Renders documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mintmark.publishing.site.pages.templating import render

if TYPE_CHECKING:
    from collections.abc import Mapping


def withdrawn_page(config: Mapping[str, Any], name: str, version: Mapping[str, Any]) -> str:
    """Return the content of the page, which lies two folders below `models/`, from an entry of `withdrawn`."""
    return render("withdrawn.html", config=config, name=name, version=version)
