"""Candidate against champion on the same rows: metrics, slices and cross-checks, and what chance does to slices."""

from __future__ import annotations

from functools import partial
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from tests.scaffold.examples import examples

from mintmark.core.judgement import contests
from mintmark.core.judgement.answers import Answer
from mintmark.core.judgement.contests import LEVEL, Contender, contest
from mintmark.core.judgement.grading import dummy_answer, grade
from mintmark.core.model import Gates
from mintmark.core.question import Question, RecipeFault, Slice
from mintmark.core.statistics.differences import RESAMPLES, SEED, paired_bootstrap
from mintmark.core.statistics.intervals import resample_counts
from mintmark.core.statistics.metric_names import CLASSIFICATION, LABEL_METRICS, REGRESSION
from mintmark.core.statistics.metrics import class_outcomes, regression_outcomes
from mintmark.core.statistics.significance import holm
from mintmark.core.words import numbers

CANCER = load_breast_cancer(as_frame=True)
INPUTS = list(CANCER.data.columns)
ROWS = CANCER.data.assign(diagnosis=np.where(CANCER.target == 0, "malignant", "benign")).iloc[:190]
EVALUATED = ROWS.iloc[120:].reset_index(drop=True)
LABELS = ["benign", "malignant"]


def answers(inputs, *, probabilities=True):
    """What a model of some of the columns, fitted on the other rows, answers to the evaluated ones."""
    scaler = StandardScaler().fit(ROWS.iloc[:120][inputs])
    model = LogisticRegression().fit(scaler.transform(ROWS.iloc[:120][inputs]), ROWS.iloc[:120]["diagnosis"])
    scaled = scaler.transform(EVALUATED[inputs])
    table = model.predict_proba(scaled).tolist() if probabilities else None
    return Answer(prediction=model.predict(scaled).tolist(), probabilities=table)


def question(**changes):
    asked = {
        "task": "binary-classification",
        "target": "diagnosis",
        "metric": "roc_auc",
        "positive_class": "malignant",
    }
    slices = tuple(map(Slice.from_dict, changes.pop("slices", ())))
    return Question(**{**asked, **changes}, slices=slices)


def cancer(candidate, champion, *, rows=EVALUATED, gates=None, is_dummy=False, **changes):
    asked = question(**changes)
    gates = gates or Gates(margin=0.01, slice_margin=0.05)
    one, other = both(asked, candidate, champion)
    return contest(one, other, rows, asked, gates, source="base", sha256="0" * 64, is_dummy=is_dummy)


GOOD, POOR = answers(INPUTS), answers(["mean smoothness"])


def both(asked, candidate=GOOD, champion=POOR):
    one, other = (
        Contender(name=name, outcomes=grade(answer, EVALUATED["diagnosis"], asked, LABELS))
        for name, answer in (("cancer@1.1.0", candidate), ("cancer@1.0.0", champion))
    )
    return one, other


def errors(candidate, champion, *, margin=0.0, slices=(), least=10, **columns):
    """A contest of two regressions by their errors on rows with these columns."""
    truth = np.zeros(len(candidate))
    sides = [
        Contender(name=name, outcomes=regression_outcomes(truth, error))
        for name, error in (("size@1.1.0", candidate), ("size@1.0.0", champion))
    ]
    rows = pd.DataFrame({"y": truth, **columns})
    entity = "who" if "who" in columns else None
    asked = Question(
        task="regression",
        target="y",
        metric="mae",
        slices=tuple(map(Slice.from_dict, slices)),
        entity_column=entity,
    )
    gates = Gates(margin=margin, slice_margin=margin, slice_min_rows=least)
    return contest(sides[0], sides[1], rows, asked, gates, source="base", sha256="0" * 64)


def part(name, **where):
    return {"name": name, "where": {"column": "part", **where}}


def verdicts(evaluation):
    return {result.name: result.verdict for result in evaluation.slices}


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


def test_a_slice_is_drawn_by_entities_too():
    generator = np.random.default_rng(3)
    candidate, champion = (np.repeat(side, 4) for side in generator.normal(0, 1, (2, 60)))
    slices = [part("early", below=140)]
    columns = {"part": np.arange(240.0)}
    (by_row,) = errors(candidate, champion, slices=slices, **columns).slices
    (by_entity,) = errors(candidate, champion, slices=slices, who=np.repeat(np.arange(60), 4), **columns).slices
    assert by_entity.difference.high - by_entity.difference.low > 1.6 * (by_row.difference.high - by_row.difference.low)


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


# -- slices ----------------------------------------------------------------------------------------------------------

GENERATOR = np.random.default_rng(5)
CHAMPION = GENERATOR.normal(0, 1, 300)
SHIFTED = np.where(np.arange(300) < 60, np.abs(CHAMPION) + 1, CHAMPION)  # worse by one in the first fifth
PARTS = np.arange(300) // 60


def test_a_slice_that_is_worse_fails_though_all_is_well_otherwise():
    slices = [part(f"part-{number}", equals=number) for number in range(5)]
    found = errors(SHIFTED, CHAMPION, margin=0.3, slices=slices, part=PARTS)
    assert verdicts(found) == {"part-0": "fail", "part-1": "pass", "part-2": "pass", "part-3": "pass", "part-4": "pass"}
    worse, same, *_ = found.slices
    assert worse.message == f"worse by more than 0.3 (+1, p is {5 / (RESAMPLES + 1):.2g} after Holm)"
    assert worse.p_value == pytest.approx(5 / (RESAMPLES + 1))
    assert worse.difference.value == pytest.approx(1)
    assert same.message == "not shown to be worse by more than 0.3 (p is 1 after Holm)"
    assert [result.rows for result in found.slices] == [60] * 5


@given(seed=st.integers(0, 2**32 - 1), shift=st.floats(-1, 1), parts=st.integers(1, 4), with_entities=st.booleans())
@settings(max_examples=examples(3), deadline=None)
def test_the_word_of_a_slice_is_what_its_bounds_and_its_p_value_say(seed, shift, parts, with_entities):
    """A slice fails where Holm's p is at most 5%; its own bounds then say worse, and those of others may."""
    generator = np.random.default_rng(seed)
    champion, own = generator.standard_t(3, (2, 400))
    part_of, margin = generator.integers(0, parts, 400), 0.2
    candidate = np.abs(champion) + 0.3 * np.abs(own) + np.where(part_of == 0, shift, 0)
    who = {"who": generator.integers(0, 45 * parts, 400)} if with_entities else {}
    with mock.patch.object(contests, "paired_bootstrap", partial(paired_bootstrap, resamples=200)):
        slices = [part(f"{number}", equals=number) for number in range(parts)]
        found = errors(candidate, champion, margin=margin, slices=slices, part=part_of, least=50, **who)
    judged = [result for result in found.slices if result.p_value is not None]
    for result in judged:
        assert (result.verdict == "fail") == (result.p_value <= LEVEL), result
        assert (result.verdict == "fail") == result.message.startswith("worse by more than"), result
        assert result.difference.standing == "worse" or result.p_value > LEVEL, result
        assert result.difference.low > margin or result.p_value > LEVEL / 2, "the 95% interval has 2.5% on each side"
        assert f"p is {numbers.p_value(result.p_value)} after Holm" in result.message
    worse = [result for result in judged if result.difference.standing == "worse"]
    assert not worse or len(judged) > 1 or worse[0].verdict == "fail", "one slice needs no correction"


def test_a_slice_has_its_own_margin():
    slices = (part("first", equals=0),)
    sides = [regression_outcomes(np.zeros(300), side) for side in (SHIFTED, CHAMPION)]
    asked = Question(task="regression", target="y", metric="mae", slices=tuple(map(Slice.from_dict, slices)))
    one, other = (Contender(name=name, outcomes=side) for name, side in zip("ab", sides, strict=True))
    found = contest(
        one,
        other,
        pd.DataFrame({"part": PARTS}),
        asked,
        Gates(margin=0.0, slice_margin=1.2),
        source="base",
        sha256="",
    )
    assert found.metrics[0].difference.standing == "worse"
    assert found.slices[0].verdict == "pass"
    assert found.slices[0].difference.margin == 1.2


def test_holm_counts_the_slices_that_are_judged():
    """A p-value is multiplied by the number of slices with one, not by those that are missing or too small."""
    slices = [
        part("worse", equals=0),
        part("same", equals=1),
        part("missing", equals=9),
        part("few", at_least=4, below=4.5),
        {"name": "unknown", "where": {"column": "colour", "equals": "red"}},
        part("text", equals="one"),
    ]
    parts = np.where(np.arange(300) >= 295, 4.25, np.minimum(PARTS, 3)).astype(float)
    found = errors(SHIFTED, CHAMPION, margin=0.3, slices=slices, part=parts, least=50)
    assert verdicts(found) == {
        "worse": "fail",
        "same": "pass",
        "missing": "fail",
        "few": "warn",
        "unknown": "fail",
        "text": "fail",
    }
    worse, _, missing, few, unknown, text = found.slices
    assert worse.p_value == pytest.approx(2 / (RESAMPLES + 1))
    assert (missing.rows, missing.message) == (0, "no row of the evaluation data is in it: a missing slice fails")
    assert (few.rows, few.message, few.p_value) == (
        5,
        "5 rows are too few to judge (50 are needed, whatever slice_min_rows says)",
        None,
    )
    assert few.difference is not None
    assert unknown.message.startswith('cannot be looked at: there is no column "colour"')
    assert text.message.startswith("cannot be looked at")


@pytest.mark.parametrize(
    ("entities", "least", "verdict"),
    [(29, 50, "warn"), (9, 50, "warn"), (30, 50, "pass"), (30, 60, "pass"), (29, 60, "warn")],
)
def test_a_handful_of_entities_is_too_small_a_slice(entities, least, verdict):
    """Rows of one entity are as good as one row: the bootstrap would take their chance for certain."""
    who = np.arange(60) % entities
    champion = np.random.default_rng(6).normal(0, 1, 60)
    found = errors(champion, champion, slices=[part("all", at_least=0)], least=least, who=who, part=np.zeros(60))
    assert verdicts(found) == {"all": verdict}
    if verdict == "warn":
        assert found.slices[0].message == (f"its 60 rows are of {entities} entities, too few to judge (30 are needed)")


def test_a_metric_that_a_slice_does_not_define():
    slices = (
        {"name": "malignant", "where": {"column": "diagnosis", "equals": "malignant"}},
        {"name": "most", "where": {"column": "mean radius", "at_least": 10}},
    )
    one, other = cancer(GOOD, GOOD, slices=slices).slices
    assert (one.verdict, one.message) == ("warn", "roc_auc is not defined for these rows")
    assert one.rows == (EVALUATED["diagnosis"] == "malignant").sum()
    assert (other.verdict, other.p_value) == ("pass", 1)


@pytest.mark.slow
def test_chance_fails_one_of_twenty_contests_whatever_the_number_of_slices():
    """Two models that are equally good in each of 20 slices, 200 times: the candidate fails in any slice 5% of the time.

    The margin is zero, the hardest case; 5.6% of 2,000 contests fail. All p-values come from one matrix product, and a
    contest of some of these slices has the same.
    """
    contests, slices, rows = 200, 20, 200
    generator = np.random.default_rng(7)
    ours, theirs = np.abs(generator.normal(0, 1, (2, rows, contests * slices)))
    gains = theirs - ours
    stream = resample_counts(rows, resamples=RESAMPLES, seed=SEED)
    passed = sum((counts @ gains >= 0).sum(axis=0) for counts in stream)
    p_values = ((1 + passed) / (1 + RESAMPLES)).reshape(contests, slices)
    false_alarms = np.mean([min(holm(row.tolist())) <= LEVEL for row in p_values])
    assert 0.03 <= false_alarms <= 0.08
    assert np.mean(p_values.min(axis=1) <= LEVEL) > 0.5  # without Holm, most contests would fail

    listed = [part(f"part-{number}", equals=number) for number in range(3)]
    sides = [side[:, :3].T.ravel() for side in (ours, theirs)]
    found = errors(*sides, slices=listed, part=np.repeat(np.arange(3), rows))
    assert [result.p_value for result in found.slices] == pytest.approx(holm(p_values[0][:3].tolist()), abs=2e-4)
