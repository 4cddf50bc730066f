"""Ask a model that came ready about rows, and hold its answers against the truth. For the process apart, and after it.

Loads no model and reads no file.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mintmark.core.judgement.answers import Answer, AnswerFault
from mintmark.core.judgement.grading import grade
from mintmark.core.words.numbers import count
from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from mintmark.core.question import Label, Question
    from mintmark.core.statistics.metrics import Outcomes

_PAGE: Final = "docs/how-to/bring-a-model.md shows how"
_BESIDE: Final = (
    "so it depends on the rows beside it, as 8 bits with one scale for a whole batch and batch norm in training mode "
    "make it; quantise it statically, or export it for inference"
)
_NO_MEMORY: Final = ("bad allocation", "bad_alloc", "Failed to allocate memory")  # as onnxruntime says it
_FROZEN: Final = re.compile(r"Got invalid dimensions for input: .{0,200}?index: 0 Got: \d{1,18} Expected: (\d{1,18})")
_NOISE: Final = 1e-6  # of a number's size, for sums whose order nobody fixed
_SIZES: Final = (7, 2, 1)
_BATCHED: Final = 42  # rows, from everywhere in the table
_BATCH_NOISE: Final = 1e-4  # of the largest answer: sums differ a little in a small batch, by less than 8 bits do


def ask(estimator: Any, inputs: pd.DataFrame, name: str) -> Answer:
    """Return what a model answers; raise `MintmarkError` with its words where it refuses the rows."""
    try:
        prediction = np.asarray(estimator.predict(inputs))
        shares = _shares(estimator, inputs)
    except MintmarkError as error:
        raise MintmarkError(f"{name}: {error}") from None
    except MemoryError:
        raise
    except Exception as error:  # whatever a library says of these rows
        words = " ".join(str(error).split())[:300]
        if any(sign in words for sign in _NO_MEMORY):
            raise MemoryError(words) from None
        frozen = _FROZEN.search(words)
        if frozen:
            message = f"takes {count(int(frozen[1]), 'row')} at a time, and no others"
            raise MintmarkError(f"{name}: {message}; export it with a batch size that is free: {_PAGE}") from None
        raise MintmarkError(f"{name}: cannot answer the evaluation rows: {type(error).__name__}: {words}") from None
    if prediction.ndim != 1:
        shape = "x".join(map(str, prediction.shape))
        message = f"gives a table ({shape}) where one answer for each row belongs"
        raise MintmarkError(f"{name}: {message}; export it with the label first and the probabilities second: {_PAGE}")
    if len(prediction) != len(inputs):
        message = f"answers {len(prediction):,} of {len(inputs):,} rows; export it with a batch size that is free"
        raise MintmarkError(f"{name}: {message}: {_PAGE}")
    wide = prediction.astype(np.float64) if prediction.dtype.kind == "f" else prediction
    return Answer(prediction=wide.tolist(), probabilities=shares)


def require_steady(answer: Answer, again: Answer, name: str) -> None:
    """Raise where a model answered the same rows differently the second time: what is measured would not be it."""
    same = _alike(answer.prediction, again.prediction) and _alike(answer.probabilities, again.probabilities)
    if not same:
        message = "answers the same rows differently the second time, so a step of it draws at random; export it for"
        raise MintmarkError(f"{name}: {message} inference (PyTorch: after model.eval()), or fix its seed: {_PAGE}")


def require_same_in_batches(estimator: Any, inputs: pd.DataFrame, answer: Answer, name: str, *, end: float) -> None:
    """Raise where a row is answered differently in a batch of 1, 2 or 7 than among all rows, as `answer` has it.

    A server asks in batches of any size. What is not asked by `end`, a time of `time.monotonic`, is left out.
    """
    places = sorted({round(n) for n in np.linspace(0, len(inputs) - 1, min(len(inputs), _BATCHED))})
    for size in _SIZES:
        for start in range(0, len(places), size):
            if time.monotonic() > end:
                return
            taken = places[start : start + size]
            fault = _apart(answer, taken, ask(estimator, inputs.iloc[taken], name))
            if fault:
                rows = f"a batch of {count(len(taken), 'row')}" if len(taken) > 1 else "a batch of its own"
                message = f"answers row {fault[0]:,} differently in {rows} than among all of them ({fault[1]})"
                raise MintmarkError(f"{name}: {message}, {_BESIDE}: {_PAGE}")


def _apart(answer: Answer, taken: Sequence[int], found: Answer) -> tuple[int, str] | None:
    """Return the first of some rows with another answer, and both answers; at a tie, any label is the same."""
    numbers = answer.prediction if answer.probabilities is None else answer.probabilities
    told = found.prediction if answer.probabilities is None else found.probabilities
    all_values, values = np.asarray(numbers), np.asarray(told)
    if all_values.dtype.kind != "f" or values.dtype.kind != "f":
        differs = all_values[list(taken)] != values
    else:
        some = all_values[list(taken)]
        most = np.abs(all_values, where=np.isfinite(all_values), out=np.zeros_like(all_values)).max(initial=0)
        differs = ~np.isclose(some, values, rtol=0, atol=_BATCH_NOISE * most, equal_nan=True)
    where = np.argwhere(differs)
    if not len(where):
        return None
    place = tuple(where[0])
    row = taken[int(place[0])]
    both = (all_values[(row, *place[1:])], values[place])
    return row, " and ".join(f"{each:.4g}" if values.dtype.kind == "f" else str(each)[:60] for each in both)


def _alike(first: Any, second: Any) -> bool:
    one, other = np.asarray(first), np.asarray(second)
    if one.dtype.kind == other.dtype.kind == "f":
        return one.shape == other.shape and np.allclose(one, other, rtol=_NOISE, atol=_NOISE, equal_nan=True)
    return bool(first == second)


def _shares(estimator: Any, inputs: pd.DataFrame) -> list[list[float]] | None:
    if not hasattr(estimator, "predict_proba"):
        return None
    try:
        shares: list[list[float]] = np.asarray(estimator.predict_proba(inputs), dtype=np.float64).tolist()
    except MintmarkError:  # an ONNX model that has none
        return None
    return shares


def classes_of(
    own: Sequence[Label], told: Sequence[Label], truth: pd.Series, question: Question, name: str
) -> list[Label]:
    """Return the classes in the order of the probabilities: the model's own, those that were told, or of the rows."""
    if not question.is_classification:
        return []
    if own and told and list(own) != list(told):
        raise MintmarkError(f"{name}: has the classes {list(own)}; leave --class out, or name them so")
    return list(own) or list(told) or sorted(truth.unique().tolist())


def require_order(answer: Answer, classes: Sequence[Label], name: str) -> None:
    """Raise where most labels are not the class with the greatest probability: the classes have another order."""
    if answer.probabilities is None or np.shape(answer.probabilities)[1:] != (len(classes),):
        return  # which the measurement says
    if not set(answer.prediction) <= set(classes):
        return
    likeliest = [classes[place] for place in np.argmax(answer.probabilities, axis=1)]
    same = sum(one == other for one, other in zip(answer.prediction, likeliest, strict=True))
    if 2 * same < len(likeliest):
        message = f"its probabilities, taken in the order {list(classes)}, speak for other labels than it gives"
        raise MintmarkError(f"{name}: {message}; --class names the classes in the order of its probabilities")


def grade_answer(answer: Answer, truth: pd.Series, question: Question, classes: Sequence[Label], name: str) -> Outcomes:
    """Return truth and answers as outcomes; raise `MintmarkError` with what to do where they do not fit together."""
    try:
        return grade(answer, truth, question, classes)
    except AnswerFault as fault:
        message = f'{name}: cannot be measured against "{question.target}": {fault}'
        advice = _advice(truth, question, classes) if question.is_classification else ""
        raise MintmarkError(f"{message}; {advice}" if advice else message) from None


def _advice(truth: pd.Series, question: Question, classes: Sequence[Label]) -> str:
    """Return what to do where the truth and the classes of a model do not fit."""
    if question.task == "binary-classification" and len(classes) > 2:
        return "the rows hold two of them: say --task multiclass-classification, or that in model.yaml"
    seen = set(truth.unique().tolist())
    if not seen <= set(classes) and set(map(str, seen)) <= set(map(str, classes)):
        return "one is text and the other a number, which a .csv cannot tell apart: write the rows as .parquet"
    return "write the truth as the model answers; --class names the classes in the order of its probabilities"
