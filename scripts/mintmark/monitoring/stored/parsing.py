"""Turn the bytes of a stored document into windows, or into a finding. Trusts nobody who may write there.

The schema says what a document may hold. Here is what a schema cannot say: that the document lies where it belongs,
that its times are some, and that its counts fit its bins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.finding import Finding
from mintmark.core.moment import parse_span
from mintmark.core.reference import is_name
from mintmark.core.version import is_version
from mintmark.monitoring.documents import WindowDocument
from mintmark.monitoring.stored.months import MonthDocument
from mintmark.registry.files import parse_json
from mintmark.registry.schemas import accepts, explain
from mintmark.registry.yaml.text import YamlFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mintmark.monitoring.measured import Column

MOST_BYTES: Final = 5_000_000  # of a document
_PLACE: Final = re.compile(
    r"(?P<model>[a-z0-9-]{1,63})/(?P<version>[0-9A-Za-z.+-]{1,100})/[0-9A-Za-z.+-]{1,120}/"
    r"(?:(?P<month>[0-9]{6})|[0-9]{8}T[0-9]{4}Z)-[1-9][0-9]{0,5}[hdw]\.json",
    re.ASCII,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What the path of a document tells: the model and the version, and whether it holds a month."""

    model: str
    version: str
    is_month: bool


def place_of(path: str) -> Place | None:
    """Return what a path tells, None where no document lies at such a path."""
    found = _PLACE.fullmatch(path)
    if found is None or not is_name(found["model"]) or not is_version(found["version"]):
        return None
    return Place(model=found["model"], version=found["version"], is_month=found["month"] is not None)


def parse_stored(
    path: str, content: bytes, shown: str
) -> tuple[list[WindowDocument], MonthDocument | None, Finding | None]:
    """Return the windows of a document, the month where it holds one, or what is wrong with it.

    `path` is where it lies below the branch or the folder, and `shown` how findings name it.
    """
    place = place_of(path)
    if place is None:
        return [], None, Finding(path=shown, message="is no place of a document of windows; git rm it")
    try:
        data = parse_json(content, limit=MOST_BYTES)
    except YamlFault as fault:
        return [], None, Finding(path=shown, message=fault.message, line=fault.line, column=fault.column)
    try:
        if place.is_month:
            month = _month(data, shown)
            windows = list(month.windows)
        else:
            month, windows = None, [_window(data, shown)]
        for wrong in _faults(path, windows, month):
            raise _RefusedError(Finding(path=shown, line=1, message=wrong))
    except _RefusedError as refused:
        return [], None, refused.finding
    return windows, month, None


class _RefusedError(Exception):
    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def _window(data: Any, shown: str) -> WindowDocument:
    _check("monitoring", data, shown)
    try:
        return WindowDocument.from_dict(data)
    except ValueError as error:  # a time that no calendar has
        raise _RefusedError(Finding(path=shown, line=1, message=f"cannot be read: {error}")) from None


def _month(data: Any, shown: str) -> MonthDocument:
    _check("monitoring-month", data, shown)
    for window in data["windows"]:
        _check("monitoring", window, shown)
    _check("monitoring", {**data["windows"][0], "columns": data["columns"], "outputs": data["outputs"]}, shown)
    try:
        return MonthDocument.from_dict(data)
    except ValueError as error:
        raise _RefusedError(Finding(path=shown, line=1, message=f"cannot be read: {error}")) from None


def _check(kind: str, data: Any, shown: str) -> None:
    if not accepts(kind, data) or any(not _is_written(value) for value in _numbers(data)):
        found = explain(kind, data, shown, {})
        raise _RefusedError(
            found[0] if found else Finding(path=shown, line=1, message="holds a number that JSON has not")
        )


def _numbers(value: Any) -> Iterator[int | float]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers(inner)
    elif isinstance(value, (int, float)):
        yield value


def _is_written(value: float) -> bool:
    """Whether a number is one that a document has: finite, and no count is longer than a processor's word."""
    return abs(value) < 2**63 if isinstance(value, int) else abs(value) <= 1e300


def _faults(path: str, windows: list[WindowDocument], month: MonthDocument | None) -> Iterator[str]:
    where = windows[0].path if month is None else month.path
    if where != path:
        yield f"belongs to {where}"
    for window in windows:
        yield from _window_faults(window)
    if month is not None:
        folder = path.rpartition("/")[0]
        if any(
            each.path.rpartition("/")[0] != folder or f"{each.window.start:%Y-%m}" != month.month for each in windows
        ):
            yield "holds windows of another version, channel or month"
        yield from (fault for column in (*month.columns, *month.outputs) for fault in _column_faults(column))
        yield from (
            f"{column.name[:100]}: its drift is not that of {len(windows):,} windows"
            for column in month.drift
            if len(column.points) != len(windows)
        )


def _window_faults(document: WindowDocument) -> Iterator[str]:
    window = document.window
    try:
        length = parse_span(window.span)
    except ValueError:
        yield f'"{window.span[:20]}" is no length of a window'
        return
    if window.end - window.start != length:
        yield f"its window does not take {window.span}"
    if any(type(value) is not int for value in _counts(document)):
        yield "holds a count that is no whole number"
    yield from (fault for column in (*document.columns, *document.outputs) for fault in _column_faults(column))


def _counts(document: WindowDocument) -> Iterator[Any]:
    traffic = document.traffic
    yield from (traffic.requests, traffic.rows, traffic.logged, traffic.dropped, traffic.read, traffic.untimed)
    yield document.revision
    yield from traffic.statuses.values()
    if document.labels is not None:
        yield from (document.labels.rows, document.labels.labelled)


def _column_faults(column: Column) -> Iterator[str]:
    """Yield what does not fit in a column: as many counts as bins, on both sides, and edges that never fall."""
    bins = len(column.counts)
    fits = bins == 0 or bins == len(column.edges) - 1 or (not column.edges and bins - len(column.levels) in (0, 1))
    if not fits or (column.reference is not None and len(column.reference.counts) != bins):
        yield f"{column.name[:100]}: its counts do not fit its bins"
    if any(low > high for low, high in pairwise(column.edges)):  # two may be one number, as of old documents
        yield f"{column.name[:100]}: its edges fall"
