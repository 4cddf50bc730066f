"""Alarms of production among what needs attention: one item for each channel and kind of trouble. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from mintmark.core.words.numbers import count
from mintmark.monitoring.documents import format_time
from mintmark.publishing.site.api.attention import item

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mintmark.publishing.site.api.json_text import Document
    from mintmark.publishing.site.monitored.model_windows import ModelWindows

_KINDS: Final[dict[str, Literal["silent", "drifting"]]] = {
    "silence": "silent",
    "drift": "drifting",
    "prediction-drift": "drifting",
}


def alarm_items(seen: ModelWindows, model: str, channels: Sequence[str]) -> Iterator[Document]:
    """Yield an item for each kind of alarm that lasts in a channel of the settings; grave in the last channel."""
    for channel in channels:
        for kind in ("alarm", "silent", "drifting"):
            found = [each for each in seen.open_alarms(channel) if _KINDS.get(each.kind, "alarm") == kind]
            if not found:
                continue
            first = found[0]
            more = f", and {count(len(found) - 1, 'more alarm')}" if len(found) > 1 else ""
            yield item(
                kind,
                "high" if channel == channels[-1] else "medium",
                model,
                f"{first.version} in {channel}: {first.words.rstrip('.')}{more}",
                version=first.version,
                channel=channel,
                since=format_time(min(each.since for each in found)),
            )
