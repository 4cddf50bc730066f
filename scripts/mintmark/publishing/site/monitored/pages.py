"""What a model's page says of production, and the page that tells all of it. Reads no files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mintmark.publishing.site.monitored.channel_seen import ChannelSeen, channel_seen
from mintmark.publishing.site.monitored.column_lines import DRAWN
from mintmark.publishing.site.pages.templating import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.publishing.site.monitored.model_windows import ModelWindows

    Document = Mapping[str, Any]

_MOST_CHANNELS: Final = 4  # that a page tells; the documents have all
_MOST_BROKEN: Final = 20


def summary_of(config: Document, index: Document, seen: ModelWindows) -> ChannelSeen | None:
    """Return what the page of a model tells: its last channel that was watched; None where there is none."""
    channels = seen.channels([rule["name"] for rule in config["channels"]])
    return channel_seen(seen, channels[0], _held(index, channels[0]), short=True) if channels else None


def monitoring_page(config: Document, index: Document, seen: ModelWindows) -> str:
    """Return the content of the page `models/<model>/monitoring/`."""
    channels = seen.channels([rule["name"] for rule in config["channels"]])
    return render(
        "monitoring.html",
        config=config,
        index=index,
        versions={row["version"] for row in index["versions"]},
        channels=[channel_seen(seen, name, _held(index, name)) for name in channels[:_MOST_CHANNELS]],
        more_channels=channels[_MOST_CHANNELS:],
        broken=seen.findings[:_MOST_BROKEN],
        more_broken=max(0, len(seen.findings) - _MOST_BROKEN),
        drawn=DRAWN,
    )


def _held(index: Document, channel: str) -> str | None:
    held = index["channels"].get(channel)
    return held["version"] if held is not None else None
