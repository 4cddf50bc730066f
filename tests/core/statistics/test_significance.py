"""McNemar, DeLong and Holm against statsmodels, published values and the definitions themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.multitest import multipletests
from tests.scaffold.examples import examples

from mintmark.core.statistics.metrics import class_outcomes, regression_outcomes
from mintmark.core.statistics.significance import cross_checks, delong, holm, mcnemar

# The 43 complete records of the ovarian cancer study in DeLong, DeLong and Clarke-Pearson 1988: albumin and total
# protein in g/dl times ten, the K-G score as it was given (less of it is better), by whether surgery helped.
NO_USE = {
    "albumin": [30, 28, 9, 25, 36, 42, 40, 30, 33, 17, 29, 28],
    "protein": [58, 48, 40, 57, 67, 76, 66, 47, 68, 40, 57, 62],
    "kg": [10, 6, 5, 8, 4, 4, 6, 8, 6, 7, 9, 8],
}
OF_USE = {
    "albumin": [32, 39, 32, 16, 38, 37, 32, 38, 41, 36, 43, 23, 35, 38, 45, 37,
                31, 41, 43, 43, 32, 26, 37, 33, 42, 35, 21, 40, 33, 37, 36],
    "protein": [63, 68, 58, 56, 57, 67, 54, 66, 66, 57, 70, 44, 58, 68, 74, 74,
                66, 82, 70, 65, 51, 47, 61, 63, 77, 62, 48, 70, 57, 69, 66],
    "kg": [5, 3, 3, 5, 5, 6, 4, 6, 5, 5, 4, 6, 6, 7, 5, 5,
           6, 6, 5, 4, 5, 6, 5, 7, 6, 5, 7, 7, 6, 5, 5],
}  # fmt: skip


def ovarian(name):
    score = np.array(NO_USE[name] + OF_USE[name], dtype=float)
    return 10 - score if name == "kg" else score


def by_definition(is_positive, first, second):
    """The estimate and its covariance matrix as DeLong et al. write them, from all pairs of rows."""
    placements = []
    for score in (first, second):
        inside, outside = score[is_positive][:, None], score[~is_positive][None, :]
        placements.append((inside > outside) + 0.5 * (inside == outside))
    rows = np.cov([psi.mean(axis=1) for psi in placements]) / is_positive.sum()
    columns = np.cov([psi.mean(axis=0) for psi in placements]) / (~is_positive).sum()
    contrast = np.array([1, -1])
    difference = placements[0].mean() - placements[1].mean()
    return difference, np.sqrt(contrast @ (rows + columns) @ contrast)


def scores(seed, rows, *, digits=9):
    generator = np.random.default_rng(seed)
    is_positive = np.r_[True, True, False, False, generator.random(rows - 4) < 0.3]
    first = np.round(is_positive + generator.normal(0, 1, rows), digits)
    return is_positive, first, np.round(first / 2 + generator.normal(0, 1, rows), digits)


# -- McNemar ---------------------------------------------------------------------------------------------------------


@given(ours=st.integers(0, 400), theirs=st.integers(0, 400))
@example(ours=0, theirs=0)
@example(ours=7, theirs=7)
@settings(max_examples=examples(100), deadline=None)
def test_mcnemar_agrees_with_statsmodels(ours, theirs):
    expected = reference_mcnemar([[50, ours], [theirs, 20]], exact=True).pvalue
    assert mcnemar(ours, theirs) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_on_the_smallest_tables():
    assert mcnemar(0, 0) == 1
    assert mcnemar(0, 1) == mcnemar(1, 0) == 1
    assert mcnemar(0, 5) == pytest.approx(2 * 0.5**5)
    assert mcnemar(1, 9) == pytest.approx(2 * (1 + 10) / 2**10)


# -- DeLong ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "area", "difference", "error", "low", "high", "p_value"),
    [
        ("albumin", 0.7366, 0.0108, 0.0953, -0.1761, 0.1976, 0.9102),
        ("protein", 0.6478, -0.0780, 0.1046, -0.2830, 0.1271, 0.4561),
    ],
)
def test_delong_gives_the_published_values(name, area, difference, error, low, high, p_value):
    """As SAS/STAT prints them: User's Guide, The LOGISTIC Procedure, Comparing Receiver Operating Characteristic Curves."""
    is_positive = np.r_[np.zeros(12, bool), np.ones(31, bool)]
    found = delong(is_positive, ovarian(name), ovarian("kg"))
    assert (found.first, found.second) == (pytest.approx(area, abs=5e-5), pytest.approx(0.7258, abs=5e-5))
    assert found.difference == pytest.approx(difference, abs=5e-5)
    assert found.standard_error == pytest.approx(error, abs=5e-5)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert found.p_value == pytest.approx(p_value, abs=5e-5)


@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(5, 120), digits=st.sampled_from([0, 1, 9]))
@settings(max_examples=examples(60), deadline=None)
def test_delong_agrees_with_its_definition(seed, rows, digits):
    is_positive, first, second = scores(seed, rows, digits=digits)
    found = delong(is_positive, first, second)
    difference, error = by_definition(is_positive, first, second)
    assert found.first == pytest.approx(roc_auc_score(is_positive, first), abs=1e-12)
    assert found.second == pytest.approx(roc_auc_score(is_positive, second), abs=1e-12)
    assert found.difference == pytest.approx(difference, abs=1e-12)
    assert found.standard_error == pytest.approx(error, abs=1e-9)
    if error > 1e-6:
        assert found.z == pytest.approx(difference / error)
        assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(difference / error)))
        assert (found.low, found.high) == pytest.approx(stats.norm.interval(0.95, difference, error))


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=examples(30), deadline=None)
def test_delong_depends_on_the_order_of_scores_alone_and_mirrors(seed):
    is_positive, first, second = scores(seed, 60, digits=1)
    found, other = delong(is_positive, first, second), delong(is_positive, second, first)
    assert delong(is_positive, np.exp(first), second**3) == found
    assert (other.difference, other.z, other.low) == (-found.difference, -found.z, -found.high)
    assert other.p_value == found.p_value


def test_delong_without_variance():
    is_positive = np.r_[np.ones(30, bool), np.zeros(40, bool)]
    perfect, constant = is_positive.astype(float), np.full(70, 0.3)
    same = delong(is_positive, perfect, perfect * 2)
    assert (same.difference, same.standard_error, same.z, same.p_value) == (0, 0, 0, 1)
    apart = delong(is_positive, constant, perfect)
    assert (apart.first, apart.second, apart.difference) == (0.5, 1, -0.5)
    assert (apart.z, apart.p_value, apart.low, apart.high) == (-np.inf, 0, -0.5, -0.5)


@pytest.mark.parametrize("positives", [0, 1, 4, 5])
def test_delong_needs_two_rows_of_each_class(positives):
    with pytest.raises(ValueError, match="two rows of each class"):
        delong(np.arange(5) < positives, np.arange(5.0), np.arange(5.0))


# -- Holm ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@given(st.lists(st.floats(0, 1) | st.sampled_from([0.01, 0.05]), min_size=1, max_size=12))
@settings(max_examples=10, deadline=None)  # statsmodels takes 30 ms for each
def test_holm_agrees_with_statsmodels(p_values):
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1], abs=1e-15)


def test_holm_keeps_the_order_and_the_cap():
    assert holm([]) == []
    assert holm([0.04]) == [0.04]
    assert holm([0.9, 0.01, 0.02]) == pytest.approx([0.9, 0.03, 0.04])
    assert holm([0.02, 0.019]) == pytest.approx([0.038, 0.038])  # the second may not come out below the first
    assert holm([0.5, 0.6, 0.7]) == [1, 1, 1]


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_holm_takes_nothing_but_p_values(wrong):
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.5, wrong])


# -- which tests fit -------------------------------------------------------------------------------------------------


def binary(truth, score, *, classes=("no", "yes"), positive=None, probabilities=True):
    score = np.asarray(score, dtype=float)
    prediction = np.where(score > 0.5, classes[1], classes[0])
    labels = np.array(classes)[np.asarray(truth, dtype=int)]
    table = np.c_[1 - score, score] if probabilities else None
    return class_outcomes(labels, prediction, table, classes, positive=positive)


TRUTH = [1, 1, 1, 1, 0, 0, 0, 0]
CANDIDATE = [0.9, 0.8, 0.7, 0.4, 0.3, 0.2, 0.1, 0.1]  # wrong once
CHAMPION = [0.4, 0.3, 0.7, 0.9, 0.1, 0.2, 0.8, 0.3]  # wrong three times, and right where the candidate is not


def test_binary_with_probabilities_gets_both():
    first, second = cross_checks(binary(TRUTH, CANDIDATE), binary(TRUTH, CHAMPION))
    assert first.name == "McNemar, exact"
    assert first.p_value == pytest.approx(mcnemar(3, 1))
    assert first.message == "Of 8 rows, 3 are right by the candidate alone and 1 by the champion alone."
    assert second.name == "DeLong"
    expected = delong(np.array(TRUTH) == 1, np.array(CANDIDATE), np.array(CHAMPION))
    assert second.p_value == pytest.approx(expected.p_value)
    assert second.message == "ROC AUC 1 against the champion's 0.7812: a difference of +0.219 [-0.165, +0.603]."


def test_the_positive_class_decides_which_score_is_compared():
    """AUC is the same for either class of two, and so is the test."""
    one, other = (
        cross_checks(binary(TRUTH, CANDIDATE, positive=positive), binary(TRUTH, CHAMPION, positive=positive))[1]
        for positive in ("yes", "no")
    )
    assert one.message == other.message
    assert one.p_value == pytest.approx(other.p_value)


@pytest.mark.parametrize("without", ["candidate", "champion"])
def test_no_delong_without_probabilities_of_both(without):
    found = cross_checks(
        binary(TRUTH, CANDIDATE, probabilities=without != "candidate"),
        binary(TRUTH, CHAMPION, probabilities=without != "champion"),
    )
    assert [check.name for check in found] == ["McNemar, exact"]


def test_no_delong_where_a_class_has_one_row():
    truth = [1, 0, 0, 0, 0, 0, 0, 0]
    assert [c.name for c in cross_checks(binary(truth, CANDIDATE), binary(truth, CHAMPION))] == ["McNemar, exact"]


def test_many_classes_get_mcnemar_and_regression_nothing():
    truth, prediction = ["a", "b", "c", "c"], ["a", "b", "c", "a"]
    table = np.full((4, 3), 1 / 3)
    candidate = class_outcomes(truth, truth, table, ["a", "b", "c"])
    champion = class_outcomes(truth, prediction, table, ["a", "b", "c"])
    (only,) = cross_checks(candidate, champion)
    assert (only.name, only.p_value) == ("McNemar, exact", 1)
    assert only.message == "Of 4 rows, 1 are right by the candidate alone and 0 by the champion alone."
    numbers = regression_outcomes([1.0, 2.0], [1.0, 2.0])
    assert cross_checks(numbers, numbers) == []


def test_identical_models_are_told_apart_by_nothing():
    outcomes = binary(TRUTH, CHAMPION)
    assert [check.p_value for check in cross_checks(outcomes, outcomes)] == [1, 1]


def test_other_rows_are_refused():
    with pytest.raises(ValueError, match="same rows"):
        cross_checks(binary(TRUTH, CANDIDATE), binary(TRUTH[::-1], CHAMPION))
    with pytest.raises(ValueError, match="same classes"):
        cross_checks(binary(TRUTH, CANDIDATE), binary(TRUTH, CANDIDATE, classes=("yes", "no")))
