"""What a window says of each column, in words and drawn: those that need a look first. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from mintmark.core.finding import shorten
from mintmark.core.words import numbers
from mintmark.publishing.site.monitored.column_drawing import draw_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mintmark.monitoring.documents import WindowDocument
    from mintmark.monitoring.measured import Column

DRAWN: Final = 12  # columns of a page
LISTED: Final = 50
_NAMED: Final = 3  # values that the profile does not know


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnLine:
    """One column: its drift in words, what else is strange about it, and a drawing where there is one."""

    name: str
    look: str
    drift: str
    strange: str
    drawing: Markup


def column_lines(window: WindowDocument) -> list[ColumnLine]:
    """Return the columns and outputs of a window, those with findings first and then by how far they have drifted."""
    told = {each.column for each in window.findings if each.column and each.severity in ("alarm", "warning")}
    noted = {each.column for each in window.findings if each.column}
    found = sorted(
        (*window.outputs, *window.columns),
        key=lambda each: (each.name not in told, each.name not in noted, -(each.distance or 0.0)),
    )[:LISTED]
    return [
        ColumnLine(
            name=shorten(each.name, 60),
            look="unmet" if each.name in told else "warn" if each.drifted else "aside",
            drift=drift_in_words(each),
            strange="; ".join(_strange(each)),
            drawing=Markup(draw_column(each) if number < DRAWN else ""),  # noqa: S704 - our own drawing
        )
        for number, each in enumerate(found)
    ]


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
