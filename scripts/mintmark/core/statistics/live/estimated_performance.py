"""The metrics that a classifier probably has in a window without labels, from its probabilities. Pure.

Confidence-based performance estimation, as NannyML publishes it (https://nannyml.readthedocs.io, "How it works:
Performance estimation"): where a class is true in 90 of 100 rows at some score, that many of the window's rows at this
score are of it. How often it is true, the evaluation rows of the version tell. So the estimate is right as long as the
class is as frequent at each score as it was there: no concept drift. Where the inputs move to where the scores mean
something else, it is wrong, and nothing but labels shows that.
"""

from __future__ import annotations

import math
from copy import deepcopy
from typing import TYPE_CHECKING, Final

import numpy as np

from mintmark.core.statistics.areas import enough_beside_the_largest
from mintmark.core.statistics.live.calibration import calibrate
from mintmark.core.statistics.live.estimates import RESAMPLES, drawn_groups, summarised
from mintmark.core.statistics.live.score_counts import BINS, LOGITS, score_bins
from mintmark.core.statistics.metric_names import CLASSIFICATION, LEAST_OF_A_CLASS, LEAST_ROWS
from mintmark.core.statistics.metrics import given_probabilities

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mintmark.core.statistics.live.estimates import Estimate
    from mintmark.core.statistics.live.score_counts import Counts
    from mintmark.core.statistics.metrics import Codes, Floats, Outcomes

ASSUMPTION: Final = (
    "an estimate without labels, which assumes that each score means what it meant on the evaluation rows"
)
_LEAST_LOG: Final = math.log(np.finfo(np.float64).eps)  # as the log loss of metrics.py has it
_SCORES: Final = 1 / (1 + np.exp(-LOGITS))
_SURE: Final = np.maximum(-np.logaddexp(0, -LOGITS), _LEAST_LOG)  # the logarithm of each score


class LearnedScores:
    """What the evaluation rows of a version tell of its scores, draw by draw.

    Learned once, it serves any number of windows, and each of them finds what it would find by itself. `evaluation`
    holds its stored evaluation rows with their truth, of which `no_estimate_reason` says nothing.
    """

    def __init__(self, evaluation: Outcomes, *, resamples: int = RESAMPLES, seed: int = 0) -> None:
        self._evaluation, self._resamples = evaluation, resamples
        self._generator = np.random.default_rng(seed)
        groups, weights = drawn_groups(len(evaluation), resamples, self._generator)
        has_positive = evaluation.positive is not None
        labels = range(len(evaluation.classes)) if evaluation.positive is None else (evaluation.positive,)
        self._before = _Tables(has_positive)
        self._scatter = None if has_positive else _Scatter(evaluation, resamples, self._generator)
        self._calibrations = []
        with np.errstate(divide="ignore", invalid="ignore"):
            for label in labels:  # one class at a time: they may be many
                hits, rows = _drawn_evaluation(evaluation, label, groups, weights)
                calibration = calibrate(hits, rows.sum(axis=1))
                chances = calibration.chances()
                self._calibrations.append(calibration)
                self._before.add(chances, rows)
                if self._scatter is not None:
                    self._scatter.add(label, chances)

    def estimate(self, window: Counts, names: Sequence[str] = CLASSIFICATION) -> dict[str, Estimate]:
        """Return each metric that follows from the counts of `count_scores`; a metric that is not defined is left out.

        The intervals are percentiles over draws of both: evaluation rows and rows of the window (Efron 1979). They hold
        the metric of as many rows as there can be, not that of the window's own labels, which scatter more. Nothing for
        a window without rows.
        """
        if not window.sum():
            return {}
        generator, found = deepcopy(self._generator), _Tables(self._scatter is None)
        with np.errstate(divide="ignore", invalid="ignore"):
            for calibration, counts in zip(self._calibrations, window, strict=True):
                if self._scatter is None:
                    found.add(calibration.chances(), _drawn_window(counts, self._resamples, generator))
                else:
                    found.add(calibration.chances(), counts[None].astype(np.float64))
            values = {name: _METRICS[name](found) for name in names}
            if self._scatter is not None:
                rows = int(window[0].sum())
                values = {name: value + self._scatter.of(name, rows) for name, value in values.items()}
            units = len(self._evaluation)
            told = {name: summarised(value, _METRICS[name](self._before), units) for name, value in values.items()}
        return {name: estimate for name, estimate in told.items() if estimate is not None}


def no_estimate_reason(evaluation: Outcomes) -> str:
    """Return why these evaluation rows allow no estimate, empty where they do; they calibrate the probabilities."""
    if evaluation.probabilities is None:
        return "the version gives no probabilities"
    if len(evaluation) < LEAST_ROWS:
        return f"the version was evaluated on {len(evaluation)} rows, and {LEAST_ROWS} are needed"
    if not enough_beside_the_largest(evaluation, None):
        return f"fewer than {LEAST_OF_A_CLASS} of its evaluation rows are of another class than the most frequent one"
    return ""


# -- draws -----------------------------------------------------------------------------------------------------------


def _drawn_evaluation(evaluation: Outcomes, label: int, groups: Codes, weights: Floats) -> tuple[Floats, Floats]:
    """Return for a class hits, (draws, BINS), and rows, (draws, 2, BINS), of groups of evaluation rows by weight."""
    bins = score_bins(given_probabilities(evaluation)[:, label])
    cells, is_true = bins + BINS * (evaluation.prediction == label), evaluation.truth == label
    hits, rows = np.empty((len(weights), BINS)), np.empty((len(weights), 2, BINS))
    for draw, weight in enumerate(weights):
        of_rows = weight[groups]
        rows[draw] = np.bincount(cells, of_rows, minlength=2 * BINS).reshape(2, BINS)
        hits[draw] = np.bincount(bins[is_true], of_rows[is_true], minlength=BINS)
    return hits, rows


def _drawn_window(counts: Counts, resamples: int, generator: np.random.Generator) -> Floats:
    """Return the counts of one class over draws, (draws, 2, BINS), the first as they are."""
    flat = counts.ravel()
    drawn = generator.multinomial(flat.sum(), flat / flat.sum(), resamples)
    return np.concatenate([flat[None], drawn]).reshape(-1, 2, BINS).astype(np.float64)


class _Scatter:
    """How much metrics of a window scatter because it is a sample, for more than two classes.

    The counts of a window say nothing of how the classes' scores hang together in a row. The evaluation rows do: they
    are drawn once more, apart from what calibrates, and what that changes is as large as it is in so many rows.
    """

    def __init__(self, evaluation: Outcomes, resamples: int, generator: np.random.Generator) -> None:
        self._evaluation = evaluation
        self._groups, self._weights = drawn_groups(len(evaluation), resamples, generator)
        self._drawn, self._fixed = _Tables(has_positive=False), _Tables(has_positive=False)

    def add(self, label: int, chances: Floats) -> None:
        """Add a class with its chances, draw by draw."""
        _, rows = _drawn_evaluation(self._evaluation, label, self._groups, self._weights)
        self._drawn.add(chances, rows)
        self._fixed.add(chances, rows[:1])

    def of(self, name: str, rows: int) -> Floats:
        """Return the scatter of a metric of a window of so many rows, 0 in the first draw."""
        scale = math.sqrt(len(self._evaluation) / rows)
        scatter: Floats = scale * (_METRICS[name](self._drawn) - _METRICS[name](self._fixed))
        return scatter


# -- metrics ---------------------------------------------------------------------------------------------------------


class _Tables:
    """What metrics rest on, for each draw a value of each class: expected counts, areas and sums of losses."""

    def __init__(self, has_positive: bool) -> None:
        self.has_positive = has_positive
        self._values: dict[str, list[Floats]] = {}

    def add(self, chances: Floats, counts: Floats) -> None:
        """Add a class: its chances, (draws, BINS), and the rows at each score, (draws or 1, 2, BINS)."""
        counts = np.broadcast_to(counts, (len(chances), *counts.shape[1:]))
        both = counts.sum(axis=1)
        inside, outside = both * chances, both * (1 - chances)
        true, rows = inside.sum(axis=1), both.sum(axis=1)
        values = {
            "hits": (counts[:, 1] * chances).sum(axis=1),
            "predicted": counts[:, 1].sum(axis=1),
            "true": true,
            "rows": rows,
            "auc": (inside * (np.cumsum(outside, axis=1) - outside / 2)).sum(axis=1) / (true * (rows - true)),
            "average_precision": _average_precision(inside[:, ::-1], outside[:, ::-1]),
            "surprise": inside @ -_SURE,
            "surprise_of_others": outside @ -_SURE[::-1],
            "brier": inside @ (1 - _SCORES) ** 2 + outside @ _SCORES**2,
        }
        for name, value in values.items():
            self._values.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> Floats:
        """Return values of shape (draws, classes)."""
        return np.stack(self._values[name], axis=1)

    def mean(self, values: Floats) -> Floats:
        """Return the positive class's value, or the mean over the classes that are expected to occur."""
        if self.has_positive:
            positive: Floats = values[:, 0]
            return positive
        occurs = self["true"] > 0
        result: Floats = np.where(occurs, values, 0).sum(axis=1) / occurs.sum(axis=1)
        return result


def _average_precision(inside: Floats, outside: Floats) -> Floats:
    """The precision at each score, weighted by the share of positives there; from the highest score down."""
    hits = np.cumsum(inside, axis=1)
    rows = hits + np.cumsum(outside, axis=1)
    precision = np.where(rows > 0, hits / rows, 0)
    result: Floats = (precision * inside).sum(axis=1) / hits[:, -1]
    return result


def _accuracy(t: _Tables) -> Floats:
    if t.has_positive:
        right: Floats = 1 - ((t["predicted"] + t["true"] - 2 * t["hits"]) / t["rows"])[:, 0]
        return right
    result: Floats = t["hits"].sum(axis=1) / t["rows"][:, 0]
    return result


def _balanced_accuracy(t: _Tables) -> Floats:
    recall = t["hits"] / t["true"]
    if t.has_positive:
        negatives = t["rows"] - t["true"]
        recall = (recall + (negatives - t["predicted"] + t["hits"]) / negatives) / 2
    return t.mean(recall)


def _log_loss(t: _Tables) -> Floats:
    lost = t["surprise"] + t["surprise_of_others"] if t.has_positive else t["surprise"]
    result: Floats = (lost / t["rows"]).sum(axis=1)
    return result


_METRICS: Final[dict[str, Callable[[_Tables], Floats]]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "precision": lambda t: t.mean(np.where(t["predicted"] > 0, t["hits"] / t["predicted"], 0)),
    "recall": lambda t: t.mean(t["hits"] / t["true"]),
    "f1": lambda t: t.mean(2 * t["hits"] / (t["predicted"] + t["true"])),
    "roc_auc": lambda t: t.mean(t["auc"]),
    "average_precision": lambda t: t.mean(t["average_precision"]),
    "log_loss": _log_loss,
    "brier": lambda t: (t["brier"] / t["rows"]).sum(axis=1),
}
