"""What a window says of each column, in words and drawn: those that need a look first. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from mintmark.core.finding import shorten
from mintmark.core.words import numbers
from mintmark.monitoring.stored.drifts import Name
from mintmark.publishing.site.monitored.column_drawing import draw_column
from mintmark.publishing.site.monitored.drift_over_time import draw_drift, drift_words, scale_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mintmark.monitoring.documents import WindowDocument
    from mintmark.monitoring.measured import Column
    from mintmark.monitoring.stored.drifts import ColumnDrift

DRAWN: Final = 12  # columns of a page
LISTED: Final = 50
_NAMED: Final = 3  # values that the profile does not know


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnLine:
    """One column: its drift in words, what else is strange about it, and a drawing where there is one.

    `course` and `course_drawing` tell how far it had drifted in each of the windows.
    """

    name: str
    look: str
    drift: str
    strange: str
    drawing: Markup
    course: str
    course_drawing: Markup


def column_lines(
    window: WindowDocument, windows: Sequence[WindowDocument] = (), courses: Sequence[ColumnDrift] = ()
) -> list[ColumnLine]:
    """Return the columns and outputs of a window, those with findings first and then by how far they have drifted.

    `courses` say how far they had drifted in each of some windows.
    """
    known = {Name(each.name, each.is_output): each for each in courses}
    told = {each.column for each in window.findings if each.column and each.severity in ("alarm", "warning")}
    noted = {each.column for each in window.findings if each.column}
    times = {name: each.times for name, each in known.items()}
    found = sorted(
        [(each, Name(each.name, is_output)) for is_output, some in _parts(window) for each in some],
        key=lambda pair: (
            pair[0].name not in told,
            pair[0].name not in noted,
            -times.get(pair[1], 0),
            -(pair[0].distance or 0.0),
        ),
    )[:LISTED]
    scale = scale_of(known[name] for _, name in found if name in known)
    return [
        ColumnLine(
            name=shorten(each.name, 60),
            look="unmet" if each.name in told else "warn" if each.drifted else "aside",
            drift=drift_in_words(each),
            strange="; ".join(_strange(each)),
            drawing=Markup(draw_column(each) if number < DRAWN else ""),  # noqa: S704 - our own drawing
            course=drift_words(known[name], windows) if name in known else "",
            course_drawing=Markup(  # noqa: S704 - our own drawing
                draw_drift(known[name], windows, scale) if number < DRAWN and name in known else ""
            ),
        )
        for number, (each, name) in enumerate(found)
    ]


def course_lines(windows: Sequence[WindowDocument], courses: Sequence[ColumnDrift], most: int) -> list[ColumnLine]:
    """Return the columns that had drifted most often and farthest, each with its course alone."""
    found = sorted(courses, key=lambda each: (-each.times, -each.largest))[:most]
    scale = scale_of(found)
    return [
        ColumnLine(
            name=shorten(each.name, 60),
            look="warn" if each.times else "aside",
            drift="",
            strange="",
            drawing=Markup(),
            course=drift_words(each, windows),
            course_drawing=Markup(draw_drift(each, windows, scale)),  # noqa: S704 - our own drawing
        )
        for each in found
    ]


def _parts(window: WindowDocument) -> Sequence[tuple[bool, Sequence[Column]]]:
    return ((True, window.outputs), (False, window.columns))


def drift_in_words(column: Column) -> str:
    """`drifted: 15.8% of the rows would have to lie elsewhere (p 0.0031)`, `no drift found`, or why nobody can say."""
    if column.drifted is None:
        return column.reason or "nothing can be said of drift"
    far = f"{numbers.share(column.distance, 3)} of the rows would have to lie elsewhere"
    chance = "" if column.adjusted_p_value is None else f" (p {numbers.p_value(column.adjusted_p_value)})"
    return f"{'drifted' if column.drifted else 'no drift found'}: {far}{chance}"


def _strange(column: Column) -> Iterator[str]:
    parts: Sequence[tuple[int, str]] = (
        (column.missing, "without a value"),
        (column.infinite, "infinite"),
        (column.lost, "not in the log"),
        (column.out_of_range, "outside of the profile's range"),
        (column.unseen.rows, "with a value that the profile does not know"),
    )
    yield from (f"{numbers.share(_part(rows, column.rows), 3)} {what}" for rows, what in parts if rows)
    if column.unseen.levels:
        yield "such as " + ", ".join(f'"{shorten(name, 30)}"' for name in list(column.unseen.levels)[:_NAMED])
    if column.constant:
        yield "one value in all rows"


def _part(rows: int, of: int) -> float:
    return min(1.0, rows / of) if of else 0.0
