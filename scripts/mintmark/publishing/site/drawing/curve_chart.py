"""Curves of one or two models as SVG: ROC, precision and recall, errors of a regression."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from mintmark.core.finding import shorten
from mintmark.core.words.numbers import number as in_words
from mintmark.publishing.site.drawing.axes import Axis, are_drawn, exact_axis, is_drawn, round_axis, short
from mintmark.publishing.site.drawing.svg import LINE, opening, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.core.statistics.true_curves import TrueCurve

    Line = tuple[str, Sequence[float], Sequence[float]]

_ROC: Final = "ROC curve"
_LEFT, _TOP, _SIDE, _HEIGHT = 46.0, 12.0, 320.0, 220.0
_RIGHT, _BOTTOM = _LEFT + _SIDE, _TOP + _HEIGHT
# The line of a model that knows nothing.
_DIAGONAL: Final = (
    f'<path d="M{short(_LEFT)} {short(_BOTTOM)}L{short(_RIGHT)} {short(_TOP)}" stroke="currentColor" '
    'stroke-dasharray="2 4" opacity=".7"/>'
)
_STYLES: Final = (f'stroke="{LINE}"', 'stroke="currentColor" stroke-dasharray="5 4"')


def line_chart(curve: TrueCurve, *, prefix: str, title: str = "") -> str:
    """Return a curve of one or two models as SVG, the first as a whole line and the second dashed.

    `title` stands in for the curve's own. Empty where there is nothing to draw.
    """
    lines = [line for line in curve.lines if len(line[1]) > 1 and are_drawn(line[1]) and are_drawn(line[2])]
    lines = lines[: len(_STYLES)]
    if not lines or not (is_drawn(curve.start) and is_drawn(curve.end) and curve.start < curve.end):
        return ""
    x_axis = exact_axis(curve.start, curve.end, _LEFT, _RIGHT)
    y_axis = _value_axis([value for _, _, values in lines for value in values])
    named = f' role="img" aria-labelledby="{prefix}-t {prefix}-d"'
    parts = [
        opening("mm-chart mm-curve", _RIGHT + 16, _BOTTOM + 42 + 20 * len(lines), attributes=named),
        f'<title id="{prefix}-t">{plain(title or curve.title)}</title>',
        f'<desc id="{prefix}-d">{plain(_describe(curve, lines), 1000)}</desc>',
        _grid(x_axis, y_axis),
        _names(curve),
        _DIAGONAL if curve.title == _ROC else "",
        '<g fill="none" stroke-width="2">',
        *(
            f'<path d="{_line(tuple(x), tuple(y), x_axis, y_axis)}" {style}/>'
            for (_, x, y), style in reversed([*zip(lines, _STYLES, strict=False)])
        ),
        "</g>",
        *(_key(name, number) for number, (name, _, _) in enumerate(lines)),
        "</svg>",
    ]
    return "".join(parts)


def _value_axis(values: Sequence[float]) -> Axis:
    if min(values) >= 0 and max(values) <= 1:  # shares, which are compared at a glance on one scale
        return exact_axis(0, 1, _BOTTOM, _TOP)
    return round_axis(values, _BOTTOM, _TOP)


def _describe(curve: TrueCurve, lines: Sequence[Line]) -> str:
    parts = [f"{curve.y_label} by {curve.x_label.lower()}, from {in_words(curve.start)} to {in_words(curve.end)}."]
    quarters = [curve.start + (curve.end - curve.start) * number / 4 for number in range(5)]
    for name, places, values in lines:
        found = (values[max(bisect_right(places, quarter) - 1, 0)] for quarter in quarters)
        parts.append(f"{shorten(name, 60)}: {', '.join(map(in_words, found))} at equal steps.")
    return " ".join(parts)


@lru_cache(maxsize=32)
def _grid(x_axis: Axis, y_axis: Axis) -> str:
    columns, rows = x_axis.labels(), y_axis.labels()
    grid = "".join(f"M{short(x)} {short(y_axis.end)}V{short(y_axis.start)}" for x, _ in columns)
    grid += "".join(f"M{short(x_axis.start)} {short(y)}H{short(x_axis.end)}" for y, _ in rows)
    below = "".join(f'<text x="{short(x)}" y="{short(y_axis.start + 17)}">{label}</text>' for x, label in columns)
    beside = "".join(f'<text x="{short(x_axis.start - 6)}" y="{short(y + 4)}">{label}</text>' for y, label in rows)
    return (
        f'<path d="{grid}" stroke="currentColor" opacity=".15"/><g font-size="12" opacity=".8">'
        f'<g text-anchor="middle">{below}</g><g text-anchor="end">{beside}</g></g>'
    )


def _names(curve: TrueCurve) -> str:
    x, y = (_LEFT + _RIGHT) / 2, (_TOP + _BOTTOM) / 2
    return (
        f'<g text-anchor="middle"><text x="{short(x)}" y="{short(_BOTTOM + 36)}">{plain(curve.x_label, 40)}</text>'
        f'<text transform="translate(12 {short(y)})rotate(-90)">{plain(curve.y_label, 30)}</text></g>'
    )


@lru_cache(maxsize=8)
def _line(x: tuple[float, ...], y: tuple[float, ...], x_axis: Axis, y_axis: Axis) -> str:
    """Return a line from corner to corner, each written from the place before it; the champion's lies under many."""
    across, up = (
        (axis.places(np.array(side, dtype=np.float64)) * 10).round().astype(int)
        for axis, side in ((x_axis, x), (y_axis, y))
    )
    gaps = zip(np.diff(across).tolist(), np.diff(up).tolist(), strict=True)
    steps = [f"l{_tenth(right)}{'' if rise < 0 else ' '}{_tenth(rise)}" for right, rise in gaps if right or rise]
    return f"M{_tenth(int(across[0]))} {_tenth(int(up[0]))}{''.join(steps)}"


@lru_cache(maxsize=8192)
def _tenth(tenths: int) -> str:
    """Return a number of tenths as short as SVG reads it: 0.5 is `.5`."""
    whole, part = divmod(abs(tenths), 10)
    sign = "-" if tenths < 0 else ""
    return f"{sign}{whole or ''}.{part}" if part else f"{sign}{whole}"


def _key(name: str, number: int) -> str:
    y = _BOTTOM + 58 + 20 * number
    return (
        f'<path d="M{short(_LEFT)} {short(y - 4)}h26" stroke-width="2" {_STYLES[number]}/>'
        f'<text x="{short(_LEFT + 34)}" y="{short(y)}">{plain(name, 40)}</text>'
    )
