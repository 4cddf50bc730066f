"""Types, missing values and duplicates by declared rules. Takes tables, gives new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from mintmark.core.question import FILLED, ROW, RecipeFault
from mintmark.training.recipe import MissingRule, Preparation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Fills = dict[str, Any]
_DTYPES = {"integer": "int64", "number": "float64", "string": "str", "boolean": "bool", "category": "str"}


def select_columns(frame: pd.DataFrame, preparation: Preparation, target: str) -> pd.DataFrame:
    """Return the table with its row id first and without dropped columns.

    Raises `RecipeFault` for a column that is not there. The row id is the declared `id` column, else the position
    of the row in the source, from 0.
    """
    _check_columns(frame, preparation, target)
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
        raise RecipeFault(("prepare", "id"), f'"{preparation.id}" must hold a different value in every row')
    frame.insert(0, ROW, ids)
    return frame


def _check_columns(frame: pd.DataFrame, preparation: Preparation, target: str) -> None:
    if target not in frame.columns:
        raise RecipeFault(
            ("source",), f'the data has no column "{target}", which model.yaml names as target ({_columns(frame)})'
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
            raise RecipeFault(place, f'the data has no column "{column}" ({_columns(frame)})')
    if target in preparation.drop:
        raise RecipeFault(("prepare", "drop"), f'"{target}" is the target and cannot be dropped')


def _columns(frame: pd.DataFrame) -> str:
    names = [str(name) for name in frame.columns]
    return f"it has {', '.join(names[:8])}{f' and {len(names) - 8} more' if len(names) > 8 else ''}"


def apply_types(frame: pd.DataFrame, types: Mapping[str, str | Mapping[str, str]]) -> pd.DataFrame:
    """Return the table with declared types; raise `RecipeFault` for a value that has no such type.

    A category is text: an encoder in the estimator knows its categories, and Parquet then holds the same type in
    both tables.
    """
    frame = frame.copy()
    for column, wanted in types.items():
        try:
            frame[column] = _convert(frame[column], wanted)
        except (ValueError, TypeError) as error:
            what = wanted if isinstance(wanted, str) else f"datetime like {wanted['datetime']}"
            raise RecipeFault(("prepare", "types", column), f"a value is no {what}: {error}") from None
    for column in frame.columns:
        if isinstance(frame[column].dtype, pd.CategoricalDtype) or frame[column].dtype == object:
            frame[column] = frame[column].astype("str")
    return frame


def _convert(column: pd.Series, wanted: str | Mapping[str, str]) -> pd.Series:
    if not isinstance(wanted, str):
        return pd.to_datetime(column, format=wanted["datetime"])
    if wanted == "datetime":
        return pd.to_datetime(column, format="ISO8601")
    if wanted == "integer" and column.isna().any():
        return column.astype("float64")  # NaN has no integer; a fill makes it whole again
    if wanted == "boolean" and not column.isin([True, False, 0, 1]).all():
        raise ValueError("only true, false, 0 and 1 are boolean")
    return column.astype(_DTYPES[wanted])


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


def drop_missing(frame: pd.DataFrame, preparation: Preparation) -> pd.DataFrame:
    """Return the table without rows that lack a value where the rule says `drop-row`.

    Raises `RecipeFault` where it says `error`.
    """
    keep = pd.Series(True, index=frame.index)
    for column in frame.columns:
        missing = frame[column].isna()
        rule = preparation.missing_rule(str(column))
        if missing.any() and rule.action == "error":
            raise RecipeFault(
                ("prepare", "missing"),
                f'{int(missing.sum())} of {len(frame)} rows have no "{column}"; '
                "write drop-row, median, most-frequent, constant or keep for it",
            )
        if rule.action == "drop-row":
            keep &= ~missing
    return frame.loc[keep].reset_index(drop=True)


def learn_fills(train: pd.DataFrame, preparation: Preparation, columns: Sequence[str]) -> Fills:
    """Return the value that stands in for a missing one in each column, learned from the training rows alone."""
    fills: Fills = {}
    for column in columns:
        rule = preparation.missing_rule(column)
        if rule.action in ("median", "most-frequent", "constant"):
            fills[column] = _fill(train[column], rule, column)
    return fills


def _fill(column: pd.Series, rule: MissingRule, name: str) -> Any:
    if rule.action == "constant":
        return rule.constant
    present = column.dropna()
    if present.empty:
        raise RecipeFault(
            ("prepare", "missing"), f'"{name}" has no value in the training rows to learn a {rule.action} from'
        )
    if rule.action == "median":
        if not pd.api.types.is_numeric_dtype(present):
            raise RecipeFault(
                ("prepare", "missing"), f'"{name}" holds no numbers and has no median; write most-frequent'
            )
        return float(present.median())
    counts = present.value_counts()
    return sorted(counts.index[counts == counts.max()])[0]


def apply_fills(frame: pd.DataFrame, fills: Fills, types: Mapping[str, str | Mapping[str, str]]) -> pd.DataFrame:
    """Return the table with missing values replaced; a column declared `integer` becomes whole again."""
    frame = frame.fillna(fills)
    whole = [c for c in fills if types.get(c) == "integer"]
    return frame.astype(dict.fromkeys(whole, "int64"))
