"""Estimators from their description: nesting, seeds, and what may be named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

from mintmark.artifacts.skops.format import dump_canonical, load_trusted
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
        ({"class": "sklearn.linear_model.Ridge", "parameters": {"nope": 1}}, ("parameters", "nope"), "nope"),
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


def column_transformer(**transformers):
    return {"class": "sklearn.compose.ColumnTransformer", "parameters": {"transformers": transformers}}


LOG = {
    "class": "sklearn.preprocessing.FunctionTransformer",
    "parameters": {
        "func": {"function": "numpy.log1p"},
        "inverse_func": {"function": "numpy.expm1"},
        "feature_names_out": "one-to-one",
    },
}
TABLE = pd.DataFrame({"pixel": [1.0, 2, 3, 4] * 10, "n": [1, 2, 3, 4] * 10, "town": list("abcd") * 10})


def stored(estimator, *data):
    """Through fit, file and trusted load: what a registered model goes through."""
    return load_trusted(dump_canonical(estimator.fit(*data)))


def test_a_function_and_column_selectors_survive_being_stored():
    encode = {"class": "sklearn.preprocessing.OneHotEncoder"}
    specification = column_transformer(
        log={"transformer": LOG, "columns": {"pattern": "^pixel"}},
        rest={"transformer": "passthrough", "columns": {"dtype": "integer"}},
        town={"transformer": encode, "columns": {"exclude": ["number", "boolean"]}},
    )
    made = stored(build(specification, seed=1), TABLE)
    assert made.transform(TABLE)[2].tolist() == [np.log1p(3.0), 3.0, 0, 0, 1, 0]
    assert made.get_feature_names_out().tolist()[:3] == ["log__pixel", "rest__n", "town__town_a"]


def test_a_function_of_scipy_and_of_the_target():
    transformed = {
        "class": "sklearn.compose.TransformedTargetRegressor",
        "parameters": {
            "regressor": {"class": "sklearn.linear_model.Ridge"},
            "func": {"function": "scipy.special.logit"},
            "inverse_func": {"function": "scipy.special.expit"},
        },
    }
    made = stored(build(transformed, seed=1), TABLE[["n"]], TABLE["n"] / 10)
    assert made.predict(TABLE[["n"]]).max() < 1


@pytest.mark.parametrize("name", ["chi2", "f_classif"])
def test_a_function_by_which_columns_are_scored(name):
    score = {"score_func": {"function": f"sklearn.feature_selection.{name}"}, "k": 1}
    built = build({"class": "sklearn.feature_selection.SelectKBest", "parameters": score}, seed=1)
    assert built.score_func.__name__ == name
    noise = TABLE[["n"]].assign(noise=[1, 2] * 20)
    assert stored(built, noise, TABLE["n"] > 2).get_feature_names_out().tolist() == ["n"]


@pytest.mark.parametrize("pairs", [[[0, 1], [1, 4]], [[False, 1], [True, 4]]])
def test_keys_that_are_no_text(pairs):
    weights = {"class_weight": {"mapping": pairs}}
    built = build({"class": "sklearn.linear_model.LogisticRegression", "parameters": weights}, seed=1)
    assert built.class_weight == dict(pairs)
    assert all(type(key) is int for key in built.class_weight)
    truth = np.array([bool(i % 2) if pairs[0][0] is False else i % 2 for i in range(40)])
    assert stored(built, TABLE[["n", "pixel"]], truth).class_weight == dict(pairs)


@pytest.mark.parametrize(
    ("parameters", "place", "message"),
    [
        ({"func": {"function": "numpy.log1"}}, ("func", "function"), 'did you mean "numpy.log1p"'),
        ({"func": {"function": "os.system"}}, ("func", "function"), "not on the list of functions"),
        ({"func": {"function": "numpy.add"}}, ("func", "function"), "does not take one array"),
        (
            {"func": {"function": "sklearn.feature_selection.mutual_info_classif"}},
            ("func", "function"),
            "not on the list",
        ),
        ({"kw_args": {"out": 1}}, ("kw_args",), 'may not be given "out"'),
        ({"kw_args": {"where": False}}, ("kw_args",), 'may not be given "where"'),
        ({"inv_kw_args": {"casting": "unsafe"}}, ("inv_kw_args",), 'may not be given "casting"'),
        ({"fun": {"function": "numpy.log1p"}}, ("fun",), 'no parameter "fun"; did you mean "func"'),
        ({"validate": "maybe"}, ("validate",), "must be an instance of 'bool'"),
        ({"kw_args": {"mapping": [[0], [1, 4]]}}, ("kw_args", "mapping"), "write pairs"),
    ],
)
def test_what_a_function_may_not_be_is_named_with_its_place(parameters, place, message):
    with pytest.raises(RecipeFault, match=message) as caught:
        build({"class": LOG["class"], "parameters": parameters}, seed=1)
    assert caught.value.place == ("estimator", "parameters", *place)


@pytest.mark.parametrize("columns", [{}, {"type": "number"}, {"dtype": "numbr"}, {"pattern": 3}])
def test_a_column_selector_says_what_it_takes(columns):
    with pytest.raises(RecipeFault, match=r"dtype: number|did you mean .number|regular expression"):
        build(column_transformer(a={"transformer": "drop", "columns": columns}), seed=1)


def test_every_fault_is_told_at_once():
    steps = {
        "scale": {"class": "sklearn.preprocessing.StandardScalr"},
        "log": {"class": LOG["class"], "parameters": {"func": {"function": "numpy.lag"}, "kw_args": {"out": 1}}},
        "model": {"class": "sklearn.linear_model.LogisticRegression", "parameters": {"C": -1, "solvr": "saga"}},
    }
    with pytest.raises(RecipeFault) as caught:
        build({"class": "sklearn.pipeline.Pipeline", "parameters": {"steps": steps}}, seed=1)
    told = [(fault.place[3], fault.place[-1]) for fault in caught.value.faults]
    assert told == [
        ("scale", "class"), ("log", "function"), ("log", "kw_args"), ("model", "solvr"), ("model", "C")
    ]  # fmt: skip


def test_a_value_of_a_search_space_takes_the_same_notations():
    value = {"n": {"transformer": "passthrough", "columns": {"dtype": "number"}}}
    built = build_value(value, seed=1, trusted=(), place=(), name="prepare__transformers")
    assert built[0][0] == "n"
    assert callable(built[0][2])
    assert build_value({"function": "numpy.sqrt"}, seed=1, trusted=(), place=()) is np.sqrt
    assert build_value({"mapping": [[0, 1]]}, seed=1, trusted=(), place=()) == {0: 1}
