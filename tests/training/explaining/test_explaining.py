"""What moves the answers, against scikit-learn, against exact Shapley values, and (long) against the package shap."""

from __future__ import annotations

import json
import os
import subprocess
from itertools import combinations
from math import factorial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.inspection import partial_dependence
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier
from tests.scaffold.python_environment import environment_with

from mintmark.registry.files import read_json
from mintmark.registry.schemas import accepts
from mintmark.training.explaining import contributions, dependence, explanation

ROOT = Path(__file__).parents[3]
GENERATOR = np.random.default_rng(1)
ROWS = pd.DataFrame({
    "a": GENERATOR.normal(size=200), "b": GENERATOR.normal(size=200), "c": GENERATOR.normal(size=200),
    "kind": GENERATOR.choice(["red", "green", "blue"], 200),
    "note": [f"word{number} {'good' if number % 2 else 'bad'}" for number in range(200)],
    "count": GENERATOR.integers(0, 40, 200),
})  # fmt: skip
NUMBERS = ROWS[["a", "b", "c"]]
FLAG = np.where((ROWS["a"] * ROWS["b"] + ROWS["c"] > 0) ^ (ROWS["kind"] == "red"), "yes", "no")
TREE = DecisionTreeClassifier(max_depth=6, random_state=1).fit(NUMBERS, FLAG)


def test_one_row_to_walk_from_tells_no_error():
    players = [["a"], ["b"], ["c"]]
    found = contributions.contributions(NUMBERS[:1], NUMBERS[1:2], players, lambda rows: rows[["a"]].to_numpy(), seed=1)
    assert "error" not in explanation.describe(found, ["a", "b", "c"], 0, {})["inputs"]["a"]


def equal(names, value=1.0):
    return {name: {"mean": value, "std": 0.0} for name in names}


def exact_values(row, background, answers):
    """Shapley's formula over every coalition: Shapley 1953; the value of one is the mean answer with the others drawn."""
    names = list(background.columns)

    def value(taken):
        mixed = background.copy()
        for name in taken:
            mixed[name] = row[name].iloc[0]
        return answers(mixed).mean(axis=0)[0]

    found, count = [], len(names)
    for name in names:
        rest = [other for other in names if other != name]
        found.append(sum(
            factorial(size) * factorial(count - size - 1) / factorial(count) * (value((*some, name)) - value(some))
            for size in range(count) for some in combinations(rest, size)
        ))  # fmt: skip
    return np.array(found)


@pytest.mark.parametrize("most_rows", [1, 300, 20_000])
def test_curves_are_those_of_scikit_learn(monkeypatch, most_rows):
    monkeypatch.setattr(dependence, "MOST_ROWS", most_rows)
    values = dependence.grid(NUMBERS["a"])
    found = dependence.dependence(NUMBERS, "a", values, TREE.predict_proba)
    expected = partial_dependence(TREE, NUMBERS, ["a"], custom_values={"a": values}, method="brute")
    assert found[:, 1] == pytest.approx(expected["average"][0], rel=1e-9)
    assert (len(values), values) == (19, sorted(values))


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series([3, 1, 2, 1, 2, 3]), [1, 2, 3]),
        (pd.Series([1.5, None, 2.5, 1.5, 2.5]), [1.5, 2.5]),
        (pd.Series([True, False, True]), [False, True]),
        (pd.Series(["b", "a", None, "b"]), ["a", "b"]),
        (pd.Series(["b", "a", "b"], dtype="category"), ["a", "b"]),
        (pd.Series([1.0] * 99 + [2.0]), "nine rows of ten have the same value"),
        (pd.Series([None, 2.0, 2.0]), "it has the same value in every row"),
        (ROWS["note"], "the 12 most frequent of its values are in fewer than half of the rows"),
        (pd.Series(["x" * 200, "y"] * 3), "its values are neither numbers nor short texts"),
        (pd.Series(pd.to_datetime(["2026-01-01", "2026-01-02"])), "its values are neither numbers nor short texts"),
    ],
)
def test_the_values_that_are_tried_are_those_of_rows(column, expected):
    found = dependence.grid(column)
    assert found == expected
    assert json.loads(json.dumps(found)) == expected


def test_contributions_to_a_linear_model_are_its_terms():
    model = LinearRegression().fit(NUMBERS, NUMBERS["a"] * 3 - NUMBERS["b"] + 1)
    background, row = NUMBERS.iloc[:50].reset_index(drop=True), NUMBERS.iloc[[60]].reset_index(drop=True)
    found = contributions.contributions(
        row, background, [["a"], ["b"], ["c"]], lambda rows: model.predict(rows)[:, None], seed=1
    )
    terms = model.coef_ * (row.iloc[0] - background.mean()).to_numpy()
    assert found.values[:, 0] == pytest.approx(terms, abs=1e-9)
    assert found.base[0] == pytest.approx(model.predict(background).mean(), rel=1e-9)


@pytest.mark.parametrize("most_rows", [1, 20_000])
def test_contributions_add_up_and_are_near_the_exact_ones(monkeypatch, most_rows):
    monkeypatch.setattr(contributions, "MOST_ROWS", most_rows)
    background, row = NUMBERS.iloc[:100].reset_index(drop=True), NUMBERS.iloc[[150]].reset_index(drop=True)
    found = contributions.contributions(row, background, [["a"], ["b"], ["c"]], TREE.predict_proba, seed=1)
    assert found.values.sum(axis=0) == pytest.approx(found.answer - found.base, abs=1e-9)
    exact = exact_values(row, background, lambda rows: TREE.predict_proba(rows)[:, [1]])
    assert np.all(np.abs(found.values[:, 1] - exact) <= 4 * found.errors[:, 1])
    assert np.all(found.errors[:, 1] < 0.05)


def test_columns_of_every_type_and_a_text_are_explained(monkeypatch):
    monkeypatch.setattr(explanation, "BACKGROUND_ROWS", 20)
    columns = ColumnTransformer([
        ("kind", OneHotEncoder(handle_unknown="ignore"), ["kind"]), ("note", TfidfVectorizer(), "note"),
        ("numbers", "passthrough", ["a", "b", "c", "count"]),
    ])  # fmt: skip
    model = make_pipeline(columns, LogisticRegression(max_iter=2000)).fit(ROWS, FLAG)
    inputs = ROWS.assign(kind=ROWS["kind"].astype("category"))
    found = explanation.explain(
        inputs,
        model.predict_proba,
        ["no", "yes"],
        importance=equal(ROWS.columns),
        positive="no",
        by="probability",
        seed=1,
    )
    shipped = read_json(ROOT / "models/breast-cancer/versions/1.0.0/metrics.json")
    assert accepts("metrics", shipped | {"explanation": found})
    assert [curve["input"] for curve in found["curves"]] == ["a", "b", "c", "count", "kind"]
    assert found["left_out"] == {"note": "the 12 most frequent of its values are in fewer than half of the rows"}
    assert found["curves"][-1]["values"] == ["blue", "green", "red"]
    assert {row["class"] for row in found["rows"]} == {"no"}
    for row in found["rows"]:
        assert row["base"] + sum(part["value"] for part in row["inputs"].values()) == pytest.approx(
            row["answer"], abs=1e-4
        )
        assert "others" not in row
        assert "same" in row["inputs"]["kind"]
        assert "below" in row["inputs"]["a"]
    answers = model.predict_proba(inputs)[:, 0]
    assert [row["answer"] for row in found["rows"]] == pytest.approx(
        [answers.min(), np.sort(answers)[99], answers.max()], abs=1e-5
    )
    assert not set(ROWS["note"]) & set(json.dumps(found).split('"'))


def test_of_several_classes_the_one_that_moves_and_the_one_that_is_answered_are_told():
    truth = np.select([ROWS["a"] > 0.5, ROWS["b"] > 0], [0, 1], 2)
    model = DecisionTreeClassifier(max_depth=6, random_state=1).fit(NUMBERS, truth)
    found = explanation.explain(
        NUMBERS,
        model.predict_proba,
        [0, 1, 2],
        importance=equal(NUMBERS.columns),
        positive=None,
        by="probability",
        seed=1,
    )
    assert found["curves"][0]["class"] == 0
    assert [row["class"] for row in found["rows"]][-1] in (0, 1, 2)
    assert [row["answer"] for row in found["rows"]] == sorted(row["answer"] for row in found["rows"])


def test_the_work_does_not_grow_with_the_columns():
    asked = []
    wide = pd.DataFrame(GENERATOR.normal(size=(150, 400)), columns=[f"x{number}" for number in range(400)])

    def answers(rows):
        asked.append(len(rows))
        return rows[["x0"]].to_numpy() * 2

    found = explanation.explain(
        wide, answers, [], importance={**equal(wide.columns, 0.0), "x0": {"mean": 1.0, "std": 0.0}},
        positive=None, by="prediction", seed=1,
    )  # fmt: skip
    assert sum(asked) < 20_000
    assert found["curves"][0]["input"] == "x0"
    assert next(iter(found["rows"][0]["inputs"])) == "x0"
    assert len(found["rows"][0]["inputs"]) == 10
    assert found["rows"][0]["others"] == {"value": 0.0, "error": 0.0}


@pytest.mark.long
def test_contributions_are_those_of_the_package_shap(tmp_path):
    """Of a boosted model TreeExplainer's, and of probabilities ExactExplainer's, both on the same background."""
    programs = environment_with(
        "shap==0.51.0", "scikit-learn==1.9.1", "pandas==3.1.1", "skops==0.16.0", name="shap-0.51.0"
    )
    script = tmp_path / "compare.py"
    script.write_text(_BESIDE_SHAP)
    settings = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run((programs / "python", script), env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    for name, gap in json.loads(done.stdout.splitlines()[-1]).items():
        assert gap < 4, f"{name} is {gap} standard errors from shap"


_BESIDE_SHAP = """\
import json
import numpy as np, pandas as pd, shap
from sklearn.datasets import load_diabetes
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from mintmark.training.explaining.contributions import contributions

rows, truth = load_diabetes(return_X_y=True, as_frame=True)
background = rows.sample(100, random_state=1).reset_index(drop=True)
few = [[name] for name in rows.columns]
gaps = {}

def gap(answers, row, expected):
    found = contributions(row, background, few, answers, seed=1)
    return float(np.max(np.abs(found.values[:, 0] - expected) / found.errors[:, 0]))

trees = GradientBoostingRegressor(random_state=0).fit(rows.to_numpy(), truth)
explainer = shap.TreeExplainer(trees, data=background.to_numpy(), feature_perturbation="interventional")
for number in (0, 100, 300):
    row = rows.iloc[[number]].reset_index(drop=True)
    expected = explainer.shap_values(row.to_numpy())[0]
    gaps[f"row {number} of the trees"] = gap(lambda table: trees.predict(table.to_numpy())[:, None], row, expected)
linear = LogisticRegression(C=1000).fit(rows.to_numpy(), truth > 150)
exact = shap.explainers.Exact(lambda table: linear.predict_proba(table)[:, 1], background.to_numpy())
row = rows.iloc[[0]].reset_index(drop=True)
expected = exact(row.to_numpy()).values[0]
gaps["probabilities"] = gap(lambda table: linear.predict_proba(table.to_numpy())[:, [1]], row, expected)
print(json.dumps(gaps))
"""
