"""Estimators from their description: nesting, seeds, and what may be named."""

from __future__ import annotations

import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

from mintmark.core.question import RecipeFault
from mintmark.training.estimators import build, build_value, set_parameters

LOGISTIC = {"class": "sklearn.linear_model.LogisticRegression", "parameters": {"C": 2}}
FOREST = {"class": "sklearn.ensemble.RandomForestClassifier"}


def test_a_class_with_parameters():
    built = build({"class": "sklearn.linear_model.Ridge", "parameters": {"alpha": 3}}, seed=1)
    assert isinstance(built, Ridge)
    assert (built.alpha, built.random_state) == (3, 1)


def test_a_pipeline_of_named_steps_in_order():
    steps = {"scale": {"class": "sklearn.preprocessing.StandardScaler"}, "off": "passthrough", "model": LOGISTIC}
    built = build({"class": "sklearn.pipeline.Pipeline", "parameters": {"steps": steps}}, seed=7)
    assert isinstance(built, Pipeline)
    assert [name for name, _ in built.steps] == ["scale", "off", "model"]
    assert built.steps[1][1] == "passthrough"
    assert (built[-1].C, built[-1].random_state) == (2, 7)


def test_transformers_by_column():
    scale, encode = ({"class": f"sklearn.preprocessing.{n}"} for n in ("StandardScaler", "OneHotEncoder"))
    table = {"n": {"transformer": scale, "columns": ["age"]}, "c": {"transformer": encode, "columns": ["kind"]}}
    built = build(
        {"class": "sklearn.compose.ColumnTransformer", "parameters": {"transformers": table, "remainder": "drop"}},
        seed=1,
    )
    assert isinstance(built, ColumnTransformer)
    assert [(name, columns) for name, _, columns in built.transformers] == [("n", ["age"]), ("c", ["kind"])]


def test_ensembles_seed_everything_inside():
    members = {"logistic": LOGISTIC, "forest": FOREST}
    vote = build(
        {"class": "sklearn.ensemble.VotingClassifier", "parameters": {"voting": "soft", "estimators": members}}, seed=9
    )
    assert isinstance(vote, VotingClassifier)
    assert [member.random_state for _, member in vote.estimators] == [9, 9]
    stack = build(
        {
            "class": "sklearn.ensemble.StackingClassifier",
            "parameters": {"estimators": members, "final_estimator": LOGISTIC},
        },
        seed=9,
    )
    assert isinstance(stack, StackingClassifier)
    assert stack.final_estimator.random_state == 9


def test_a_random_state_that_is_set_stays():
    built = build({"class": "sklearn.linear_model.Ridge", "parameters": {"random_state": 4}}, seed=1)
    assert built.random_state == 4


def test_a_tuple_can_be_written():
    built = build(
        {"class": "sklearn.preprocessing.MinMaxScaler", "parameters": {"feature_range": {"tuple": [0, 2]}}}, seed=1
    )
    assert isinstance(built, MinMaxScaler)
    assert built.feature_range == (0, 2)


@pytest.mark.parametrize(
    ("specification", "place", "message"),
    [
        ({"class": "os.system"}, ("class",), "not part of scikit-learn"),
        ({"class": "sklearn.svm.Nope"}, ("class",), "there is no sklearn.svm.Nope"),
        ({"class": "sklearn.nope.SVC"}, ("class",), "there is no sklearn.nope.SVC"),
        ({"class": "sklearn.datasets.load_iris"}, ("class",), "not an estimator class"),
        ({"class": "Ridge"}, ("class",), "not the full name"),
        ({"class": "sklearn.linear_model.Ridge", "parameters": {"nope": 1}}, ("parameters",), "nope"),
        ({"class": "sklearn.linear_model.Ridge", "alpha": 1}, (), '"alpha" is not a field'),
        (
            {"class": "sklearn.pipeline.Pipeline", "parameters": {"steps": {"m": {"class": "builtins.eval"}}}},
            ("parameters", "steps", "m", "class"),
            "not part of scikit-learn",
        ),
        (
            {"class": "sklearn.compose.ColumnTransformer", "parameters": {"transformers": {"a": {"columns": []}}}},
            ("parameters", "transformers", "a"),
            "write transformer",
        ),
    ],
)
def test_what_cannot_be_built_is_named_with_its_place(specification, place, message):
    with pytest.raises(RecipeFault, match=message) as caught:
        build(specification, seed=1)
    assert caught.value.place == ("estimator", *place)


def test_a_class_of_the_team_needs_to_be_trusted():
    """A name that only looks like scikit-learn's is not trusted."""
    name = "sklearn_team.Scaler"
    with pytest.raises(RecipeFault, match=r"list it under estimator: trusted"):
        build({"class": name}, seed=1)
    with pytest.raises(RecipeFault, match=r"there is no sklearn_team.Scaler"):
        build({"class": name, "trusted": [name]}, seed=1)


def test_a_trusted_class_is_built(monkeypatch, tmp_path):
    (tmp_path / "teampackage.py").write_text(
        "from sklearn.base import BaseEstimator\nclass Own(BaseEstimator):\n"
        "    def __init__(self, a=1, random_state=None): self.a = a; self.random_state = random_state\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    built = build({"class": "teampackage.Own", "parameters": {"a": 5}, "trusted": ["teampackage.Own"]}, seed=3)
    assert (built.a, built.random_state) == (5, 3)


def test_what_a_search_found_is_set():
    pipeline = {"class": "sklearn.pipeline.Pipeline", "parameters": {"steps": {"model": {"class": "sklearn.svm.SVC"}}}}
    built = set_parameters(build(pipeline, seed=2), {"model": LOGISTIC, "model__C": 7}, seed=2, trusted=())
    assert isinstance(built[-1], LogisticRegression)
    assert (built[-1].C, built[-1].random_state) == (7, 2)


def test_a_parameter_that_is_not_there_is_a_fault():
    with pytest.raises(RecipeFault, match=r"nope"):
        set_parameters(build(LOGISTIC, seed=1), {"nope": 1}, seed=1, trusted=())


def test_values_stay_as_they_are():
    assert build_value([1, {"a": None}], seed=1, trusted=(), place=()) == [1, {"a": None}]
