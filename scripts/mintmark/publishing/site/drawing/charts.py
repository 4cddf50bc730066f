"""Charts as SVG that follow the colours of the page around them: a metric over versions, and (`line_chart`) curves.

Texts may be anybody's: they are escaped, and cut to the room that they have.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from mintmark.core.finding import shorten
from mintmark.core.statistics.metric_names import goal_of
from mintmark.core.words import numbers
from mintmark.publishing.markdown import visible
from mintmark.publishing.site.drawing.axes import Axis, is_drawn, round_axis, short
from mintmark.publishing.site.drawing.curve_chart import line_chart
from mintmark.publishing.site.drawing.svg import LINE, is_relative, opening, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mintmark.core.statistics.metric_names import Goal

__all__ = ["Point", "line_chart", "metric_chart"]

FLOOR: Final = "var(--mm-floor,#e5484d)"  # a contrast of 3 and more on white and on black
_WIDTH, _HEIGHT = 480, 272
_LEFT, _RIGHT, _TOP, _BOTTOM = 54.0, 462.0, 32.0, 214.0
_LETTER: Final = 6.6  # pixels that a letter takes, about
_LONGEST_LABEL: Final = 14
_CROWDED: Final = 9.0  # pixels from a version to the next, below which intervals become a band
_THINNEST: Final = 2.0  # and below which several share a column
_MOST_MARKS: Final = 150
_MOST_YANKED: Final = 40
_BAR_KEY: Final = f'<path d="M-3-10h6m-3 0v11m-3 0h6" fill="none" stroke="{LINE}" opacity=".6"/>'
_BAND_KEY: Final = f'<path d="M-7-10h14v11h-14z" fill="{LINE}" opacity=".2"/>'
_REACH: Final = 3.0  # how many times wider than the values the axis may get to show a floor


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A metric of one version. `href` is a relative address of its page; none is linked elsewhere.

    A value that is None or no finite number leaves a gap.
    """

    version: str
    value: float | None
    low: float | None = None
    high: float | None = None
    created: str = ""  # a time such as 2026-06-01T09:30:00Z
    href: str = ""
    yanked: bool = False
    champion: bool = False
    channels: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Spot:
    """Where a point is drawn."""

    point: Point
    value: float
    x: float
    y: float
    low: float  # y of the bounds, the same as `y` where there is no interval
    high: float


def metric_chart(
    points: Sequence[Point],
    *,
    metric: str,
    floor: float | None = None,
    title: str,
    prefix: str = "metric",
    standalone: bool = False,
) -> str:
    """Return a metric over versions, the oldest left, as SVG.

    Each version is a link; these are for the mouse and hidden from readers of the screen, who get the summary here and
    every number in the table beside it. `prefix` keeps the ids of several charts on a page apart. `standalone` makes a
    file of its own, in the colours that the system prefers.
    """
    axis = _value_axis(points, floor)
    step = (_RIGHT - _LEFT) / max(len(points), 1)
    first = _LEFT + step / 2
    places = [
        _place(point, first + number * step, axis) for number, point in enumerate(points) if is_drawn(point.value)
    ]
    goal = goal_of(metric)
    best = _best(places, goal)
    parts = [
        opening("mm-chart", _WIDTH, _HEIGHT, alone=standalone),
        f'<g role="img" aria-labelledby="{prefix}-t {prefix}-d">',
        f'<title id="{prefix}-t">{plain(title)}</title>',
        f'<desc id="{prefix}-d">{plain(_summary(points, places, best, goal, floor), 1000)}</desc>',
        _frame(axis),
        _caption(metric, goal),
        *_version_labels(points, first, step),
        *_intervals(places, step),
        _trend([place for place in places if not place.point.yanked], step),
        _floor(floor, axis, goal),
        *_legend(places, crowded=step < _CROWDED),
        '</g><g aria-hidden="true">',
        *_marks(places, best, step),
        "</g></svg>",
    ]
    return "".join(parts) + ("\n" if standalone else "")


def _value_axis(points: Sequence[Point], floor: float | None) -> Axis:
    values = [
        bound
        for point in points
        if is_drawn(point.value)
        for bound in (point.value, *_bounds(point))
        if bound is not None
    ]
    if values and is_drawn(floor) and floor is not None:
        low, high = min(values), max(values)
        reach = _REACH * max(high - low, abs(high) * 0.02)
        if low - reach <= floor <= high + reach:
            values.append(floor)
    return round_axis(values, _BOTTOM, _TOP)


def _bounds(point: Point) -> tuple[float, float] | tuple[()]:
    """Return the interval of a point, nothing where there is none around the value."""
    low, high, value = point.low, point.high, point.value
    if low is None or high is None or value is None or not (is_drawn(low) and is_drawn(high)) or low > high:
        return ()
    return low, high


def _place(point: Point, x: float, axis: Axis) -> _Spot:
    value = float(point.value or 0.0)
    low, high = _bounds(point) or (value, value)
    return _Spot(point=point, value=value, x=x, y=axis.place(value), low=axis.place(low), high=axis.place(high))


def _best(places: Sequence[_Spot], goal: Goal) -> _Spot | None:
    sign = -1 if goal == "minimize" else 1
    return max((place for place in places if not place.point.yanked), key=lambda p: sign * p.value, default=None)


def _summary(
    points: Sequence[Point], places: Sequence[_Spot], best: _Spot | None, goal: Goal, floor: float | None
) -> str:
    """Say what the chart shows, for who does not see it."""
    sentences = [f"{numbers.capital(numbers.count(len(points), 'version'))}, the oldest first."]
    if places:
        sentences += [f"First {_describe(places[0])}.", f"Newest {_describe(places[-1])}."]
    if best is not None:
        sentences.append(f"{'Lowest' if goal == 'minimize' else 'Highest'} {_describe(best)}; {_direction(goal)}.")
    yanked = sum(point.yanked for point in points)
    sentences += [f"{yanked:,} yanked."] if yanked else []
    sentences += (
        [f"The gate asks for {_demand(goal)} {numbers.written(floor)}."]
        if is_drawn(floor) and floor is not None
        else []
    )
    return " ".join(sentences)


def _describe(place: _Spot) -> str:
    return f"{shorten(place.point.version, 40)}: {numbers.number(place.value)}"


def _direction(goal: Goal) -> str:
    return numbers.better(maximize=goal != "minimize")


def _frame(axis: Axis) -> str:
    lines = "".join(f"M{short(_LEFT)} {short(y)}H{short(_RIGHT)}" for y, _ in axis.labels())
    texts = "".join(f'<text x="48" y="{short(y + 4)}">{label}</text>' for y, label in axis.labels())
    return f'<path d="{lines}" stroke="currentColor" opacity=".18"/><g text-anchor="end" opacity=".8">{texts}</g>'


def _caption(metric: str, goal: Goal) -> str:
    return f'<text x="2" y="14"><tspan font-weight="700">{plain(metric, 30)}</tspan>, {_direction(goal)}</text>'


def _version_labels(points: Sequence[Point], first: float, step: float) -> Iterator[str]:
    """Yield the names of as many versions as there is room for, the newest among them."""
    names = [shorten(visible(point.version), _LONGEST_LABEL) for point in points]
    room = max((len(name) for name in names), default=0) * _LETTER + 14
    every = max(1, -int(-room // step)) if step else 1
    yield '<g text-anchor="middle" opacity=".8">'
    free = float(_WIDTH)
    for number in range(len(points) - 1, -1, -every):
        half = len(names[number]) * _LETTER / 2
        x = max(min(first + number * step, _WIDTH - half), half)
        if x + half <= free:
            yield f'<text x="{short(x)}" y="{short(_BOTTOM + 20)}">{escape(names[number])}</text>'
            free = x - half - 8
    yield "</g>"


# -- lines and bands -------------------------------------------------------------------------------------------------


def _intervals(places: Sequence[_Spot], step: float) -> Iterator[str]:
    """Yield a bar for each interval, a band through them where versions crowd."""
    held = [place for place in places if place.low != place.high]
    if not held:
        return
    if step >= _CROWDED or len(held) < 2:
        for is_yanked in (False, True):
            bars = "".join(_bar(place) for place in held if place.point.yanked is is_yanked)
            dash = ' stroke-dasharray="3 2"' if is_yanked else ""
            yield f'<path d="{bars}" fill="none" stroke="{LINE}" opacity=".6"{dash}/>' if bars else ""
        return
    columns = list(_columns([place for place in held if not place.point.yanked] or held, step))
    upper = [f"{short(column[0].x)} {short(min(place.high for place in column))}" for column in columns]
    lower = [f"{short(column[0].x)} {short(max(place.low for place in column))}" for column in reversed(columns)]
    yield f'<path d="M{"L".join(upper)}L{"L".join(lower)}z" fill="{LINE}" opacity=".2"/>'


def _bar(place: _Spot) -> str:
    x = place.x
    return f"M{short(x - 3)} {short(place.high)}h6m-3 0V{short(place.low)}m-3 0h6"


def _columns(places: Sequence[_Spot], step: float) -> Iterator[list[_Spot]]:
    """Yield the places that share a column of the drawing: each by itself until they are too many."""
    width = 0.0 if step >= _THINNEST else _THINNEST
    column: list[_Spot] = []
    for place in places:
        if column and place.x - column[0].x >= width:
            yield column
            column = []
        column.append(place)
    if column:
        yield column


def _trend(places: Sequence[_Spot], step: float) -> str:
    """Return a line through the versions that are not yanked."""
    if len(places) < 2:
        return ""
    nodes = []
    for column in _columns(places, step):
        ends = {min(column, key=lambda place: place.y).y: None, max(column, key=lambda place: place.y).y: None}
        nodes += [f"{short(column[0].x)} {short(y)}" for y in ends]
    return f'<path d="M{"L".join(nodes)}" fill="none" stroke="{LINE}" opacity=".55"/>'


def _is_inside(floor: float | None, axis: Axis) -> bool:
    reach = axis.step * 1e-6
    return floor is not None and axis.low - reach <= floor <= axis.high + reach


def _demand(goal: Goal) -> str:
    return "at most" if goal == "minimize" else "at least"


def _floor(floor: float | None, axis: Axis, goal: Goal) -> str:
    """Return a floor as a line, or as a word where it is far from every value."""
    if floor is None or not is_drawn(floor):
        return ""
    label = f"{_demand(goal)} {numbers.written(floor)}"
    if not _is_inside(floor, axis):
        sign = "below" if floor < axis.low else "above"
        return f'<text x="{short(_RIGHT)}" y="14" text-anchor="end" opacity=".8">{label}, {sign} what is shown</text>'
    y = axis.place(floor)
    return (
        f'<path d="M{short(_LEFT)} {short(y)}H{short(_RIGHT)}" stroke="{FLOOR}" stroke-width="1.5" '
        f'stroke-dasharray="7 4"/><text x="{short(_RIGHT)}" y="14" text-anchor="end">'
        f'<tspan fill="{FLOOR}">- - </tspan>{label}</text>'
    )


# -- marks -----------------------------------------------------------------------------------------------------------


def _marks(places: Sequence[_Spot], best: _Spot | None, step: float) -> Iterator[str]:
    """Yield a link with a mark for each version, or for those that matter where they are too many."""
    shown = _chosen(places, best)
    crowded = step < _CROWDED
    yield f'<g fill="{LINE}" stroke="{LINE}">'
    for place in shown:
        mark = _mark(place, crowded=crowded)
        hint = f"<title>{escape(_hint(place))}</title>"
        href = place.point.href
        link = is_relative(href)
        yield f'<a href="{escape(href)}" tabindex="-1">{hint}{mark}</a>' if link else f"<g>{hint}{mark}</g>"
    yield "</g>"


def _chosen(places: Sequence[_Spot], best: _Spot | None) -> list[_Spot]:
    """Return the places in order, the champion last so that it lies on top."""
    numbers: Iterable[int] = range(len(places))
    if len(places) > _MOST_MARKS:
        every = -(-len(places) // (_MOST_MARKS - _MOST_YANKED))
        yanked = [number for number, place in enumerate(places) if place.point.yanked][-_MOST_YANKED:]
        matter = {n for n, place in enumerate(places) if place.point.champion or place is best}
        numbers = sorted({*range(0, len(places), every), *yanked, *matter, len(places) - 1})
    return sorted((places[number] for number in numbers), key=lambda place: place.point.champion)


def _mark(place: _Spot, *, crowded: bool) -> str:
    x, y = short(place.x), short(place.y)
    if place.point.champion:
        return f'<path d="M{x} {y}m-6.5 0l6.5-6.5 6.5 6.5-6.5 6.5z"/>'
    if place.point.yanked:
        size = "-3-3l6 6m0-6l-6 6" if crowded else "-4-4l8 8m0-8l-8 8"
        return f'<path d="M{x} {y}m{size}" stroke="currentColor" stroke-width="2"/>'
    return f'<circle cx="{x}" cy="{y}" r="{"2" if crowded else "4"}"/>'


def _hint(place: _Spot) -> str:
    """`1.2.0: 0.93 [0.91, 0.95], 2026-06-01, production`."""
    point = place.point
    bounds = _bounds(point)
    parts = [f"{shorten(point.version, 40)}: {numbers.interval(place.value, *bounds)}", point.created[:10]]
    parts += [shorten(name, 40) for name in point.channels[:6]]
    parts += ["yanked"] if point.yanked else []
    return visible(", ".join(part for part in parts if part))


def _legend(places: Sequence[_Spot], *, crowded: bool) -> Iterator[str]:
    """Yield what the marks mean, where there is more than one kind of them."""
    y = _HEIGHT - 10
    entries = []
    champion = next((place.point for place in places if place.point.champion), None)
    if champion is not None:
        where = champion.channels[-1] if champion.channels else "champion"
        entries.append((f'<path d="M0-4.5m-6.5 0l6.5-6.5 6.5 6.5-6.5 6.5z" fill="{LINE}"/>', f"in {where}"))
    if any(place.point.yanked for place in places):
        entries.append(
            ('<path d="M0-4.5m-4-4l8 8m0-8l-8 8" stroke="currentColor" stroke-width="2"/>', "yanked"),
        )
    if any(place.low != place.high for place in places):
        entries.append((_BAND_KEY if crowded else _BAR_KEY, "95% interval"))
    x = _LEFT + 8
    for mark, label in entries:
        label = shorten(visible(label), 24)
        yield f'<g transform="translate({short(x)} {y})">{mark}<text x="12">{escape(label)}</text></g>'
        x += 36 + len(label) * _LETTER
