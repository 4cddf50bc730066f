"""The reference profile of inputs and predictions that monitoring compares live data with. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mintmark.core.statistics.figures import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.core.question import Label
    from mintmark.core.statistics.metrics import Floats

LEVELS = tuple(i / 100 for i in range(101))
MOST_CATEGORIES = 50
_DIGITS = 7


def reference_profile(
    inputs: pd.DataFrame, prediction: pd.Series, probabilities: Floats | None, classes: Sequence[Label]
) -> dict[str, Any]:
    """Return the profile of the inputs (training rows) and of the predictions and probabilities (evaluation rows).

    A number has missing (a share), mean, std, min, max, `quantiles` at `quantile_levels`, and a `histogram` of
    `counts` between `edges`: at most ten bins of equal frequency, the outer ones open (a live value beyond them falls
    into them). A time counts in seconds since 1970. Other columns have missing and `categories` with counts, the 50
    most frequent, the rest summed in `other`.
    """
    profile: dict[str, Any] = {
        "schema": 1,
        "quantile_levels": list(LEVELS),
        "inputs": {"rows": len(inputs), "columns": {str(c): profile_column(inputs[c]) for c in inputs.columns}},
        "prediction": {"rows": len(prediction), **profile_column(prediction, categorical=bool(classes))},
    }
    if probabilities is not None:
        columns = {str(label): profile_column(pd.Series(probabilities[:, i])) for i, label in enumerate(classes)}
        profile["probabilities"] = columns
    return profile


def format_profile(profile: dict[str, Any]) -> bytes:
    """Return a profile as JSON without spaces: hundreds of numbers that nobody reads one by one."""
    return (json.dumps(profile, separators=(",", ":"), ensure_ascii=False, allow_nan=False) + "\n").encode()


def profile_column(column: pd.Series, *, categorical: bool = False) -> dict[str, Any]:
    """Return the profile of one column."""
    about = {"type": str(column.dtype), "missing": rounded(float(column.isna().mean()) if len(column) else 0.0)}
    present = column.dropna()
    if pd.api.types.is_datetime64_any_dtype(column):
        present = (present - pd.Timestamp(0)) / pd.Timedelta(seconds=1)
    elif categorical or not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return about | _categories(present)
    return about | (_numbers(present.to_numpy(dtype=np.float64)) if len(present) else {})


def _categories(present: pd.Series) -> dict[str, Any]:
    counts = present.astype("str").value_counts()
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    kept, rest = ordered[:MOST_CATEGORIES], ordered[MOST_CATEGORIES:]
    return {"categories": {name: int(n) for name, n in kept}, "other": int(sum(n for _, n in rest))}


def _numbers(values: Floats) -> dict[str, Any]:
    quantiles = np.quantile(values, LEVELS)
    edges = np.unique(np.quantile(values, LEVELS[::10], method="higher"))  # values that occur: no bin is empty
    if len(edges) == 1:
        edges = np.array([edges[0], edges[0]])
    counts = np.bincount(np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2))
    counts = np.pad(counts, (0, len(edges) - 1 - len(counts)))
    return {
        "mean": rounded(values.mean()),
        "std": rounded(values.std()),
        "min": rounded(values.min()),
        "max": rounded(values.max()),
        "quantiles": [rounded(q, _DIGITS) for q in quantiles],
        "histogram": {"edges": [rounded(e, _DIGITS) for e in edges], "counts": counts.tolist()},
    }
