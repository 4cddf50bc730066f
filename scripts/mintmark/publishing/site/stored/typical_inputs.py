"""What the inputs of a version typically are, from its reference profile, as a hint. Reads no files."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from mintmark.registry.schemas import accepts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST_COLUMNS: Final = 1000
_MOST_CATEGORIES: Final = 30
_MOMENT: Final = "%Y-%m-%dT%H:%M:%SZ"
_LOW, _MIDDLE, _HIGH = 0.05, 0.5, 0.95


def typical_inputs(profile: bytes) -> dict[str, Any] | None:
    """Return for each column its median and middle 90%, or its categories; None for what is no profile.

    Times are texts. `missing` tells whether a value was missing in the training rows.
    """
    try:
        data = json.loads(profile)
    except (ValueError, RecursionError):
        return None
    if not accepts("profile", data) or not isinstance(inputs := data.get("inputs"), dict):
        return None
    levels = data.get("quantile_levels", ())
    columns = list(inputs["columns"].items())[:_MOST_COLUMNS]
    return {name: found for name, column in columns if (found := _typical(column, levels)) is not None}


def _typical(column: Mapping[str, Any], levels: Sequence[float]) -> dict[str, Any] | None:
    missing = bool(column.get("missing"))
    if "categories" in column:
        return {"categories": list(column["categories"])[:_MOST_CATEGORIES], "missing": missing}
    quantiles = column.get("quantiles")
    if not quantiles or len(quantiles) != len(levels):
        return None
    found = dict(zip(levels, quantiles, strict=True))
    if not {_LOW, _MIDDLE, _HIGH} <= found.keys():
        return None
    told = {"low": found[_LOW], "median": found[_MIDDLE], "high": found[_HIGH]}
    if str(column["type"]).startswith("datetime64"):
        try:
            told = {name: datetime.fromtimestamp(value, UTC).strftime(_MOMENT) for name, value in told.items()}
        except (OverflowError, ValueError, OSError):
            return None
    return {**told, "missing": missing}
