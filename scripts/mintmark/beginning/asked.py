"""What a table asks of a model when nobody has said it: the task, the metric and its margin. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mintmark.beginning.roles import guess_task, positive_label, written_otherwise
from mintmark.core.question import Question, Task
from mintmark.core.words.meant import did_you_mean
from mintmark.errors import MintmarkError, UsageError

if TYPE_CHECKING:
    import pandas as pd

METRICS: Final[dict[Task, str]] = {
    "regression": "mae",
    "binary-classification": "roc_auc",
    "multiclass-classification": "log_loss",
}
MARGINS: Final[dict[Task, float]] = {"binary-classification": 0.01, "multiclass-classification": 0.02}
_SHARE_OF_SPREAD: Final = 0.02  # of the target's standard deviation: the margin of a regression


def ask_of(frame: pd.DataFrame, target: str, task: Task | None, entity: str | None, name: str) -> Question:
    """Return what rows ask of a model; `name` is what faults call their file. Raises `MintmarkError`."""
    for column in filter(None, (target, entity)):
        if column not in frame.columns:
            known = [str(each) for each in frame.columns]
            hint = (
                did_you_mean(column, known) or f"it has {', '.join(known[:8])}{' and more' if len(known) > 8 else ''}"
            )
            raise UsageError(f'{name}: has no column "{column}"; {hint}')
    found = task or guess_task(frame[target])
    if found is None:
        different = frame[target].nunique()
        what = "one value" if different < 2 else f"{different:,} different texts"
        remedy = written_otherwise(frame[target]) or "name another --target"
        raise MintmarkError(f'{name}: "{target}" holds {what}, and no model predicts that; {remedy}')
    positive = positive_label(frame[target]) if found == "binary-classification" else None
    return Question(task=found, target=target, metric=METRICS[found], positive_class=positive, entity_column=entity)


def margin_of(truth: pd.Series, task: Task) -> float:
    """Return how much worse than the champion still counts as no worse, as a first guess."""
    if task != "regression":
        return MARGINS[task]
    return float(f"{float(truth.std()) * _SHARE_OF_SPREAD:.1g}")
