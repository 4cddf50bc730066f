"""Which metrics there are, which task has which, and of which a greater value is better. Measures nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mintmark.core.question import Task

REGRESSION: Final = ("mse", "rmse", "mae", "r2", "explained_variance", "mape", "max_error")
LABEL_METRICS: Final = ("accuracy", "balanced_accuracy", "precision", "recall", "f1")
PROBABILITY_METRICS: Final = ("roc_auc", "average_precision", "log_loss", "brier")
CLASSIFICATION: Final = LABEL_METRICS + PROBABILITY_METRICS
UNBOUNDED: Final = frozenset({"max_error"})  # rests on one row, so no sample tells how large it may be
LOWER_IS_BETTER: Final = frozenset({"mse", "rmse", "mae", "mape", "max_error", "log_loss", "brier"})


def greater_is_better(metric: str) -> bool:
    """Whether a greater value of a metric is better, as scikit-learn's scorers call it; else a lower one is."""
    return metric not in LOWER_IS_BETTER


def metric_names(task: Task, *, probabilities: bool = True) -> tuple[str, ...]:
    """Return the metrics of a task, in the order in which they are shown."""
    if task == "regression":
        return REGRESSION
    return CLASSIFICATION if probabilities else LABEL_METRICS
