"""Draw what the cells of a confusion matrix may be in truth, for the metrics that rest on nothing else. Pure.

A bootstrap takes an empty cell for an impossible one: 30 rows without a mistake are certain to it. Here the cells'
shares are drawn from Dirichlet(cells + 1/2), Jeffreys' prior (Brown, Cai and DasGupta 2001, Statistical Science
16:101), so the share of each true class is drawn with them (Goutte and Gaussier 2005, ECIR, for precision, recall, F1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mintmark.core.statistics.draws import metrics_over
from mintmark.core.statistics.metrics import Outcomes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mintmark.core.statistics.metrics import Floats

_DRAWN: Final = 2_000_000  # numbers in a block of draws: 16 MB


@dataclass(frozen=True, kw_only=True, slots=True)
class Cells:
    """The cells of truth x prediction (x prediction of the champion) that count, each as one row of `sides`.

    `weights` are the parameters of the Dirichlet distribution: the rows of a cell, and its part of the prior.
    """

    sides: tuple[Outcomes, ...]
    weights: Floats


def cells_of(sides: Sequence[Outcomes], *, design: float = 1.0, prior: float | None = None) -> Cells:
    """Return the cells of one model, or of two that predicted the same rows.

    With two classes every cell gets `prior`, 1/2. With more, so many halves would outweigh the rows: each true class
    has one cell for right and one for wrong (for two models: four), and without `prior` all of them share what the two
    classes would get. A wrong one is the next class. A cell that has rows and no part of the prior stays as it is.
    `design` is the design effect of clusters: the rows count for so many fewer.
    """
    first = sides[0]
    truth = first.truth.astype(np.intp)
    classes = np.arange(len(first.classes)) if first.positive is not None else np.unique(truth)
    rows = np.stack([truth, *(side.prediction.astype(np.intp) for side in sides)], axis=1)
    unseen = _unseen(classes, len(sides))
    found, where = np.unique(np.concatenate([rows, unseen]), axis=0, return_inverse=True)
    counts = np.r_[np.full(len(rows), 1 / design), np.full(len(unseen), 1 / len(classes) if prior is None else prior)]
    return Cells(
        sides=tuple(
            Outcomes(
                truth=found[:, 0].astype(np.float64),
                prediction=found[:, column].astype(np.float64),
                classes=first.classes,
                positive=first.positive,
            )
            for column in range(1, len(sides) + 1)
        ),
        weights=np.bincount(where.ravel(), counts).astype(np.float64),
    )


def _unseen(
    classes: np.ndarray[tuple[int], np.dtype[np.intp]], sides: int
) -> np.ndarray[tuple[int, int], np.dtype[np.intp]]:
    """Return one row (truth, predictions) for each true class and each way of being right or wrong."""
    wrong = dict(zip(classes.tolist(), np.roll(classes, -1).tolist(), strict=True))
    patterns = np.array(np.meshgrid(*[[0, 1]] * sides)).reshape(sides, -1).T
    return np.array(
        [
            [label, *(wrong[label] if is_wrong else label for is_wrong in pattern)]
            for label in classes.tolist()
            for pattern in patterns
        ],
        dtype=np.intp,
    )


def draw_wider(
    names: Sequence[str], sides: Sequence[Outcomes], *, design: float = 1.0, resamples: int, seed: int
) -> list[dict[str, Floats]]:
    """Return the metrics of each side over draws with 1/2 in every cell; none for two classes, which have that anyway.

    A class with a handful of rows is as uncertain as two classes with so many, which a part of 1/2 understates. But
    where many classes have a handful each, so many halves pull all of them to the middle. So neither prior holds for
    both, and the outer bounds of the two count.
    """
    if sides[0].positive is not None:
        return [{} for _ in sides]
    return draw_metrics(names, cells_of(sides, design=design, prior=0.5), resamples=resamples, seed=seed)


def draw_metrics(names: Sequence[str], cells: Cells, *, resamples: int, seed: int) -> list[dict[str, Floats]]:
    """Return for each side its metrics over all draws; both sides see the same ones, and a seed fixes them."""
    return metrics_over(_draws(cells.weights, resamples, seed), [(side, names) for side in cells.sides])[0]


def _draws(weights: Floats, resamples: int, seed: int) -> Iterator[Floats]:
    """Yield blocks of draws, each of shape (some resamples, cells), every row a set of shares."""
    generator = np.random.default_rng(seed)
    block = max(1, _DRAWN // len(weights))
    for start in range(0, resamples, block):
        drawn = generator.standard_gamma(weights, size=(min(block, resamples - start), len(weights)))
        yield drawn / drawn.sum(axis=1, keepdims=True)
