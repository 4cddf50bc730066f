"""The page of a version that was withdrawn, so that an old link says what became of it. Renders documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mintmark.publishing.site.pages.templating import render

if TYPE_CHECKING:
    from collections.abc import Mapping


def withdrawn_page(config: Mapping[str, Any], index: Mapping[str, Any], version: Mapping[str, Any]) -> str:
    """Return the content of the page, which lies two folders below `models/`, from an entry of `withdrawn`."""
    holding = [channel for channel, held in index["channels"].items() if held["version"] == version["version"]]
    return render("withdrawn.html", config=config, name=index["name"], version=version, holding=holding)
