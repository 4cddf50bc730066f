"""What an artifact costs to keep and to run, as its version says it. Measures nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def recorded_cost(
    size: int, recorded: Mapping[str, float] | None, metrics: Mapping[str, Any] | None
) -> dict[str, float]:
    """Return `size` in bytes, and what was measured of `load_seconds`, `latency_row_seconds`, `latency_batch_seconds`.

    `recorded` is the section `cost` of a version record. Versions that are older than this section have None there, and
    the times in their metrics.json. Where times of a batch are known, `batch_rows` may tell its size.
    """
    measured = recorded if recorded is not None else (metrics or {}).get("cost")
    return {**(measured or {}), "size": size}
