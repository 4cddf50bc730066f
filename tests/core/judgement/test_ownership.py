"""Who may ask for a change to a model: its owners do, others need one of them."""

from __future__ import annotations

import pytest

from mintmark.core.judgement.ownership import check_owner

OWNERS = ["@ada", "@Acme/Risk"]


@pytest.mark.parametrize(
    ("author", "teams", "verdict"),
    [
        ("ada", [], "pass"),
        ("Ada", [], "pass"),
        ("@ada", [], "pass"),
        ("bob", ["acme/risk"], "pass"),
        ("bob", ["other/team", "@ACME/risk"], "pass"),
        ("bob", [], "decide"),
        ("bob", ["acme/risks", "acme", "risk"], "decide"),
        ("adam", [], "decide"),
        ("ad", [], "decide"),
        ("risk", [], "decide"),
        ("", [], "decide"),
        ("@", [], "decide"),
        ("@ada, @acme/risk", [], "decide"),
        ("ada\n", [], "decide"),
    ],
)
def test_an_owner_by_name_or_by_team(author, teams, verdict):
    found = check_owner("iris", OWNERS, author, teams)
    assert (found.name, found.verdict) == ("owner", verdict)


def test_what_is_said():
    assert check_owner("iris", OWNERS, "ada", []).message == "ada owns iris"
    assert check_owner("iris", OWNERS, "bob", []).message == (
        "bob does not own iris; one of its owners must approve: @ada, @Acme/Risk"
    )
    unknown = check_owner("iris", OWNERS, None, ["acme/risk"])
    assert unknown.verdict == "warn"
    assert unknown.message == (
        "nobody said who wrote this, so it was not checked that they own iris (@ada, @Acme/Risk); --author tells"
    )


def test_a_rollback_waits_for_nobody():
    assert check_owner("iris", OWNERS, "bob", [], urgent=True).verdict == "warn"
    assert check_owner("iris", OWNERS, "ada", [], urgent=True).verdict == "pass"
    assert check_owner("iris", OWNERS, None, [], urgent=True).verdict == "warn"


def test_a_model_that_nobody_owns_is_for_a_person():
    assert check_owner("iris", [], "ada", []).verdict == "decide"
