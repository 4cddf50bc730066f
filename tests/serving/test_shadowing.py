"""A challenger sees what was answered: its answers are logged in pairs, and it can neither fail nor slow a caller."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from tests.serving.log.logged import decision, version

from mintmark.core.reference import parse_reference
from mintmark.serving.beside.decisions import Decision
from mintmark.serving.beside.shadowing import Shadow, bind_again
from mintmark.serving.slots import Slot

INPUTS = {"age": "int64", "city": "str"}


class Liar:
    """Says the other label, spoils what it is given, and refuses one row."""

    def predict(self, table: pd.DataFrame) -> Any:
        if (table["age"] == 13).any():
            raise RuntimeError("no")
        answers = np.array(["even"] * len(table), dtype=object)
        table.iloc[:, 0] = -1
        return answers

    def predict_proba(self, table: pd.DataFrame) -> Any:
        return np.tile([1.0, 0.0], (len(table), 1))


def challenger(inputs: dict[str, str]) -> Slot:
    slot = Slot(parse_reference("people@staging"))
    served = version(inputs, number="2.0.0")
    served._loaded = Liar()  # type: ignore[assignment]
    slot.swap(served)
    return slot


@contextmanager
def shadowing(slot: Slot, **options: Any) -> Iterator[tuple[Shadow, list[Decision]]]:
    recorded: list[Decision] = []
    shadow = Shadow(slot, recorded.append, **options)
    yield shadow, recorded


def settle(shadow: Shadow, requests: int) -> None:
    end = time.monotonic() + 30
    while sum(shadow.seen.values()) < requests and time.monotonic() < end:
        time.sleep(0.01)
    shadow.stop()


def test_a_pair_has_one_id_and_the_shadow_is_marked() -> None:
    served = version(INPUTS)
    asked = [decision(served, str(age), [{"age": age, "city": "x"}]) for age in (12, 13, 14)]
    with shadowing(challenger(INPUTS)) as (shadow, recorded):
        for each in asked:
            shadow.see(each)
        shadow.start()
        settle(shadow, 3)
    found = {each.id: each for each in recorded}
    assert {each.shadow for each in recorded} == {True}
    assert {each.channel for each in recorded} == {"staging"}
    assert [found[key].status for key in ("12", "13", "14")] == [200, 500, 200]
    assert found["13"].error == "RuntimeError: no", "one row that fails fails alone"
    answer = found["12"].answer
    assert answer is not None
    assert answer.predictions.tolist() == ["even"]
    assert (shadow.same, shadow.differing) == (0, 2)
    assert +shadow.seen == {"answered": 2, "failed": 1}
    assert asked[0].rows is not None
    assert asked[0].rows.values[0].tolist() == [12], "it spoils a copy"


def test_what_finds_no_room_is_counted_and_dropped() -> None:
    served = version(INPUTS)
    with shadowing(challenger(INPUTS), room=5) as (shadow, _):
        begin = time.perf_counter()
        for number in range(1000):
            shadow.see(decision(served, str(number), None)._replace(rows=ROWS))
        assert time.perf_counter() - begin < 5, "it never waits"
        assert (shadow.waiting, shadow.seen["dropped"]) == (5, 995)


ROWS = version(INPUTS).binding.from_records([{"age": 1, "city": "x"}])


def test_columns_are_bound_again_by_name() -> None:
    rows = decision(version(INPUTS), "a", [{"age": 7, "city": "x"}])
    other = version({"city": "str", "age": "float64"})
    bound = bind_again(rows, other)
    assert bound is not None
    assert [column.tolist() for column in bound.values] == [["x"], [7.0]]
    assert bind_again(rows, version({"city": "str", "pay": "float64"})) is None


def test_a_shadow_that_takes_other_columns_says_so() -> None:
    with shadowing(challenger({"pay": "float64"})) as (shadow, recorded):
        shadow.see(decision(version(INPUTS), "a", [{"age": 7, "city": "x"}]))
        shadow.start()
        settle(shadow, 1)
    assert +shadow.seen == {"other columns": 1}
    assert not recorded


def test_what_failed_or_is_of_another_model_is_not_shown() -> None:
    served = version(INPUTS)
    with shadowing(challenger(INPUTS)) as (shadow, _):
        shadow.see(decision(served, "a", None, status=400))
        shadow.see(decision(served, "b", [{"age": 1, "city": "x"}], status=504))
        shadow.see(decision(served, "c", [{"age": 1, "city": "x"}], model="others"))
        assert shadow.waiting == 0


class Odd(Liar):
    """Answers with as many rows as it should, of a shape that cannot be held against labels."""

    def predict(self, table: pd.DataFrame) -> Any:
        return np.zeros((len(table), 2))


def test_a_shadow_that_answers_oddly_goes_on() -> None:
    served = version(INPUTS)
    slot = challenger(INPUTS)
    assert slot.current is not None
    slot.current._loaded = Odd()  # type: ignore[assignment]
    with shadowing(slot) as (shadow, _):
        shadow.start()
        for number in (1, 2):
            shadow.see(decision(served, f"a{number}", [{"age": 12, "city": "x"}] * 3))
            end = time.monotonic() + 30
            while sum(shadow.seen.values()) < number and time.monotonic() < end:
                time.sleep(0.01)
        shadow.stop()
    assert sum(shadow.seen.values()) >= 2
    assert not shadow.seen["dropped"]


class Working(Liar):
    """Takes the interpreter so many seconds a row, and notes how many rows it is asked about at once."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.calls: list[int] = []

    def predict(self, table: pd.DataFrame) -> Any:
        self.calls.append(len(table))
        end = time.thread_time() + self.seconds * len(table)
        while time.thread_time() < end:
            pass
        return np.array(["even"] * len(table), dtype=object)


def calls_of(model: Working, requests: int) -> list[int]:
    served, slot = version(INPUTS), challenger(INPUTS)
    assert slot.current is not None
    slot.current._loaded = model  # type: ignore[assignment]
    with shadowing(slot) as (shadow, _):
        for number in range(requests):
            shadow.see(decision(served, str(number), [{"age": 12, "city": "x"}]))
        shadow.start()
        settle(shadow, requests)
    assert +shadow.seen == {"answered": requests}
    return model.calls


def test_a_slow_challenger_takes_the_interpreter_for_a_row_or_two_at_a_time() -> None:
    assert max(calls_of(Working(0.02), 8)) <= 2


def test_a_quick_challenger_is_asked_about_ever_more_rows_at_once() -> None:
    calls = calls_of(Working(0), 300)
    assert calls[0] == 1
    assert max(calls) > 30
