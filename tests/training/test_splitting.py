"""Splits divide every row once, keep groups together and respect time."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.scaffold.examples import examples

from mintmark.core.question import RecipeFault
from mintmark.training.recipe import Split
from mintmark.training.splitting import Columns, ordered_times, split_rows, straddling

SHARES = st.floats(0.1, 0.9)


def divide(frame, seed=1, columns=None, **split):
    return split_rows(frame, Split.from_dict(split), columns or Columns(target="y", inputs=("x",)), seed=seed)


def assert_partition(parts, rows):
    assert sorted(np.concatenate(parts).tolist()) == list(range(rows))
    assert all(len(part) and (np.diff(part) > 0).all() for part in parts)


@given(rows=st.integers(2, 60), share=SHARES, seed=st.integers(0, 2**32 - 1))
@settings(max_examples=examples(50), deadline=None)
def test_random_is_a_partition_that_the_seed_fixes(rows, share, seed):
    frame = pd.DataFrame({"y": range(rows)})
    assume(math.ceil(rows * share) < rows)
    parts = divide(frame, seed=seed, method="random", evaluation=share)
    again = divide(frame, seed=seed, method="random", evaluation=share)
    assert_partition(parts, rows)
    assert all((a == b).all() for a, b in zip(parts, again, strict=True))
    assert abs(len(parts[1]) - rows * share) <= 1


def test_another_seed_divides_otherwise():
    frame = pd.DataFrame({"y": range(100)})
    one, two = (divide(frame, seed=seed, method="random", evaluation=0.5)[1] for seed in (1, 2))
    assert (one != two).any()


@given(groups=st.lists(st.integers(0, 6), min_size=4, max_size=50), share=SHARES, seed=st.integers(0, 2**32 - 1))
@settings(max_examples=examples(100), deadline=None)
def test_groups_never_straddle(groups, share, seed):
    assume(len(set(groups)) >= 2)
    frame = pd.DataFrame({"g": groups, "y": 0})
    try:
        train, evaluation = divide(frame, seed=seed, method="group", by="g", evaluation=share)
    except RecipeFault:
        assume(False)
    assert_partition((train, evaluation), len(groups))
    assert not set(frame["g"][train]) & set(frame["g"][evaluation])


@given(times=st.lists(st.integers(0, 20), min_size=2, max_size=50), share=SHARES)
@settings(max_examples=examples(100), deadline=None)
def test_training_is_earlier_than_evaluation(times, share):
    frame = pd.DataFrame({"t": pd.to_datetime(times, unit="D"), "y": 0})
    try:
        train, evaluation = divide(frame, method="time", by="t", evaluation=share)
    except RecipeFault:
        latest = frame["t"].sort_values().iloc[len(frame) - max(1, round(len(frame) * share))]
        assert latest == frame["t"].min()
        return
    assert_partition((train, evaluation), len(times))
    assert frame["t"][train].max() < frame["t"][evaluation].min()
    assert len(evaluation) >= round(len(times) * share)


def test_strata_keep_their_shares():
    frame = pd.DataFrame({"y": ["a"] * 80 + ["b"] * 20, "other": ["u", "v"] * 50})
    _, evaluation = divide(frame, method="stratified", evaluation=0.25)
    assert frame["y"][evaluation].value_counts().to_dict() == {"a": 20, "b": 5}
    _, evaluation = divide(frame, method="stratified", by="other", evaluation=0.5)
    assert frame["other"][evaluation].value_counts().to_dict() == {"u": 25, "v": 25}


@pytest.mark.parametrize(
    ("frame", "split", "message"),
    [
        (
            {"y": ["a", "b", "b"]},
            {"method": "stratified", "evaluation": 0.5},
            "has one row, and a stratified split needs two",
        ),
        ({"y": [1]}, {"method": "random", "evaluation": 0.5}, "cannot be divided"),
        (
            {"y": [1, 2], "g": [1, 1]},
            {"method": "group", "by": "g", "evaluation": 0.5},
            "holds one value in all rows; split by a column with more",
        ),
        ({"y": [1, 2], "t": [1, 1]}, {"method": "time", "by": "t", "evaluation": 0.5}, "leaves one side empty"),
        ({"y": [1, 2], "g": [1, 2]}, {"method": "group", "by": "g", "evaluation": 0.001}, '2 different "g" leaves'),
        ({"y": [1, 2], "t": ["3/4/2026", "5/4/2026"]}, {"method": "time", "by": "t", "evaluation": 0.5}, "3/4/2026"),
        ({"y": [1, 2], "t": ["2026-02-30", "2026-03-01"]}, {"method": "time", "by": "t", "evaluation": 0.5}, "-02-30"),
        ({"y": [1, 2], "t": ["2026", "2027"]}, {"method": "time", "by": "t", "evaluation": 0.5}, "ISO 8601"),
        (
            {"y": [1, 2], "t": ["2026-01-01T10:00Z", "2026-01-01T10:00"]},
            {"method": "time", "by": "t", "evaluation": 0.5},
            "some of its times have a zone, and others have none",
        ),
        (
            {"y": [1, 2], "t": [1, 2]},
            {"method": "time", "by": "t", "from": "2026-01-01"},
            "against the numbers of .t.; write a number, or types",
        ),
        (
            {"y": [1, 2], "t": ["2026-01-01", "2026-01-02"]},
            {"method": "time", "by": "t", "from": 7},
            "against the times",
        ),
        (
            {"y": [1, 2], "t": ["2026-01-01", "2026-01-02"]},
            {"method": "time", "by": "t", "from": "2030-01-01"},
            "from:",
        ),
    ],
)
def test_rows_that_cannot_be_divided_are_a_fault(frame, split, message):
    with pytest.raises(RecipeFault, match=message) as caught:
        divide(pd.DataFrame(frame), **split)
    assert caught.value.place[:2] == ("prepare", "split")


def grown(rows=400, more=150):
    """A table, and the same one with rows of later days among it."""
    generator = np.random.default_rng(3)
    after = pd.DataFrame(
        {
            "row": [f"r{n}" for n in range(rows + more)],
            "x": generator.normal(size=rows + more).round(3),
            "who": generator.integers(0, 120, rows + more),
            "day": pd.date_range("2026-01-01", periods=rows + more, freq="D"),
            "y": generator.choice(["a", "b"], rows + more),
        }
    )
    before = after.iloc[:rows].reset_index(drop=True)
    return before, after.sample(frac=1, random_state=1).reset_index(drop=True)


@pytest.mark.parametrize(
    ("split", "columns"),
    [
        ({"method": "hash", "evaluation": 0.3}, {}),
        ({"method": "hash", "evaluation": 0.3}, {"has_id": True}),
        ({"method": "hash", "evaluation": 0.3}, {"entity": "who"}),
        ({"method": "hash", "evaluation": 0.3, "by": "who"}, {}),
        ({"method": "group", "evaluation": 0.3, "by": "who"}, {}),
        ({"method": "time", "by": "day", "from": "2026-09-01"}, {}),
    ],
)
def test_a_row_keeps_its_side_when_the_data_grows(split, columns):
    assert Split.from_dict(split).is_stable
    before, after = grown()
    about = Columns(target="y", inputs=("x",), **columns)
    sides = []
    for frame, seed in ((before, 1), (after, 2)):
        train, evaluation = divide(frame, seed=seed, columns=about, **split)
        assert_partition((train, evaluation), len(frame))
        assert 0.15 < len(evaluation) / len(frame) < 0.6
        sides.append((set(frame["row"][train]), set(frame["row"][evaluation])))
        if "who" in (split.get("by"), columns.get("entity")):
            assert straddling(frame, "who", evaluation)[0] == 0
    assert sides[0][0] <= sides[1][0]
    assert sides[0][1] <= sides[1][1]


@pytest.mark.parametrize(
    "split",
    [
        {"method": "random", "evaluation": 0.3},
        {"method": "stratified", "evaluation": 0.3},
        {"method": "time", "by": "day", "evaluation": 0.3},
    ],
)
def test_the_other_splits_draw_anew(split):
    assert not Split.from_dict(split).is_stable
    before, after = grown()
    judged = set(before["row"][divide(before, **split)[1]])
    assert judged & set(after["row"][divide(after, **split)[0]])


def test_a_hash_comes_near_its_share():
    frame = pd.DataFrame({"x": range(20_000), "y": 0})
    _, evaluation = divide(frame, method="hash", evaluation=0.25)
    assert abs(len(evaluation) / 20_000 - 0.25) < 4 * math.sqrt(0.25 * 0.75 / 20_000)


def test_equal_rows_are_on_one_side():
    frame = pd.DataFrame({"x": [1, 2, 3, 4, 5] * 40, "y": 0})
    train, evaluation = divide(frame, method="hash", evaluation=0.4)
    assert not set(frame["x"][train]) & set(frame["x"][evaluation])


@pytest.mark.parametrize("method", ["random", "stratified"])
def test_an_entity_on_both_sides_is_refused(method):
    before, _ = grown()
    with pytest.raises(RecipeFault, match=r'of \d+ "who" \(entity_column.*method: hash, evaluation: 0.3') as caught:
        divide(before, columns=Columns(target="y", inputs=("x",), entity="who"), method=method, evaluation=0.3)
    assert caught.value.place == ("prepare", "split")


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["2026-03-01", "2025-12-31"], [1, 0]),
        (["2026-03-01T12:00Z", "2026-03-01T13:30+02:00"], [1, 0]),
        (["2026-03-01 12:00:00.5", "2026-03-01 12:00:00"], [1, 0]),
    ],
)
def test_iso_text_is_ordered_as_times(texts, order):
    assert ordered_times(pd.Series(texts, name="t")).argsort().tolist() == order
