"""The audit page of the site: who did what and when. Opens no files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mintmark.publishing.site.pages.home_page import last_channel
from mintmark.publishing.site.pages.templating import address, render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

API: Final = "../api/v1/"
SHOWN: Final = 150  # events in the page itself; the browser loads the others from the documents
# What an event may be, in the order of the filter, and what that means.
KINDS: Final = {
    "propose": "A proposal was merged, which registered a version.",
    "promote": "A channel was pointed to a version.",
    "rollback": "A channel was pointed back to a version that it had pointed to before.",
    "close": "A channel was emptied: it points to no version any more.",
    "yank": "A version was marked as one that nobody should use any more.",
    "unyank": "That mark was taken away.",
    "withdraw": "The files of a version were deleted. Its number stays taken.",
    "create": "The description of a model, its model.yaml, came.",
    "describe": "The description of a model changed.",
    "anchor": "The description names another anchor: the version that a row of small losses may not fall behind.",
    "remove": "The description of a model was deleted.",
    "damage": "Files of a version changed after it was registered, or the file of a channel names no version.",
    "mend": "That damage was undone.",
}
_EXAMPLE: Final = "2026-06-01"


def audit_page(config: Mapping[str, Any], audit: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the content of the audit page from `config.json`, the whole audit and the names of models with a page."""
    events = audit["events"]
    return render(
        "audit.html",
        config=config,
        events=events[:SHOWN],
        total=len(events),
        last=last_channel(config),
        names=names,
        known=frozenset(names),
        kinds=[(kind, means) for kind, means in KINDS.items() if any(event["kind"] == kind for event in events)],
        channels=_channels(config, events),
        day=str(events[0]["time"])[:10] if events else _EXAMPLE,
        repository=address(config["repository"]).rstrip("/"),
        api=API,
    )


def _channels(config: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the channels of the settings, and those that events name and the settings no longer do."""
    declared = [str(rule["name"]) for rule in config["channels"]]
    return [*declared, *sorted({event["channel"] for event in events if event["channel"]} - {*declared})]
