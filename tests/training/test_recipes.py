"""params.yaml and model.yaml as the stages read them: every fault with file, line and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from mintmark.core.question import RecipeFault, raise_faults
from mintmark.errors import InvalidRegistryError, MintmarkError, UsageError
from mintmark.training.recipes import read_question, read_recipe, recipe_faults

ROOT = Path(__file__).parents[2]
PARAMS = """\
schema: 1
models:
  churn:
    seed: 1
    source: {path: data/churn.csv}
    prepare:
      split: {method: random, evaluation: 0.3}
    estimator: {class: sklearn.linear_model.Ridge}
    tune:
      search: grid
      folds: 3
      space: {alpha: [1]}
    evaluate: {}
"""
MODEL = """\
schema: 1
name: churn
task: regression
owners: ["@acme/ml"]
purpose: Tell who leaves.
licence: Apache-2.0
target: left
metric: {name: mae, goal: minimize}
gates: {margin: 1}
"""


@pytest.fixture
def registry(tmp_path, monkeypatch):
    (tmp_path / "models/churn").mkdir(parents=True)
    (tmp_path / "params.yaml").write_text(PARAMS)
    (tmp_path / "models/churn/model.yaml").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("model", ["breast-cancer", "diabetes-progression", "digits"])
def test_the_shipped_models_are_read(model):
    recipe, question = read_recipe(model, ROOT), read_question(model, ROOT)
    assert recipe.model == model
    assert len(question.slices) >= 3


def test_a_section_is_read(registry):
    assert read_recipe("churn").source.path == "data/churn.csv"
    assert read_question("churn").target == "left"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("grid", "gird", 'params.yaml:10:7: models.churn.tune.search: "gird" is not one of grid, random, halving'),
        ("folds: 3", "folds: 1", "params.yaml:11:7: models.churn.tune.folds: 1: .*2 or more"),
        ("seed: 1", "sead: 1", 'params.yaml:4:5: models.churn.sead: is not a field here; did you mean "seed"'),
        ("    seed: 1\n", "", 'params.yaml:3:3: models.churn: the field "seed" is missing'),
        ("grid", "random", "params.yaml:9:5: models.churn.tune: the field .trials. is missing"),
        (
            "{alpha: [1]}",
            "{alpha: {uniform: [0, 1]}}",
            "params.yaml:12:15: models.churn.tune.space.alpha: a grid search",
        ),
        ("method: random", "method: group", "params.yaml:7:7: models.churn.prepare.split: the field .by. is missing"),
        ("data/churn.csv", "/data/churn.csv", "params.yaml:5:14: models.churn.source.path: "),
        (
            "    evaluate",
            "    compute: threads\n    evaluate",
            'params.yaml:13:5: models.churn.compute: "threads" is not',
        ),
        ("search: grid", "search: [", "params.yaml:12:12: is not valid YAML"),
        ("  churn:", "  churn: {}\n  churn:", 'params.yaml:4:3: the key "churn" is there twice'),
    ],
)
def test_a_fault_in_params_names_its_line(registry, old, new, message):
    (registry / "params.yaml").write_text(PARAMS.replace(old, new, 1))
    with pytest.raises(InvalidRegistryError, match=message):
        read_recipe("churn")


def test_a_fault_that_a_stage_finds_names_its_line(registry):
    with (
        pytest.raises(InvalidRegistryError, match=r"params.yaml:12:23: models.churn.tune.space.alpha\[0\]: too small"),
        recipe_faults("churn"),
    ):
        raise RecipeFault(("tune", "space", "alpha", 0), "too small")


def test_faults_that_were_found_together_are_told_together(registry):
    with pytest.raises(InvalidRegistryError) as caught, recipe_faults("churn"):
        raise_faults([RecipeFault(("seed",), "is odd"), RecipeFault(("tune", "folds"), "are few")])
    told = ["params.yaml:4:5: models.churn.seed: is odd", "params.yaml:11:7: models.churn.tune.folds: are few"]
    assert str(caught.value).splitlines() == told


def test_what_the_schema_cannot_tell_of_a_section_is_told_at_once(registry):
    old, new = "space: {alpha: [1]}", "space: {alpha: {uniform: [0, 1]}, tol: {uniform: [0, 1]}}"
    (registry / "params.yaml").write_text(PARAMS.replace(old, new))
    with pytest.raises(InvalidRegistryError) as caught:
        read_recipe("churn")
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == [
        "models.churn.tune.space.alpha", "models.churn.tune.space.tol"
    ]  # fmt: skip


def test_a_place_that_is_not_written_points_to_what_holds_it(registry):
    with (
        pytest.raises(InvalidRegistryError, match=r"params.yaml:6:5: models.churn.prepare.missing: x"),
        recipe_faults("churn"),
    ):
        raise RecipeFault(("prepare", "missing"), "x")


def test_another_model_s_fault_stops_only_that_one(registry):
    other = PARAMS.partition("models:\n")[2].replace("churn:", "other:").replace("grid", "gird")
    (registry / "params.yaml").write_text(PARAMS + other)
    assert read_recipe("churn").model == "churn"
    with pytest.raises(InvalidRegistryError, match=r"params.yaml:21:7: models.other.tune.search"):
        read_recipe("other")


def test_a_model_without_a_section(registry):
    with pytest.raises(UsageError, match=r'there is no model "chum" .there are: churn.; add a section'):
        read_recipe("chum")


def test_files_that_are_not_there(registry):
    (registry / "models/churn/model.yaml").unlink()
    with pytest.raises(MintmarkError, match=r"model.yaml: there is no such file"):
        read_question("churn")


def test_a_model_without_a_target(registry):
    (registry / "models/churn/model.yaml").write_text(MODEL.replace("target: left\n", ""))
    with pytest.raises(InvalidRegistryError, match=r"models/churn/model.yaml:1:1: target: the pipeline needs to know"):
        read_question("churn")
