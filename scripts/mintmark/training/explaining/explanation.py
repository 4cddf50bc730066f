"""Put together what metrics.json says of a model's answers: curves of its inputs, and shares in three answers. Pure.

The number of rows that are predicted has a bound, whatever the number of columns: about 11,000 for the curves and
6,000 for the contributions. No value of a single row is kept, only where it stands among the others: a site is public.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mintmark.core.statistics.figures import rounded
from mintmark.training.explaining.contributions import contributions
from mintmark.training.explaining.dependence import curve, dependence, grid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mintmark.core.question import Label
    from mintmark.training.explaining.contributions import Contributions
    from mintmark.training.explaining.dependence import Answers

BACKGROUND_ROWS: Final = 100
MOST_CURVES: Final = 6
MOST_PLAYERS: Final = 10  # inputs that count by themselves; all others count as one
_DIGITS: Final = 6
_ROWS: Final = ("lowest", "middle", "highest")


def explain(
    inputs: pd.DataFrame,
    answers: Answers,
    labels: Sequence[Label],
    *,
    importance: Mapping[str, Mapping[str, float]],
    positive: Label | None,
    by: str,
    seed: int,
) -> dict[str, Any]:
    """Return `explanation` of metrics.json: the inputs of the largest importance, on rows of the evaluation.

    `answers` gives an array of shape (rows, outputs): the prediction of a regression, else one column for each of
    `labels`. `by` names what that is: prediction, probability or share. With two classes, that of `positive` is told.
    """
    if len(labels) == 2:
        told = labels.index(positive) if positive is not None else 1
        whole = answers
        labels, answers = [labels[told]], lambda rows: whole(rows)[:, [told]]
    order = sorted(importance, key=lambda name: (-importance[name]["mean"], name))
    background = draw_background(inputs, seed=seed)
    curves, left_out = list[dict[str, Any]](), dict[str, str]()
    for name in order[:MOST_CURVES]:
        values = grid(inputs[name])
        if isinstance(values, str):
            left_out[name] = values
        else:
            curves.append(curve(name, values, dependence(background, name, values, answers), list(labels)))
    found: dict[str, Any] = {"by": by, "background": len(background), "curves": curves}
    rows = _typical_rows(inputs, answers, order[:MOST_PLAYERS], background, labels, seed)
    return found | {"rows": list(rows)} | ({"left_out": left_out} if left_out else {})


def draw_background(inputs: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Return the rows that an explanation averages over: 100 of them, or all of fewer."""
    most = min(BACKGROUND_ROWS, len(inputs))
    chosen = np.sort(np.random.RandomState(seed).permutation(len(inputs))[:most])
    return inputs.iloc[chosen].reset_index(drop=True)


def players_of(columns: Iterable[str], alone: Sequence[str]) -> list[list[str]]:
    """Return the inputs that count by themselves, and all the others as one more player."""
    others = [name for name in columns if name not in set(alone)]
    return [[name] for name in alone] + ([others] if others else [])


def _typical_rows(
    inputs: pd.DataFrame,
    answers: Answers,
    alone: Sequence[str],
    background: pd.DataFrame,
    labels: Sequence[Label],
    seed: int,
) -> Iterable[dict[str, Any]]:
    """Yield the contributions of the rows with the lowest, the middle and the highest answer.

    With several classes, that is the probability of the class that it answers.
    """
    given = answers(inputs)
    outputs = given.argmax(axis=1)
    ranked = np.argsort(given[np.arange(len(given)), outputs], kind="stable")
    places = dict(zip(_ROWS, (ranked[0], ranked[(len(ranked) - 1) // 2], ranked[-1]), strict=True))
    players = players_of(map(str, inputs.columns), alone)
    for which, place in places.items():
        row = inputs.iloc[[place]].reset_index(drop=True)
        found = contributions(row, background, players, answers, seed=seed)
        about: dict[str, Any] = {"row": which}
        if labels:
            about["class"] = labels[outputs[place]]
        standing = {name: _standing(inputs[name], inputs[name].iloc[place]) for name in alone}
        yield about | describe(found, alone, int(outputs[place]), standing)


def describe(
    found: Contributions, alone: Sequence[str], output: int, standing: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the contributions to one output as the record has them; `standing` is added to each input's."""
    pairs = [{"value": rounded(value, _DIGITS)} for value in found.values[:, output].tolist()]
    if found.errors is not None:
        for pair, error in zip(pairs, found.errors[:, output].tolist(), strict=True):
            pair["error"] = rounded(error, _DIGITS)
    parts = {name: pair | dict(standing.get(name, {})) for name, pair in zip(alone, pairs, strict=False)}
    base, answer = (rounded(float(each[output]), _DIGITS) for each in (found.base, found.answer))
    about: dict[str, Any] = {"answer": answer, "base": base, "inputs": parts}
    return about | ({"others": pairs[-1]} if len(pairs) > len(alone) else {})


def _standing(column: pd.Series, value: Any) -> dict[str, float]:
    """Return the share of rows with a lower number, or with the same level; nothing of a missing value."""
    if pd.isna(value):
        return {}
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return {"below": rounded(float((column < value).mean()), 2)}
    return {"same": rounded(float((column == value).mean()), 2)}
