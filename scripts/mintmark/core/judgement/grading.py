"""Turn what a model answered into outcomes that can be measured, or say why it cannot. Pure; trusts no answer."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from mintmark.core.finding import shorten
from mintmark.core.judgement.answers import Answer, AnswerFault
from mintmark.core.question import PROBABILITY
from mintmark.core.statistics.metrics import Outcomes, class_outcomes, regression_outcomes
from mintmark.core.words.numbers import count, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from mintmark.core.question import Label, Question
    from mintmark.core.statistics.metrics import Floats

CLOSE = 1e-6  # how far two numbers that should be the same may lie apart, relatively
_NOTHING = 1e-9  # and absolutely, near zero
_LONGEST = 200  # of what an answer may put into a message


def grade(
    answer: Answer, truth: pd.Series, question: Question, classes: Sequence[Label], known: Sequence[Label] | None = None
) -> Outcomes:
    """Return the outcomes of an answer for rows with these true values.

    `classes` is the order of the answer's probabilities; with `known`, outcomes come in that order of classes, so that
    two models can be compared. Labels are the same where Python calls them equal: 1 is 1.0 and True, and not "1". Where
    the question names no positive class, the greater of two is it, whatever order a model gives them.

    Raises `AnswerFault` for an answer of another length, with numbers that are not finite, with unknown labels or
    impossible probabilities, for a binary question without exactly two classes (metrics of three are averages, which
    its gates are not about), and for a model that raised an error instead.
    """
    if answer.error is not None:
        raise AnswerFault(f"the model raised {shorten(answer.error, _LONGEST)}")
    if len(answer.prediction) != len(truth):
        raise AnswerFault(f"it answered {count(len(answer.prediction), 'row')} of {len(truth):,}")
    try:
        if not question.is_classification:
            return regression_outcomes(truth.to_numpy(dtype=np.float64), _numbers(answer.prediction))
        order = _order(classes, known, question)
        positive = max(order) if question.positive_class is None and len(order) == 2 else question.positive_class
        return class_outcomes(
            truth.tolist(), list(answer.prediction), _in_order(answer, list(classes), order), order, positive=positive
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise AnswerFault(shorten(str(error), _LONGEST)) from None


def _numbers(values: Sequence[Any]) -> Floats:
    numeric = (int, float, np.integer, np.floating)
    if not all(isinstance(value, numeric) and not isinstance(value, bool) for value in values):
        raise ValueError("it answered with something else where numbers belong")
    return np.asarray(values, dtype=np.float64)


def _order(classes: Sequence[Label], known: Sequence[Label] | None, question: Question) -> list[Any]:
    order = list(classes if known is None else known)
    if len(set(classes)) < len(classes) or len(set(order)) < len(order):
        raise ValueError("it names a class twice")
    if question.task == "binary-classification" and len(order) != 2:
        raise ValueError(f"there are {len(order)} classes, and {question.task} is about two")
    return order


def _in_order(answer: Answer, classes: list[Label], order: list[Label]) -> Floats | None:
    """Return the probabilities in the order of `order`, with a zero for a class that the model does not know."""
    if answer.probabilities is None:
        return None
    given = np.asarray(answer.probabilities)
    if given.dtype.kind not in "fiu":
        raise ValueError("its probabilities are not numbers")
    if given.shape != (len(answer.prediction), len(classes)):
        raise ValueError(f"probabilities have shape {given.shape}, not {(len(answer.prediction), len(classes))}")
    positions = {label: position for position, label in enumerate(order)}
    if not positions.keys() >= set(classes):
        raise ValueError("it names a class that the comparison does not have")
    found = np.zeros((len(given), len(order)))
    found[:, [positions[label] for label in classes]] = given
    return found


def is_constant(answer: Answer) -> bool:
    """Whether a model answers every row alike, in labels and in probabilities."""
    alike = len(set(answer.prediction)) < 2
    return alike and (answer.probabilities is None or len({tuple(row) for row in answer.probabilities}) < 2)


def read_answer(table: pd.DataFrame, classes: Sequence[Label]) -> Answer:
    """Return the answer that predictions.parquet holds; `classes` are those of the version's signature.

    Raises `AnswerFault` where a column is missing or is there twice, and for predictions that are neither labels nor
    numbers.
    """
    names = [f"{PROBABILITY}{label}" for label in classes]
    given = any(name in table.columns for name in names)
    if table.columns.nlevels > 1 or not table.columns.is_unique:
        raise AnswerFault("predictions.parquet has two columns of one name")
    for name in ["prediction", *(names if given else ())]:
        if name not in table.columns:
            raise AnswerFault(f"predictions.parquet has no column {shorten(name, _LONGEST)}")
    prediction = table["prediction"].tolist()
    if not all(isinstance(value, (str, int, float)) for value in prediction):
        raise AnswerFault("predictions.parquet has predictions that are neither labels nor numbers")
    return Answer(prediction=prediction, probabilities=_read_probabilities(table[names]) if given else None)


def _read_probabilities(table: pd.DataFrame) -> list[list[float]]:
    if any(not isinstance(dtype, np.dtype) or dtype.kind not in "fiu" for dtype in table.dtypes):
        raise AnswerFault("predictions.parquet has probabilities that are not numbers")
    rows: list[list[float]] = table.to_numpy(dtype=np.float64).tolist()
    return rows


def same_answers(one: Answer, other: Answer, *, labels: bool = False) -> int:
    """Return how many rows differ: another label, or a number or a probability that is off by more than `CLOSE`.

    Both can be measured, or come from `read_answer`. With `labels`, predictions are classes, which have to be equal
    even where they are floats; whole numbers have to be equal in any case. NaN is not even like NaN.
    """
    if len(one.prediction) != len(other.prediction):
        return max(len(one.prediction), len(other.prediction))
    pairs = zip(one.prediction, other.prediction, strict=True)
    differ = np.array([not _same(a, b, labels=labels) for a, b in pairs], dtype=bool)
    if (one.probabilities is None) != (other.probabilities is None):
        return len(differ)
    if one.probabilities is not None and other.probabilities is not None:
        a, b = np.asarray(one.probabilities), np.asarray(other.probabilities)
        if a.shape != b.shape:
            return len(differ)
        differ |= (~np.isclose(a, b, rtol=0, atol=CLOSE)).any(axis=1)
    return int(differ.sum())


def _same(one: Label, other: Label, *, labels: bool) -> bool:
    if isinstance(one, bool) != isinstance(other, bool):  # True is 1 to Python
        return False
    if isinstance(one, float) and isinstance(other, float) and not labels:
        return is_close(one, other)
    return one == other


def is_close(claimed: float, found: float) -> bool:
    """Whether a claimed number is the one that was found, within 1e-6 of its size, or 1e-9 near zero."""
    try:
        return math.isclose(claimed, found, rel_tol=CLOSE, abs_tol=_NOTHING)
    except OverflowError:  # a whole number that no float can hold
        return claimed == found


def dummy_answer(truth: pd.Series, question: Question, classes: Sequence[Label]) -> tuple[Answer, str]:
    """Return a constant answer to rows with these true values, and what it always says.

    A classifier says the most frequent class, with the shares of all classes as probabilities; a regressor the median
    for errors that are absolute (MAE, MAPE), else the mean (as scikit-learn's DummyClassifier with the strategy `prior`
    and DummyRegressor). Raises `AnswerFault` where the true values are no numbers, or no labels that it knows.
    """
    rows = len(truth)
    try:
        if question.is_classification:
            tally = Counter(truth.tolist())
            frequent = max(classes, key=lambda label: tally[label])
            shares = [tally[label] / rows for label in classes]
            return Answer(prediction=[frequent] * rows, probabilities=[shares] * rows), shorten(str(frequent), _LONGEST)
        values = truth.to_numpy(dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise AnswerFault(shorten(f"there is no constant answer to these rows: {error}", _LONGEST)) from None
    value = float(np.median(values) if question.metric in ("mae", "mape") else np.mean(values))
    return Answer(prediction=[value] * rows), number(value)
