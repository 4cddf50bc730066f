"""Load a model that came ready, and ask it about its evaluation rows: `python -m ...worker FOLDER`.

`asking` starts it confined: a model may take any time and memory in here, and no more than it has. job.json is in the
folder, beside the rows. The answer goes to the file that is already there for it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mintmark.artifacts.confined.model_answers import format_answer
from mintmark.artifacts.confined.model_worker import (
    ANSWER,
    JOB,
    MEASURED,
    answer_or_refusal,
    classes_named,
    median_latency,
    median_seconds,
    read_table,
)
from mintmark.core.judgement.answers import Answer
from mintmark.core.question import Question
from mintmark.core.statistics.metric_names import greater_is_better
from mintmark.core.statistics.metrics import metric_value
from mintmark.errors import MintmarkError
from mintmark.training.brought.answers import (
    ask,
    classes_of,
    grade_answer,
    require_order,
    require_same_in_batches,
    require_steady,
)
from mintmark.training.importance import permutation_importance
from mintmark.training.recipe import DEFAULT_REPEATS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from mintmark.core.question import Label
    from mintmark.core.statistics.metrics import Outcomes

SEED: Final = 20260601
TRUTH: Final = "truth"
_IMPORTANCE_SECONDS: Final = 120.0
_BATCHES_SECONDS: Final = 20.0  # for the same rows in small batches
_AGAIN_SECONDS: Final = 60.0  # what takes longer to answer is not asked twice


class _OverTime(Exception):  # noqa: N818 - no fault: importance is left out
    pass


def main(folder: Path) -> None:
    """Do the job in a folder, and write the answer beside it."""
    job = json.loads((folder / JOB).read_bytes())
    (folder / ANSWER).write_text(json.dumps(answer_or_refusal(lambda: _work(folder, job))), "utf-8")


def _work(folder: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    from mintmark.artifacts.loading import load_artifact

    name = job["name"]

    def load() -> Any:
        return load_artifact(Path(job["artifact"]), job["format"], trusted=job["trusted"], name=name)

    with threadpool_limits(limits=1):
        estimator = load()
        tables = {each: read_table(folder / file, job["objects"][each]) for each, file in job["tables"].items()}
        inputs, truth = tables[MEASURED], tables[TRUTH].iloc[:, 0]
        begin = time.monotonic()
        answer = ask(estimator, inputs, name)
        taken = time.monotonic() - begin
        if taken < _AGAIN_SECONDS:
            require_steady(answer, ask(estimator, inputs, name), name)
        if job["format"] == "onnx":  # what scikit-learn has on our list takes each row by itself
            require_same_in_batches(estimator, inputs, answer, name, end=time.monotonic() + _BATCHES_SECONDS)
        told, own, question = _told(answer, name), classes_named(estimator), Question(**job["question"])
        classes = classes_of(own or job["labels"], job["classes"], truth, question, name)
        importance = None
        if _fits(answer, truth, question, classes, name):
            importance = _importance(estimator, inputs, truth, classes, question, name, taken=taken)
        cost = {"load_seconds": median_seconds(load, 3), **median_latency(estimator, inputs)}
    return {"classes": own, "answers": {MEASURED: told}, "cost": cost, "importance": importance}


def _told(answer: Answer, name: str) -> dict[str, Any]:
    try:
        return format_answer(answer.prediction, answer.probabilities)
    except ValueError as error:
        message = f"{name}: {error}; export it with the label first and a row of probabilities second"
        raise MintmarkError(message) from None


def _fits(answer: Answer, truth: pd.Series, question: Question, classes: Sequence[Label], name: str) -> bool:
    """Whether an answer can be held against the truth; who measures it says why not."""
    try:
        require_order(answer, classes, name)
        grade_answer(answer, truth, question, classes, name)
    except MintmarkError:
        return False
    return True


def _importance(
    estimator: Any,
    inputs: pd.DataFrame,
    truth: pd.Series,
    classes: Sequence[Label],
    question: Question,
    name: str,
    *,
    taken: float,
) -> dict[str, dict[str, float]] | None:
    """Return the importance of each input; None where that takes too long, or more memory than there is.

    `taken` is how many seconds one answer to all rows took.
    """
    sign, end = 1 if greater_is_better(question.metric) else -1, time.monotonic() + _IMPORTANCE_SECONDS
    if taken * inputs.shape[1] * DEFAULT_REPEATS > _IMPORTANCE_SECONDS * (os.cpu_count() or 1):
        return None

    def outcomes(rows: pd.DataFrame, copies: int) -> Iterator[Outcomes]:
        if time.monotonic() > end:
            raise _OverTime
        answer, size = ask(estimator, rows, name), len(rows) // copies
        shares = answer.probabilities
        for start in range(0, len(rows), size):
            of = slice(start, start + size)
            own = Answer(prediction=answer.prediction[of], probabilities=None if shares is None else shares[of])
            yield grade_answer(own, truth, question, classes, name)

    def score(found: Outcomes) -> float:
        return sign * metric_value(question.metric, found)

    try:
        return permutation_importance(inputs, outcomes, score, repeats=DEFAULT_REPEATS, seed=SEED)
    except (_OverTime, MemoryError):
        return None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    os._exit(0)  # a thread that the model started would go on until time is up
