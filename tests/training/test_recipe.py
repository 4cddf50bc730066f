"""Recipes from params.yaml: values, defaults, and what no schema can tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.core.question import Question, RecipeFault
from mintmark.training.recipe import (
    DEFAULT_RESAMPLES,
    Compute,
    MissingRule,
    Preparation,
    Recipe,
    Source,
    Tuning,
    parse_compute,
)

SECTION = {
    "seed": 3,
    "source": {"path": "data/x.csv"},
    "prepare": {"split": {"method": "random", "evaluation": 0.3}},
    "estimator": {"class": "sklearn.linear_model.Ridge", "trusted": ["a.B"]},
    "tune": {"search": "grid", "folds": 2, "space": {"alpha": [1]}},
    "evaluate": {},
}


def test_a_section_becomes_a_recipe():
    recipe = Recipe.from_dict("churn", SECTION)
    assert (recipe.model, recipe.seed, recipe.source) == ("churn", 3, Source(path="data/x.csv"))
    assert recipe.preparation.split.evaluation == 0.3
    assert recipe.tuning.spaces == ({"alpha": [1]},)
    assert (recipe.resamples, recipe.importance_repeats) == (DEFAULT_RESAMPLES, 5)
    assert recipe.compute == Compute(kind="sequential")
    assert recipe.trusted == ("a.B",)


def test_careful_defaults():
    preparation = Preparation.from_dict(SECTION["prepare"])
    assert preparation.duplicates == "error"
    assert preparation.missing_rule("any") == MissingRule(action="error")


def test_a_column_has_its_own_rule():
    missing = {"default": "median", "columns": {"a": {"constant": 0}}}
    preparation = Preparation.from_dict({**SECTION["prepare"], "missing": missing})
    assert preparation.missing_rule("a") == MissingRule(action="constant", constant=0)
    assert preparation.missing_rule("b") == MissingRule(action="median")


@given(st.integers(1, 9999))
def test_local_processes(jobs):
    assert parse_compute(f"loky:{jobs}") == Compute(kind="loky", jobs=jobs)


def test_a_cluster_has_an_address():
    assert parse_compute("dask://scheduler:8786") == Compute(kind="dask", address="tcp://scheduler:8786")


@pytest.mark.parametrize("text", ["", "loky", "sequential:2", "dask:8786", "dask", "threads:2", "loky:two", "loky:2\n"])
def test_another_place_to_compute_is_a_fault(text):
    with pytest.raises(RecipeFault, match="is not sequential, loky:N or dask://host:port") as caught:
        parse_compute(text)
    assert caught.value.place == ("compute",)


@pytest.mark.parametrize(
    ("section", "place", "remedy"),
    [
        ({"search": "grid", "space": {"a": {"uniform": [0, 1]}}}, ("tune", "space", "a"), "search: random"),
        ({"search": "halving", "space": {"a": {"uniform": [0, 1]}}}, ("tune", "space", "a"), "add trials:"),
        ({"search": "grid", "space": [{}, {"a": {"integers": [0, 1]}}]}, ("tune", "space", 1, "a"), "a list of values"),
    ],
)
def test_a_search_that_goes_through_values_takes_no_range(section, place, remedy):
    with pytest.raises(RecipeFault, match=remedy) as caught:
        Tuning.from_dict({"folds": 2, **section})
    assert caught.value.place == place


def test_halving_draws_from_a_range_when_it_knows_how_often():
    tuning = Tuning.from_dict({"search": "halving", "folds": 2, "trials": 4, "space": {"a": {"uniform": [0, 1]}}})
    assert (tuning.trials, tuning.factor) == (4, 3)


def test_a_question_is_what_evaluation_needs_of_model_yaml():
    document = {"task": "binary-classification", "target": "y", "metric": {"name": "f1", "goal": "maximize"}}
    question = Question.from_dict({**document, "positive_class": None, "slices": None, "owners": ["@a"]})
    assert question == Question(task="binary-classification", target="y", metric="f1")
    assert question.is_classification
    with pytest.raises(RecipeFault, match="add target:"):
        Question.from_dict({**document, "target": ""})
