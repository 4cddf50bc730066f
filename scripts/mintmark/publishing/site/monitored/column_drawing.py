"""Draw how the values of a column fell in a window, beside the rows of the profile. Draws what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mintmark.core.finding import shorten
from mintmark.core.words import numbers
from mintmark.publishing.markdown import visible
from mintmark.publishing.site.drawing.axes import short
from mintmark.publishing.site.drawing.svg import LINE, opening, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.monitoring.measured import Column

_WIDTH, _HEIGHT = 320.0, 118.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 4.0, 316.0, 6.0, 96.0
_MOST: Final = 40  # bins; more would be too narrow to see
_LETTER: Final = 7.0


def draw_column(column: Column) -> str:
    """Return two distributions over the same bins, as shares of the rows that have a value; empty without both.

    The window is filled, and the profile is a line. Bins are drawn equally wide, however wide they are.
    """
    known = column.reference
    if known is None or not 0 < len(column.counts) <= _MOST or not sum(column.counts) or not sum(known.counts):
        return ""
    now, before = _shares(column.counts), _shares(known.counts)
    top = max(*now, *before)
    width = (_RIGHT - _LEFT) / len(now)
    bars, line = [], f"M{short(_LEFT)} {short(_BOTTOM)}"
    for number, (share, other) in enumerate(zip(now, before, strict=True)):
        left, y = _LEFT + number * width, _BOTTOM - (_BOTTOM - _TOP) * share / top
        gap = min(1.5, width / 8)
        if share:
            bars.append(f"M{short(left + gap)} {short(_BOTTOM)}V{short(y)}h{short(width - 2 * gap)}V{short(_BOTTOM)}z")
        line += f"V{short(_BOTTOM - (_BOTTOM - _TOP) * other / top)}H{short(left + width)}"
    said = f"{column.name}: shares of rows in {numbers.count(len(now), 'bin')}, in the window and in the profile."
    return (
        f"{opening('mm-chart', _WIDTH, _HEIGHT, attributes=_label(said))}"
        f'<path d="M{short(_LEFT)} {short(_BOTTOM)}H{short(_RIGHT)}" stroke="currentColor" opacity=".4"/>'
        f'<path d="{"".join(bars)}" fill="{LINE}" opacity=".55"/>'
        f'<path d="{line}V{short(_BOTTOM)}" fill="none" stroke="currentColor" stroke-width="1.5"/>'
        f'<g font-size="12" opacity=".85">{_ends(column, width)}</g></svg>'
    )


def _label(said: str) -> str:
    return f' role="img" aria-label="{plain(said, 300)}"'


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [count / total for count in counts]


def _ends(column: Column, width: float) -> str:
    """Return the ends of the range below the first and the last bin, or as many levels as there is room for."""
    y = short(_BOTTOM + 16)
    if column.edges:
        low, high = (numbers.number(edge) for edge in (column.edges[0], column.edges[-1]))
        return (
            f'<text x="{short(_LEFT)}" y="{y}">{low}</text>'
            f'<text x="{short(_RIGHT)}" y="{y}" text-anchor="end">{high}</text>'
        )
    names = [*column.levels, "others"][: len(column.counts)]
    texts, free = [], 0.0
    for number, name in enumerate(names):
        text = shorten(visible(name), 16)
        half, middle = len(text) * _LETTER / 2, _LEFT + (number + 0.5) * width
        x = min(max(middle, _LEFT + half), _RIGHT - half)
        if x - half >= free:
            texts.append(f'<text x="{short(x)}" y="{y}" text-anchor="middle">{plain(text)}</text>')
            free = x + half + 6
    return "".join(texts)
