"""Divide rows into training and evaluation: at random, stratified, by group or by time. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mintmark.core.question import RecipeFault
from mintmark.training.recipe import Split

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_PLACE = ("prepare", "split")


def split_rows(
    frame: pd.DataFrame, split: Split, *, target: str, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions of training and of evaluation rows, each in ascending order.

    They are disjoint and cover all rows. group: no value of `by` is on both sides. time: every training row is
    earlier than every evaluation row, so rows of one moment stay together. Raises `RecipeFault` where a side would
    be empty or a class cannot be divided.
    """
    if split.method == "time":
        evaluation = _latest(frame, split)
    elif split.method == "group":
        evaluation = _groups(frame, split, seed)
    else:
        evaluation = _random(frame, split, target, seed)
    if evaluation.all() or not evaluation.any():
        raise RecipeFault(
            _PLACE, f"a {split.method} split of {len(frame)} rows leaves one side empty; change evaluation:"
        )
    return np.flatnonzero(~evaluation), np.flatnonzero(evaluation)


def _latest(frame: pd.DataFrame, split: Split) -> NDArray[np.bool_]:
    times = frame[split.by]
    if times.isna().any():
        raise RecipeFault((*_PLACE, "by"), f'{int(times.isna().sum())} rows have no "{split.by}" to order them by')
    size = max(1, round(len(frame) * split.evaluation))
    first = times.sort_values(kind="stable").iloc[len(frame) - size]
    late: NDArray[np.bool_] = (times >= first).to_numpy()
    return late


def _groups(frame: pd.DataFrame, split: Split, seed: int) -> NDArray[np.bool_]:
    from sklearn.model_selection import GroupShuffleSplit

    groups = frame[split.by]
    if groups.isna().any() or groups.nunique() < 2:
        raise RecipeFault((*_PLACE, "by"), f'"{split.by}" must hold at least two groups and no missing value')
    splitter = GroupShuffleSplit(n_splits=1, test_size=split.evaluation, random_state=seed)
    try:
        _, chosen = next(splitter.split(frame, groups=groups))
    except ValueError as error:
        raise RecipeFault(_PLACE, f"the groups cannot be divided: {error}") from None
    return _mask(len(frame), chosen)


def _random(frame: pd.DataFrame, split: Split, target: str, seed: int) -> NDArray[np.bool_]:
    from sklearn.model_selection import train_test_split

    strata = frame[split.by or target] if split.method == "stratified" else None
    try:
        _, chosen = train_test_split(
            np.arange(len(frame)), test_size=split.evaluation, random_state=seed, shuffle=True, stratify=strata
        )
    except ValueError as error:
        raise RecipeFault(_PLACE, f"the rows cannot be divided: {error}") from None
    return _mask(len(frame), chosen)


def _mask(size: int, chosen: NDArray[np.intp]) -> NDArray[np.bool_]:
    mask = np.zeros(size, dtype=bool)
    mask[chosen] = True
    return mask
