"""Questions, and answers of a model to them."""

from __future__ import annotations

from mintmark.core.judgement.answers import Answer
from mintmark.core.question import Question

HUGE = 10**400  # no float holds it


def question(task="binary-classification", **changes):
    metric = "mae" if task == "regression" else "accuracy"
    return Question(**{"task": task, "target": "y", "metric": metric, **changes})


NUMBERS, TWO, THREE = question("regression"), question(), question("multiclass-classification")
LABELS = ["no", "yes"]


def answered(prediction, probabilities=None):
    return Answer(prediction=prediction, probabilities=probabilities)
