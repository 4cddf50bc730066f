"""What an artifact costs to keep and to run, as its version says it. Measures nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def recorded_cost(record: Mapping[str, Any], metrics: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return `size` in bytes, and what was measured of `load_seconds`, `latency_row_seconds`, `latency_batch_seconds`.

    `record` is a version document. It holds the times itself; those of versions that are older than its section `cost`
    are in their metrics.json. Where times of a batch are known, `batch_rows` may tell its size.
    """
    measured = record["cost"] if "cost" in record else (metrics or {}).get("cost")
    return {**(measured or {}), "size": record["artifact"]["size"]}
