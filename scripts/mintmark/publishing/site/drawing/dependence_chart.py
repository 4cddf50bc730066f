"""Partial dependence of one input as SVG: a line over numbers, dots over levels. Draws what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mintmark.core.finding import shorten
from mintmark.core.words.demands import value_in_words
from mintmark.core.words.numbers import number
from mintmark.publishing.markdown import visible
from mintmark.publishing.site.drawing.axes import Axis, are_drawn, exact_axis, round_axis, short
from mintmark.publishing.site.drawing.svg import LINE, opening, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WIDTH, _HEIGHT = 340.0, 188.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 50.0, 330.0, 10.0, 132.0
_LETTER: Final = 6.6  # pixels that a letter takes, about
_LONGEST_LEVEL: Final = 14


def shared_axis(curves: Sequence[Mapping[str, Any]]) -> Axis | None:
    """Return one scale of answers for all curves, so that they can be compared; None where nothing can be drawn."""
    values = [answer for curve in curves for answer in curve["answers"]]
    return round_axis(values, _BOTTOM, _TOP, most=5) if values and are_drawn(values) else None


def dependence_chart(curve: Mapping[str, Any], axis: Axis, *, answer: str, prefix: str) -> str:
    """Return one curve as SVG, empty where it cannot be drawn; `answer` says what the axis `axis` is of."""
    values, answers = curve["values"], curve["answers"]
    if len(values) != len(answers) or not answers:
        return ""
    is_level = any(isinstance(value, (str, bool)) for value in values)
    if not is_level and not are_drawn(values):
        return ""
    places, below = _levels(values) if is_level else _numbers(values)
    spots = [(x, axis.place(answer)) for x, answer in zip(places, answers, strict=True)]
    path = "" if is_level else f'<path d="M{"L".join(f"{short(x)} {short(y)}" for x, y in spots)}" fill="none" '
    line = f'{path}stroke="{LINE}" stroke-width="2"/>' if path else ""
    dots = "".join(f'<circle cx="{short(x)}" cy="{short(y)}" r="{4.5 if is_level else 2.5}"/>' for x, y in spots)
    grid = "".join(f"M{short(_LEFT)} {short(y)}H{short(_RIGHT)}" for y, _ in axis.labels())
    rows = "".join(f'<text x="{short(_LEFT - 6)}" y="{short(y + 4)}">{label}</text>' for y, label in axis.labels())
    named = f' role="img" aria-labelledby="{prefix}-t {prefix}-d"'
    return (
        f"{opening('mm-chart mm-curve', _WIDTH, _HEIGHT, attributes=named)}"
        f'<title id="{prefix}-t">{plain(curve["input"], 100)}</title>'
        f'<desc id="{prefix}-d">{plain(_describe(values, answers, answer), 1000)}</desc>'
        f'<path d="{grid}" stroke="currentColor" opacity=".15"/>'
        f'<g font-size="12" opacity=".85"><g text-anchor="end">{rows}</g><g text-anchor="middle">{below}'
        f'<text x="{short((_LEFT + _RIGHT) / 2)}" y="{short(_BOTTOM + 51)}">{plain(curve["input"], 44)}</text></g></g>'
        f'{line}<g fill="{LINE}">{dots}</g></svg>'
    )


def _numbers(values: Sequence[float]) -> tuple[list[float], str]:
    axis = exact_axis(min(values), max(values), _LEFT + 6, _RIGHT - 6, most=5)
    ticks = "".join(f'<text x="{short(x)}" y="{short(_BOTTOM + 18)}">{label}</text>' for x, label in axis.labels())
    return [axis.place(value) for value in values], ticks


def _levels(values: Sequence[Any]) -> tuple[list[float], str]:
    """Return where levels are drawn, and the names of as many as two lines have room for."""
    step = (_RIGHT - _LEFT) / len(values)
    places = [_LEFT + (number + 0.5) * step for number in range(len(values))]
    texts, free = list[str](), [0.0, 0.0]
    for x, value in zip(places, values, strict=True):
        name = shorten(visible(value_in_words(value)), _LONGEST_LEVEL)
        half = len(name) * _LETTER / 2
        middle = min(max(x, half), _WIDTH - half)
        line = next((at for at, end in enumerate(free) if middle - half >= end), None)
        if line is not None:
            texts.append(f'<text x="{short(middle)}" y="{short(_BOTTOM + 18 + 15 * line)}">{plain(name)}</text>')
            free[line] = middle + half + 6
    return places, "".join(texts)


def _describe(values: Sequence[Any], answers: Sequence[float], answer: str) -> str:
    low, high = answers.index(min(answers)), answers.index(max(answers))
    ends = [f"{number(answers[place])} at {_told(values[place])}" for place in (low, high)]
    return f"Mean {answer} over {len(values)} values: lowest {ends[0]}, highest {ends[1]}."


def _told(value: Any) -> str:
    return number(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value_in_words(value)
