"""Splits divide every row once, keep groups together and respect time."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mintmark.core.question import RecipeFault
from mintmark.training.recipe import Split
from mintmark.training.splitting import split_rows

SHARES = st.floats(0.1, 0.9)


def divide(frame, seed=1, **split):
    return split_rows(frame, Split(**split), target="y", seed=seed)


def assert_partition(parts, rows):
    assert sorted(np.concatenate(parts).tolist()) == list(range(rows))
    assert all(len(part) and (np.diff(part) > 0).all() for part in parts)


@given(rows=st.integers(2, 60), share=SHARES, seed=st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
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
@settings(max_examples=100, deadline=None)
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
@settings(max_examples=100, deadline=None)
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
        ({"y": ["a", "b", "b"]}, {"method": "stratified", "evaluation": 0.5}, "cannot be divided"),
        ({"y": [1]}, {"method": "random", "evaluation": 0.5}, "cannot be divided"),
        ({"y": [1, 2], "g": [1, 1]}, {"method": "group", "by": "g", "evaluation": 0.5}, "at least two groups"),
        ({"y": [1, 2], "g": [1, None]}, {"method": "group", "by": "g", "evaluation": 0.5}, "no missing value"),
        ({"y": [1, 2], "t": [1, None]}, {"method": "time", "by": "t", "evaluation": 0.5}, '1 rows have no "t"'),
        ({"y": [1, 2], "t": [1, 1]}, {"method": "time", "by": "t", "evaluation": 0.5}, "leaves one side empty"),
        ({"y": [1, 2], "g": [1, 2]}, {"method": "group", "by": "g", "evaluation": 0.9}, "cannot be divided"),
    ],
)
def test_rows_that_cannot_be_divided_are_a_fault(frame, split, message):
    with pytest.raises(RecipeFault, match=message) as caught:
        divide(pd.DataFrame(frame), **split)
    assert caught.value.place[:2] == ("prepare", "split")
