"""What versions cost against how good they are, as SVG: size or latency across, the metric upwards. Judges nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from mintmark.core.finding import shorten
from mintmark.core.words import numbers
from mintmark.publishing.markdown import visible
from mintmark.publishing.site.drawing.axes import Axis, is_drawn, round_axis, short
from mintmark.publishing.site.drawing.svg import LINE, is_relative, opening, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WIDTH, _HEIGHT = 480.0, 262.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 54.0, 462.0, 32.0, 206.0
_MOST: Final = 20  # versions; the newest ones
_LETTER: Final = 6.6
_APART: Final = 15.0  # pixels between two names
_STEPS: Final = (1, 2, 5)
_LEAST: Final = 1e-12  # of a cost; what is smaller has no place on a scale of powers


@dataclass(frozen=True, kw_only=True, slots=True)
class Priced:
    """One version: its cost in bytes or seconds, its metric with the interval, and a relative address of its page."""

    version: str
    cost: float
    value: float
    low: float | None = None
    high: float | None = None
    href: str = ""
    champion: bool = False


def tradeoff_chart(
    versions: Sequence[Priced], *, metric: str, what: str, in_words: Callable[[float], str], prefix: str
) -> str:
    """Return versions by cost and metric, empty where fewer than two can be drawn; `what` names the cost.

    All of them must have been measured on the same rows. Of many, the newest are drawn, and the champion. Costs are on
    a scale of powers.
    """
    usable = [each for each in versions if is_drawn(each.value) and _LEAST < each.cost < math.inf]
    newest = len(usable) - _MOST
    drawn = [each for place, each in enumerate(usable) if place >= newest or each.champion]
    if len(drawn) < 2:
        return ""
    y_axis = round_axis([bound for each in drawn for bound in (each.value, *_bounds(each))], _BOTTOM, _TOP, most=5)
    x_axis, ticks = _powers([each.cost for each in drawn], in_words)
    said = ". ".join(f"{each.version}: {in_words(each.cost)}, {_value(each)}" for each in drawn[-12:])
    order = sorted(drawn, key=lambda each: each.champion)  # the champion lies on top
    return "".join(
        [
            opening("mm-chart mm-tradeoff", _WIDTH, _HEIGHT),
            f'<g role="img" aria-labelledby="{prefix}-t {prefix}-d">',
            f'<title id="{prefix}-t">{plain(f"{metric} by {what}")}</title>',
            f'<desc id="{prefix}-d">{plain(said, 1000)}</desc>',
            _grid(y_axis, ticks),
            f'<text x="2" y="14" font-weight="700">{plain(metric, 30)}</text><g text-anchor="middle">',
            f'<text x="{short((_LEFT + _RIGHT) / 2)}" y="{short(_BOTTOM + 42)}">{plain(what, 60)}</text></g>',
            _names(drawn, x_axis, y_axis),
            f'</g><g aria-hidden="true" fill="{LINE}" stroke="{LINE}">',
            *(_mark(each, x_axis, y_axis) for each in order),
            "</g></svg>",
        ]
    )


def _bounds(each: Priced) -> tuple[float, ...]:
    low, high = each.low, each.high
    return (low, high) if low is not None and high is not None and is_drawn(low) and is_drawn(high) else ()


def _value(each: Priced) -> str:
    return numbers.interval(each.value, each.low, each.high)


def _powers(costs: Sequence[float], in_words: Callable[[float], str]) -> tuple[Axis, list[tuple[float, str]]]:
    """Return an axis of logarithms around costs, and its round numbers as place and text."""
    low, high = math.log10(min(costs)), math.log10(max(costs))
    air = max(0.08 * (high - low), 0.1)
    axis = Axis(low=low - air, high=high + air, start=_LEFT, end=_RIGHT, ticks=(), step=1.0)
    powers = range(math.floor(axis.low), math.ceil(axis.high) + 1)
    found = [step * 10.0**power for power in powers for step in _STEPS]
    inside = [tick for tick in found if axis.low <= math.log10(tick) <= axis.high]
    if len(inside) > 6:
        inside = [tick for tick in inside if f"{tick:e}"[0] == "1"]
    shown = inside[:: max(1, -(-len(inside) // 6))] or [min(costs), max(costs)]
    return axis, [(axis.place(math.log10(tick)), in_words(tick)) for tick in shown]


def _grid(y_axis: Axis, ticks: Sequence[tuple[float, str]]) -> str:
    lines = "".join(f"M{short(_LEFT)} {short(y)}H{short(_RIGHT)}" for y, _ in y_axis.labels())
    lines += "".join(f"M{short(x)} {short(_TOP)}V{short(_BOTTOM)}" for x, _ in ticks)
    beside = "".join(f'<text x="48" y="{short(y + 4)}">{label}</text>' for y, label in y_axis.labels())
    below = "".join(f'<text x="{short(x)}" y="{short(_BOTTOM + 20)}">{plain(text)}</text>' for x, text in ticks)
    return (
        f'<path d="{lines}" stroke="currentColor" opacity=".15"/><g opacity=".85"><g text-anchor="end">{beside}</g>'
        f'<g text-anchor="middle">{below}</g></g>'
    )


def _mark(each: Priced, x_axis: Axis, y_axis: Axis) -> str:
    x, y = x_axis.place(math.log10(each.cost)), y_axis.place(each.value)
    bar = ""
    if bounds := _bounds(each):
        low, high = (short(y_axis.place(bound)) for bound in bounds)
        bar = f'<path d="M{short(x - 3)} {high}h6m-3 0V{low}m-3 0h6" fill="none" opacity=".6"/>'
    shape = (
        f'<path d="M{short(x)} {short(y)}m-6.5 0l6.5-6.5 6.5 6.5-6.5 6.5z"/>'
        if each.champion
        else f'<circle cx="{short(x)}" cy="{short(y)}" r="4"/>'
    )
    inner = f"<title>{escape(visible(shorten(f'{each.version}: {_value(each)}', 100)))}</title>{bar}{shape}"
    if is_relative(each.href):
        return f'<a href="{escape(each.href)}" tabindex="-1">{inner}</a>'
    return f"<g>{inner}</g>"


def _names(drawn: Sequence[Priced], x_axis: Axis, y_axis: Axis) -> str:
    """Return the names of versions beside their marks, the newest first, as long as they do not touch."""
    taken: list[tuple[float, float, float]] = []
    texts = []
    newest_first = [*reversed(drawn)]
    for each in sorted(newest_first, key=lambda each: not each.champion):
        name = shorten(visible(each.version), 14)
        x, y, width = x_axis.place(math.log10(each.cost)), y_axis.place(each.value), len(name) * _LETTER
        left = x + 9 if x + 9 + width <= _WIDTH else x - 9 - width
        if all(abs(y - other) >= _APART or left >= end or left + width <= start for other, start, end in taken):
            taken.append((y, left, left + width))
            texts.append(f'<text x="{short(left)}" y="{short(y - 5)}">{plain(name)}</text>')
    return f'<g font-size="12" opacity=".9">{"".join(texts)}</g>'
