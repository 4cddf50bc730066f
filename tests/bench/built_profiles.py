"""Profiles of made-up references, and windows held against them, by what training and monitoring themselves call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from tests.bench.production import COLUMNS, MIXED, whole

from mintmark.core.model import Monitoring, Thresholds
from mintmark.monitoring.column_counts import ColumnCounts, count_column
from mintmark.monitoring.judging_columns import Raised, judge_columns
from mintmark.monitoring.reference_columns import ReferenceColumn, read_profile
from mintmark.training.profile import format_profile, reference_profile

if TYPE_CHECKING:
    from tests.bench.production import Table

Counted = dict[str, tuple[ColumnCounts | None, ReferenceColumn | None]]


class Reference:
    """The profile that training builds of made-up rows, as monitoring reads it; `texts` are the columns of text.

    The rows come day by day. Where `told_of_days`, and there are several, the rows have a time column.
    """

    def __init__(self, days: Sequence[Table], *, texts: Sequence[str], told_of_days: bool = True) -> None:
        table = whole(list(days))
        self.texts = texts
        self.frame = pd.DataFrame({name: self._column(name, values).to_pandas() for name, values in table.items()})
        times = None
        if len(days) > 1 and told_of_days:
            lengths = [len(next(iter(day.values()))) for day in days]
            times = pd.Series(np.repeat(pd.date_range("2026-01-01", periods=len(days)), lengths), name="day")
        profile = reference_profile(self.frame, pd.Series([0.0, 1.0]), None, (), times=times)
        self.columns = read_profile(json.loads(format_profile(profile))).inputs

    def _column(self, name: str, values: NDArray[Any]) -> pa.Array:
        """Return values as the log has them."""
        if name not in self.texts:
            return pa.array(values, from_pandas=True)
        names = pa.array([f"level {place}" for place in range(int(values.max()) + 1)])
        return pa.DictionaryArray.from_arrays(pa.array(values), names).cast(pa.string())

    def count(self, window: Mapping[str, NDArray[Any]]) -> Counted:
        """Return the columns of a window as a scan of the log counts them."""
        return {
            name: (count_column(self._column(name, values), self.columns[name]), self.columns[name])
            for name, values in window.items()
        }

    def raised(self, window: Mapping[str, NDArray[Any]], beside: Counted | None = None) -> tuple[Raised, ...]:
        """Return what monitoring says of a window, where `beside` has further columns of the same window."""
        return judge(self.count(window) | (beside or {}))


def judge(counted: Counted) -> tuple[Raised, ...]:
    """Return what monitoring says of the columns of a window that is over, with no word of model.yaml."""
    return judge_columns(
        counted, {}, Thresholds(), watched=(), hidden={}, minimum_rows=Monitoring().minimum_rows, with_drift=True
    ).raised


@lru_cache
def calm_columns(reference_rows: int, rows: int) -> Counted:
    """Return numbers that did not change, one fewer than a world has; monitoring says nothing of them."""
    names = list(MIXED.columns())[1:]
    for seed in range(100):
        generator = np.random.default_rng((seed, reference_rows, rows))
        before, now = ({name: generator.standard_normal(size) for name in names} for size in (reference_rows, rows))
        found = Reference([before], texts=()).count(now)
        if not judge(found):
            return found
    raise AssertionError(f"{COLUMNS - 1} calm columns are said to have changed, a hundred times")
