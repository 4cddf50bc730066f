"""Draw which version held each channel of a model, and when, as SVG. The list beside it says the same in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from markupsafe import Markup

from mintmark.publishing.site.templating import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_WIDTH: Final = 720
_LEFT: Final = 8
_LANE: Final = 46  # a line for the name of the channel, and one for its bars
_BAR: Final = 22
_LETTER: Final = 7.2  # of the labels, on average
_LEAST: Final = 4.0  # so that a version that held a channel for an hour of a year can be seen
_MOST: Final = 40  # bars in a lane; the older ones of a busy channel are left out


class _Held(NamedTuple):
    """One version in a channel from one move to the next; moments in seconds."""

    version: str
    kind: str
    start: float
    end: float


def draw_timeline(config: Mapping[str, Any], index: Mapping[str, Any]) -> str:
    """Return the drawing, which ends at the last move of any channel and a little after; empty without moves."""
    moves = [move for move in reversed(index["moves"]) if move["time"]]
    if not moves:
        return ""
    first, last = _seconds(moves[0]["time"]), max(_seconds(move["time"]) for move in moves)
    end = last + max((last - first) * 0.08, 86_400.0)
    names = [rule["name"] for rule in config["channels"] if any(move["channel"] == rule["name"] for move in moves)]
    lanes = [(name, list(_held((m for m in moves if m["channel"] == name), end))[-_MOST:]) for name in names]
    start = min(held.start for _, lane in lanes for held in lane) if any(lane for _, lane in lanes) else first
    drawn = Markup("").join(_lane(number, name, lane, start, end) for number, (name, lane) in enumerate(lanes))
    height = _LANE * len(names) + 22
    return str(_frame(drawn, height, _day(start), _day(last)))


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _held(moves: Iterable[Mapping[str, Any]], end: float) -> Iterator[_Held]:
    """Yield what held a channel, oldest first; a closed channel holds nothing."""
    before: _Held | None = None
    for move in moves:
        moment = _seconds(move["time"])
        if before is not None:
            yield before._replace(end=moment)
        before = _Held(move["to"], move["kind"], moment, end) if move["to"] else None
    if before is not None:
        yield before


def _lane(number: int, name: str, lane: list[_Held], start: float, end: float) -> Markup:
    top = number * _LANE
    scale = (_WIDTH - 2 * _LEFT) / max(end - start, 1.0)
    bars = Markup("").join(_bar(held, _LEFT + (held.start - start) * scale, scale, top + 18) for held in lane)
    return Markup('<text x="{}" y="{}" class="mm-lane">{}</text>{}').format(_LEFT, top + 12, shown(name), bars)


def _bar(held: _Held, x: float, scale: float, y: int) -> Markup:
    width = max((held.end - held.start) * scale, _LEAST)
    label = ("↩ " if held.kind == "rollback" else "") + held.version
    text = Markup("")
    if width > len(label) * _LETTER + 8:
        text = Markup('<text x="{}" y="{}">{}</text>').format(round(x + 5, 1), y + 15, shown(label))
    box = Markup('<rect x="{}" y="{}" width="{}" height="{}"/>').format(round(x, 1), y, round(width, 1), _BAR)
    group = Markup('<g class="mm-held mm-held--{}"><title>{}</title>{}{}</g>')
    return group.format(held.kind, shown(label), box, text)


def _frame(drawn: Markup, height: int, first: str, last: str) -> Markup:
    return Markup(
        '<svg class="mm-timeline" viewBox="0 0 {width} {height}" role="img" aria-label="Which version held each channel'
        ' from {first} to {last}; the list below says the same">{drawn}'
        '<text x="{left}" y="{y}" class="mm-axis">{first}</text>'
        '<text x="{right}" y="{y}" class="mm-axis" text-anchor="end">last move {last}</text></svg>'
    ).format(
        width=_WIDTH, height=height, first=first, last=last, drawn=drawn, left=_LEFT, right=_WIDTH - _LEFT, y=height - 4
    )
