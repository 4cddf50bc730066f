"""Forms that people fill in, and bodies that nobody's form makes: what is asked for, or why it cannot be meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mintmark.core.reference import is_name
from mintmark.core.request import AUTOMATIC, FORMS, VERBS, Request, Verb, make_request, parse_form
from mintmark.core.version import is_version

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / ".github" / "ISSUE_TEMPLATE"


def body(verb: Verb, **answers: str) -> str:
    """What GitHub writes for a form."""
    parts = [f"### {field.heading}\n\n{answers.get(field.name, '_No response_')}" for field in FORMS[verb]]
    return "\n\n".join(parts)


GOOD = {
    "propose": {"model": "iris", "bump": "minor", "enter": "yes", "reason": "More rows.\n\n- a\n- b"},
    "promote": {"model": "iris", "version": "1.2.0", "channel": "production"},
    "rollback": {"model": "iris", "channel": "production", "version": "1.1.0", "reason": "It is wrong."},
    "yank": {"model": "iris", "version": "1.2.0", "replacement": "1.1.0", "reason": "Leaked labels."},
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_form_as_github_writes_it(verb: Verb, end: str) -> None:
    wanted = parse_form(body(verb, **GOOD[verb]).replace("\n", end))
    assert wanted == make_request(verb, GOOD[verb])
    assert wanted.model == "iris"
    assert wanted.reason == GOOD[verb].get("reason", "")


def test_what_is_left_empty_is_not_given() -> None:
    assert parse_form(body("rollback", model="iris", reason="why")) == Request(
        verb="rollback", model="iris", reason="why"
    )
    assert parse_form(body("propose", model="iris", bump=AUTOMATIC)) == Request(verb="propose", model="iris")


@pytest.mark.parametrize(
    "text", ["", "Hello", "### Model\n\niris", "> ### Model to yank\n\niris", "### Model to promoteX"]
)
def test_other_issues_are_no_forms(text: str) -> None:
    assert parse_form(text) is None


@pytest.mark.parametrize(
    ("verb", "answers", "says"),
    [
        ("promote", {"model": "iris", "channel": "production"}, '"Version" is empty'),
        (
            "promote",
            {"model": "iris", "version": "1.2", "channel": "production"},
            '"Version" is "1.2", and must be a v',
        ),
        ("promote", {"model": "../iris", "version": "1.2.0", "channel": "production"}, "and must be a name"),
        ("promote", {"model": "iris", "version": "1.2.0", "channel": "$(id)"}, '"Channel" is "$(id)"'),
        ("promote", {"model": "iris\n--open", "version": "1.2.0", "channel": "production"}, "must be one line"),
        ("promote", {"model": "iris", "version": "1.2.0", "channel": "x" * 300}, "must be one line of at most 200"),
        ("yank", {"model": "iris", "version": "1.2.0", "reason": "x" * 5_000}, "more than 4,000"),
        ("yank", {"model": "iris", "version": "1.2.0", "reason": "  "}, '"Reason" is empty'),
        ("propose", {"model": "iris", "bump": "huge"}, "one of major, minor, patch"),
        ("propose", {"model": "iris", "reason": "x" * 30_000}, "more than 20,000"),
    ],
)
def test_a_fault_is_a_sentence(verb: Verb, answers: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        parse_form(body(verb, **answers))


def test_headings_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match='"Channel" is missing'):
        parse_form("### Model to promote\n\niris\n\n### Version\n\n1.2.0\n")


def test_a_heading_in_the_last_answer_is_part_of_it() -> None:
    wanted = parse_form(body("yank", model="iris", version="1.2.0", reason="no\n\n### Version to yank\n\n1.1.0"))
    assert wanted.version == "1.2.0"
    assert "### Version to yank" in wanted.reason


@given(st.sampled_from(VERBS), st.dictionaries(st.sampled_from(["model", "version", "channel", "reason"]), st.text()))
def test_whatever_is_written_what_comes_out_keeps_to_its_grammar(verb: Verb, answers: dict[str, str]) -> None:
    try:
        wanted = parse_form(body(verb, **{"model": "iris", "version": "1.0.0", **answers}))
    except ValueError:
        return
    assert wanted is not None
    assert is_name(wanted.model)
    assert wanted.version is None or is_version(wanted.version)
    assert wanted.channel is None or is_name(wanted.channel)


@pytest.mark.parametrize("verb", VERBS)
def test_the_forms_that_are_shipped_write_these_headings(verb: Verb) -> None:
    form = yaml.safe_load((TEMPLATES / f"{verb}.yml").read_text())
    fields = [part for part in form["body"] if part["type"] != "markdown"]
    assert [part["attributes"]["label"] for part in fields] == [field.heading for field in FORMS[verb]]
    assert [part.get("validations", {}).get("required", False) for part in fields] == [
        field.required for field in FORMS[verb]
    ]
    assert [part["id"] for part in fields] == [field.name for field in FORMS[verb]]
    assert {part["type"] for part in fields[:-1]} <= {"input", "dropdown"}, "a line each, all but the last"
    for part in fields:
        for option in part["attributes"].get("options", ()):
            answers = {"model": "iris", "version": "1.0.0", "channel": "staging", "reason": "why", part["id"]: option}
            assert parse_form(body(verb, **answers)) is not None
