"""Points of the curves that are drawn of an evaluation, as tables. Draws nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from mintmark.core.statistics.metrics import Floats, Outcomes

MOST_POINTS = 400
_GRID = np.linspace(0, 1, 101)
_BINS = 10


def roc_curve(outcomes: Outcomes) -> pd.DataFrame:
    """Return `fpr` and `tpr` at each threshold.

    For more than two classes the macro average of one-vs-rest (Fawcett 2006).
    """
    curves = [_roc(is_class, score) for is_class, score in _one_vs_rest(outcomes)]
    if len(curves) == 1:
        return _thin(pd.DataFrame({"fpr": curves[0][0], "tpr": curves[0][1]}))
    mean = np.mean([np.interp(_GRID, fpr, tpr) for fpr, tpr in curves], axis=0)
    return pd.DataFrame({"fpr": np.r_[0, _GRID], "tpr": np.r_[0, mean]})


def precision_recall_curve(outcomes: Outcomes) -> pd.DataFrame:
    """Return `recall` and `precision` at each threshold.

    For more than two classes the macro average at fixed recalls.
    """
    curves = [_precision_recall(is_class, score) for is_class, score in _one_vs_rest(outcomes)]
    if len(curves) == 1:
        return _thin(pd.DataFrame({"recall": curves[0][0], "precision": curves[0][1]}))
    mean = np.mean([np.interp(_GRID, recall, precision) for recall, precision in curves], axis=0)
    return pd.DataFrame({"recall": _GRID, "precision": mean})


def calibration_curve(outcomes: Outcomes) -> pd.DataFrame:
    """Return mean `predicted` probability, `observed` share and `rows` in ten equal bins, empty ones left out.

    With more than two classes the probability is that of the predicted class (Guo et al. 2017, reliability diagram).
    """
    probabilities = outcomes.probabilities
    if probabilities is None:
        raise ValueError("a calibration curve needs probabilities")
    if outcomes.positive is not None:
        score, hit = probabilities[:, outcomes.positive], outcomes.truth == outcomes.positive
    else:
        score, hit = probabilities.max(axis=1), outcomes.truth == probabilities.argmax(axis=1)
    bins = np.searchsorted(np.linspace(0, 1, _BINS + 1)[1:-1], score)
    table = pd.DataFrame({"bin": bins, "predicted": score, "observed": hit.astype(float)}).groupby("bin")
    means = table.mean().reset_index(drop=True)
    return means.assign(rows=table.size().to_numpy())


def confusion_pairs(outcomes: Outcomes) -> pd.DataFrame:
    """Return `actual` and `predicted` class of each row, from which a confusion matrix is counted."""
    names = np.array([str(label) for label in outcomes.classes])
    return pd.DataFrame(
        {"actual": names[outcomes.truth.astype(int)], "predicted": names[outcomes.prediction.astype(int)]}
    )


def residuals(outcomes: Outcomes) -> pd.DataFrame:
    """Return `predicted` and `residual` (truth minus prediction) of each row."""
    return _thin(pd.DataFrame({"predicted": outcomes.prediction, "residual": outcomes.truth - outcomes.prediction}))


def predicted_against_actual(outcomes: Outcomes) -> pd.DataFrame:
    """Return `actual` and `predicted` of each row."""
    return _thin(pd.DataFrame({"actual": outcomes.truth, "predicted": outcomes.prediction}))


def _one_vs_rest(outcomes: Outcomes) -> list[tuple[Floats, Floats]]:
    probabilities = outcomes.probabilities
    if probabilities is None:
        raise ValueError("a curve needs probabilities")
    classes = range(len(outcomes.classes)) if outcomes.positive is None else [outcomes.positive]
    pairs = [((outcomes.truth == k).astype(float), probabilities[:, k]) for k in classes]
    return [(is_class, score) for is_class, score in pairs if 0 < is_class.sum() < len(is_class)]


def _tallies(is_class: Floats, score: Floats) -> tuple[Floats, Floats]:
    """Hits and false alarms at each distinct score, from the highest down."""
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.r_[np.diff(score[order]) != 0, True])
    hits = np.cumsum(is_class[order])[ends]
    return hits, ends + 1 - hits


def _roc(is_class: Floats, score: Floats) -> tuple[Floats, Floats]:
    hits, alarms = _tallies(is_class, score)
    return np.r_[0, alarms / alarms[-1]], np.r_[0, hits / hits[-1]]


def _precision_recall(is_class: Floats, score: Floats) -> tuple[Floats, Floats]:
    hits, alarms = _tallies(is_class, score)
    precision = hits / (hits + alarms)
    return np.r_[0, hits / hits[-1]], np.r_[precision[0], precision]


def _thin(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep at most `MOST_POINTS` rows, evenly chosen, the first and last among them."""
    if len(frame) <= MOST_POINTS:
        return frame
    rows = np.unique(np.linspace(0, len(frame) - 1, MOST_POINTS).round().astype(int))
    return frame.iloc[rows].reset_index(drop=True)
