"""The trials of a search for parameters as SVG: the score of each, and the best so far. Draws what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mintmark.core.words.numbers import count, number
from mintmark.publishing.site.drawing.axes import exact_axis, is_drawn, round_axis, short
from mintmark.publishing.site.drawing.svg import LINE, opening, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WIDTH, _HEIGHT = 560.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 60.0, 546.0, 12.0, 200.0
_CROWDED: Final = 60


def trials_chart(trials: Sequence[Mapping[str, Any]]) -> str:
    """Return the trials that have a score, in their order, empty where fewer than two have one."""
    drawn = [trial for trial in trials if is_drawn(trial["score"])]
    if len(drawn) < 2:
        return ""
    scores = [trial["score"] for trial in drawn]
    x_axis = exact_axis(drawn[0]["trial"], drawn[-1]["trial"], _LEFT + 10, _RIGHT - 10)
    y_axis = round_axis(scores, _BOTTOM, _TOP)
    spots = [(x_axis.place(trial["trial"]), y_axis.place(trial["score"])) for trial in drawn]
    best = max(range(len(drawn)), key=lambda place: scores[place])
    radius = 3 if len(drawn) > _CROWDED else 4
    dots = "".join(f'<circle cx="{short(x)}" cy="{short(y)}" r="{radius}"/>' for x, y in spots)
    grid = "".join(f"M{short(_LEFT)} {short(y)}H{short(_RIGHT)}" for y, _ in y_axis.labels())
    rows = "".join(f'<text x="{short(_LEFT - 6)}" y="{short(y + 4)}">{label}</text>' for y, label in y_axis.labels())
    columns = "".join(
        f'<text x="{short(x)}" y="{short(_BOTTOM + 18)}">{label}</text>'
        for (x, label), tick in zip(x_axis.labels(), x_axis.ticks, strict=True)
        if tick == round(tick)
    )
    said = f"{count(len(drawn), 'trial')}. The best is trial {drawn[best]['trial']} with {number(scores[best])}."
    named = ' role="img" aria-labelledby="trials-t trials-d"'
    x, y = spots[best]
    return (
        f"{opening('mm-chart', _WIDTH, _HEIGHT, attributes=named)}"
        f'<title id="trials-t">Score by trial</title><desc id="trials-d">{plain(said)}</desc>'
        f'<path d="{grid}" stroke="currentColor" opacity=".15"/>'
        f'<g font-size="12" opacity=".85"><g text-anchor="end">{rows}</g><g text-anchor="middle">{columns}'
        f'<text x="{short((_LEFT + _RIGHT) / 2)}" y="{short(_BOTTOM + 38)}">trial</text></g></g>'
        f'<path d="{_best_so_far(spots)}" fill="none" stroke="currentColor" opacity=".6" stroke-dasharray="4 3"/>'
        f'<g fill="{LINE}">{dots}</g>'
        f'<circle cx="{short(x)}" cy="{short(y)}" r="7" fill="none" stroke="{LINE}" stroke-width="2"/></svg>'
    )


def _best_so_far(spots: Sequence[tuple[float, float]]) -> str:
    """Return a line of steps: higher is a smaller y."""
    (x, top), *rest = spots
    path = f"M{short(x)} {short(top)}"
    for x, y in rest:
        path += f"H{short(x)}"
        if y < top:
            top = y
            path += f"V{short(y)}"
    return path
