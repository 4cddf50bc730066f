"""Compare two tables of predictions, row by row: `prediction_gap.py RECORDED NEW` prints the gap as JSON.

It is a program of its own that imports nothing of Mintmark, because both files may come from a proposal: whoever wants
to know the gap has it read them where it can do no harm.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

RELATIVE = 1e-6
ABSOLUTE = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class PredictionGap:
    """How far two tables of predictions are apart: `differing` of `rows`; numbers by up to `largest`, in `column`.

    `obstacle` says why they cannot be compared row by row; nothing else is known then.
    """

    rows: int = 0
    differing: int = 0
    largest: float = 0.0
    column: str = ""
    obstacle: str = ""


def compare_predictions(recorded: pa.Table, new: pa.Table) -> PredictionGap:
    """Return the gap: labels must be equal, numbers within 1e-6 of the recorded one, or 1e-9; NaN is equal to NaN."""
    obstacle = _obstacle(recorded, new)
    if obstacle:
        return PredictionGap(obstacle=obstacle)
    apart = np.zeros(len(recorded), dtype=bool)
    largest, column = 0.0, ""
    for name in recorded.column_names:
        old, now = recorded[name], new[name]
        if pa.types.is_floating(old.type) or pa.types.is_floating(now.type):
            differs, distance = _compare_numbers(_floats(old), _floats(now))
            if distance > largest:
                largest, column = distance, name
        else:
            differs = _compare_labels(old, now)
        apart |= differs
    return PredictionGap(rows=len(recorded), differing=int(apart.sum()), largest=largest, column=column)


def _obstacle(recorded: pa.Table, new: pa.Table) -> str:
    """Return why two tables are not about the same rows, in the same columns; empty where they are."""
    if recorded.column_names != new.column_names:
        return f"the columns are {', '.join(new.column_names)} where {', '.join(recorded.column_names)} are recorded"
    if len(recorded) != len(new):
        return f"there are {len(new):,} rows where {len(recorded):,} are recorded"
    for name in recorded.column_names:
        old, now = (table[name].type for table in (recorded, new))
        if _kind(old) is None:
            return f"the column {name} is of the type {old}, and predictions are numbers, texts, true or false"
        if _kind(old) != _kind(now):
            return f"the column {name} is of the type {now} where {old} is recorded"
    if "row" in recorded.column_names and _compare_labels(recorded["row"], new["row"]).any():
        return "the predictions are for other rows of the data, or in another order"
    return ""


def _kind(kind: pa.DataType) -> str | None:
    """Return the kind of a column that can be compared with another of that kind, None for what no prediction is."""
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        return "number"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "text"
    return "truth value" if pa.types.is_boolean(kind) else None


def _floats(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.float64]]:
    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _compare_numbers(old: Any, new: Any) -> tuple[Any, float]:
    """Return which rows differ, and the largest distance of all (infinite where only one is a number)."""
    differs = ~np.isclose(new, old, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
    unequal = (new != old) & ~(np.isnan(new) & np.isnan(old))
    with np.errstate(invalid="ignore", over="ignore"):
        distances = np.abs(new[unequal] - old[unequal])
    return differs, float(np.nan_to_num(distances, nan=np.inf, posinf=np.inf).max(initial=0.0))


def _compare_labels(old: pa.ChunkedArray, new: pa.ChunkedArray) -> Any:
    """Return which rows differ; a missing label is equal to a missing one."""
    same = pc.fill_null(pc.equal(old, new), False)
    both_missing = pc.and_(pc.is_null(old), pc.is_null(new))
    return ~pc.or_(same, both_missing).to_numpy(zero_copy_only=False)


def _read(path: str) -> pa.Table:
    """Return a table whose categories are written out and whose texts are of one type, whoever wrote it."""
    table = pq.ParquetFile(path).read()
    for place, field in enumerate(table.schema):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        kind = pa.large_string() if pa.types.is_string(kind) else kind
        if kind != field.type:
            table = table.set_column(place, field.name, table.column(place).cast(kind))
    return table


def compare_files(recorded: str, new: str) -> PredictionGap:
    """Return the gap between two files at these paths; that one cannot be read is an obstacle too."""
    try:
        return compare_predictions(_read(recorded), _read(new))
    except (pa.ArrowException, OSError, ValueError) as error:
        return PredictionGap(obstacle=f"they cannot be read as Parquet: {' '.join(str(error).split())[:200]}")


def main(recorded: str, new: str) -> None:
    """Print the gap between two files as one line of JSON."""
    print(json.dumps(asdict(compare_files(recorded, new))))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
