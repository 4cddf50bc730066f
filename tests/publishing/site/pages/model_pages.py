"""The page of one model, as tests read it."""

from __future__ import annotations

from typing import Any

from tests.publishing.site.samples.sample_versions import Page, config, event, held, index, move, row, version

from mintmark.publishing.site.pages.model_page import model_page

CHART = "<svg id='metric'><title>roc_auc</title></svg>"
MOVES = [
    move("production", "rollback", "1.1.0", "1.0.0", 9),
    move("production", "promote", "1.0.0", "1.1.0", 8),
    move("staging", "promote", "1.0.0", "1.1.0", 7),
    move("production", "promote", None, "1.0.0", 5),
    move("staging", "promote", None, "1.0.0", 4),
]


def sample(**changes: Any) -> dict[str, Any]:
    yanked = {"reason": "Labels **leaked**.", "replacement": "1.2.0", **event(10, "yank iris")}
    newest, broken, first = version("1.2.0"), version("1.1.0", status=yanked), version("1.0.0", parent=None)
    channels = {"staging": held("1.1.0", "1.0.0", event(7)), "production": held("1.0.0", None, event(9), "1.1.0")}
    withdrawn = [{"version": "1.1.1", **event(11, "withdraw iris 1.1.1: wrong file (#51)")}]
    rows = [row(newest), row(broken, "staging"), row(first, "production")]
    return index(*rows, **{"channels": channels, "moves": MOVES, "withdrawn": withdrawn, **changes})


def content(shown: dict[str, Any] | None = None, **options: Any) -> str:
    charts = options.pop("charts", {"roc_auc": CHART, "log_loss": "<svg></svg>"})
    return model_page(options.pop("config", config()), shown or sample(), charts)


def page(shown: dict[str, Any] | None = None, **options: Any) -> Page:
    made = Page(content(shown, **options))
    assert made.faults == []
    return made
