"""Folds are of the split's own kind, and say what does not fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scaffold.examples import examples

from mintmark.core.question import Question, RecipeFault
from mintmark.training.folds import Kept, cut, fold_kind
from mintmark.training.recipe import Tuning
from mintmark.training.tuning import search


def test_groups_are_never_fitted_and_scored_at_once() -> None:
    groups = pd.Series(np.repeat(range(12), 5), name="who")
    truth = pd.Series(["a", "b"] * 30)
    for is_classification in (True, False):
        made = cut(pd.DataFrame({"x": range(60)}), truth if is_classification else pd.Series(range(60)), 4,
                   is_classification=is_classification, seed=1, kept=Kept(kind="together", column=groups))  # fmt: skip
        assert sorted(np.concatenate([scored for _, scored in made])) == list(range(60))
        for fitted, scored in made:
            assert not set(groups[fitted]) & set(groups[scored])


@given(times=st.lists(st.integers(0, 12), min_size=6, max_size=60), number=st.integers(2, 5))
@settings(max_examples=examples(200), deadline=None)
def test_forward_folds_never_look_ahead(times, number):
    column = pd.Series(times, name="t")
    kept = Kept(kind="in order", column=column)
    if column.nunique() <= number:
        with pytest.raises(RecipeFault, match="forward folds"):
            cut(pd.DataFrame({"x": times}), column, number, is_classification=False, seed=1, kept=kept)
        return
    made = cut(pd.DataFrame({"x": times}), column, number, is_classification=False, seed=1, kept=kept)
    assert len(made) == number
    for fitted, scored in made:
        assert len(fitted)
        assert len(scored)
        assert column[fitted].max() < column[scored].min()
    assert len(made[-1][0]) + len(made[-1][1]) == len(times), "the last fold reaches the end"


def test_forward_blocks_are_of_about_one_size() -> None:
    column = pd.Series(range(600), name="t")
    made = cut(
        pd.DataFrame({"x": column}),
        column,
        5,
        is_classification=False,
        seed=1,
        kept=Kept(kind="in order", column=column),
    )
    assert [len(scored) for _, scored in made] == [100] * 5


def test_a_search_does_not_take_a_remembered_group_for_skill() -> None:
    """Plain folds score 1.0 here: a neighbour of the same group tells the label. Group folds tell the truth, a half."""
    generator = np.random.default_rng(5)
    groups = pd.Series(np.repeat(range(60), 6), name="who")
    inputs = pd.DataFrame({"a": groups + generator.normal(scale=0.01, size=360), "b": 1.0})
    truth = pd.Series(np.repeat(generator.integers(0, 2, 60), 6))
    question = Question(task="binary-classification", target="y", metric="accuracy")
    tuning = Tuning.from_dict({"search": "grid", "folds": 4, "space": {"n_neighbors": [1]}})
    nearest = {"class": "sklearn.neighbors.KNeighborsClassifier"}
    plain = search(nearest, tuning, question, inputs, truth, seed=1)
    kept = search(nearest, tuning, question, inputs, truth, seed=1, kept=Kept(kind="together", column=groups))
    assert plain.score > 0.98
    assert kept.score < 0.65


@pytest.mark.parametrize(
    ("truth", "kept", "message"),
    [
        (["a"] * 10 + ["b"] * 2, None, "the class 'b' has 2 training rows, fewer than the 3 folds"),
        (["a"] * 11 + ["b"], None, "the class 'b' has 1 training row, fewer"),
        (["a", "b"] * 6, Kept(kind="together", column=pd.Series([1, 2] * 6, name="who")), '2 different "who"'),
    ],
)
def test_too_few_for_the_folds_is_one_sentence(truth, kept, message):
    with pytest.raises(RecipeFault, match=message) as caught:
        cut(pd.DataFrame({"x": range(12)}), pd.Series(truth), 3, is_classification=True, seed=1, kept=kept)
    assert caught.value.place == ("tune", "folds")


def test_each_kind_has_a_name() -> None:
    column = pd.Series([1, 2])
    kinds = [Kept(kind="in order", column=column), Kept(kind="together", column=column), None]
    assert [fold_kind(kept, is_classification=True) for kept in kinds] == ["forward", "group", "stratified"]
    assert fold_kind(None, is_classification=False) == "random"
