"""The lineage page of the site: from data, scripts and packages to the versions made from them. Opens no files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mintmark.publishing.site.pages.home_page import last_channel
from mintmark.publishing.site.pages.templating import render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SHOWN: Final = 100  # entries of each part that stand in the page; a search finds the others
_MODELS: Final = 5  # of an entry
_TITLES: Final = {"packages": "Packages", "data": "Data", "scripts": "Scripts"}


def lineage_page(config: Mapping[str, Any], pages: Sequence[Mapping[str, Any]]) -> str:
    """Return the content of the lineage page, from `config.json` and the pages of `lineage.json`."""
    parts = []
    for part, title in _TITLES.items():
        rows = [row for page in pages for row in page[part]]
        parts.append((part, title, [_line(row) for row in rows[:SHOWN]], len(rows)))
    return render("lineage.html", config=config, last=last_channel(config), parts=parts)


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    models = sorted(row["models"], key=lambda model: (model["champion"] is None, model["name"]))
    return {
        "name": row.get("path") or row["package"],
        "mark": row.get("hash") or row["version"],
        "models": models[:_MODELS],
        "more": len(models) - _MODELS if len(models) > _MODELS else 0,
    }
