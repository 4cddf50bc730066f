"""The monitoring page of the site: its place, honest about being empty until there is data. Opens no files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mintmark.publishing.site.pages.home_page import last_channel
from mintmark.publishing.site.pages.templating import render

if TYPE_CHECKING:
    from collections.abc import Mapping


def monitoring_page(config: Mapping[str, Any], models: Mapping[str, Any]) -> str:
    """Return the content of the monitoring page, from the documents `config.json` and `models.json`."""
    last = last_channel(config)
    rows = [row for row in models["models"] if last in row["channels"]]
    return render("monitoring.html", last=last, rows=rows)
