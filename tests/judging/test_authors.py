"""Who may change a model, as the base says it."""

from __future__ import annotations

import pytest
from tests.judging.judged_fixture import propose
from tests.scaffold.registry import Scratch


@pytest.mark.slow
def test_a_version_of_a_model_that_the_author_does_not_own(judged: Scratch) -> None:
    found = judged.review("--author", "mallory", head="better")
    assert found.code == 42
    assert found.verdict("owner") == {"decide"}
    assert "@ada" in found.messages("decide")


@pytest.mark.slow
def test_an_owner_who_appoints_himself(judged: Scratch) -> None:
    judged.branch("attack")
    judged.edit("models/loans/model.yaml", '"@ada"', '"@ada", "@mallory"')
    judged.commit()
    found = judged.review("--author", "mallory")
    assert (found.code, found.kind) == (42, "describe")
    assert found.verdict("owner") == {"decide"}
    propose(judged, C=1.0)
    assert judged.review("--author", "mallory").kind == "mixture"


def test_a_group_of_a_merge_queue_says_how_its_requests_are_reviewed(judged: Scratch) -> None:
    judged.branch("attack")
    judged.edit("models/loans/model.yaml", "Tells who pays back.", "Tells who pays their loan back.")
    judged.commit()
    judged.write("tools/notes.py", "pass\n")
    judged.commit()
    found = judged.review()
    assert (found.code, found.kind) == (1, "mixture")
    commands = [step.split() for step in found.report["next_steps"] if step.startswith("mintmark review")]
    assert [judged.review(base=base, head=head).kind for *_, base, _, head in commands] == ["describe", "code"]


@pytest.mark.slow
def test_a_member_of_a_team_that_owns_the_model(judged: Scratch) -> None:
    assert judged.review("--author", "grace", "--team", "acme/risk", head="better").code == 0
