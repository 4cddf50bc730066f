"""What a model answered to a table of inputs, as plain values: no estimator, no array. Judges nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mintmark.core.question import Label


class AnswerFault(ValueError):  # noqa: N818 - a fault in data, which callers turn into a finding
    """An answer that cannot be measured; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The predictions for n rows, as a model gave them and unchecked: lengths and values may be anything.

    `prediction` holds labels or numbers; `probabilities` n rows of k numbers in the order of `ModelRun.classes`, None
    for a model that gives none. `error` is what the model raised instead (`ValueError: Input X contains NaN`); both
    others are then empty.
    """

    prediction: Sequence[Label] = ()
    probabilities: Sequence[Sequence[float]] | None = None
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelRun:
    """What one model answered to several tables, by their names.

    `cost` has `load_seconds`, `latency_row_seconds` and `latency_batch_seconds` (medians) with `batch_rows`;
    `isolation` tells how the process was held apart, such as {"files": "landlock", "network": "none"}.
    """

    classes: tuple[Label, ...]
    answers: Mapping[str, Answer]
    cost: Mapping[str, float]
    isolation: Mapping[str, str]
