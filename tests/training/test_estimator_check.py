"""What cannot work is told before anything is trained."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mintmark.core.question import Question
from mintmark.training.estimator_check import estimator_faults
from mintmark.training.recipe import Recipe

QUESTION = Question(task="binary-classification", target="y", metric="f1")


def recipe(estimator, **tune):
    return Recipe.from_dict(
        "churn",
        {
            "seed": 1,
            "source": {"path": "x.csv"},
            "prepare": {"split": {"method": "hash", "evaluation": 0.3}},
            "estimator": {"class": f"sklearn.{estimator}"},
            "tune": {"search": "grid", "folds": 3, "space": {}, **tune},
            "evaluate": {},
        },
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (recipe("linear_model.LogisticRegression"), []),
        (recipe("feature_selection.SelectKBest"), []),
        (recipe("cluster.FeatureAgglomeration"), ["it could not be stored, so nothing is trained: "]),
        (
            recipe("linear_model.Ridgy", metric="mae", space={"model": [{"class": "os.path"}]}),
            ["there is no sklearn.linear_model.Ridgy", "os.path is not part of", "mae is not a metric of"],
        ),
        (
            recipe("linear_model.LogisticRegression", metric="mae", space={"tool": [1], "C": [1, -1]}),
            ['has no parameter "tool"; did you mean "tol"?', "The 'C' parameter", "mae is not a metric of"],
        ),
    ],
)
def test_all_faults_are_told_together(given, told):
    found = [fault.message for fault in estimator_faults(given, QUESTION)]
    assert len(found) == len(told), found
    assert all(part in message for part, message in zip(told, found, strict=True)), found


def test_a_metric_of_model_yaml_that_the_task_does_not_have_is_named_as_its():
    (fault,) = estimator_faults(recipe("linear_model.LogisticRegression"), replace(QUESTION, metric="mae"))
    assert fault.message.endswith("; it is the metric of model.yaml, so write another there")
