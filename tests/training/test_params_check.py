"""Faults in params.yaml: all at once, each with its line and a remedy, without a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from mintmark.training.params_check import check_params

CONTENT = (Path(__file__).parents[2] / "params.yaml").read_text()


def check(text, *, models=("diabetes-progression", "breast-cancer", "digits")):
    return [str(finding) for finding in check_params(text.encode(), lambda model: model in models)]


def line_of(text, part):
    return text[: text.index(part)].count("\n") + 1


def test_the_params_of_this_repository_are_in_order():
    assert check(CONTENT) == []


def test_every_fault_is_told_at_once():
    text = CONTENT.replace("search: random", "search: randon").replace("C: [0.1, 1, 10, 100]", "C: {uniform: [1, 2]}")
    text = text.replace("    tune:\n      search: grid\n      folds: 5\n      space:\n        - model",
                        "    compute: threads\n    tune:\n      search: grid\n      folds: 5\n      space:\n        - model")  # fmt: skip
    found = check(text, models=("breast-cancer", "digits"))
    assert len(found) == 4
    starts = ("models.diabetes-progression: there is no models/diabetes-progression/model.yaml; write one",
              'models.diabetes-progression.compute: "threads" is not',
              "models.breast-cancer.tune.space.model__C: a grid search cannot go through a range; write a list of values",
              'models.digits.tune.search: "randon" is not one of')  # fmt: skip
    for start in starts:
        where = start.partition(": ")[0].rpartition(".")[2]
        (one,) = [entry for entry in found if start in entry]
        number = int(one.split(":")[1])
        assert f"{where}:" in text.splitlines()[number - 1]


@pytest.mark.parametrize("text", ["models:\n  tiny: {slope: 2.0}\n", "train:\n  epochs: 3\n", "[1, 2]\n"])
def test_a_pipeline_of_a_team_s_own_keeps_what_it_wants_in_it(text):
    assert check(text) == []


def test_what_is_no_yaml_is_told():
    (found,) = check("models: [\n")
    assert found.startswith("params.yaml:")


def test_a_newer_format_is_one_finding():
    (found,) = check(CONTENT.replace("schema: 1", "schema: 9"))
    assert found.startswith("params.yaml:3:")


def test_a_column_that_is_dropped_and_needed_is_told():
    wrong = "split: {method: group, by: a, evaluation: 0.35}"
    wrong += "\n      id: a\n      drop: [b]\n      carry: [b]\n      types: {b: string}"
    text = CONTENT.replace("split: {method: hash, evaluation: 0.35}", wrong, 1)
    found = check(text)
    assert [entry.partition("prepare.")[2].partition(";")[0] for entry in found] == [
        'split.by: "a" is the row\'s id (prepare: id:)',
        'types.b: "b" is dropped (prepare: drop:)',
        'carry[0]: "b" is dropped (prepare: drop:)',
    ]
