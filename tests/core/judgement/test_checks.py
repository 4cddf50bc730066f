"""The table of checks: closed, complete, and the same in the reference."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from mintmark.core.judgement.checks import CHECKS, Check, CheckKind, CheckName, check, kind_of

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT / "docs" / "reference" / "review.md"
HEADER = "| check | it asks | fail | decide (42) | warn |\n|---|---|---|---|---|\n"


def _row(kind: CheckKind) -> str:
    cells = (f"`{kind.label}`", kind.question, kind.fail, kind.decide, kind.warn)
    return f"| {' | '.join(cell or '-' for cell in cells)} |\n"


def test_the_reference_holds_the_table() -> None:
    wanted = HEADER + "".join(map(_row, CHECKS.values()))
    text = REFERENCE.read_text()
    found = re.search(r"\| check \| .*?\n(?=\n)", text, re.DOTALL)
    assert found is not None, f"docs/reference/review.md has no table of checks; it is\n\n{wanted}"
    assert found[0] == wanted, (
        f"docs/reference/review.md holds another table than core/judgement/checks.py:\n\n{wanted}"
    )


def test_every_name_has_its_entry() -> None:
    assert list(CHECKS) == list(get_args(CheckName))


@pytest.mark.parametrize("kind", CHECKS.values(), ids=CHECKS)
def test_an_entry_asks_and_says_when(kind: CheckKind) -> None:
    assert re.fullmatch(r"[A-Z].*\?", kind.question)
    assert kind.verdicts - {"pass"}
    for when in (kind.fail, kind.decide, kind.warn):
        assert not re.search(r"[|\n]|\.\Z", when)


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("rules", "rules"),
        ("rules R4", "rules"),
        ("dvc.lock R7", "dvc.lock"),
        ("floor: recall", "floor"),
        ("behaviour: a: b R4", "behaviour"),
        ("slice: ", "slice"),
    ],
)
def test_a_name_leads_to_its_entry(name: str, entry: CheckName) -> None:
    assert kind_of(name) is CHECKS[entry]


@pytest.mark.parametrize("name", ["", "luck", "rules R", "rules: R4", "floor", "bytes R8", "kind: x", "xfloor: recall"])
def test_no_check_is_made_outside_the_table(name: str) -> None:
    with pytest.raises(ValueError, match="CHECKS"):
        Check(name=name, verdict="fail", message="m")


def test_a_verdict_that_the_table_does_not_list_is_refused() -> None:
    with pytest.raises(ValueError, match="never says 'decide'"):
        check("claims", "decide", "m")
    with pytest.raises(ValueError, match="never says 'pass'"):
        Check(name="judge", verdict="pass", message="m")


def test_the_name_goes_on_with_its_subject_or_its_rule() -> None:
    assert check("floor", "fail", "m", subject="recall").name == "floor: recall"
    assert check("slice", "warn", "m", subject="").name == "slice: "
    assert check("rules", "fail", "m", rule="R4").name == "rules R4"
    assert check("rules", "pass", "m") == Check(name="rules", verdict="pass", message="m")
