"""The audit page of the site: who did what and when. Opens no files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mintmark.publishing.site.pages.home_page import last_channel
from mintmark.publishing.site.pages.templating import address, render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

API: Final = "../api/v1/"
SHOWN: Final = 150  # events in the page itself; the browser loads the others from audit.json
KINDS: Final = ("propose", "promote", "rollback", "close", "yank", "unyank", "withdraw", "create", "describe", "anchor")
_EXAMPLE: Final = "2026-06-01"


def audit_page(config: Mapping[str, Any], audit: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the content of the audit page, from `config.json`, `audit.json` and the names of models with a page."""
    events = audit["events"]
    return render(
        "audit.html",
        config=config,
        events=events[:SHOWN],
        total=len(events),
        last=last_channel(config),
        names=names,
        known=frozenset(names),
        kinds=[kind for kind in KINDS if any(event["kind"] == kind for event in events)],
        channels=_channels(config, events),
        day=str(events[0]["time"])[:10] if events else _EXAMPLE,
        repository=address(config["repository"]).rstrip("/"),
        api=API,
    )


def _channels(config: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the channels of the settings, and those that events name and the settings no longer do."""
    declared = [str(rule["name"]) for rule in config["channels"]]
    return [*declared, *sorted({event["channel"] for event in events if event["channel"]} - {*declared})]
