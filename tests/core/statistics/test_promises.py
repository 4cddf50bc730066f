"""What intervals and verdicts promise, held by simulation with fixed seeds; tests/bench/coverage.py is the large one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from tests.bench.coverage import KINDS, simulate
from tests.scaffold.examples import examples
from tests.scaffold.marks import others_long

from mintmark.core.judgement.gates import check_floors
from mintmark.core.model import Gates
from mintmark.core.records import Interval
from mintmark.core.statistics.areas import Area, area_bounds, areas_of, newcombe_bounds
from mintmark.core.statistics.cells import cells_of
from mintmark.core.statistics.differences import judge_difference, judge_slice, paired_bootstrap
from mintmark.core.statistics.intervals import metric_intervals
from mintmark.core.statistics.metric_names import CLASSIFICATION, LABEL_METRICS, REGRESSION
from mintmark.core.statistics.metrics import class_outcomes, metric_value, regression_outcomes
from mintmark.core.statistics.results import MetricResult
from mintmark.core.statistics.scores import design_effect, expanded_level, t_quantile, tango_bounds
from mintmark.core.statistics.significance import delong, holm

PASSES = ("better", "no worse")


def labels(truth, prediction):
    return class_outcomes(np.asarray(truth, int), np.asarray(prediction, int), None, [0, 1])


def ranked(truth, score):
    chance = 1 / (1 + np.exp(-score))
    return class_outcomes(truth, (chance > 0.5).astype(int), np.c_[1 - chance, chance], [0, 1])


# -- the formulas ----------------------------------------------------------------------------------------------------


def test_students_t_is_scipys():
    for freedom in (10, 19, 29, 100, 3_000):
        for level in (0.001, 0.01, 0.025, 0.05, 0.4):
            expected = stats.t.isf(level, freedom)
            assert t_quantile(level, freedom) == pytest.approx(expected, rel=1e-3)
    assert expanded_level(0.025, 30) == pytest.approx(
        stats.norm.sf(np.sqrt(30 / 29) * stats.t.isf(0.025, 29)), rel=2e-3
    )


@given(ours=st.integers(0, 30), theirs=st.integers(0, 30), same=st.integers(1, 200))
@settings(max_examples=examples(40), deadline=None)
def test_tangos_bounds_are_where_the_score_test_turns(ours, theirs, same):
    """The nuisance share is found here by maximising the likelihood; the bound's z is then that of the level."""
    rows = ours + theirs + same
    low, high = tango_bounds(ours, theirs, rows, 0.05)
    assert -1 <= low < (ours - theirs) / rows < high <= 1
    for bound in (low, high):

        def loss(share, bound=bound):
            one, other = share + bound, share  # candidate alone, champion alone
            rest = 1 - one - other
            if min(one, other, rest) <= 0:
                return np.inf
            return -(ours * np.log(one) + theirs * np.log(other) + same * np.log(rest))

        least = max(0.0, -bound)
        found = optimize.minimize_scalar(
            loss, bounds=(least, (1 - bound) / 2), method="bounded", options={"xatol": 1e-10}
        )
        variance = rows * (2 * found.x + bound - bound * bound)
        z = (ours - theirs - rows * bound) / np.sqrt(variance)
        assert abs(z) == pytest.approx(stats.norm.isf(0.05), rel=0.01)


def test_the_error_of_an_area_is_delongs():
    generator = np.random.default_rng(1)
    truth = (np.arange(150) % 3 == 0).astype(int)
    first, second = (ranked(truth, truth + generator.normal(0, 1, 150)) for _ in range(2))
    values = tuple(metric_value("roc_auc", side) for side in (first, second))
    (one, other), covariance = areas_of(values, (first, second), None)
    expected = delong(truth == 1, first.probabilities[:, 1], second.probabilities[:, 1])
    assert np.sqrt(one.error**2 + other.error**2 - 2 * covariance) == pytest.approx(expected.standard_error)
    alone, _ = areas_of(values[:1], (first,), np.arange(150))
    assert alone[0].error == pytest.approx(one.error, rel=0.02)  # each row an entity of its own
    copies = first.take(np.repeat(np.arange(150), 4))
    clustered, _ = areas_of(values[:1], (copies,), np.repeat(np.arange(150), 4))
    assert clustered[0].error == pytest.approx(alone[0].error)


def test_newcombes_bounds_hold_at_the_end():
    area = Area(value=1.0, error=0.0, inside=75, outside=125, freedom=74)
    low, high = newcombe_bounds(area, 0.025)
    assert area_bounds(area, 0.025) == (low, high)
    assert 0.95 < low < 0.99
    assert high == 1
    t = stats.t.isf(0.025, 74)
    spread = low * (1 - low) * (1 + 99 * (1 - low) / (2 - low) + 99 * low / (1 + low)) / (75 * 125)
    assert (1 - low) == pytest.approx(t * np.sqrt(spread), rel=1e-3)


def test_the_cells_of_two_classes_get_a_half_each_and_more_classes_no_more_in_all():
    two = cells_of([labels([0, 0, 1], [0, 0, 1])])
    assert two.weights.tolist() == [2.5, 0.5, 0.5, 1.5]
    assert cells_of([labels([0, 1], [0, 1])] * 2).weights.sum() == 2 + 8 / 2
    truth = np.arange(50) % 10
    ten = class_outcomes(truth, truth, None, list(range(10)))
    assert cells_of([ten]).weights.sum() == pytest.approx(50 + 2)
    assert cells_of([ten], design=5.0).weights.sum() == pytest.approx(10 + 2)


def test_clusters_that_repeat_rows_count_once():
    values = np.random.default_rng(1).normal(0, 1, 200)
    assert design_effect(np.repeat(values, 5), np.repeat(np.arange(200), 5)) == pytest.approx(5, rel=0.02)
    assert design_effect(np.zeros(100), np.arange(100) // 4) == 4
    assert design_effect(values, None) == 1


# -- no evidence is no certainty -------------------------------------------------------------------------------------


def test_few_rows_are_never_certain():
    """One row is no evidence, thirty that agree are no certainty, and nothing has an interval without width."""
    for rows in (1, 2, 5, 29):
        truth = np.arange(rows) % 2
        right, wrong = ranked(truth, 4.0 * truth - 2), ranked(truth, 2 - 4.0 * truth)
        for one, other in ((right, wrong), (right, right)):
            for name, found in paired_bootstrap(CLASSIFICATION, one, other, resamples=200).items():
                judged = judge_difference(found, maximize=name not in ("log_loss", "brier"), margin=0.01)
                assert judged.standing == "inconclusive" or (rows >= 5 and judged.value), (rows, name)
        numbers = regression_outcomes(truth, truth + 0.5)
        for name, found in paired_bootstrap(REGRESSION, numbers, numbers, resamples=200).items():
            assert judge_difference(found, maximize=name == "r2", margin=0.5).standing == "inconclusive"


def test_thirty_rows_that_agree_do_not_pass_a_margin_that_they_cannot_see():
    for rows, standing in ((30, "inconclusive"), (200, "inconclusive"), (300, "no worse")):
        same = labels(np.arange(rows) % 2, np.arange(rows) % 2)
        found = judge_difference(paired_bootstrap(["accuracy"], same, same)["accuracy"], maximize=True, margin=0.01)
        assert found.standing == standing
        assert found.low < 0 < found.high


@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 80),
    accuracy=st.sampled_from([0.0, 0.5, 0.9, 1.0]),
    classes=st.integers(2, 5),
    entities=st.sampled_from([None, 3, 25]),
)
@settings(max_examples=examples(60), deadline=None)
def test_no_interval_is_without_width_or_without_its_value(seed, rows, accuracy, classes, entities):
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, classes, rows)
    prediction = np.where(generator.random(rows) < accuracy, truth, generator.integers(0, classes, rows))
    table = np.eye(classes)[prediction] * 0.8 + 0.2 / classes
    outcomes = class_outcomes(truth, prediction, table, list(range(classes)))
    clusters = None if entities is None else np.arange(rows) % entities
    for name, found in metric_intervals(CLASSIFICATION, outcomes, resamples=100, seed=1, clusters=clusters).items():
        assert (found.low is None) == (found.high is None)
        assert found.low is None or (found.low <= found.value <= found.high and found.low < found.high), name
        assert name not in LABEL_METRICS or clusters is not None or len(set(truth)) < classes or found.high
        assert found.low is None or clusters is None or len(np.unique(clusters)) >= 20


def test_the_largest_error_has_no_interval():
    errors = np.random.default_rng(1).normal(0, 1, 500)
    truth = np.arange(1.0, 501.0)  # a truth of 0 would be all that mape sees
    outcomes = regression_outcomes(truth, truth + errors)
    found = metric_intervals(REGRESSION, outcomes, resamples=100, seed=1)
    assert [name for name, interval in found.items() if interval.low is None] == ["max_error"]
    assert found["max_error"].value == pytest.approx(np.abs(errors).max())


# -- simulated rates -------------------------------------------------------------------------------------------------


def test_a_recall_at_its_floor_rarely_passes_it():
    """With a true recall of 0.95, 30 positives are all found one time in five; that is no proof of 0.95."""
    generator = np.random.default_rng(1)
    gates = Gates(margin=0, slice_margin=0, floors={"recall": 0.95})
    passed = {30: 0, 300: 0}
    for rows in passed:
        truth = np.r_[np.ones(rows, int), np.zeros(30, int)]
        hits = generator.binomial(rows, 0.95, 200)
        for count in np.unique(hits):
            outcomes = labels(truth, np.arange(rows + 30) < count)
            found = metric_intervals(["recall"], outcomes, resamples=2_000, seed=1)["recall"]
            interval = Interval(value=found.value, low=found.low, high=found.high)
            (check,) = check_floors(
                [MetricResult(name="recall", maximize=True, primary=False, candidate=interval)], gates
            )
            passed[rows] += int((hits == count).sum()) * (check.verdict == "pass")
    assert passed[30] == 0
    assert passed[300] <= 0.045 * 200


RATES = [
    # kind, rows, the least share of intervals that hold, the largest share of harmful models that pass
    ("log loss, 10%", 300, 0.92, 0.09),
    ("log loss, four classes, one of 3%", 100, 0.91, 0.09),
    ("F1, 10%", 100, 0.91, 0.06),
    ("recall, 10%", 100, 0.91, 0.06),
    ("accuracy, 10%", 30, 0.88, 0.06),
    ("ROC AUC 0.98, 10%", 300, 0.91, 0.09),
    ("ROC AUC 0.995, 30%", 100, 0.91, 0.09),
    ("average precision, 20%", 300, 0.91, 0.09),
    ("RMSE", 100, 0.91, 0.09),
    ("MAE, 60 unequal entities", 300, 0.90, 0.09),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rows", "holds", "passes"), others_long(RATES))
def test_the_rates_of_the_bench(name, rows, holds, passes):
    (kind,) = [kind for kind in KINDS if kind.name == name]
    found = simulate(kind, rows, samples=100, resamples=300)
    assert found.held >= holds * found.bounded
    assert found.bounded >= 90
    assert found.harmful <= passes * found.samples


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rows"), [("MAE, one outlier in fifty", 100), ("balanced accuracy, ten classes", 30)])
def test_intervals_allow_for_what_few_rows_do_not_show(name, rows):
    """Of 80 intervals 70 and 64 held without the farther rows, and with the pull of the prior."""
    (kind,) = [kind for kind in KINDS if kind.name == name]
    true = metric_value(kind.metric, kind.draw(np.random.default_rng(1), 200_000, 0.0)[1])
    held = 0
    for seed in range(80):
        _, outcomes, _ = kind.draw(np.random.default_rng((rows, seed)), rows, 0.0)
        found = metric_intervals([kind.metric], outcomes, resamples=300, seed=1)[kind.metric]
        held += found.low <= true <= found.high
    assert held >= 73


def test_three_positives_in_thirty_rows_decide_nothing():
    """A mean of losses that a handful of rows carry: nobody knows the rest of them, so there is no interval."""
    (kind,) = [kind for kind in KINDS if kind.name == "log loss, 10%"]
    for seed in range(20):
        ours, theirs, _ = kind.draw(np.random.default_rng(seed), 30, 0.0)
        found = paired_bootstrap(["log_loss"], ours, theirs, resamples=50)["log_loss"]
        assert found.champion_interval.low is None
        assert judge_difference(found, maximize=False, margin=10.0).standing == "inconclusive"


@pytest.mark.slow
def test_twenty_slices_that_are_no_worse_rarely_alarm():
    """Slices of 50 rows, the least that is judged; errors with a long tail, at the margin: one contest in twenty."""
    generator = np.random.default_rng(2)
    alarms = 0
    for _ in range(60):
        p_values = []
        for _ in range(20):
            ours, theirs = np.abs(generator.normal(0, 1, (2, 50)))
            sides = (regression_outcomes(np.zeros(50), ours), regression_outcomes(np.zeros(50), theirs))
            pair = paired_bootstrap(["mae"], *sides, resamples=1_000)["mae"]
            p_values.append(judge_slice(pair, maximize=False, margin=0.0)[1])
        alarms += min(holm(p_values)) <= 0.05
    assert alarms <= 7


@pytest.mark.slow
def test_intervals_of_few_entities_hold():
    """Thirty entities of twenty rows that share what they are: by rows, hardly one interval in two would hold."""
    generator = np.random.default_rng(3)
    who, held, by_rows = np.repeat(np.arange(30), 20), {"accuracy": 0, "f1": 0}, 0
    truth = np.arange(600) % 2
    for _ in range(100):
        right = generator.random(600) < generator.beta(8, 2, 30)[who]
        outcomes = labels(truth, np.where(right, truth, 1 - truth))
        found = metric_intervals(list(held), outcomes, resamples=400, seed=1, clusters=who)
        for name in held:
            held[name] += found[name].low <= 0.8 <= found[name].high
        alone = metric_intervals(["accuracy"], outcomes, resamples=400, seed=1)["accuracy"]
        by_rows += alone.low <= 0.8 <= alone.high
    assert min(held.values()) >= 90
    assert by_rows < 80


@pytest.mark.slow
def test_a_model_that_is_worse_on_whole_entities_rarely_passes():
    """Accuracy, one margin worse, where the entities differ in how much: 25 of them, and the promise is one in twenty."""
    generator = np.random.default_rng(4)
    who, truth, passed = np.repeat(np.arange(25), 12), np.arange(300) % 2, 0
    for _ in range(100):
        shift = generator.normal(-0.05, 0.1, 25)[who]
        toss = generator.random(300)
        ours, theirs = toss < 0.8 + shift, toss < 0.8
        sides = [labels(truth, np.where(side, truth, 1 - truth)) for side in (ours, theirs)]
        pair = paired_bootstrap(["accuracy"], *sides, clusters=who, resamples=400)["accuracy"]
        passed += judge_difference(pair, maximize=True, margin=0.05).standing in PASSES
    assert passed <= 9
