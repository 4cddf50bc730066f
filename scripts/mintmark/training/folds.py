"""The folds of a search, of the same kind as the split: by class, by group, or forward in time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from mintmark.core.question import ROW, RecipeFault
from mintmark.training.splitting import ordered_times

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mintmark.core.question import Question

Fold = tuple["NDArray[np.intp]", "NDArray[np.intp]"]
_PLACE = ("tune", "folds")


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What folds must respect: rows of the same value of `column` stay `together`, or come in its `order`."""

    kind: Literal["together", "in order"]
    column: pd.Series


def kept_by(split: Mapping[str, Any], train: pd.DataFrame, question: Question) -> Kept | None:
    """Return what the folds must respect, as the split of data.json did: its order in time, its groups or entities."""
    if split["method"] == "time":
        return Kept(kind="in order", column=ordered_times(train[split["by"]]))
    column = split["by"] if split["by"] not in (None, ROW) else question.entity_column
    return None if column is None else Kept(kind="together", column=train[column])


def fold_kind(kept: Kept | None, *, is_classification: bool) -> str:
    """Return what the folds are called: `forward`, `group`, `stratified` or `random`."""
    if kept is not None:
        return "forward" if kept.kind == "in order" else "group"
    return "stratified" if is_classification else "random"


def cut(
    inputs: pd.DataFrame, truth: pd.Series, number: int, *, is_classification: bool, seed: int, kept: Kept | None
) -> Sequence[Fold]:
    """Return for each fold the positions of the rows to fit on and of those to score.

    forward: the rows fall into `number` + 1 blocks in time, of about the same size, rows of one moment in one block;
    each block but the first is scored after fitting on all before it. Raises `RecipeFault` where groups, moments or
    rows of a class are fewer than the folds.
    """
    if kept is not None and kept.kind == "in order":
        return _forward(kept.column, number)
    if len(inputs) < number:
        raise RecipeFault(_PLACE, f"{len(inputs)} training rows do not fill {number} folds; write fewer folds")
    if is_classification:
        _refuse_rare(truth, number)
    if kept is not None:
        return _grouped(inputs, truth, kept.column, number, is_classification=is_classification, seed=seed)
    from sklearn.model_selection import KFold, StratifiedKFold

    splitter = (StratifiedKFold if is_classification else KFold)(n_splits=number, shuffle=True, random_state=seed)
    return list(splitter.split(inputs, truth))


def _refuse_rare(truth: pd.Series, number: int) -> None:
    counts = truth.value_counts()
    rare = counts[counts < number]
    if len(rare):
        label, rows = rare.index[-1], int(rare.iloc[-1])
        raise RecipeFault(
            _PLACE,
            f"the class {label!r} has {rows} training row{'' if rows == 1 else 's'}, fewer than the {number} folds; "
            "write fewer folds, or bring more rows of it",
        )


def _grouped(
    inputs: pd.DataFrame, truth: pd.Series, groups: pd.Series, number: int, *, is_classification: bool, seed: int
) -> list[Fold]:
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    codes, found = pd.factorize(groups, use_na_sentinel=False)
    if len(found) < number:
        message = f'the training rows are of {len(found)} different "{groups.name}", fewer than the {number} folds'
        raise RecipeFault(_PLACE, f"{message}; write fewer folds")
    splitter = StratifiedGroupKFold if is_classification else GroupKFold
    return list(splitter(n_splits=number, shuffle=True, random_state=seed).split(inputs, truth, codes))


def _forward(times: pd.Series, number: int) -> list[Fold]:
    ranks = times.rank(method="dense").to_numpy(dtype=np.intp) - 1
    ends = np.cumsum(np.bincount(ranks))  # how many rows there are up to each moment
    moments = len(ends)
    if moments <= number:
        message = f'the training rows are of {moments} moments of "{times.name}", too few for {number} forward folds'
        raise RecipeFault(_PLACE, f"{message}; write fewer folds")
    wanted = (ends - 1) * (number + 1) // ends[-1]
    block = np.zeros(moments, dtype=np.intp)
    for moment in range(1, moments):  # each block has a moment at least, and so have those after it
        left = moments - moment
        least, most = block[moment - 1], block[moment - 1] + 1
        block[moment] = max(min(wanted[moment], most), least, number + 1 - left)
    blocks = block[ranks]
    return [(np.flatnonzero(blocks < each), np.flatnonzero(blocks == each)) for each in range(1, number + 1)]
