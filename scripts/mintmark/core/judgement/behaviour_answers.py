"""Check what a model answered to a behaviour test, and make it numbers that can be compared. Judges no behaviour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mintmark.core.judgement.behaviour_probes import BehaviourFault, is_finite_number, shortened
from mintmark.core.words.numbers import count

if TYPE_CHECKING:
    from mintmark.core.judgement.answers import Answer
    from mintmark.core.question import Label
    from mintmark.core.statistics.metrics import Codes, Floats

_ROUNDING: Final = 1e-9
_LONGEST_INTEGER: Final = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Classes:
    """The classes of a model, none for a regression, and the position of the positive one, None but for two."""

    labels: tuple[Label, ...] = ()
    positive: int | None = None

    @property
    def scored(self) -> tuple[Label, ...]:
        """The classes whose scores are compared: the positive one of two, or all."""
        return self.labels if self.positive is None else (self.labels[self.positive],)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """A checked answer to n rows: `values` has shape (n, k), all finite; k is 1 but for more than two classes.

    They are the predicted numbers, or the probabilities of `Classes.scored`; without probabilities 1 for the
    predicted class and 0 for the others.
    """

    labels: Sequence[Label]
    values: Floats
    has_probabilities: bool


def read_classes(labels: Sequence[Label], positive: Label | None) -> Classes:
    """Return the classes of a model; of two and no `positive` the second one is it.

    Raises `BehaviourFault` where they are no labels, or the positive class is not among them.
    """
    if not all(isinstance(label, (str, Real)) for label in labels):
        raise BehaviourFault("the model's classes are not labels")
    if len(labels) != 2:
        return Classes(labels=tuple(labels))
    if positive is not None and positive not in labels:
        known = " and ".join(map(quoted, labels))
        raise BehaviourFault(f"the positive class {quoted(positive)} is not one of the model's classes {known}")
    return Classes(labels=tuple(labels), positive=1 if positive is None else list(labels).index(positive))


def read_scores(answer: Answer | None, rows: int, classes: Classes) -> Scores:
    """Return an answer to so many rows in a form that can be compared; raise `BehaviourFault` for what is wrong."""
    if answer is None:
        raise BehaviourFault("the model gave no answer")
    if answer.error is not None:
        raise BehaviourFault(f"the model raised {shortened(str(answer.error))}")
    labels, probabilities = answer.prediction, answer.probabilities
    if not _is_list(labels):
        raise BehaviourFault("the model's predictions are no list")
    if len(labels) != rows:
        raise BehaviourFault(f"the model gave {count(len(labels), 'prediction')} for {count(rows, 'row')}")
    if not classes.labels:
        return Scores(labels=labels, values=_numbers(labels, 1, "prediction"), has_probabilities=False)
    values: Floats = np.eye(len(classes.labels))[_codes(labels, classes.labels)]
    if probabilities is not None:
        values = _probabilities(probabilities, rows, len(classes.labels))
    chosen = values if classes.positive is None else values[:, [classes.positive]]
    return Scores(labels=labels, values=chosen, has_probabilities=probabilities is not None)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _numbers(values: Sequence[Any], width: int, what: str) -> Floats:
    """Return finite numbers as an array of shape (rows, width).

    Types come first: among numbers, one long text would have NumPy make room for that text in every row.
    """
    if all(issubclass(kind, Real) and not issubclass(kind, bool) for kind in set(map(type, values))):
        try:
            numbers = np.array(values, dtype=np.float64)
        except OverflowError:
            numbers = np.array([np.inf])
        if np.isfinite(numbers).all():
            return numbers.reshape(-1, width)
    place = next(i for i, value in enumerate(values) if not is_finite_number(value))
    raise BehaviourFault(f"the {what} for row {place // width} is {quoted(values[place])}, which is no finite number")


def _codes(labels: Sequence[Any], classes: Sequence[Label]) -> Codes:
    positions = {label: position for position, label in enumerate(classes)}
    for row, label in enumerate(labels):
        if not isinstance(label, (str, Real)) or label not in positions:
            raise BehaviourFault(f"the prediction for row {row} is {quoted(label)}, which is not one of the classes")
    return np.array([positions[label] for label in labels], dtype=np.intp)


def _probabilities(given: Sequence[Any], rows: int, classes: int) -> Floats:
    if not _is_list(given) or len(given) != rows:
        raise BehaviourFault(f"the model's probabilities are not those of {count(rows, 'row')}")
    for row, each in enumerate(given):
        if not _is_list(each) or len(each) != classes:
            raise BehaviourFault(f"row {row} does not have one probability for each of the {classes} classes")
    values = _numbers([value for each in given for value in each], classes, "probability")
    if ((values < -_ROUNDING) | (values > 1 + _ROUNDING)).any():
        raise BehaviourFault("a probability does not lie between 0 and 1")
    return values


# -- words -----------------------------------------------------------------------------------------------------------


def quoted(value: Any) -> str:
    """Return any value as a short text for a message; text is in quotes, a value that is not there is `nothing`."""
    plain = plain_value(value)
    if plain is None:
        return "nan" if isinstance(value, float) else "nothing"
    return f'"{plain}"' if isinstance(value, str) else str(plain)


def plain_value(value: Any) -> str | int | float | bool | None:
    """Return any value as one that JSON can hold: None for a missing one, short text for what is long or odd."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= _LONGEST_INTEGER else f"a number of {value.bit_length()} bits"
    if isinstance(value, float):
        return value if np.isfinite(value) else None if np.isnan(value) else str(value)
    if not isinstance(value, str):
        value = value.isoformat() if hasattr(value, "isoformat") else f"a {type(value).__name__}"
        return None if value in ("NaT", "a NAType") else value
    return shortened(value)
