"""The metrics of models over many draws of rows or cells, which all of them share. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mintmark.core.statistics.metrics import metric_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mintmark.core.statistics.metrics import Floats, Outcomes


def metrics_over(stream: Iterable[Floats], models: Sequence[tuple[Outcomes, Sequence[str]]]) -> list[dict[str, Floats]]:
    """Return for each model its metrics (the names beside its outcomes) over all draws of a stream.

    The stream gives blocks of weights, each of shape (some draws, rows or cells), and is read once, block by block.
    """
    blocks: list[dict[str, list[Floats]]] = [{name: [] for name in names} for _, names in models]
    for weights in stream:
        for (outcomes, names), found in zip(models, blocks, strict=True):
            for name, values in metric_values(names, outcomes, weights).items():
                found[name].append(values)
    return [{name: np.concatenate(parts) for name, parts in found.items()} for found in blocks]
