"""How often each class was answered with which, from the stored predictions of a version. Reads no files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mintmark.errors import MintmarkError
from mintmark.publishing.site.drawing.stored_curves import read_outcomes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.core.question import Label, Task
    from mintmark.core.statistics.metrics import Outcomes

MOST_CLASSES: Final = 20


def class_counts(predictions: bytes, *, task: Task, classes: Sequence[Label]) -> dict[str, Any] | None:
    """Return what `count_classes` does of a predictions.parquet; None where the file does not tell."""
    if task == "regression":
        return None
    try:
        return count_classes(read_outcomes(predictions, task=task, classes=classes))
    except MintmarkError:
        return None


def count_classes(outcomes: Outcomes) -> dict[str, Any] | None:
    """Return the counts of a classification by true class and by predicted class; None for a regression.

    Of more than 20 classes those with the most rows have a place of their own, and `others` counts the rest, whose rows
    come last.
    """
    if not outcomes.classes:
        return None
    size = len(outcomes.classes)
    codes = outcomes.truth.astype(np.int64) * size + outcomes.prediction.astype(np.int64)
    counts = np.bincount(codes, minlength=size * size).reshape(size, size)
    kept = list(range(size))
    if size > MOST_CLASSES:
        kept = sorted(np.argsort(-counts.sum(axis=1), kind="stable")[:MOST_CLASSES].tolist())
        rest = [code for code in range(size) if code not in set(kept)]
        order = [*([code] for code in kept), rest]
        counts = np.array([[counts[np.ix_(truth, said)].sum() for said in order] for truth in order])
    return {
        "classes": [outcomes.classes[code] for code in kept],
        "others": size - len(kept),
        "counts": counts.tolist(),
    }
