"""Contests on slices: their margins, and what Holm's correction counts."""

from __future__ import annotations

from functools import partial
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.judgement.two_models import EVALUATED, GOOD, cancer, errors
from tests.scaffold.examples import examples

from mintmark.core.judgement import contests
from mintmark.core.judgement.contests import LEVEL, Contender, contest
from mintmark.core.model import Gates
from mintmark.core.question import Question, Slice
from mintmark.core.statistics.differences import RESAMPLES, SEED, paired_bootstrap
from mintmark.core.statistics.intervals import resample_counts
from mintmark.core.statistics.metrics import regression_outcomes
from mintmark.core.statistics.significance import holm
from mintmark.core.words import numbers


def part(name, **where):
    return {"name": name, "where": {"column": "part", **where}}


def verdicts(evaluation):
    return {result.name: result.verdict for result in evaluation.slices}


def test_a_slice_is_drawn_by_entities_too():
    generator = np.random.default_rng(3)
    candidate, champion = (np.repeat(side, 4) for side in generator.normal(0, 1, (2, 60)))
    slices = [part("early", below=140)]
    columns = {"part": np.arange(240.0)}
    (by_row,) = errors(candidate, champion, slices=slices, **columns).slices
    (by_entity,) = errors(candidate, champion, slices=slices, who=np.repeat(np.arange(60), 4), **columns).slices
    assert by_entity.difference.high - by_entity.difference.low > 1.6 * (by_row.difference.high - by_row.difference.low)


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
