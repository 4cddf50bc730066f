"""What judges found, added up: nothing is lost, and the reason of a verdict is told in one line."""

from __future__ import annotations

import pytest

from mintmark.core.finding import Finding
from mintmark.core.judgement.checks import CheckName, CheckVerdict
from mintmark.core.judgement.opinion import Opinion, conclude, found, found_faults
from mintmark.core.judgement.review import Review, Subject, Table

SUBJECT = Subject(model="iris", version="1.1.0")


def _concluded(opinion: Opinion) -> Review:
    return conclude(opinion, kind="propose", base="a" * 40, head="b" * 40, judge="judge", author=None)


def test_the_reason_of_a_fail_says_which_file_is_meant() -> None:
    opinion = found("champion", "pass", "better than iris@1.0.0")
    opinion += found_faults("rules", [Finding(path="models/iris/model.yaml", message="is no mapping", rule="R1")])
    opinion += found("claims", "fail", "mae claims 1, and 2 comes out")
    assert _concluded(opinion).reason == "rules R1: models/iris/model.yaml: is no mapping (and 1 more)"


@pytest.mark.parametrize(
    ("name", "verdict", "path", "reason"),
    [
        ("gates", "decide", "models/iris/model.yaml", "gates: m"),
        ("claims", "fail", "", "claims: m"),
        ("gates", "pass", "models/iris/model.yaml", "nothing speaks against it"),
        ("champion", "pass", "models/iris/model.yaml", "m"),
    ],
)
def test_the_reason_needs_no_file_where_the_message_says_it_all(
    name: CheckName, verdict: CheckVerdict, path: str, reason: str
) -> None:
    assert _concluded(found(name, verdict, "m", path)).reason == reason


def test_lists_follow_one_another_and_the_last_of_the_others_counts() -> None:
    table = Table(title="Gates", header=("gate",), rows=())
    first = Opinion(tables=(table,), next_steps=("1",), subjects=(SUBJECT,), summary="old", isolation={"files": "none"})
    later = Opinion(tables=(table,), next_steps=("2",), summary="new")
    assert first + later == Opinion(
        tables=(table, table),
        next_steps=("1", "2"),
        subjects=(SUBJECT,),
        summary="new",
        isolation={"files": "none"},
    )
    assert first.next_steps == ("1",)


def test_what_to_do_after_a_merge_is_told_of_a_change_without_a_failed_check() -> None:
    opinion = Opinion(next_steps=("always",), next_if_passed=("after the merge",))
    assert _concluded(opinion).next_steps == ("always", "after the merge")
    assert _concluded(opinion + found("claims", "fail", "m")).next_steps == ("always",)
    steps = _concluded(opinion + found("gates", "decide", "m")).next_steps
    assert steps == (
        "Approve the pull request to answer the open checks. The exit code stays 42.",
        "always",
        "after the merge",
    )


def test_a_warning_of_the_rules_does_not_fail() -> None:
    findings = [Finding(path="x", message="is unusual", severity="warning", where="a.b")]
    (only,) = found_faults("rules", findings).checks
    assert (only.name, only.verdict, only.message) == ("rules", "warn", "a.b: is unusual")
    assert not found_faults("rules", findings).has_failed


def test_a_rule_is_named_only_where_the_table_says_so() -> None:
    findings = [Finding(path="x", message="m", rule="R8")]
    assert [found_faults(name, findings).checks[0].name for name in ("model", "bytes")] == ["model R8", "bytes"]
