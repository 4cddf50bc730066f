"""The audit as a table: every event in a row, and no cell that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
import io

import pytest

from mintmark.publishing.site.api.audit_table import COLUMNS, format_audit_table

EVENT = {**dict.fromkeys(COLUMNS, None), "kind": "yank", "model": "iris", "pull_request": 12}


def cells(**values: str) -> dict[str, str]:
    (row,) = csv.DictReader(io.StringIO(format_audit_table({"events": [{**EVENT, **values}]}), newline=""))
    return row


def test_every_event_is_a_row() -> None:
    row = cells(reason='It said "no",\nand more', by="Ada")
    assert tuple(row) == COLUMNS
    assert row["reason"] == 'It said "no",\nand more'
    assert (row["by"], row["pull_request"], row["channel"]) == ("Ada", "12", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\t=", "\u00a0=", "＝", "＠"])
def test_a_formula_becomes_text(start: str) -> None:
    text = f"{start}HYPERLINK(1)"
    assert cells(reason=text, by=text)["reason"] == f"'{text}"


def test_what_would_turn_a_cell_is_written_out_and_joiners_stay() -> None:
    assert cells(reason="a\u202eb \u0645\u06cc\u200c\u062e")["reason"] == "a\\u202eb \u0645\u06cc\u200c\u062e"


def test_what_is_no_formula_stays() -> None:
    for text in ("a=b", "1.0.0", "Ada @home", "'=1"):
        assert cells(reason=text)["reason"] == text
