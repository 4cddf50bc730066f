from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.core.channels import ChannelStack, rollback_target

_holders = st.lists(st.sampled_from(["1.0.0", "1.1.0", "1.2.0", "2.0.0", None]), max_size=12)


@pytest.mark.parametrize(
    ("moves", "kinds", "present", "earlier"),
    [
        ("A", "p", "A", ""),
        ("AB", "pp", "B", "A"),
        ("ABA", "ppr", "A", ""),
        ("ABCB", "pppr", "B", "A"),
        ("ABCBA", "ppprr", "A", ""),  # a rollback after a rollback goes one further back
        ("ABAC", "pprp", "C", "A"),  # and what was left is not gone back to
        ("ABCA", "pppr", "A", ""),  # a rollback over two
        ("A-", "pc", None, ""),
        ("A-A", "pcp", "A", ""),  # a revert of a revert
        ("A-B", "pcp", "B", ""),
        ("A--A", "pccp", "A", ""),
        ("AB-", "ppc", None, "A"),
        ("AB-A", "ppcr", "A", ""),
        ("AB-B", "ppcp", "B", "A"),
        ("AB--A", "ppccr", "A", ""),
        ("ABAB", "pprp", "B", "A"),  # back to what was rolled back from: that is a promotion (R5)
        ("ABABAB", "pprprp", "B", "A"),
        ("ABCAB", "ppprp", "B", "A"),  # over two: both were rolled back from
        ("ABCAC", "ppprp", "C", "A"),
        ("ABCBC", "ppprp", "C", "BA"),
        ("ABABA", "pprpr", "A", ""),
        ("AA", "pr", "A", ""),
    ],
)
def test_moves(moves: str, kinds: str, present: str | None, earlier: str) -> None:
    names = {"p": "promote", "r": "rollback", "c": "close"}
    stack = ChannelStack()
    assert [stack.move(None if version == "-" else version) for version in moves] == [names[kind] for kind in kinds]
    assert stack.present == present
    assert "".join(stack.earlier) == earlier


@pytest.mark.parametrize(
    ("holders", "usable", "target"),
    [
        ([], [], None),
        (["A"], ["A"], None),
        (["A", "B"], ["A", "B"], "A"),
        (["A", "B"], ["B"], None),
        (["A", "B", "C"], ["A", "C"], "A"),  # B was yanked
        (["A", "B", None, "C"], ["A", "B", "C"], "A"),
        (["A", "B", "A"], ["A", "B"], None),
    ],
)
def test_rollback_target(holders: list[str | None], usable: list[str], target: str | None) -> None:
    assert rollback_target(holders, usable) == target


@given(_holders)
def test_the_version_that_was_named_last_is_on_top(holders: list[str | None]) -> None:
    assert ChannelStack(holders).present == (holders[-1] if holders else None)


@given(_holders)
def test_rolling_back_again_and_again_ends_and_visits_nothing_twice(holders: list[str | None]) -> None:
    usable, past, seen = {"1.0.0", "1.1.0", "1.2.0", "2.0.0"}, list(holders), []
    while (target := rollback_target(past, usable)) is not None:
        assert ChannelStack(past).move(target) == "rollback"
        seen.append(target)
        past.append(target)
        assert len(seen) <= 4
    assert len(seen) == len(set(seen))


@given(_holders)
def test_what_was_rolled_back_from_comes_back_by_a_promotion(holders: list[str | None]) -> None:
    stack = ChannelStack(holders)
    present, earlier = stack.present, stack.earlier
    if present is None or not earlier:
        return
    stack.move(earlier[0])
    assert stack.kind_of(present) == "promote"
    assert stack.has_held(present)
