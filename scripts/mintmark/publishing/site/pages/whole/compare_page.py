"""The page that sets two to five versions side by side; the browser fills it from the documents of the API. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from mintmark.core.comparison import PARTS
from mintmark.core.words.comparisons import BASIS_WORDS
from mintmark.core.words.numbers import capital
from mintmark.publishing.site.pages.templating import address, render

if TYPE_CHECKING:
    from collections.abc import Mapping

API: Final = "../api/v1/"


def compare_page(config: Mapping[str, Any], models: Mapping[str, Any]) -> str:
    """Return the content of the page, from `config.json` and `models.json`."""
    last = config["channels"][-1]["name"] if config["channels"] else ""
    parts = {key: capital(title) for key, title in PARTS.items()}
    return render(
        "compare.html",
        config=config,
        first=[(row["name"], row["channels"].get(last) or row["latest"] or "") for row in models["models"]],
        champions=[(row["name"], held) for row in models["models"] if (held := row["channels"].get(last))],
        last=last,
        words=json.dumps({"bases": BASIS_WORDS, "parts": parts}),
        repository=address(config["repository"]).rstrip("/"),
        api=API,
    )


def comparison_link(up: str, model: str, *versions: str) -> str:
    """Return the address of a comparison; `up` leads to the root of the site, as in `../../`."""
    return f"{up}compare/?{urlencode([('v', f'{model}@{version}') for version in versions], safe='@')}"
