"""Which metrics there are, of which more is better, and how many rows they need. Measures nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Goal = Literal["maximize", "minimize"]

REGRESSION: Final = ("mse", "rmse", "mae", "r2", "explained_variance", "mape", "max_error")
LABEL_METRICS: Final = ("accuracy", "balanced_accuracy", "precision", "recall", "f1")
PROBABILITY_METRICS: Final = ("roc_auc", "average_precision", "log_loss", "brier")
CLASSIFICATION: Final = LABEL_METRICS + PROBABILITY_METRICS
UNBOUNDED: Final = frozenset({"max_error"})  # rests on one row, so no sample tells how large it may be
LEAST_ROWS: Final = 30  # below it an average of losses has no interval: too little is seen of its tail
LEAST_OF_A_CLASS: Final = 20  # below it a metric of probabilities has no interval
LEAST_ENTITIES: Final = 20  # below it nothing has an interval where rows belong to entities
LOWER_IS_BETTER: Final = frozenset({"mse", "rmse", "mae", "mape", "max_error", "log_loss", "brier"})


def greater_is_better(metric: str) -> bool:
    """Whether a greater value of a metric is better, as scikit-learn's scorers call it; else a lower one is."""
    return metric not in LOWER_IS_BETTER


def goal_of(metric: str) -> Goal:
    """Return what a metric is for: a metric knows its goal, and nothing else decides it."""
    return "maximize" if greater_is_better(metric) else "minimize"


def dispute_goal(metric: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the `metric` of a model.yaml whose goal contradicts the metric's own, None for others.

    Held to such a goal, a gate would let through what is worse.
    """
    name, said = metric["name"], metric.get("goal")
    own = goal_of(name)
    if said in (None, own):
        return None
    better = "more" if own == "maximize" else "less"
    return f'"{said}" contradicts {name}, of which {better} is better; write goal: {own}, or leave it out'


def metric_names(task: str, *, probabilities: bool = True) -> tuple[str, ...]:
    """Return the metrics of a task, in the order in which they are shown."""
    if task == "regression":
        return REGRESSION
    return CLASSIFICATION if probabilities else LABEL_METRICS
