"""The audit page of the site: who did what and when, and what was in a channel on a day. Opens no files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mintmark.publishing.site.pages.home_page import last_channel
from mintmark.publishing.site.pages.templating import address, render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

API: Final = "../api/v1/"
SHOWN: Final = 200  # events in the page itself; the browser loads the others from audit.json
KINDS: Final = ("propose", "promote", "rollback", "close", "yank", "unyank", "withdraw", "create", "describe")
_EXAMPLE: Final = "2026-06-01"


def audit_page(config: Mapping[str, Any], audit: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the content of the audit page, from `config.json`, `audit.json` and the names of models with a page."""
    events = audit["events"]
    return render(
        "audit.html",
        config=config,
        events=[(event, describe_event(event)) for event in events[:SHOWN]],
        total=len(events),
        last=last_channel(config),
        names=names,
        known=frozenset(names),
        kinds=[kind for kind in KINDS if any(event["kind"] == kind for event in events)],
        day=str(events[0]["time"])[:10] if events else _EXAMPLE,
        repository=address(config["repository"]).rstrip("/"),
        api=API,
    )


def describe_event(event: Mapping[str, Any]) -> str:
    """Return what an event did as the end of a sentence; registry.js writes the same words."""
    kind, version, channel = event["kind"], event["version"], event["channel"]
    match kind:
        case "promote" if event["from"]:
            return f"moved {channel} from {event['from']} to {event['to']}"
        case "promote":
            return f"opened {channel} with {event['to']}"
        case "rollback":
            return f"rolled {channel} back from {event['from']} to {event['to']}"
        case "close":
            return f"closed {channel}, which held {event['from']}"
        case "yank":
            return f"yanked {version}" + (f": {event['reason']}" if event["reason"] else "")
        case "unyank":
            return f"took back that {version} was yanked"
    sentences = {
        "propose": f"proposed {version}",
        "withdraw": f"withdrew {version}",
        "create": "created the model",
        "describe": "changed model.yaml",
    }
    return sentences.get(kind, str(kind))
