"""The reason of a verdict, in one line."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mintmark.core.finding import Finding
from mintmark.core.judgement.checks import CheckVerdict
from mintmark.judging.draft import Draft

ENDS: Any = SimpleNamespace(base="a" * 40, head="b" * 40)


def test_the_reason_of_a_fail_says_which_file_is_meant() -> None:
    draft = Draft(kind="propose")
    draft.note("champion", "pass", "better than iris@1.0.0")
    draft.note_findings("rules", [Finding(path="models/iris/model.yaml", message="is no mapping", rule="R1")])
    draft.note("claims", "fail", "mae claims 1, and 2 comes out")
    assert draft.finish(ENDS, "judge", None).reason == "rules R1: models/iris/model.yaml: is no mapping (and 1 more)"


@pytest.mark.parametrize(
    ("verdict", "path", "reason"),
    [
        ("decide", "models/iris/model.yaml", "gates: gates.margin is loosened"),
        ("fail", "", "gates: gates.margin is loosened"),
        ("pass", "models/iris/model.yaml", "nothing speaks against it"),
    ],
)
def test_the_reason_needs_no_file_where_the_message_says_it_all(verdict: CheckVerdict, path: str, reason: str) -> None:
    draft = Draft(kind="propose")
    draft.note("gates", verdict, "gates.margin is loosened", path)
    assert draft.finish(ENDS, "judge", None).reason == reason
