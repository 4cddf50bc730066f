"""Have a process apart ask a model that came ready about its evaluation rows, and read the answer as a liar's.

No other process runs the model. An endless loop in it ends when its time is over, and its hunger for memory is limited.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mintmark.artifacts.confined.confinement import Limits
from mintmark.artifacts.confined.model_answers import AnswerError, parse_answers
from mintmark.artifacts.confined.model_worker import MEASURED
from mintmark.artifacts.confined.worker_runs import ModelRunError, run_worker, told_otherwise
from mintmark.training.brought.worker import TRUTH

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from mintmark.core.judgement.answers import Answer
    from mintmark.core.question import Label, Question
    from mintmark.training.brought.model import Brought

_WORKER: Final = "mintmark.training.brought.worker"
_SECONDS: Final = 300.0
_ROOM: Final = 256 << 20  # bytes of an answer
_FEWER: Final = "give it fewer rows (--data), or make the model smaller or faster"
LIMITS: Final = Limits(seconds=_SECONDS, cpu_seconds=math.ceil(_SECONDS) * (os.cpu_count() or 1), file_bytes=_ROOM)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a model answers to its evaluation rows, the classes that it names, what it costs, and what counts for it.

    `importance` is None where nobody asked for it, or where to find it out takes too long.
    """

    answer: Answer
    classes: tuple[Label, ...]
    cost: Mapping[str, float]
    importance: Mapping[str, Mapping[str, float]] | None


def ask_apart(brought: Brought, inputs: pd.DataFrame, truth: pd.Series, question: Question) -> Asked:
    """Return what a model answers; raise `MintmarkError` where it does not, or not within `LIMITS`."""
    asked = {
        "task": question.task,
        "target": question.target,
        "metric": question.metric,
        "positive_class": question.positive_class,
    }
    job = {
        "format": brought.format,
        "trusted": list(brought.trusted),
        "name": brought.source,
        "question": asked,
        "labels": list(brought.labels),
        "classes": list(brought.classes),
    }
    tables = {MEASURED: inputs, TRUTH: truth.to_frame()}
    run = run_worker(
        _WORKER, job, tables, limits=LIMITS, name=brought.source, files={"artifact": brought.artifact},
        values=len(inputs), faster=_FEWER,
    )  # fmt: skip
    try:
        return _parse(run.document, inputs)
    except AnswerError as error:
        raise ModelRunError(told_otherwise(brought.source, error)) from None


def _parse(document: Mapping[str, Any], inputs: pd.DataFrame) -> Asked:
    importance = document.get("importance")
    rest = {key: value for key, value in document.items() if key != "importance"}
    classes, answers, cost = parse_answers(rest, {MEASURED: len(inputs)})
    if importance is not None and not _is_importance(importance, inputs):
        raise AnswerError("has an importance of unknown form")
    return Asked(answer=answers[MEASURED], classes=classes, cost=cost, importance=importance)


def _is_importance(found: Any, inputs: pd.DataFrame) -> bool:
    return (
        isinstance(found, dict)
        and list(found) == list(map(str, inputs.columns))
        and all(isinstance(each, dict) and {"mean"} <= each.keys() <= {"mean", "std"} for each in found.values())
        and all(type(value) in (int, float) for each in found.values() for value in each.values())
    )
