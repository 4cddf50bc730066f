"""What a column is for follows from its name and its values; what is written in another way is said to be."""

from __future__ import annotations

import pandas as pd
import pytest

from mintmark.beginning.roles import find_roles, guess_task


@pytest.mark.parametrize(
    ("name", "row_id"),
    [("Kunden-Nr.", True), ("customerId", True), ("orderID", True), ("ID:", True), ("paid", False), ("grid", False)],
)
def test_a_column_that_is_called_an_id_is_one(name: str, row_id: bool) -> None:
    frame = pd.DataFrame({name: range(40), "y": [0, 1] * 20})
    assert find_roles(frame, "y").id == (name if row_id else None)


def test_a_name_that_only_ends_like_an_id_is_no_entity() -> None:
    frame = pd.DataFrame({"humid": [number % 20 for number in range(60)], "y": [0, 1] * 30})
    assert find_roles(frame, "y").entity is None


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ("{:02}.{:02}.2025", 'its texts look like dates ("01.01.2025"); written as 2026-01-31, they are times'),
        ("{0}/{1}/25 10:00 PM", 'its texts look like dates ("1/1/25 10:00 PM")'),
        ("${0},{1:03}.50", 'its texts look like numbers ("$1,001.50"); written as 1234.5, they are'),
        ("{0}{1} %", 'its texts look like numbers ("11 %")'),
        ("CHF {0}'{1:03}", 'its texts look like numbers ("CHF 1\'001")'),
        ("K{0:02}{1:02}", "different texts tell rows apart, not kinds"),
        ("00{0:02}{1:02}", "different texts tell rows apart, not kinds"),
    ],
)
def test_dates_and_numbers_in_another_form_are_told_to_be_so(texts: str, says: str) -> None:
    seen = [texts.format(1 + number % 12, 1 + number % 28) for number in range(84)]
    frame = pd.DataFrame({"seen": seen, "y": [0, 1] * 42})
    assert says in find_roles(frame, "y").left_out["seen"]
    assert guess_task(frame["seen"]) is None
