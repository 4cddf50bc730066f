"""Metrics of windows against registered ones: what is worse, what is chance, and what cannot be told."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mintmark.core.model import Model
from mintmark.core.records import Interval
from mintmark.core.statistics.live import calibration, estimated_performance
from mintmark.core.statistics.live.score_counts import outcome_counts
from mintmark.core.statistics.metrics import Outcomes
from mintmark.monitoring.counting import Plan, SliceCounts, count_rows
from mintmark.monitoring.known_versions import KnownVersion
from mintmark.monitoring.measured import Performance
from mintmark.monitoring.performance import estimate_window, measure_window
from mintmark.monitoring.reference_columns import ReferenceProfile
from mintmark.monitoring.window_labels import LabelledRows

NO_PROFILE = ReferenceProfile(inputs={}, probabilities={})


def model(**more: Any) -> Model:
    return Model.from_dict(
        {"name": "churn", "task": "binary-classification", "owners": ["@a"], "purpose": "p", "licence": "MIT",
         "target": "left", "positive_class": "yes", "metric": {"name": "accuracy"}, "gates": {"margin": 0.02}, **more}
    )  # fmt: skip


def known(
    *, classes: tuple[Any, ...] = ("no", "yes"), described: Model | None = None, **metrics: Interval
) -> KnownVersion:
    record: Any = SimpleNamespace(model="churn", version="1.0.0", signature=SimpleNamespace(classes=classes, inputs={}))
    return KnownVersion(
        model=described or model(), record=record, profile=NO_PROFILE, evaluation=None, metrics=metrics, slices={}
    )


def outcomes(rows: int, wrong: int, *, classes: tuple[Any, ...] = ("no", "yes")) -> Outcomes:
    truth = (np.arange(rows) % 2).astype(float)
    said = truth.copy()
    said[:wrong] = 1 - said[:wrong]
    return Outcomes(truth=truth, prediction=said, classes=classes, positive=1)


def measured(rows: Outcomes, masks: dict[str, Any], version: KnownVersion, **told: Any) -> Performance:
    clusters = told.pop("clusters", None)
    return measure_window(LabelledRows(outcomes=rows, masks=masks, clusters=clusters), version, **told)


REGISTERED = Interval(value=0.95, low=0.93, high=0.97)


@pytest.mark.parametrize(
    ("rows", "wrong", "worse"),
    [
        (1000, 50, False),
        (1000, 60, False),  # within the margin
        (1000, 150, True),
        (60, 6, False),  # by more than the margin, and 60 rows cannot tell
        (1000, 10, False),  # better
    ],
)
def test_worse_is_more_than_the_margin_and_more_than_chance(rows: int, wrong: int, worse: bool) -> None:
    found = measured(outcomes(rows, wrong), {}, known(accuracy=REGISTERED)).metrics["accuracy"]
    assert found.worse is worse
    assert found.better_by == pytest.approx(1 - wrong / rows - 0.95)


def test_a_threshold_of_the_model_goes_before_the_margin_of_its_gates() -> None:
    patient = model(monitoring={"thresholds": {"performance": 0.2}})
    assert (
        measured(outcomes(1000, 150), {}, known(described=patient, accuracy=REGISTERED)).metrics["accuracy"].worse
        is False
    )


def test_of_an_error_less_is_better() -> None:
    described = model(task="regression", metric={"name": "mae"}, gates={"margin": 0.1}, positive_class=None)
    truth = np.random.default_rng(0).normal(size=400)
    said = truth + np.random.default_rng(1).normal(size=400)
    good, bad = Outcomes(truth=truth, prediction=said), Outcomes(truth=truth, prediction=truth + 2 * (said - truth))
    version = known(classes=(), described=described, mae=Interval(value=0.8, low=0.74, high=0.86))
    assert measured(good, {}, version).metrics["mae"].worse is False
    found = measured(bad, {}, version).metrics["mae"]
    assert found.worse is True
    assert found.better_by is not None
    assert found.better_by < -0.5


def test_what_cannot_be_compared_says_why() -> None:
    without = measured(outcomes(400, 20), {}, known()).metrics["accuracy"]
    assert (without.worse, without.reason) == (None, "the record has no such metric")
    early = measured(outcomes(400, 300), {}, known(accuracy=REGISTERED), why_not="labels are still to come")
    assert (early.metrics["accuracy"].worse, early.metrics["accuracy"].reason) == (None, "labels are still to come")
    nothing = measured(outcomes(0, 0), {}, known(accuracy=REGISTERED)).metrics["accuracy"]
    assert (nothing.value, nothing.reason) == (None, "no row has a label")
    bare = known(accuracy=Interval(value=0.95))
    assert measured(outcomes(400, 200), {}, bare).metrics["accuracy"].worse is None


def test_slices_are_corrected_for_together_and_need_rows() -> None:
    rows = 2000
    masks: dict[str, Any] = {f"s{number}": np.arange(rows) % 20 == number for number in range(20)}
    masks |= {"few": np.arange(rows) < 10, "gone": None}
    version = known(accuracy=REGISTERED)
    version = replace(version, slices={name: {"accuracy": REGISTERED} for name in masks})
    truth = (np.arange(rows) // 20 % 2).astype(float)
    said = truth.copy()
    rng = np.random.default_rng(0)
    said[rng.random(rows) < 0.05] = -1
    said[(np.arange(rows) % 20 == 7) & (rng.random(rows) < 0.4)] = -1
    said = np.where(said < 0, 1 - truth, said)
    found = measured(Outcomes(truth=truth, prediction=said, classes=("no", "yes"), positive=1), masks, version)
    worse = {name for name, each in found.slices.items() if each.metrics and each.metrics["accuracy"].worse}
    assert worse == {"s7"}
    assert found.slices["few"].reason == "10 rows with a label, and it takes 50"
    assert found.slices["gone"].reason == "the log does not have its column"


def test_classes_are_paired_by_their_names() -> None:
    """The log and the model may order them otherwise, and write 1 where the other writes 1.0."""
    rows = pa.RecordBatch.from_pydict(
        {
            "row": [0, 0, 0],
            "status": pa.array([200] * 3, pa.int32()),
            "latency": [0.1] * 3,
            "lost": pa.nulls(3, pa.list_(pa.string())),
            "prediction": [1.0, 0.0, 1.0],
            "probability_1": [0.9, 0.2, 0.7],
            "probability_0": [0.1, 0.8, 0.3],
        }
    )
    plan = Plan(model="m", version="1.0.0", inputs={}, profile=NO_PROFILE, classes=(1, 0), positive=0)
    counts = count_rows(rows, plan)
    assert counts.scores is not None
    assert counts.scores.sum() == 3
    assert counts.scores[0, 1].sum() == 2, "two were predicted as 1"
    high = counts.scores[0].sum(axis=0)
    assert high[len(high) // 2 :].sum() == 2, "and have a high probability of 1"


def test_without_stored_answers_nothing_is_estimated_and_few_say_why() -> None:
    scores = np.zeros((1, 2, 907), dtype=np.int64)
    assert estimate_window(scores, {}, known(accuracy=REGISTERED)) is None
    rng = np.random.default_rng(0)
    share = rng.random(20)
    few = Outcomes(truth=(rng.random(20) < share).astype(float), prediction=(share > 0.5).astype(float),
                   probabilities=np.stack([1 - share, share], axis=1), classes=("no", "yes"), positive=1)  # fmt: skip
    found = estimate_window(scores, {"s": SliceCounts()}, replace(known(), evaluation=few))
    assert found is not None
    assert found.metrics == {}
    assert "was evaluated on 20 rows" in found.reason
    assert replace(known(), evaluation=few).learned(400) is None


def test_the_evaluation_rows_of_a_version_are_calibrated_once_for_all_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    share = rng.random(200)
    answers = Outcomes(truth=(rng.random(200) < share).astype(float), prediction=(share > 0.5).astype(float),
                       probabilities=np.stack([1 - share, share], axis=1), classes=("no", "yes"), positive=1)  # fmt: skip
    version = replace(known(accuracy=REGISTERED), evaluation=answers)
    calls: list[int] = []
    calibrate = calibration.calibrate
    monkeypatch.setattr(estimated_performance, "calibrate", lambda *given: calls.append(1) or calibrate(*given))
    windows = [outcome_counts(answers.take(rng.random(200) < 0.5)) for _ in range(5)]
    found = [estimate_window(window, {"s": SliceCounts(60, window, seen=True)}, version) for window in windows]
    assert all(each is not None and each.slices["s"].metrics for each in found)
    assert len(calls) == 2, "once for the whole, and once for slices, which take fewer draws"
    assert replace(version, evaluation=None).learned(400) is None, "another evaluation is learned anew"


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
def test_a_window_of_healthy_patients_is_not_the_worst_one_there_is(name: str) -> None:
    """By their definition these metrics are 0 where no row has the positive class."""
    described = replace(model(), metric=replace(model().metric, name=name))
    version = known(described=described, **{name: REGISTERED})
    healthy = outcomes(200, 2).take(outcomes(200, 2).truth == 0)
    found = measured(healthy, {}, version).metrics
    assert (found[name].value, found[name].worse, found[name].reason) == (None, None, "no row has the class 'yes'")
    assert (found["accuracy"].value, found["accuracy"].reason) == (0.99, "the record has no such metric")
    assert measured(outcomes(200, 2), {}, version).metrics[name].value is not None


def test_rows_of_one_entity_are_drawn_together() -> None:
    """Forty customers, each always right or always wrong: forty things are known, and not two thousand."""
    clusters = np.repeat(np.arange(40), 50)
    truth = np.tile([0.0, 1.0], 1000)
    rows = Outcomes(
        truth=truth, prediction=np.where(clusters % 8 == 0, 1 - truth, truth), classes=("no", "yes"), positive=1
    )
    version = replace(known(accuracy=REGISTERED), slices={"half": {"accuracy": REGISTERED}})
    masks = {"half": np.arange(2000) < 1000}
    alone, together = (measured(rows, masks, version, clusters=each).metrics["accuracy"] for each in (None, clusters))
    assert alone.value == together.value == 0.875
    assert (alone.worse, together.worse) == (True, False)
    assert None not in (alone.low, alone.high, together.low, together.high)
    assert together.high - together.low > 4 * (alone.high - alone.low)  # type: ignore[operator]
    found = measured(rows, masks, version, clusters=clusters)
    assert (found.entities, measured(rows, masks, version).entities) == (40, None)
    assert found.slices["half"].metrics["accuracy"].worse is False
    few = measured(rows, {}, version, clusters=clusters // 4).metrics["accuracy"]
    assert (few.low, few.worse, few.reason) == (None, None, "too few rows, or entities, for an interval")
