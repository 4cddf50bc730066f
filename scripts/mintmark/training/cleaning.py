"""Columns, types and duplicates by declared rules, and what no model is trained on. Takes tables, gives new ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mintmark.core.question import FILLED, ROW, RecipeFault, raise_faults
from mintmark.core.signature.csv_form import TRUTHS
from mintmark.core.signature.times import parse_times
from mintmark.core.words.meant import did_you_mean
from mintmark.training.missing import STRING, is_number
from mintmark.training.recipe import UNNAMED, Preparation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mintmark.core.question import Question

_DTYPES = {"number": "float64", "string": "str", "category": "str"}
_EXACT, _MOST_WHOLE = 1 << 53, 1 << 63
_REMEDIES = {
    "integer": "; whole numbers of up to 64 bits are, and longer codes are string",
    "number": "; source: takes decimal: and missing: for what is written otherwise",
    "boolean": "; true, false, yes, no, t, f, y, n, 1 and 0 are",
    "datetime": '; ISO 8601 is, and {datetime: "%d/%m/%Y"} says how other times are written',
}
_PLAIN = re.compile(r"(?a)\s*[+-]?(?!0\d)(\d{1,18}(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*")
_PANDAS_INDEX = "__index_level_0__"  # of a Parquet file
_LEAST_COUNTED = 20
_LARGEST = 1e150  # its square is still a number
_TRUTHS: dict[Any, bool] = {**TRUTHS, True: True, False: False}  # and with them 1 and 0


def select_columns(
    frame: pd.DataFrame, preparation: Preparation, target: str, *, entity: str | None = None
) -> pd.DataFrame:
    """Return the table with its row id first and without dropped columns.

    Raises `RecipeFault`s for all columns that are not there. The row id is the declared `id` column, else the position
    of the row in the source, from 0.
    """
    raise_faults(list(_column_faults(frame, preparation, target, entity)))
    frame = frame.drop(columns=list(preparation.drop))
    if FILLED in frame.columns:
        message = f'a column is called "{FILLED}", Mintmark\'s note of what it filled; write drop: [{FILLED}]'
        raise RecipeFault(("prepare",), message)
    if preparation.id is None:
        if ROW in frame.columns:
            raise RecipeFault(
                ("prepare",),
                f'a column is called "{ROW}", Mintmark\'s name for the row id; write id: {ROW} or drop: [{ROW}]',
            )
        frame.insert(0, ROW, range(len(frame)))
        return frame
    ids = frame.pop(preparation.id)
    if ids.isna().any() or ids.duplicated().any():
        without, repeated = int(ids.isna().sum()), ids[ids.duplicated() & ids.notna()]
        what = f"{without:,} have none"
        if not without:
            what = f"{repeated.tolist()[0]!r} is there again in row {repeated.index[0]}"
        raise RecipeFault(("prepare", "id"), f'"{preparation.id}" must hold a different value in every row, and {what}')
    frame.insert(0, ROW, ids)
    return frame


def _column_faults(
    frame: pd.DataFrame, preparation: Preparation, target: str, entity: str | None
) -> Iterator[RecipeFault]:
    for role, name in (("target", target), ("entity_column", entity)):
        if name is not None and name not in frame.columns:
            hint = did_you_mean(name, map(str, frame.columns)) or _columns(frame)
            yield RecipeFault(
                ("source",), f'the data has no column "{name}", which model.yaml names as {role} ({hint})'
            )
    if entity == target:
        yield RecipeFault(("source",), f'model.yaml names "{target}" as target and as entity_column; write another')
    if entity is not None and entity in (preparation.id, *preparation.drop):
        yield RecipeFault(
            ("prepare",),
            f'after id: and drop: the data has no column "{entity}", which model.yaml names as entity_column; keep it, '
            "or write entity_column: null there",
        )
    by = preparation.split.by
    named = [
        (("prepare", "id"), preparation.id),
        (("prepare", "split", "by"), by),
        *((("prepare", "drop", i), c) for i, c in enumerate(preparation.drop)),
        *((("prepare", "carry", i), c) for i, c in enumerate(preparation.carry)),
        *((("prepare", "types", c), c) for c in preparation.types),
        *((("prepare", "missing", "columns", c), c) for c in preparation.missing_by_column),
    ]
    for place, column in named:
        if column is not None and column not in frame.columns:
            hint = did_you_mean(column, map(str, frame.columns)) or _columns(frame)
            yield RecipeFault(place, f'the data has no column "{column}" ({hint})')
    for place, key in ((("prepare", "drop"), preparation.drop), (("prepare", "id"), (preparation.id,))):
        if target in key:
            yield RecipeFault(place, f'"{target}" is the target; leave it out here')


def _columns(frame: pd.DataFrame) -> str:
    names = [str(name) for name in frame.columns]
    return f"it has {', '.join(names[:8])}{f' and {len(names) - 8} more' if len(names) > 8 else ''}"


def apply_types(frame: pd.DataFrame, types: Mapping[str, str | Mapping[str, str]]) -> pd.DataFrame:
    """Return the table with declared types; raise `RecipeFault` for a value that has no such type.

    A category is text: an encoder in the estimator knows its categories, and Parquet then holds the same type in
    both tables.
    """
    frame = frame.copy()
    faults = []
    for column, wanted in types.items():
        try:
            frame[column] = _convert(frame[column], wanted)
        except (ValueError, TypeError) as error:
            faults.append(RecipeFault(("prepare", "types", column), _misfit(frame, column, wanted, error)))
    raise_faults(faults)
    for column in frame.columns:
        if isinstance(frame[column].dtype, pd.CategoricalDtype) or frame[column].dtype == object:
            frame[column] = frame[column].astype("str")
    return frame


def _misfit(frame: pd.DataFrame, column: str, wanted: str | Mapping[str, str], error: Exception) -> str:
    """Return what is wrong with a column: the first value that is not of its declared type, and its row."""
    what = wanted if isinstance(wanted, str) else f"datetime like {wanted['datetime']}"
    for row, value in zip(frame.get(ROW, frame.index), frame[column], strict=True):
        try:
            if not pd.isna(value):
                _convert(pd.Series([value]), wanted)
        except (ValueError, TypeError):
            return f'"{column}" holds {value!r} (row {row}), which is no {what}{_REMEDIES.get(str(wanted), "")}'
    return f'"{column}" is no {what}: {" ".join(str(error).split())}'


def _convert(column: pd.Series, wanted: str | Mapping[str, str]) -> pd.Series:
    """Return a column in its declared type; whole numbers or truths with gaps as floats, until they are filled."""
    if not isinstance(wanted, str):
        return parse_times(column, wanted["datetime"])
    if wanted == "datetime":
        return parse_times(column)
    if wanted == "boolean":
        truths = column.map(_TRUTHS.get) if column.dtype in ("str", object) else column
        if not truths[column.notna()].isin([True, False, 0, 1]).all():
            raise ValueError("it holds something else")
        return truths.astype("float64" if truths.isna().any() else "bool")
    if wanted in ("integer", "number") and pd.api.types.is_datetime64_any_dtype(column.dtype):
        raise ValueError("it holds times")
    if wanted == "integer":
        return _whole_numbers(column)
    return column.astype(_DTYPES[wanted])


def _whole_numbers(column: pd.Series) -> pd.Series:
    present = column.dropna()
    whole = [_whole_number(value) for value in present.tolist()]
    if len(present) == len(column):
        return pd.Series(whole, index=column.index, dtype="int64")
    if any(abs(number) > _EXACT for number in whole):
        raise ValueError(f"it has gaps, and numbers beyond 2^53, which a column with gaps rounds; write {STRING}")
    return pd.Series(map(float, whole), index=present.index, dtype="float64").reindex(column.index)


def _whole_number(value: Any) -> int:
    """Return a whole number; raise `ValueError` for any other value, and for more than 64 bits."""
    try:
        number = int(value) if isinstance(value, (int, str)) else None
    except ValueError:  # 1e5 and 7.0 are whole
        number = None
    if number is None:
        number = int(float(value)) if float(value) % 1 == 0 else _MOST_WHOLE
    if not -_MOST_WHOLE <= number < _MOST_WHOLE:
        raise ValueError("it is no whole number of 64 bits")
    return number


def drop_duplicates(frame: pd.DataFrame, rule: str) -> pd.DataFrame:
    """Return the table without rows that repeat another one in all but the row id.

    Raises `RecipeFault` where the rule is `error`.
    """
    if rule == "keep":
        return frame
    repeated = frame.duplicated(subset=[c for c in frame.columns if c != ROW])
    if rule == "error" and repeated.any():
        row = frame.loc[repeated, ROW].iloc[0]
        raise RecipeFault(
            ("prepare", "duplicates"),
            f"{int(repeated.sum())} rows repeat another one (the first is row {row}); write duplicates: drop or keep",
        )
    return frame.loc[~repeated].reset_index(drop=True)


def input_faults(frame: pd.DataFrame, inputs: Sequence[str]) -> Iterator[RecipeFault]:
    """Yield the inputs that no estimator takes."""
    for name in inputs:
        kind = frame[name].dtype
        if name.startswith(UNNAMED) or name == _PANDAS_INDEX:
            yield RecipeFault(
                ("prepare",),
                f'"{name}" has no name in the file: pandas writes its row numbers so (without index=False), and they '
                f'are no input; write drop: ["{name}"], or name the column',
            )
        elif pd.api.types.is_datetime64_any_dtype(kind) or pd.api.types.is_timedelta64_dtype(kind):
            yield RecipeFault(
                ("prepare",),
                f'"{name}" holds times, and no estimator takes those; write carry: [{name}] or drop: [{name}]',
            )
        elif pd.api.types.is_float_dtype(kind) and np.isinf(frame[name]).any():
            yield _infinite(frame[name], frame[ROW], f"leave the cell empty, or write drop: [{name}]")
        elif not frame[name].notna().any():
            yield RecipeFault(("prepare",), f'"{name}" has no value at all; write drop: [{name}]')


def _infinite(column: pd.Series, rows: pd.Series, remedy: str) -> RecipeFault:
    found = np.isinf(column)
    count = int(found.sum())
    where = f"in row {rows[found].iloc[0]}" if count == 1 else f"in {count:,} rows, first in row {rows[found].iloc[0]}"
    return RecipeFault(("prepare",), f'"{column.name}" is infinite {where}; {remedy}')


def row_number_notes(frame: pd.DataFrame, inputs: Sequence[str]) -> Iterator[str]:
    """Yield a line for each input that counts the rows of the source: an index that was written with them."""
    for name in inputs:
        column = frame[name]
        if len(frame) >= _LEAST_COUNTED and pd.api.types.is_integer_dtype(column.dtype) and column.notna().all():
            steps = np.diff(column.to_numpy())
            if (steps == 1).all() and column.iloc[0] in (0, 1):
                yield (
                    f'"{name}" counts the rows ({column.iloc[0]} to {column.iloc[-1]:,}), and a model that takes it '
                    f"learns their order; if that tells nothing of new rows, write drop: [{name}] or id: {name}"
                )


def text_notes(frame: pd.DataFrame, inputs: Sequence[str], types: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each input that nobody declared as text, and whose texts an estimator may take for numbers."""
    for name in inputs:
        if frame[name].dtype == "str" and name not in types:
            texts = frame[name].dropna().unique().tolist()
            if texts and all(map(_passes_for_number, texts)):
                odd = next((text for text in texts if not _PLAIN.fullmatch(text)), texts[0])
                yield (
                    f'"{name}" is text because of {odd!r}, and an estimator without an encoder takes it for numbers; '
                    f'write types: {{"{name}": string}} or {{"{name}": number}}'
                )


def _passes_for_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def target_faults(truth: pd.Series, rows: pd.Series, question: Question) -> Iterator[RecipeFault]:
    """Yield where the values of the target are not what the task in model.yaml says of them."""
    if pd.api.types.is_float_dtype(truth.dtype) and np.isinf(truth).any():
        yield _infinite(truth, rows, "leave the cell empty, and the row with drop-row")
        return
    labels, name = truth.unique(), question.target
    if not question.is_classification:
        if not is_number(truth):
            yield RecipeFault(("prepare",), f'"{name}" holds {truth.tolist()[0]!r}, and a regression predicts numbers')
        elif truth.abs().max() > _LARGEST:
            yield RecipeFault(("prepare",), f'"{name}" goes beyond {_LARGEST:g}, and no number holds the squares')
        return
    shown = ", ".join(map(repr, sorted(labels.tolist(), key=str)[:5])) + (", ..." if len(labels) > 5 else "")
    if len(labels) < 2 or (question.task == "binary-classification" and len(labels) != 2):
        task = f"{question.task} has {'two' if question.task.startswith('binary') else 'several'}"
        yield RecipeFault(("prepare",), f'"{name}" holds {len(labels)} different values ({shown}), and {task}')
    if question.positive_class is not None and question.positive_class not in labels.tolist():
        yield RecipeFault(("prepare",), f'positive_class is {question.positive_class!r}, and "{name}" holds {shown}')
