"""The reference profile of inputs and predictions that monitoring compares live data with. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mintmark.core.statistics.figures import rounded
from mintmark.core.statistics.histograms import BUCKETS, bin_counts, bin_edges, bucket_of, mean_and_deviation, quantiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mintmark.core.question import Label
    from mintmark.core.statistics.metrics import Floats

# Of a grid for the distance of Kolmogorov and Smirnov, finer in the tails; in thousandths.
LEVELS: Final = (0, 1, 5, *range(10, 1000, 10), 995, 999, 1000)
MOST_CATEGORIES: Final = 50
LONGEST_TEXT: Final = 200  # of a category; longer ones count as others
MOST_VALUES: Final = 50  # a column of numbers with so many different ones, or fewer, keeps a count of each
MOST_CORRELATED: Final = 50  # columns
MOST_WINDOWS: Final = 24
_PERIODS: Final = ("D", "W", "M", "Q", "Y")


@dataclass(frozen=True, kw_only=True, slots=True)
class Windows:
    """Time in pieces: the first day, or number, of each, and for every row that of its own, -1 where it is in none."""

    column: str
    starts: Sequence[str] | Sequence[float]
    of_rows: NDArray[np.intp]


def reference_profile(
    inputs: pd.DataFrame,
    prediction: pd.Series,
    probabilities: Floats | None,
    classes: Sequence[Label],
    *,
    entities: pd.Series | None = None,
    times: pd.Series | None = None,
) -> dict[str, Any]:
    """Return the profile of the inputs (training rows) and of the predictions and probabilities (evaluation rows).

    Every column has counts of `missing` and `infinite` rows and of `distinct` values. A number has mean, std, min, max,
    `quantiles` at `quantile_levels`, a `histogram` of `counts` between `edges`, whose outer bins are open, and, with 50
    different values or fewer, `values`, each with its count. A time counts in seconds since 1970. Other columns have
    `categories` with counts, the 50 most frequent, the rest summed in `other`; where there is a rest, `buckets` counts
    all rows by a digest of their text. `entities` (of the training rows) are
    counted. With `times` each input counts its bins for every window too. `correlations` holds the ranks' (Spearman) of
    the first 50 numbers among the inputs, row by row below the diagonal.
    """
    windows = None if times is None else cut_windows(times)
    described = {str(name): profile_column(inputs[name], windows=windows) for name in inputs.columns}
    profile: dict[str, Any] = {
        "schema": 2,
        "quantile_levels": [level / 1000 for level in LEVELS],
        "inputs": {"rows": len(inputs), "columns": described},
        "prediction": {"rows": len(prediction), **profile_column(prediction, categorical=bool(classes))},
    }
    if entities is not None:
        profile["inputs"]["entities"] = int(entities.nunique())
    if windows is not None:
        profile["inputs"]["windows"] = {"column": windows.column, "starts": list(windows.starts)}
    related = correlations(inputs)
    if related:
        profile["inputs"]["correlations"] = related
    if probabilities is not None:
        columns = {str(label): profile_column(pd.Series(probabilities[:, i])) for i, label in enumerate(classes)}
        profile["probabilities"] = columns
    return profile


def format_profile(profile: dict[str, Any]) -> bytes:
    """Return a profile as JSON without spaces: hundreds of numbers that nobody reads one by one."""
    return (json.dumps(profile, separators=(",", ":"), ensure_ascii=False, allow_nan=False) + "\n").encode()


def profile_column(column: pd.Series, *, categorical: bool = False, windows: Windows | None = None) -> dict[str, Any]:
    """Return the profile of one column."""
    about: dict[str, Any] = {"type": str(column.dtype), "missing": int(column.isna().sum()), "infinite": 0}
    present = column.dropna()
    is_time = pd.api.types.is_datetime64_any_dtype(column)
    if not is_time and (categorical or not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        return about | _categories(present, windows, column)
    if is_time:
        zone = getattr(present.dt, "tz", None)
        present = (present - pd.Timestamp(0, tz=zone)) / pd.Timedelta(seconds=1)
    values = _plain(present)
    finite = np.isfinite(values)
    about["infinite"] = int((~finite).sum())
    places = np.flatnonzero(column.notna())[finite]
    return about | _numbers(values[finite], None if windows is None else windows.of_rows[places], windows)


def _plain(present: pd.Series) -> NDArray[Any]:
    """Return the values as whole numbers where all of them are, else as floats."""
    if pd.api.types.is_integer_dtype(present.dtype):
        is_large = pd.api.types.is_unsigned_integer_dtype(present.dtype)
        return np.asarray(present.to_numpy(dtype=np.uint64 if is_large else np.int64))
    return np.asarray(present.to_numpy(dtype=np.float64))


def _categories(present: pd.Series, windows: Windows | None, column: pd.Series) -> dict[str, Any]:
    texts = present.astype("str")
    counts = texts.value_counts()
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    kept = [item for item in ordered if len(item[0]) <= LONGEST_TEXT][:MOST_CATEGORIES]
    found: dict[str, Any] = {
        "distinct": len(ordered),
        "categories": {name: int(n) for name, n in kept},
        "other": int(counts.sum()) - sum(int(n) for _, n in kept),
    }
    if found["other"]:
        buckets = np.array([bucket_of(name) for name, _ in ordered])
        rows = np.bincount(buckets, [int(n) for _, n in ordered], minlength=BUCKETS)
        found["buckets"] = rows.astype(np.int64).tolist()
    if windows is not None:
        position = {name: place for place, (name, _) in enumerate(kept)}
        bins = texts.map(lambda text: position.get(text, len(kept))).to_numpy(dtype=np.intp)
        of = windows.of_rows[np.flatnonzero(column.notna())]
        found["windows"] = [
            np.bincount(bins[of == window], minlength=len(kept) + 1).tolist() for window in range(len(windows.starts))
        ]
    return found


def _numbers(values: NDArray[Any], of: NDArray[np.intp] | None, windows: Windows | None) -> dict[str, Any]:
    distinct, counts = np.unique(values, return_counts=True)
    if not len(values):
        return {"distinct": 0}
    mean, deviation = mean_and_deviation(values)
    edges = bin_edges(values)
    found: dict[str, Any] = {
        "distinct": len(distinct),
        "mean": _short(mean),
        "std": _short(deviation),
        "min": distinct[0].item(),
        "max": distinct[-1].item(),
        "quantiles": quantiles(values, LEVELS),
        "histogram": {"edges": edges, "counts": bin_counts(values, edges)},
    }
    if len(distinct) <= MOST_VALUES:
        found["values"] = [[value, count] for value, count in zip(distinct.tolist(), counts.tolist(), strict=True)]
    if of is not None and windows is not None:
        found["windows"] = [bin_counts(values[of == window], edges) for window in range(len(windows.starts))]
    return found


def _short(value: float) -> float:
    """Return a number with ten digits, or as it is where those would be beyond the largest one."""
    short = rounded(value)
    return short if np.isfinite(short) else value


def cut_windows(times: pd.Series) -> Windows | None:
    """Return days, weeks, months, quarters or years, the shortest of which 24 hold all rows; else the last 24 years.

    Time that is counted (a year, a step) has a window for each number, or 24 of equal width where there are more. None
    where the column holds neither, or all rows fall into one window.
    """
    if pd.api.types.is_numeric_dtype(times) and not pd.api.types.is_bool_dtype(times):
        return _numbered_windows(times)
    if not pd.api.types.is_datetime64_any_dtype(times) or times.notna().sum() == 0:
        return None
    moments = times if times.dt.tz is None else times.dt.tz_convert("UTC").dt.tz_localize(None)
    for unit in _PERIODS:
        ordinals = moments.dt.to_period(unit).dt.to_timestamp()
        starts = pd.period_range(ordinals.min(), ordinals.max(), freq=unit)
        if len(starts) <= MOST_WINDOWS or unit == _PERIODS[-1]:
            break
    if len(starts) < 2:
        return None
    starts = starts[-MOST_WINDOWS:]
    first = starts.to_timestamp()
    found = np.searchsorted(first.to_numpy(), ordinals.to_numpy(), side="right") - 1
    found[ordinals.isna().to_numpy()] = -1
    return Windows(column=str(times.name), starts=[f"{day:%Y-%m-%d}" for day in first], of_rows=found)


def _numbered_windows(times: pd.Series) -> Windows | None:
    values = times.to_numpy(dtype=np.float64, na_value=np.nan)
    finite = np.isfinite(values)
    starts = np.unique(values[finite])
    if len(starts) > MOST_WINDOWS:
        starts = np.unique(np.linspace(starts[0], starts[-1], MOST_WINDOWS + 1)[:-1])
    if len(starts) < 2:
        return None
    found = np.searchsorted(starts, values, side="right") - 1
    found[~finite] = -1
    return Windows(column=str(times.name), starts=starts.tolist(), of_rows=found)


def correlations(inputs: pd.DataFrame) -> dict[str, Any]:
    """Return Spearman's correlations of pairs of numbers, nothing where there is no pair.

    None stands for one that is not defined: of a constant column. Missing values leave out their row for the pair.
    """
    numbers = [
        name
        for name in inputs.columns
        if pd.api.types.is_numeric_dtype(inputs[name]) and not pd.api.types.is_bool_dtype(inputs[name])
    ]
    kept = numbers[:MOST_CORRELATED]
    if len(kept) < 2:
        return {}
    table = inputs[kept].astype(np.float64).replace([np.inf, -np.inf], np.nan).corr(method="spearman").to_numpy()
    rows = list(_below_diagonal(table))
    return {"columns": list(map(str, kept)), "left_out": len(numbers) - len(kept), "ranks": rows}


def _below_diagonal(table: Floats) -> Iterator[list[float | None]]:
    for row in range(1, len(table)):
        yield [None if np.isnan(value) else round(float(value), 3) for value in table[row, :row]]
