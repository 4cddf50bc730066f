"""The lineage page of the site: from data, code and packages to the versions that name them. Opens no files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mintmark.publishing.site.api.lineage_documents import KEYS
from mintmark.publishing.site.pages.home_page import last_channel
from mintmark.publishing.site.pages.templating import render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mintmark.core.provenance.inputs import Part

SHOWN: Final = 30  # entries of each list that stand in the page; a search finds the others
_MODELS: Final = 3  # of an entry
_Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class _List:
    """One list of the page: how many entries it has, and the lines of those that the most versions name."""

    name: str
    title: str
    total: int
    lines: list[dict[str, Any]]


def lineage_page(config: Mapping[str, Any], entries: Mapping[Part, Sequence[_Row]]) -> str:
    """Return the content of the lineage page, from `config.json` and the entries of the lineage by part."""
    lists = [
        _list("packages", "Packages", "packages", entries["packages"]),
        _list("data", "Data that versions were made from", "data", entries["data"], lambda row: not _measured(row)),
        _list("measured", "Data that versions were measured on", "data", entries["data"], _measured),
        _list("scripts", "Code", "scripts", entries["scripts"]),
    ]
    return render("lineage.html", config=config, last=last_channel(config), lists=lists)


def _measured(row: _Row) -> bool:
    return bool(row["role"] == "evaluation")


def _list(
    name: str, title: str, part: Part, entries: Sequence[_Row], keep: Callable[[_Row], bool] = lambda _: True
) -> _List:
    kept = [row for row in entries if keep(row)]
    most = sorted(kept, key=lambda row: -sum(model["versions"] for model in row["models"]))
    return _List(name=name, title=title, total=len(kept), lines=[_line(part, row) for row in most[:SHOWN]])


def _line(part: Part, row: _Row) -> dict[str, Any]:
    models = sorted(row["models"], key=lambda model: (model["champion"] is None, model["name"]))
    name, mark = (row[key] for key in KEYS[part][:2])
    return {
        "name": name,
        "mark": mark,
        "role": row.get("role", ""),
        "models": models[:_MODELS],
        "more": max(0, len(models) - _MODELS),
    }
