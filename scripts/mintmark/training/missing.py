"""Missing values by declared rules: rows are left out, or values filled in. Takes tables, gives new ones."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from mintmark.core.question import RecipeFault, raise_faults

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from mintmark.training.recipe import MissingRule, Preparation

Fills = dict[str, Any]
STRING: Final = "string"
_WHOLE: Final = {"integer": "int64", "boolean": "bool"}
_NUMBERS, _WHOLES, _BOOLEANS = "numbers", "whole numbers", "true and false"


def is_number(column: pd.Series) -> bool:
    """Whether a column holds numbers, and not true and false."""
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def drop_missing(
    frame: pd.DataFrame,
    preparation: Preparation,
    *,
    needed: Mapping[str | None, str] = MappingProxyType({}),
    carried: Container[str | None] = (),
) -> pd.DataFrame:
    """Return the table without rows that lack a value where the rule says `drop-row`.

    Of a column that is `needed` (name -> what for) no row may lack a value, and only inputs are filled, so `carried`
    columns are not. Raises `RecipeFault`s where a rule says `error`, or what it cannot do there.
    """
    keep = pd.Series(True, index=frame.index)
    faults = []
    for column in frame.columns:
        missing = frame[column].isna()
        action = preparation.missing_rule(str(column)).action
        possible = ["drop-row"] if column in needed else ["drop-row", "keep"] if column in carried else None
        if missing.any() and (action == "error" or (possible is not None and action not in possible)):
            what = f'{int(missing.sum())} of {len(frame)} rows have no "{column}"'
            remedy = _rules_for(frame[column], str(column), preparation) if possible is None else " or ".join(possible)
            why = f" ({needed[column]})" if column in needed else "" if possible is None else ", which is no input"
            message = f'{what}{why}; write {remedy} for it (missing: {{columns: {{"{column}": drop-row}}}})'
            if column in needed and is_number(frame[column]):
                message += f'; where NA is a value of it: types: {{"{column}": {STRING}}}'
            faults.append(RecipeFault(("prepare", "missing"), message))
        if action == "drop-row":
            keep &= ~missing
    raise_faults(faults)
    return frame.loc[keep].reset_index(drop=True)


def _rules_for(column: pd.Series, name: str, preparation: Preparation) -> str:
    """Return the rules that an input with gaps can have."""
    has_median = is_number(column) and preparation.types.get(name) != "boolean"
    return f"drop-row, {'median, ' if has_median else ''}most-frequent, constant or keep"


def fill_faults(frame: pd.DataFrame, preparation: Preparation, inputs: Sequence[str]) -> Iterator[RecipeFault]:
    """Yield the rules for missing values that do not fit their column, whatever rows the training takes."""
    try:
        gaps = [name for name in inputs if frame[name].isna().any() and frame[name].notna().any()]
        learn_fills(frame, preparation, inputs, gaps=gaps)
    except RecipeFault as fault:
        yield from fault.faults


def learn_fills(
    train: pd.DataFrame, preparation: Preparation, columns: Sequence[str], *, gaps: Container[str]
) -> Fills:
    """Return the value that stands in for a missing one in each column of `gaps`, learned from the training rows alone.

    A column without a missing value needs no rule. Raises `RecipeFault`s for rules that do not fit their column.
    """
    fills: Fills = {}
    faults = []
    for column in columns:
        rule = preparation.missing_rule(column)
        if column in gaps and rule.action in ("median", "most-frequent", "constant"):
            try:
                fills[column] = _fill(train[column], rule, column, preparation.types.get(column))
            except RecipeFault as fault:
                faults.append(fault)
    raise_faults(faults)
    return fills


def _fill(column: pd.Series, rule: MissingRule, name: str, declared: Any) -> Any:
    place = ("prepare", "missing")
    if rule.action == "constant":
        kind = _kind_of(column, declared)
        if not _fits(rule.constant, kind):
            raise RecipeFault(
                place, f'"{name}" holds {kind}, and the constant {rule.constant!r} is none; write one that is'
            )
        return rule.constant
    present = column.dropna()
    if present.empty:
        raise RecipeFault(place, f'"{name}" has no value in the training rows to learn a {rule.action} from')
    if rule.action == "median":
        kind = _kind_of(present, declared)
        if kind not in (_NUMBERS, _WHOLES):
            raise RecipeFault(place, f'"{name}" holds {kind} and has no median; write most-frequent')
        return float(round(present.median()) if kind == _WHOLES else present.median())
    counts = present.value_counts()
    return sorted(counts.index[counts == counts.max()])[0]


def _kind_of(column: pd.Series, declared: Any) -> str:
    if pd.api.types.is_datetime64_any_dtype(column):
        return "times"
    if declared == "boolean":
        return _BOOLEANS
    return (_WHOLES if declared == "integer" else _NUMBERS) if is_number(column) else "text"


def _fits(constant: Any, kind: str) -> bool:
    if kind == _BOOLEANS:
        return constant in (True, False)
    is_number = isinstance(constant, (int, float)) and not isinstance(constant, bool)
    return {_NUMBERS: is_number, _WHOLES: is_number and constant % 1 == 0, "text": isinstance(constant, str)}.get(
        kind, False
    )


def apply_fills(frame: pd.DataFrame, fills: Fills, types: Mapping[str, str | Mapping[str, str]]) -> pd.DataFrame:
    """Return the table with missing values replaced; what is declared `integer` or `boolean` becomes that again."""
    fitting = {c: float(v) if isinstance(v, bool) and frame[c].dtype == "float64" else v for c, v in fills.items()}
    frame = frame.fillna(fitting)
    whole = {c: _WHOLE[str(types[c])] for c in frame.columns if str(types.get(c)) in _WHOLE and frame[c].notna().all()}
    return frame.astype(whole)
