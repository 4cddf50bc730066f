"""A paired difference as SVG: its interval, and the lines of no difference and of the margin. Judges nothing."""

from __future__ import annotations

from typing import Final

from mintmark.core.finding import shorten
from mintmark.core.words.numbers import difference as in_words
from mintmark.core.words.numbers import written
from mintmark.publishing.site.drawing.axes import Axis, is_drawn, round_axis, short
from mintmark.publishing.site.drawing.svg import LINE, opening, plain

_WIDTH, _HEIGHT = 560.0, 136.0
_LEFT, _RIGHT = 24.0, 536.0
_TOP, _MIDDLE, _BOTTOM = 40.0, 64.0, 88.0
_EDGE: Final = "var(--mm-floor,#e5484d)"  # a contrast of 3 and more on white and on black
_LETTER: Final = 6.6  # pixels that a letter takes, about


def difference_chart(
    value: float,
    low: float | None,
    high: float | None,
    *,
    margin: float,
    maximize: bool,
    metric: str,
    against: str,
) -> str:
    """Return the difference of a metric as SVG, empty where it cannot be drawn.

    The side of the margin that is worse is shaded. A reader of the screen gets the numbers.
    """
    edge = -margin if maximize else margin
    found = [bound for bound in (value, low, high) if bound is not None]
    if not all(map(is_drawn, [*found, 1.2 * edge])):
        return ""
    axis = round_axis([*found, 1.2 * edge, 0.0, -0.2 * edge], _LEFT, _RIGHT, most=7)
    said = f"{in_words(value, low, high)} {metric}. The margin is {written(margin)}."
    return "".join(
        [
            opening("mm-chart mm-difference", _WIDTH, _HEIGHT, attributes=' role="img" aria-labelledby="difference-t"'),
            f'<title id="difference-t">{plain(f"The difference: {said}", 400)}</title>',
            _beyond(axis, edge, maximize=maximize),
            *_lines(axis, edge),
            _interval(axis, value, low, high),
            _scale(axis, f"{shorten(metric, 30)}: this version minus {shorten(against, 40)}"),
            "</svg>",
        ]
    )


def _beyond(axis: Axis, edge: float, *, maximize: bool) -> str:
    start, end = (_LEFT, axis.place(edge)) if maximize else (axis.place(edge), _RIGHT)
    size = f'width="{short(end - start)}" height="{short(_BOTTOM - _TOP)}"'
    return f'<rect x="{short(start)}" y="{short(_TOP)}" {size} fill="{_EDGE}" opacity=".12"/>'


def _lines(axis: Axis, edge: float) -> list[str]:
    """Return both lines; where their names would touch, that of the margin stands a line higher."""
    zero, margin = axis.place(0.0), axis.place(edge)
    names = "no difference", f"margin {written(edge)}"
    close = abs(zero - margin) < sum(map(len, names)) * _LETTER / 2 + 12
    found = [_line(zero, names[0], 'stroke="currentColor"', _TOP - 9)]
    if edge:
        found.append(_line(margin, names[1], f'stroke="{_EDGE}" stroke-dasharray="5 3"', _TOP - (25 if close else 9)))
    return found


def _line(x: float, label: str, style: str, y: float) -> str:
    half = len(label) * _LETTER / 2
    at = min(max(x, half), _WIDTH - half)
    return (
        f'<path d="M{short(x)} {short(y + 3)}V{short(_BOTTOM)}" {style}/>'
        f'<text x="{short(at)}" y="{short(y)}" text-anchor="middle" font-size="12">{plain(label, 40)}</text>'
    )


def _interval(axis: Axis, value: float, low: float | None, high: float | None) -> str:
    x = axis.place(value)
    bar = ""
    if low is not None and high is not None:
        left, right = axis.place(low), axis.place(high)
        bar = (
            f'<path d="M{short(left)} {short(_MIDDLE)}H{short(right)}M{short(left)} {short(_MIDDLE - 8)}v16'
            f'M{short(right)} {short(_MIDDLE - 8)}v16" fill="none" stroke="{LINE}" stroke-width="3"/>'
        )
    return f'{bar}<circle cx="{short(x)}" cy="{short(_MIDDLE)}" r="6" fill="{LINE}"/>'


def _scale(axis: Axis, name: str) -> str:
    ticks = "".join(f"M{short(x)} {short(_BOTTOM)}v4" for x, _ in axis.labels())
    texts = "".join(
        f'<text x="{short(x)}" y="{short(_BOTTOM + 18)}">{"+" if tick > 0 and text != "0" else ""}{text}</text>'
        for (x, text), tick in zip(axis.labels(), axis.ticks, strict=True)
    )
    return (
        f'<path d="M{short(_LEFT)} {short(_BOTTOM)}H{short(_RIGHT)}{ticks}" stroke="currentColor" opacity=".5" '
        f'fill="none"/><g text-anchor="middle" font-size="12" opacity=".85">{texts}'
        f'<text x="{short(_WIDTH / 2)}" y="{short(_BOTTOM + 40)}">{plain(name, 100)}</text></g>'
    )
