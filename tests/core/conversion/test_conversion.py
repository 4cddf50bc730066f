"""The rows that prove a conversion, the search for thresholds, and what counts as another answer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mintmark.core.conversion.agreement import compare_runs
from mintmark.core.conversion.edges import find_edges
from mintmark.core.conversion.probes import (
    AGAIN,
    BATCHES,
    GIVEN,
    KINDS,
    LEVELS,
    MISSING,
    NUMBERS,
    THRESHOLDS,
    Edit,
    kind_of_probe,
    make_probes,
)
from mintmark.core.judgement.answers import Answer, ModelRun

ROWS = pd.DataFrame(
    {
        "width": np.linspace(0.0, 1.0, 20),
        "count": np.arange(20) % 4,
        "kind": ["oak"] * 12 + ["elm"] * 7 + ["yew"],
    }
)


def test_each_column_is_missing_in_turn_and_only_it() -> None:
    probes = make_probes(ROWS)
    for name in ROWS.columns:
        table = probes[f"{MISSING}: {name}"]
        assert table[name].isna().all()
        assert table.drop(columns=name).equals(ROWS.drop(columns=name))
    assert ROWS.notna().all().all(), "the rows themselves stay as they are"


def test_rows_of_all_parts_of_a_sorted_table_are_changed() -> None:
    """A tree may look at a column only where another one is large."""
    rows = pd.DataFrame({"width": np.arange(5000.0), "kind": ["oak", "elm"] * 2500})
    probes = make_probes(rows)
    for name in (f"{MISSING}: kind", f"{LEVELS}: kind"):
        table = probes[name]
        assert len(table) < 50
        assert (table["width"].min(), table["width"].max()) == (0, 4999)
        assert not table.duplicated().any()


def test_text_is_empty_accented_unseen_and_rare() -> None:
    values = make_probes(ROWS)[f"{LEVELS}: kind"]["kind"].tolist()
    assert "" in values
    assert any(not value.isascii() for value in values)
    assert "yew" in values
    assert set(values) - set(ROWS["kind"])


def test_numbers_go_beyond_those_of_the_rows_and_keep_their_type() -> None:
    probes = make_probes(ROWS)
    assert probes[f"{NUMBERS}: width"]["width"].max() > 1.0
    assert probes[f"{NUMBERS}: count"]["count"].dtype == ROWS["count"].dtype
    assert {-1, 4} <= set(probes[f"{NUMBERS}: count"]["count"])


def test_batches_of_one_two_and_seven() -> None:
    sizes = [len(table) for name, table in make_probes(ROWS).items() if name.startswith(BATCHES)]
    assert set(sizes) == {1, 2, 7}
    assert {kind_of_probe(name)[0] for name in make_probes(ROWS, [Edit(0, 0, 0.5)])} == set(KINDS)


@pytest.mark.parametrize("threshold", [0.3, 1 / 3, 0.1 + 0.2, float(np.float32(0.7))])
def test_a_threshold_is_found_to_the_last_bit(threshold: float) -> None:
    def ask(table: pd.DataFrame) -> Any:
        return (table["width"] <= threshold).to_numpy(dtype=float)[:, None]

    edits = [edit for edit in find_edges(ask, ROWS) if edit.column == 0]
    values = {edit.value for edit in edits}
    assert {threshold, math.nextafter(threshold, 2.0), math.nextafter(threshold, -2.0)} <= values
    short = float(np.float32(threshold))
    assert short in values
    answers = ask(make_probes(ROWS, edits)[THRESHOLDS])
    assert 0 < answers.mean() < 1


def test_a_threshold_among_whole_numbers_stays_whole() -> None:
    def ask(table: pd.DataFrame) -> Any:
        return (table["count"] <= 2).to_numpy(dtype=float)[:, None]

    edits = find_edges(ask, ROWS)
    assert {edit.value for edit in edits} == {2, 3}
    assert make_probes(ROWS, edits)[THRESHOLDS]["count"].dtype == ROWS["count"].dtype


def test_the_search_ends_when_it_is_told_to() -> None:
    asked = []

    def ask(table: pd.DataFrame) -> Any:
        asked.append(len(table))
        return table["width"].to_numpy()[:, None]

    assert find_edges(ask, ROWS, go_on=lambda: False)
    assert len(asked) == 1


def run(labels: list[Any], shares: list[list[float]] | None = None, again: list[Any] | None = None) -> ModelRun:
    classes = ("a", "b") if isinstance(labels[0], str) else ()
    answers = {
        GIVEN: Answer(prediction=labels, probabilities=shares),
        AGAIN: Answer(prediction=again or labels, probabilities=shares),
    }
    return ModelRun(classes=classes, answers=answers, cost={}, isolation={})


COUNTS = {GIVEN: 2, AGAIN: 2}


def test_the_same_answers_agree() -> None:
    found = compare_runs(
        run(["a", "b"], [[0.9, 0.1], [0.2, 0.8]]), run(["a", "b"], [[0.9, 0.1], [0.2, 0.8]]), COUNTS, tolerance=0.0
    )
    assert (found.flips, found.difference, found.unsteady) == (0, 0.0, ())
    assert not any(found.differs(kind) for kind in found.kinds)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (run(["a", "b"]), run(["a", "a"])),
        (run([1.0, 2.0]), run([1.0, 2.1])),
        (run([1.0, math.nan]), run([1.0, 2.0])),
        (run([1.0, 2.0]), run([1.0])),
        (run(["a", "b"], [[0.9, 0.1], [0.2, 0.8]]), run(["a", "b"], [[0.9, 0.1], [0.3, 0.7]])),
        (run(["a", "b"], [[0.9, 0.1], [0.2, 0.8]]), run(["a", "b"])),
        (run(["a", "b"]), run([0, 1])),
    ],
    ids=["label", "number", "NaN", "length", "probability", "no probabilities", "labels as numbers"],
)
def test_another_answer_is_seen(before: ModelRun, after: ModelRun) -> None:
    found = compare_runs(before, after, COUNTS, tolerance=1e-5)
    assert any(found.differs(kind) for kind in found.kinds)


def test_a_label_of_another_type_is_another_label() -> None:
    before, after = (
        ModelRun(classes=(1, 2), answers=run(labels).answers, cost={}, isolation={}) for labels in ([1, 2], [1.0, 2.0])
    )
    assert compare_runs(before, after, COUNTS, tolerance=1.0).flips == 4


@pytest.mark.parametrize(
    ("shares", "ties"),
    [([[0.5, 0.5], [0.2, 0.8]], 1), ([[0.5, 0.500001], [0.2, 0.8]], 1), ([[0.51, 0.49], [0.2, 0.8]], 0)],
    ids=["exact", "rounded", "none"],
)
def test_a_label_that_differs_at_a_tie_is_told_by_itself(shares: list[list[float]], ties: int) -> None:
    found = compare_runs(run(["a", "b"], shares), run(["b", "b"], shares), COUNTS, tolerance=1e-5)
    assert [(kind.ties, kind.flips) for kind in found.kinds] == [(ties, 1 - ties)] * 2
    assert any(found.differs(kind) for kind in found.kinds) is not bool(ties)


def test_who_answers_differently_when_asked_twice_is_named() -> None:
    found = compare_runs(run([1.0, 2.0]), run([1.0, 2.0], again=[1.0, 2.5]), COUNTS, tolerance=1e-5)
    assert found.unsteady == ("what it was converted to",)


def test_a_table_that_one_of_both_refuses_is_told_and_one_that_both_refuse_is_fine() -> None:
    name = f"{MISSING}: width"
    refusing = ModelRun(
        classes=(), answers={name: Answer(error="ValueError: Input contains NaN")}, cost={}, isolation={}
    )
    empty = run([1.0])
    both, one = (
        compare_runs(
            ModelRun(classes=(), answers={**empty.answers, **before.answers}, cost={}, isolation={}),
            ModelRun(classes=(), answers={**empty.answers, **refusing.answers}, cost={}, isolation={}),
            {GIVEN: 1, AGAIN: 1, name: 1},
            tolerance=0.0,
        )
        for before in (refusing, ModelRun(classes=(), answers={name: Answer(prediction=[1.0])}, cost={}, isolation={}))
    )  # fmt: skip
    assert [kind.both_refuse for kind in both.kinds if kind.name == MISSING] == [1]
    assert [len(kind.refused) for kind in one.kinds if kind.name == MISSING] == [1]
    assert "ValueError: Input contains NaN" in one.kinds[-1].refused[0]
