"""Probabilities counted in fine bins that add up over batches: what an estimate without labels rests on. Pure.

A count has shape (classes, 2, BINS): of two classes the positive one alone, of more each of them. The second axis is
whether the row was predicted as the class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mintmark.core.statistics.metrics import Codes, Floats, Outcomes

    Counts = NDArray[np.int64]

_FARTHEST: Final = 36.0  # the logit of the smallest probability that a log loss tells from 0
_NEAR: Final = 8.0
# Of logits: steps of 0.02 where probabilities are between 0.0003 and 0.9997, of 0.25 beyond.
_EDGES: Final = np.concatenate(
    [
        np.arange(-_FARTHEST, -_NEAR, 0.25),
        np.arange(-400, 401) / 50,
        np.arange(_NEAR + 0.25, _FARTHEST + 0.125, 0.25),
    ]
)
BINS: Final = len(_EDGES) + 1
LOGITS: Final[Floats] = np.concatenate([[-_FARTHEST], (_EDGES[:-1] + _EDGES[1:]) / 2, [_FARTHEST]])  # of each bin


def score_bins(probabilities: Floats) -> Codes:
    """Return the bin of each probability; 0 and 1 have bins of their own. Raises `ValueError` for what is none."""
    if not (np.isfinite(probabilities).all() and (probabilities >= 0).all() and (probabilities <= 1).all()):
        raise ValueError("probabilities must lie between 0 and 1")
    with np.errstate(divide="ignore"):
        logits = np.log(probabilities) - np.log1p(-probabilities)
    return np.searchsorted(_EDGES, logits, side="right")


def count_scores(probabilities: Floats, predicted: Codes, positive: int | None) -> Counts:
    """Return the counts of rows: `probabilities` of shape (n, classes), `predicted` the position of a class for each.

    `positive` is the position of the positive class, None for more than two.
    """
    classes = range(probabilities.shape[1]) if positive is None else (positive,)
    found = np.zeros((len(classes), 2, BINS), dtype=np.int64)
    for place, label in enumerate(classes):
        cells = score_bins(probabilities[:, label]) + BINS * (predicted == label)
        found[place] = np.bincount(cells, minlength=2 * BINS).reshape(2, BINS)
    return found


def outcome_counts(outcomes: Outcomes) -> Counts:
    """Return the counts of rows with their truth, such as a version's evaluation rows."""
    if outcomes.probabilities is None:
        raise ValueError("an estimate without labels needs probabilities")
    return count_scores(outcomes.probabilities, outcomes.prediction.astype(np.intp), outcomes.positive)
