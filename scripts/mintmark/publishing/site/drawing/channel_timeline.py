"""Draw which version held each channel of a model, and when, as SVG. The list beside it says the same in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from markupsafe import Markup

from mintmark.publishing.site.pages.templating import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

_WIDTH: Final = 720
_LEFT: Final = 8
_LANE: Final = 46  # a line for the name of the channel, and one for its bars
_BAR: Final = 22
_TIP: Final = 8
_LETTER: Final = 7.2  # of the labels, on average
_LEAST: Final = 4.0  # so that a version that held a channel for an hour of a year can be seen
_DAY: Final = 86_400.0
_MOST: Final = 40  # bars in a lane; the older ones of a busy channel are left out


class _Held(NamedTuple):
    """One version in a channel from one move to the next; moments in seconds, or in steps."""

    version: str
    kind: str
    start: float
    end: float
    open: bool = False


def draw_timeline(config: Mapping[str, Any], index: Mapping[str, Any]) -> str:
    """Return the drawing, which ends a little after the last move of any channel; empty without moves.

    What holds a channel still has an open end: a site is the same whatever day it is built on, so today is not on its
    axis. Of a busy channel the older moves are one bar, which says how many they are.

    Moves of a single day stand at equal steps: drawn to scale, most of them would be too narrow to see.
    """
    moves = [move for move in reversed(index["moves"]) if move["time"]]
    if not moves:
        return ""
    first, last = _seconds(moves[0]["time"]), max(_seconds(move["time"]) for move in moves)
    steps = last - first < _DAY
    moments = _moments(moves, steps=steps)
    end = max(moments) + max((max(moments) - min(moments)) * 0.08, 1.0 if steps else _DAY)
    names = [rule["name"] for rule in config["channels"] if any(move["channel"] == rule["name"] for move in moves)]
    yanked = {row["version"] for row in index["versions"] if row["yanked"]}
    lanes = [(name, _shortened(list(_held(moves, moments, name, end, yanked)))) for name in names]
    start = min((held.start for _, lane in lanes for held in lane), default=min(moments))
    drawn = Markup("").join(_lane(number, name, lane, start, end) for number, (name, lane) in enumerate(lanes))
    height = _LANE * len(names) + 22
    return str(_frame(drawn, height, _day(first if steps else start), _day(last)))


def _moments(moves: Sequence[Mapping[str, Any]], *, steps: bool) -> list[float]:
    """Return where each move stands: at its second, or in steps at the number of its commit."""
    if not steps:
        return [_seconds(move["time"]) for move in moves]
    order = {commit: number for number, commit in enumerate(dict.fromkeys(move["commit"] for move in moves))}
    return [float(order[move["commit"]]) for move in moves]


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _shortened(lane: list[_Held]) -> list[_Held]:
    """Return the newest bars of a lane, with one in the place of all that are older."""
    if len(lane) <= _MOST:
        return lane
    older, kept = lane[: 1 - _MOST], lane[1 - _MOST :]
    return [_Held(f"{len(older)} earlier", "older", older[0].start, kept[0].start), *kept]


def _held(
    moves: Sequence[Mapping[str, Any]], moments: Sequence[float], channel: str, end: float, yanked: Collection[str]
) -> Iterator[_Held]:
    """Yield what held a channel, oldest first; a closed channel holds nothing, and a yanked version is told."""
    before: _Held | None = None
    for move, moment in zip(moves, moments, strict=True):
        if move["channel"] != channel:
            continue
        if before is not None:
            yield before._replace(end=moment)
        before = _Held(move["to"], move["kind"], moment, end) if move["to"] else None
    if before is not None:
        yield before._replace(open=True, kind="yanked" if before.version in yanked else before.kind)


def _lane(number: int, name: str, lane: list[_Held], start: float, end: float) -> Markup:
    top = number * _LANE
    scale = (_WIDTH - 2 * _LEFT) / (end - start)
    bars = Markup("").join(_bar(held, _LEFT + (held.start - start) * scale, scale, top + 18) for held in lane)
    return Markup('<text x="{}" y="{}" class="mm-lane">{}</text>{}').format(_LEFT, top + 12, shown(name), bars)


def _bar(held: _Held, x: float, scale: float, y: int) -> Markup:
    width = max((held.end - held.start) * scale, _LEAST)
    label = ("↩ " if held.kind == "rollback" else "") + held.version
    label = f"{label} yanked" if held.kind == "yanked" else label
    text = Markup("")
    if width > len(label) * _LETTER + 8:
        text = Markup('<text x="{}" y="{}">{}</text>').format(round(x + 5, 1), y + 15, shown(label))
    length = max(width - _TIP, 1.0) if held.open else width
    box = Markup('<rect x="{}" y="{}" width="{}" height="{}"/>').format(round(x, 1), y, round(length, 1), _BAR)
    if held.open:
        box += Markup('<path d="M{} {}l{} {}-{} {}z"/>').format(
            round(x + length, 1), y, _TIP, _BAR // 2, _TIP, _BAR // 2
        )
    group = Markup('<g class="mm-held mm-held--{}"><title>{}</title>{}{}</g>')
    title = f"{label}, and it holds the channel still" if held.open else label
    return group.format(held.kind, shown(title), box, text)


def _frame(drawn: Markup, height: int, first: str, last: str) -> Markup:
    return Markup(
        '<svg class="mm-timeline" viewBox="0 0 {width} {height}" role="img" aria-label="Which version held each channel'
        ' from {first} to {last}; the list below says the same">{drawn}'
        '<text x="{left}" y="{y}" class="mm-axis">{first}</text>'
        '<text x="{right}" y="{y}" class="mm-axis" text-anchor="end">last move {last}, unchanged since</text></svg>'
    ).format(
        width=_WIDTH, height=height, first=first, last=last, drawn=drawn, left=_LEFT, right=_WIDTH - _LEFT, y=height - 4
    )
