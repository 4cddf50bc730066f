"""A month of windows in one document: all that was judged, and how the values fell in the month. Pure.

Of each window everything stays but its columns. Their counts are added up, since bins are those of the profile, and how
far each had drifted in each window is kept.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Self

from mintmark.monitoring.documents import WindowDocument
from mintmark.monitoring.measured import Unseen
from mintmark.monitoring.stored.drifts import MOST_VALUES, ColumnDrift, by_window, drift_of, over_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mintmark.monitoring.measured import Column

FOLDED_AFTER: Final = timedelta(days=90)
SCHEMA: Final = 1
_REASON: Final = "counts of a month, which nobody has tested"


@dataclass(frozen=True, kw_only=True, slots=True)
class MonthDocument:
    """The windows of one version in one channel that began in a month, by time and without columns.

    `columns` and `outputs` hold the rows of all of them together, and say nothing of drift. `drift` has it: for each
    column a point for each window.
    """

    month: str
    windows: tuple[WindowDocument, ...]
    columns: tuple[Column, ...] = ()
    outputs: tuple[Column, ...] = ()
    drift: tuple[ColumnDrift, ...] = ()

    @property
    def path(self) -> str:
        """Where the document lies: beside those of the windows."""
        return month_path(self.windows[0])

    @property
    def whole(self) -> WindowDocument:
        """The first of the windows, with the columns of the month."""
        return replace(self.windows[0], columns=self.columns, outputs=self.outputs)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values that schemas/monitoring-month.schema.json accepts."""
        whole = self.whole.to_dict()
        return {
            "schema": SCHEMA,
            "month": self.month,
            "windows": [each.to_dict() for each in self.windows],
            "columns": whole["columns"],
            "outputs": whole["outputs"],
            "drift": [each.to_dict() for each in self.drift],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build it from a document whose windows, with the columns put into the first, keep to their own schema."""
        whole = WindowDocument.from_dict({**data["windows"][0], "columns": data["columns"], "outputs": data["outputs"]})
        return cls(
            month=data["month"],
            windows=tuple(map(WindowDocument.from_dict, data["windows"])),
            columns=whole.columns,
            outputs=whole.outputs,
            drift=tuple(map(ColumnDrift.from_dict, data.get("drift", ()))),
        )


def format_month(month: MonthDocument) -> str:
    """Return a month as JSON, a line for each window and each column."""
    data = month.to_dict()
    lines = [f'{{\n "schema": {data["schema"]},\n "month": {json.dumps(data["month"])}']
    for name in ("windows", "columns", "outputs", "drift"):
        rows = ",\n".join(f"  {json.dumps(each, ensure_ascii=False, allow_nan=False)}" for each in data[name])
        lines.append(f' "{name}": [\n{rows}\n ]' if rows else f' "{name}": []')
    return ",\n".join(lines) + "\n}\n"


def month_path(window: WindowDocument) -> str:
    """Return where the month of a window lies: `breast-cancer/1.4.2/production/202603-1d.json`."""
    folder = window.path.rpartition("/")[0]
    return f"{folder}/{window.window.start:%Y%m}-{window.window.span}.json"


def is_old(window: WindowDocument, now: datetime) -> bool:
    """Whether the month in which a window began ended so long ago that its windows are folded."""
    start = window.window.start
    after = datetime(start.year + start.month // 12, start.month % 12 + 1, 1, tzinfo=UTC)
    return after + FOLDED_AFTER <= now


def fold(
    windows: Iterable[WindowDocument], known: Mapping[str, MonthDocument] = MappingProxyType({})
) -> list[MonthDocument]:
    """Return a document for each month, version and channel of some windows, which may come in any order.

    `known` has the months that are folded, by path; what one of them holds already stays as it is there.
    """
    months: dict[str, list[WindowDocument]] = defaultdict(list)
    for window in windows:
        months[month_path(window)].append(window)
    return [_month(months[path], known.get(path)) for path in sorted(months)]


def _month(windows: Sequence[WindowDocument], known: MonthDocument | None) -> MonthDocument:
    """Return a month with some windows more."""
    told = known.windows if known is not None else ()
    paths = {each.path for each in told}
    fresh = [each for each in sorted(windows, key=lambda each: each.sort_key) if each.path not in paths]
    if known is not None and not fresh:
        return known
    bare = sorted([*told, *(replace(each, columns=(), outputs=()) for each in fresh)], key=lambda each: each.sort_key)
    drifts = {each.path: drift_of(each) for each in fresh}
    if known is not None:
        drifts |= dict(zip((each.path for each in told), by_window(known.drift, len(told)), strict=True))
    return MonthDocument(
        month=f"{fresh[0].window.start:%Y-%m}",
        windows=tuple(bare),
        drift=over_windows([drifts[each.path] for each in bare], MOST_VALUES // len(bare)),
        columns=_added([known.columns if known is not None else (), *(each.columns for each in fresh)]),
        outputs=_added([known.outputs if known is not None else (), *(each.outputs for each in fresh)]),
    )


def _added(parts: Iterable[Sequence[Column]]) -> tuple[Column, ...]:
    """Add up columns of the same name and bins; one whose bins are others than those before it is left out."""
    found: dict[str, Column] = {}
    for column in (column for columns in parts for column in columns):
        known = found.get(column.name)
        if known is None:
            found[column.name] = _untested(column)
        elif _bins(known) == _bins(column):
            found[column.name] = _sum(known, column)
    return tuple(found.values())


def _bins(column: Column) -> tuple[Any, ...]:
    return (column.kind, column.edges, column.levels, len(column.counts), column.reference)


def _untested(column: Column) -> Column:
    return replace(column, distance=None, p_value=None, adjusted_p_value=None, drifted=None, reason=_REASON)


def _sum(one: Column, other: Column) -> Column:
    """Return two columns as one. Values that the profile does not know are named only where both windows did."""
    both = {
        level: rows + other.unseen.levels[level]
        for level, rows in one.unseen.levels.items()
        if level in other.unseen.levels
    }
    rows = one.unseen.rows + other.unseen.rows
    return replace(
        one,
        rows=one.rows + other.rows,
        missing=one.missing + other.missing,
        infinite=one.infinite + other.infinite,
        lost=one.lost + other.lost,
        out_of_range=one.out_of_range + other.out_of_range,
        constant=one.constant and other.constant,
        unseen=Unseen(rows=rows, levels=both, others=max(0, rows - sum(both.values()))),
        counts=tuple(a + b for a, b in zip(one.counts, other.counts, strict=True)),
    )
