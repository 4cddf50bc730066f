"""Partial dependence: the mean answer when every row takes the same value of one input. Reads no files.

Friedman 2001, Greedy function approximation, section 8.2. scikit-learn's `partial_dependence` gives the same numbers,
but takes no ONNX model, rounds a grid of integers, and calls the model once for each value of the grid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mintmark.core.statistics.figures import rounded

if TYPE_CHECKING:
    from collections.abc import Callable

    from mintmark.core.question import Label
    from mintmark.core.statistics.metrics import Floats

    Answers = Callable[[pd.DataFrame], Floats]

MOST_ROWS: Final = 20_000  # that are predicted at once
_QUANTILES: Final = np.linspace(0.05, 0.95, 19)  # the rare ends would mostly draw what the model makes up there
_MOST_LEVELS: Final = 12
_LEAST_COVERED: Final = 0.5  # of the rows, by those levels
_LONGEST: Final = 100  # characters of a level
_DIGITS: Final = 6


def grid(column: pd.Series) -> list[Any] | str:
    """Return the values of an input to try, as JSON holds them, or why there are none.

    Of numbers these are values that rows have, from the 5% quantile to the 95% one; else the most frequent levels.
    """
    present = column.dropna()
    if present.nunique() < 2:
        return "it has the same value in every row"
    if pd.api.types.is_numeric_dtype(present.dtype) and not pd.api.types.is_bool_dtype(present.dtype):
        values = present.astype("float64").quantile(_QUANTILES, interpolation="nearest").unique().tolist()
        whole = pd.api.types.is_integer_dtype(present.dtype)
        numbers = sorted({int(value) if whole else rounded(value, _DIGITS) for value in values})
        return numbers if len(numbers) > 1 else "nine rows of ten have the same value"
    counts = present.value_counts().head(_MOST_LEVELS)
    if counts.sum() < _LEAST_COVERED * len(present):
        return f"the {_MOST_LEVELS} most frequent of its values are in fewer than half of the rows"
    levels = [bool(level) if isinstance(level, (bool, np.bool_)) else level for level in counts.index]
    if not all(isinstance(level, bool) or (isinstance(level, str) and len(level) <= _LONGEST) for level in levels):
        return "its values are neither numbers nor short texts"
    return sorted(levels)


def dependence(rows: pd.DataFrame, name: str, values: list[Any], answers: Answers) -> Floats:
    """Return the mean answers over the rows where `name` is each of `values`, shape (values, outputs)."""
    found = []
    step = max(1, MOST_ROWS // len(rows))
    for start in range(0, len(values), step):
        some = values[start : start + step]
        table = pd.concat([rows] * len(some), ignore_index=True)
        table[name] = pd.Series(np.repeat(np.array(some, dtype=object), len(rows))).astype(rows[name].dtype)
        found.append(answers(table).reshape(len(some), len(rows), -1).mean(axis=1))
    return np.concatenate(found)


def curve(name: str, values: list[Any], means: Floats, labels: list[Label]) -> dict[str, Any]:
    """Return one curve as the record has it: of several classes, the one whose probability moves the most."""
    output = int(np.argmax(np.ptp(means, axis=0)))
    about: dict[str, Any] = {"input": name}
    if labels:
        about["class"] = labels[output]
    return about | {"values": values, "answers": [rounded(mean, _DIGITS) for mean in means[:, output].tolist()]}
