"""Divide rows into training and evaluation: by a hash, by group, by time, at random or stratified. Pure.

A split is stable when a row keeps its side as the data grows: `hash`, `group` and `time` with a date are. The others
draw anew, so that evaluation rows of yesterday train the model of today, and no two versions can be compared on all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

import numpy as np
import pandas as pd

from mintmark.core.provenance.training_rows import shares_of_values
from mintmark.core.question import ROW, RecipeFault
from mintmark.core.signature.times import ISO, MixedZones, parse_times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mintmark.training.recipe import Split

_PLACE: Final = ("prepare", "split")
_BY: Final = (*_PLACE, "by")
_LEAST_OF_A_STRATUM: Final = 2
_ISO: Final = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """What the columns of a table are for; `has_id` says that the column `row` holds a declared id."""

    target: str
    inputs: Sequence[str] = ()
    entity: str | None = None
    has_id: bool = False


def split_rows(
    frame: pd.DataFrame, split: Split, columns: Columns, *, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions of training and of evaluation rows, each in ascending order.

    They are disjoint and cover all rows. hash: a row's side follows from its unit alone (`unit_of`), and so do all rows
    of one unit; group: the same by its column. time: every training row is earlier than every evaluation row, so rows
    of one moment stay together; with a date, the evaluation begins there. Raises `RecipeFault` where a side would be
    empty, a class cannot be divided, or an entity would be on both sides of a split that could keep it on one.
    """
    if split.method == "time":
        evaluation = _latest(frame, split)
    elif split.method in ("group", "hash"):
        evaluation = _by_hash(frame, split, columns)
    else:
        evaluation = _random(frame, split, columns.target, seed)
    if evaluation.all() or not evaluation.any():
        change = "from" if split.start is not None else "evaluation"
        unit = split.by if split.method == "time" else unit_of(split, columns)
        of = f' of {frame[unit].nunique():,} different "{unit}"' if unit is not None else ""
        what = f"a {split.method} split of {len(frame)} rows{of} leaves one side empty"
        raise RecipeFault(_PLACE, f"{what}; change {change}:{', or split by another column' if of else ''}")
    if split.method != "time":
        _refuse_straddling(frame, split, columns, evaluation)
    return np.flatnonzero(~evaluation), np.flatnonzero(evaluation)


def unit_of(split: Split, columns: Columns) -> str | None:
    """Return the column whose values stay together, None where that is the row itself.

    For `hash` that is `by`, else the entity, else the declared id; `group` goes by its own column.
    """
    if split.method == "group":
        return split.by
    if split.method == "hash":
        return split.by or columns.entity or (ROW if columns.has_id else None)
    return None


def straddling(frame: pd.DataFrame, entity: str | None, evaluation: NDArray[np.intp]) -> tuple[int, int]:
    """Return how many entities have rows on both sides, and how many there are in the evaluation."""
    if entity is None:
        return 0, 0
    inside = np.zeros(len(frame), dtype=bool)
    inside[evaluation] = True
    values = frame[entity]
    judged = set(values[inside].dropna())
    return len(judged & set(values[~inside].dropna())), len(judged)


def _refuse_straddling(frame: pd.DataFrame, split: Split, columns: Columns, evaluation: NDArray[np.bool_]) -> None:
    """Rows of an entity that is on both sides are not judged on, so such a split leaves few or none."""
    both, of = straddling(frame, columns.entity, np.flatnonzero(evaluation))
    if both:
        raise RecipeFault(
            _PLACE,
            f'{both:,} of {of:,} "{columns.entity}" (entity_column in model.yaml) would have rows on both sides of '
            f"this {split.method} split; {{method: hash, evaluation: {split.evaluation}}} keeps them together",
        )


def ordered_times(column: pd.Series, rows: pd.Series | None = None) -> pd.Series:
    """Return a column to order rows by: numbers and times as they are, ISO 8601 text as times.

    Raises `RecipeFault` for other text, which would sort as text (12/03/2026 before 13/01/2025), and where some times
    have a zone and others have none. `rows` are the ids of the rows, for the message.
    """
    kind = column.dtype
    if pd.api.types.is_datetime64_any_dtype(kind) or (
        pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)
    ):
        return column
    present = column.dropna().map(str)
    is_date = present.str.fullmatch(_ISO)
    if not is_date.all():
        _refuse_text(column.name, present[~is_date], rows)
    try:
        return parse_times(column)
    except MixedZones as fault:
        raise RecipeFault(_BY, f'"{column.name}": {fault}') from None
    except ValueError:  # the 30th of February
        wrong = pd.to_datetime(present, format=ISO, utc=True, errors="coerce").isna()
        _refuse_text(column.name, present[wrong], rows)


def _refuse_text(name: object, wrong: pd.Series, rows: pd.Series | None) -> NoReturn:
    row = f" (row {rows[wrong.index[0]]})" if rows is not None else ""
    raise RecipeFault(
        _BY,
        f'"{name}" holds {wrong.iloc[0]!r}{row}, which is no date in ISO 8601, and text has no order in time; '
        f'say how it is written, such as types: {{"{name}": {{datetime: "%d/%m/%Y"}}}}, or mend the value',
    )


def _latest(frame: pd.DataFrame, split: Split) -> NDArray[np.bool_]:
    times = ordered_times(frame[split.by], frame.get(ROW))
    if split.start is not None:
        first = _start(split.start, times)
    else:
        size = max(1, round(len(frame) * float(split.evaluation or 0)))
        first = times.sort_values(kind="stable").iloc[len(frame) - size]
    late: NDArray[np.bool_] = (times >= first).to_numpy()
    return late


def _start(start: Any, times: pd.Series) -> Any:
    """Return the first moment of the evaluation in the type of the column."""
    is_number = isinstance(start, (int, float)) and not isinstance(start, bool)
    if is_number != pd.api.types.is_numeric_dtype(times.dtype):
        holds = "numbers" if pd.api.types.is_numeric_dtype(times.dtype) else "times"
        other = f'a number, or types: {{"{times.name}": datetime}}' if holds == "numbers" else "a date"
        raise RecipeFault(
            (*_PLACE, "from"), f'{start!r} cannot be held against the {holds} of "{times.name}"; write {other}'
        )
    if is_number:
        return start
    try:
        moment = pd.Timestamp(start)
    except ValueError:
        raise RecipeFault((*_PLACE, "from"), f"{start!r} is no date in ISO 8601, such as 2026-01-01") from None
    zone = getattr(times.dt, "tz", None)
    if (moment.tzinfo is None) == (zone is None):
        return moment
    return moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC").tz_localize(None)


def _by_hash(frame: pd.DataFrame, split: Split, columns: Columns) -> NDArray[np.bool_]:
    unit = unit_of(split, columns)
    if unit is not None and frame[unit].nunique() < 2:
        raise RecipeFault(_BY, f'"{unit}" holds one value in all rows; split by a column with more')
    names = (unit,) if unit is not None else (*sorted(columns.inputs), columns.target)
    shares = shares_of_values(frame, names)
    evaluation: NDArray[np.bool_] = shares < float(split.evaluation or 0)
    return evaluation


def _random(frame: pd.DataFrame, split: Split, target: str, seed: int) -> NDArray[np.bool_]:
    from sklearn.model_selection import train_test_split

    strata = frame[split.by or target] if split.method == "stratified" else None
    if strata is not None and strata.value_counts().min() < _LEAST_OF_A_STRATUM:
        name, value = split.by or target, strata.value_counts().index.tolist()[-1]
        what = f'{value!r} of "{name}" has one row, and a stratified split needs two of each'
        raise RecipeFault(_PLACE, f"{what}; bring more rows of it, or split by hash")
    try:
        _, chosen = train_test_split(
            np.arange(len(frame)), test_size=split.evaluation, random_state=seed, shuffle=True, stratify=strata
        )
    except ValueError as error:
        raise RecipeFault(_PLACE, f"the rows cannot be divided: {error}") from None
    mask = np.zeros(len(frame), dtype=bool)
    mask[chosen] = True
    return mask
