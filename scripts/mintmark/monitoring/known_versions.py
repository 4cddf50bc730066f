"""What the registry knows of a version that is watched: profile, metrics and answers to the evaluation rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mintmark.artifacts.tables import read_table
from mintmark.core import layout
from mintmark.core.question import PREDICTIONS, PROBABILITY
from mintmark.core.records import Interval
from mintmark.core.statistics.live.estimated_errors import LearnedErrors, prediction_edges
from mintmark.core.statistics.live.estimated_performance import LearnedScores, no_estimate_reason
from mintmark.core.statistics.metric_names import LEAST_ROWS
from mintmark.core.statistics.metrics import Outcomes, class_outcomes, regression_outcomes
from mintmark.monitoring.column_counts import level_name
from mintmark.monitoring.counting import Plan
from mintmark.monitoring.reference_columns import read_profile
from mintmark.registry.files import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mintmark.core.model import Model
    from mintmark.core.records import VersionRecord
    from mintmark.monitoring.labels import LabelIndex
    from mintmark.monitoring.reference_columns import ReferenceProfile
    from mintmark.registry.reading import Registry

    Learned = LearnedScores | LearnedErrors

_PROFILE = "profile.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownVersion:
    """A version, and what a window of it is held against.

    `evaluation` holds its stored answers with their truth, None where it has none that can be read. `metrics` are the
    registered ones, in all and by slice.
    """

    model: Model
    record: VersionRecord
    profile: ReferenceProfile
    evaluation: Outcomes | None = field(repr=False)
    metrics: Mapping[str, Interval]
    slices: Mapping[str, Mapping[str, Interval]]
    _learned: dict[int, Learned] = field(init=False, default_factory=dict, repr=False, compare=False)

    def learned(self, resamples: int) -> Learned | None:
        """Return what its evaluation rows tell of its scores, by so many draws; None where too few can tell.

        It is learned once, however many windows are estimated.
        """
        if self.evaluation is None or self.no_estimate_reason:
            return None
        if resamples not in self._learned:
            learn = LearnedScores if self.classes else LearnedErrors
            self._learned[resamples] = learn(self.evaluation, resamples=resamples)
        return self._learned[resamples]

    @property
    def no_estimate_reason(self) -> str:
        """Why its evaluation rows allow no estimate without labels; empty where they do, and where it keeps none."""
        if self.evaluation is None:
            return ""
        if self.classes:
            return no_estimate_reason(self.evaluation)
        if len(self.evaluation) < LEAST_ROWS:
            return f"the version was evaluated on {len(self.evaluation)} rows, and {LEAST_ROWS} are needed"
        return ""

    @property
    def classes(self) -> tuple[Any, ...]:
        """The classes of a classifier, in the order of its probabilities; none of a regression."""
        return tuple(self.record.signature.classes) if self.model.task != "regression" else ()

    @property
    def positive(self) -> int | None:
        """The place of the positive class, None for more than two: as in a review, the greater one if none is named."""
        if len(self.classes) != 2:
            return None
        wanted = self.model.positive_class
        names = [level_name(label) for label in self.classes]
        return names.index(level_name(wanted)) if wanted is not None else self.classes.index(max(self.classes))

    def plan(self, labels: LabelIndex | None = None) -> Plan:
        """Return what is counted of its rows."""
        is_number = not self.classes and self.evaluation is not None
        return Plan(
            model=self.record.model,
            version=str(self.record.version),
            inputs=self.record.signature.inputs,
            profile=self.profile,
            classes=self.classes,
            positive=self.positive,
            edges=tuple(prediction_edges(self.evaluation.prediction).tolist())
            if is_number and self.evaluation is not None
            else None,
            slices=self.model.slices,
            labels=labels,
            entity=self.model.entity_column,
        )


def know_version(registry: Registry, model: str, version: str) -> KnownVersion:
    """Return what the registry knows of a version; raise `MintmarkError` where it lacks it, or a file of it."""
    record = registry.record(model, version)
    measured = registry.metrics(model, version)
    described = registry.model(model)
    profile = _fetch(registry, record, _PROFILE)
    answers = _fetch(registry, record, PREDICTIONS)
    return KnownVersion(
        model=described,
        record=record,
        profile=read_profile({} if profile is None else read_json(profile)),
        evaluation=None if answers is None else _outcomes(read_table(answers, PREDICTIONS), described, record),
        metrics=_intervals(measured["metrics"]),
        slices={name: _intervals(part["metrics"]) for name, part in measured.get("slices", {}).items()},
    )


def _fetch(registry: Registry, record: VersionRecord, name: str) -> Path | None:
    file = record.stored_file(name)
    if file is None:
        return None
    return registry.store(record).fetch(file, pointer=layout.pointer_path(record.model, str(record.version), name))


def _intervals(metrics: Mapping[str, Any]) -> dict[str, Interval]:
    return {name: Interval(**about) for name, about in metrics.items()}


def _outcomes(table: pd.DataFrame, model: Model, record: VersionRecord) -> Outcomes | None:
    """Return the stored answers with their truth; None where a stage of one's own wrote something else."""
    if not {"truth", "prediction"} <= set(table.columns) or not len(table):
        return None
    try:
        if model.task == "regression":
            return regression_outcomes(table["truth"].to_numpy(float), table["prediction"].to_numpy(float))
        classes = list(record.signature.classes)
        named = [f"{PROBABILITY}{label}" for label in classes]
        shares = table[named].to_numpy(float) if set(named) <= set(table.columns) else None
        truth, said = (_as_classes(table[name], classes) for name in ("truth", "prediction"))
        positive = model.positive_class if model.positive_class in classes else max(classes)
        return class_outcomes(truth, said, shares, classes, positive=positive if len(classes) == 2 else None)
    except (TypeError, ValueError):
        return None


def _as_classes(column: pd.Series, classes: list[Any]) -> list[Any]:
    """Return labels as the signature writes them: 1 and 1.0 are one."""
    known = {level_name(label): label for label in classes}
    values = column.tolist()
    return [known.get(level_name(value.item() if isinstance(value, np.generic) else value), value) for value in values]
