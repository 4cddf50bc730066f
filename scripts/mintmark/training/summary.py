"""What a data set looks like: rows, columns, types, ranges, missing values, lineage. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from mintmark.core.provenance.training_rows import counts_of
from mintmark.core.question import ROW

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_CATEGORIES = 50


def summarise_columns(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return for each column type, number of missing values, and the range or the categories."""
    return {str(name): _summarise(frame[name]) for name in frame.columns if name != ROW}


def _summarise(column: pd.Series) -> dict[str, Any]:
    present = column.dropna()
    summary: dict[str, Any] = {"type": str(column.dtype), "missing": int(column.isna().sum())}
    if pd.api.types.is_bool_dtype(column) or not _has_range(column):
        counts = present.value_counts()
        summary["distinct"] = len(counts)
        if len(counts) <= MOST_CATEGORIES:
            summary["categories"] = {str(k): int(counts[k]) for k in sorted(counts.index)}
    elif len(present):
        summary |= {"min": _plain(present.min()), "max": _plain(present.max())}
    return summary


def _has_range(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, pd.Timestamp) else value.item()


def describe_table(path: str, digest: str, frame: pd.DataFrame) -> dict[str, Any]:
    """Return where a table is kept, its digest, and how many rows it has."""
    return {"path": path, "hash": digest, "rows": len(frame)}


def count_units(digests: pd.DataFrame, train: pd.DataFrame, entity: str | None) -> dict[str, Any]:
    """Return how many ids and entities the training rows have, as their digests tell them apart, and rows per entity.

    A review holds the stored digests against these numbers. What is not declared is not counted.
    """
    counted: dict[str, Any] = {name: number for name, number in counts_of(digests).items() if number}
    if entity is not None:
        sizes = train[entity].value_counts(dropna=False)
        spread = {"min": int(sizes.min()), "median": float(sizes.median()), "max": int(sizes.max())}
        counted["rows_per_entity"] = spread
    return counted


def lineage(source: dict[str, Any], train: dict[str, Any], evaluation: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """Return the lineage that a version record keeps: role, path, hash and rows of each table."""
    tables = (("source", source), ("training", train), ("evaluation", evaluation))
    return [{"role": role, **{key: table[key] for key in ("path", "hash", "rows")}} for role, table in tables]
