"""Candidate against champion on the same rows: metrics, slices and cross-checks, and what chance does to slices."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.core.judgement.two_models import (
    EVALUATED,
    GOOD,
    INPUTS,
    LABELS,
    POOR,
    answers,
    both,
    cancer,
    errors,
    question,
)

from mintmark.core.judgement.contests import Contender, contest
from mintmark.core.judgement.grading import dummy_answer
from mintmark.core.model import Gates
from mintmark.core.question import Question, RecipeFault
from mintmark.core.statistics.metric_names import CLASSIFICATION, LABEL_METRICS, REGRESSION
from mintmark.core.statistics.metrics import class_outcomes, regression_outcomes

# -- the plan --------------------------------------------------------------------------------------------------------


def test_a_plan_for_accuracy_says_how_many_rows_need_a_label():
    """6% of 1,000 rows are answered differently: with a margin of 0.01 the truth is 3,710 rows, 223 of them to label."""
    truth = np.arange(1_000) % 2
    sides = []
    for wrong in (slice(0, 30), slice(30, 60)):
        said = truth.copy()
        said[wrong] = 1 - said[wrong]
        outcomes = class_outcomes(truth.tolist(), said.tolist(), None, [0, 1], positive=1)
        sides.append(Contender(name=f"a@1.{wrong.start}.0", outcomes=outcomes))
    asked = Question(task="binary-classification", target="t", metric="accuracy")
    rows = pd.DataFrame({"t": truth})
    found = contest(
        sides[0], sides[1], rows, asked, Gates(margin=0.01, slice_margin=0.01), source="base", sha256="0" * 64
    )
    plans = {metric.name: metric.difference.rows_needed for metric in found.metrics}
    assert plans["accuracy"].rows == pytest.approx(3_710, rel=0.05)
    assert plans["accuracy"].labels == pytest.approx(223, rel=0.05)
    assert all(plan is None for name, plan in plans.items() if name != "accuracy"), "the others have no margin"


# -- metrics ---------------------------------------------------------------------------------------------------------


def test_a_better_model_on_real_rows():
    slices = ({"name": "large", "where": {"column": "mean radius", "at_least": 13}},)
    found = cancer(GOOD, POOR, slices=slices, gates=Gates(margin=0.01, slice_margin=0.05, floors={"recall": 0.85}))
    assert (found.candidate, found.champion, found.source, found.rows) == ("cancer@1.1.0", "cancer@1.0.0", "base", 70)
    names = [metric.name for metric in found.metrics]
    assert names[0] == "roc_auc"
    assert sorted(names) == sorted(CLASSIFICATION)
    assert names[1:] == [name for name in CLASSIFICATION if name != "roc_auc"]
    metrics = {metric.name: metric for metric in found.metrics}
    primary = metrics["roc_auc"]
    assert [metric.name for metric in found.metrics if metric.primary] == ["roc_auc"]
    assert primary.difference.standing == "better"
    assert primary.difference.margin == 0.01
    assert primary.difference.value == pytest.approx(primary.candidate.value - primary.champion.value)
    assert primary.difference.low < primary.difference.bound < primary.difference.value < primary.difference.high
    assert metrics["recall"].floor == 0.85
    assert metrics["roc_auc"].floor is None
    for name, metric in metrics.items():
        assert metric.maximize == (name not in ("log_loss", "brier"))
        assert metric.difference.standing == "better"
        assert metric.difference.margin == (0.01 if name == "roc_auc" else 0)
    assert {check.name for check in found.cross_checks} == {"McNemar, exact", "DeLong"}
    assert all(check.p_value < 0.01 for check in found.cross_checks)
    assert [[label for label, _ in curve.lines] for curve in found.curves] == [["cancer@1.1.0", "cancer@1.0.0"]] * 2
    (large,) = found.slices
    assert large.rows == (EVALUATED["mean radius"] >= 13).sum()
    assert (large.verdict, large.message) == (
        "warn",
        f"{large.rows} rows are too few to judge (50 are needed, whatever slice_min_rows says)",
    )
    assert large.difference.value > 0


def test_the_same_model_is_no_worse():
    found = cancer(GOOD, GOOD)
    assert {metric.difference.standing for metric in found.metrics} == {
        "inconclusive"
    }  # of 70 rows, a point or nothing
    wide = cancer(GOOD, GOOD, gates=Gates(margin=0.1, slice_margin=0.1))
    assert wide.metrics[0].difference.standing == "no worse"
    assert {metric.difference.value for metric in found.metrics} == {0}
    assert all(check.p_value == 1 for check in found.cross_checks)


def test_a_worse_model_is_worse():
    found = cancer(POOR, GOOD, metric="log_loss")
    assert found.metrics[0].name == "log_loss"
    assert found.metrics[0].difference.standing == "worse"
    assert found.metrics[0].difference.value > 0


def test_the_goal_of_every_metric_is_its_own():
    """Whatever model.yaml says: a gate that is turned round lets through what is worse."""
    said = {"task": "binary-classification", "target": "diagnosis", "positive_class": "malignant"}
    asked = Question.from_dict({**said, "metric": {"name": "roc_auc", "goal": "minimize"}})
    one, other = both(asked)
    found = contest(one, other, EVALUATED, asked, Gates(margin=0.01, slice_margin=0.05), source="base", sha256="")
    assert found.metrics[0].name == "roc_auc"
    assert found.metrics[0].maximize
    assert found.metrics[0].difference.standing == "better"


def test_a_champion_without_probabilities():
    slices = ({"name": "all", "where": {"column": "mean radius", "at_least": 0}},)
    found = cancer(GOOD, answers(INPUTS, probabilities=False), slices=slices)
    metrics = {metric.name: metric for metric in found.metrics}
    assert metrics["roc_auc"].champion is None
    assert metrics["roc_auc"].difference is None
    assert metrics["accuracy"].difference.value == 0
    assert [check.name for check in found.cross_checks] == ["McNemar, exact"]
    assert [[label for label, _ in curve.lines] for curve in found.curves] == [["cancer@1.1.0"]] * 2
    (result,) = found.slices
    assert (result.verdict, result.message) == ("warn", "measured; the champion does not give roc_auc")
    assert result.candidate is not None


def test_a_candidate_without_probabilities_has_no_primary_metric():
    found = cancer(answers(INPUTS, probabilities=False), GOOD)
    assert [metric.name for metric in found.metrics] == list(LABEL_METRICS)
    assert not any(metric.primary for metric in found.metrics)


def test_against_a_dummy_slices_have_nobody_to_be_worse_than():
    slices = (
        {"name": "large", "where": {"column": "mean radius", "at_least": 13}},
        {"name": "missing", "where": {"column": "mean radius", "below": 0}},
    )
    asked = question()
    dummy, _ = dummy_answer(EVALUATED["diagnosis"], asked, LABELS)
    found = cancer(POOR, dummy, slices=slices, is_dummy=True)
    assert found.metrics[0].champion.value == 0.5
    assert found.metrics[0].difference is not None
    assert found.cross_checks == []
    assert [[label for label, _ in curve.lines] for curve in found.curves] == [["cancer@1.1.0"]] * 2
    large, missing = found.slices
    assert (large.verdict, large.message) == ("pass", "measured; there is no champion to be worse than")
    assert (large.champion, large.difference, large.p_value) == (None, None, None)
    assert large.candidate.value > 0
    assert missing.verdict == "fail"


def test_a_regression():
    generator = np.random.default_rng(1)
    worse = generator.normal(0, 1, 100)
    found = errors(worse * 0.5, worse, margin=0.1)
    assert [metric.name for metric in found.metrics] == ["mae", *(name for name in REGRESSION if name not in ("mae", "r2", "explained_variance"))]  # fmt: skip
    assert found.metrics[0].difference.standing == "better"
    assert found.metrics[0].difference.value < 0
    assert found.cross_checks == []
    (curve,) = found.curves
    assert [label for label, _ in curve.lines] == ["size@1.1.0", "size@1.0.0"]


def test_answers_to_other_rows_are_no_contest():
    with pytest.raises(ValueError, match="70 answers"):
        cancer(GOOD, POOR, rows=EVALUATED.iloc[:-1])
    sides = [Contender(name="x", outcomes=regression_outcomes(truth, truth)) for truth in ([1.0, 2.0], [1.0, 3.0])]
    asked = Question(task="regression", target="y", metric="mae")
    gates = Gates(margin=0, slice_margin=0)
    with pytest.raises(ValueError, match="did not predict the same rows"):
        contest(sides[0], sides[1], pd.DataFrame({"y": [1, 2]}), asked, gates, source="base", sha256="")


# -- entities --------------------------------------------------------------------------------------------------------


def test_copies_of_a_row_add_nothing_once_they_are_one_entity():
    generator = np.random.default_rng(2)
    candidate, champion = generator.normal(0, 1, (2, 40))
    copied = [np.repeat(side, 5) for side in (candidate, champion)]
    alone = errors(candidate, champion).metrics[0]
    by_row = errors(*copied).metrics[0]
    by_entity = errors(*copied, who=np.repeat(np.arange(40), 5)).metrics[0]
    named = errors(*copied, who=np.repeat([f"patient {n:02}" for n in range(40)], 5)).metrics[0]

    def width(found):
        return found.high - found.low

    assert width(by_entity.difference) > 1.8 * width(by_row.difference)
    assert width(by_entity.difference) == pytest.approx(width(alone.difference), rel=0.05)
    assert width(by_entity.candidate) > 1.8 * width(by_row.candidate)
    assert named.difference == by_entity.difference


def test_an_entity_column_that_is_not_there_is_not_passed_over():
    for rows, message in (
        (EVALUATED, 'no column "patient"'),
        (EVALUATED.assign(patient=[[number] for number in range(70)]), "does not hold the names"),
    ):
        with pytest.raises(RecipeFault, match=message) as caught:
            cancer(GOOD, POOR, rows=rows, entity_column="patient")
        assert caught.value.place == ("entity_column",)


def test_rows_without_an_entity_are_refused_as_evaluate_refuses_them():
    candidate, champion = np.random.default_rng(4).normal(0, 1, (2, 60))
    with pytest.raises(RecipeFault, match='20 evaluation rows have no "who", the first is row 40'):
        errors(candidate, champion, who=[*range(40), *[None] * 20])
    mixed = errors(candidate, champion, who=[*range(40), *["a"] * 20]).metrics[0]
    assert mixed.difference == errors(candidate, champion, who=[*range(40), *[40] * 20]).metrics[0].difference
