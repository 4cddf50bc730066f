"""The block of CODEOWNERS, read by a parser of GitHub's grammar that knows nothing of ours."""

from __future__ import annotations

import re

import pathspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.core.codeowners import lines_after_block, write_block
from mintmark.registry.schemas import load_schema

OWNERS = {"iris": ["@ada", "@acme/ml"], "digits": ["@bob"]}
_OWNER = re.compile(r"@[\w-]+(?:/[\w.-]+)?\Z|[^@\s]+@[^@\s]+\Z")


def owners_of(text: str, path: str) -> list[str]:
    """Who owns a path: the last pattern that matches. A line with an owner that is none is left out, as GitHub does."""
    found: list[str] = []
    for line in text.splitlines():
        pattern, *owners = line.partition("#")[0].split() or [""]
        if not pattern or pattern.startswith("!") or "[" in pattern or not all(map(_OWNER.match, owners)):
            continue
        if pathspec.GitIgnoreSpec.from_lines([pattern]).match_file(path):
            found = owners
    return found


def test_each_model_is_owned_by_those_whom_it_names():
    text = write_block("", OWNERS)
    assert owners_of(text, "models/iris/versions/1.0.0/version.yaml") == ["@ada", "@acme/ml"]
    assert owners_of(text, "models/digits/channels/production.yaml") == ["@bob"]
    assert owners_of(text, "models/iris-2/model.yaml") == owners_of(text, "docs/models/iris/x") == []
    assert text == write_block(text, dict(reversed(OWNERS.items())))


def test_an_account_of_an_enterprise_owns_a_model():
    pattern = load_schema("model")["properties"]["owners"]["items"]["pattern"]
    assert re.match(pattern, "@ada_acme")
    text = write_block("", {"iris": ["@ada_acme"]})
    assert owners_of(text, "models/iris/model.yaml") == ["@ada_acme"]


def test_what_people_wrote_stays():
    people = "*       @acme/everybody  # whoever\r\n/docs/ docs@acme.example\n\n"
    text = write_block(people, OWNERS)
    assert text.startswith(people)
    assert owners_of(text, "docs/index.md") == ["docs@acme.example"]
    assert owners_of(text, "models/iris/model.yaml") == ["@ada", "@acme/ml"]
    text += "/models/ @eve\n"
    again = write_block(text, {"iris": ["@grace"]})
    assert again.startswith(people)
    assert again.endswith("end\n/models/ @eve\n")
    assert "digits" not in again
    assert lines_after_block(again) == ["/models/ @eve"]
    assert lines_after_block(write_block(people, OWNERS)) == []


@given(st.text(alphabet="ab/*@# \r\n", max_size=40), st.text(alphabet="ab/*@# \r\n", max_size=40))
def test_only_the_block_changes(before, after):
    text = write_block(before, OWNERS) + after
    again = write_block(text, {"iris": ["@grace"]})
    assert again.startswith(before)
    assert again.endswith("\n" + after)
    assert write_block(again, OWNERS) == text


@pytest.mark.parametrize(
    "owner", ["ada", "@ada\n* @eve", "@ada @eve", "@ada # x", "@", "@-ada", "@ada/", "@ada/../x", "ada@acme.example", "", "@ada\n",
              "@BLANK-"]
)  # fmt: skip
def test_what_is_no_owner_is_refused(owner):
    with pytest.raises(ValueError, match="neither a user nor a team"):
        write_block("", {"iris": [owner]})


@pytest.mark.parametrize("model", ["../x", "a b", "A", "iris\n", "*"])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(ValueError, match="cannot name a model"):
        write_block("", {model: ["@ada"]})


def test_half_a_block_is_refused():
    text = write_block("", OWNERS)
    begin, *_, end = text.splitlines()
    for damaged in (begin, end, f"{end}\n{begin}\n", text + text):
        with pytest.raises(ValueError, match="its block is damaged"):
            write_block(damaged, OWNERS)


def test_two_registries_of_one_repository_have_a_block_each() -> None:
    """Each names its own folder, and neither reads the other's lines as people's."""
    both = write_block(write_block("", OWNERS, "ml/a b/"), {"iris": ["@grace"]}, "ml/c/")
    assert "\n/ml/a\\ b/models/iris/ " in both
    assert "\n/ml/c/models/iris/ @grace\n" in both
    assert write_block(both, OWNERS, "ml/a b/") == both
    assert lines_after_block(both, "ml/a b/") == []
    assert lines_after_block(f"{both}* @eve\n", "ml/a b/") == ["* @eve"]
    with pytest.raises(ValueError, match="cannot be named"):
        write_block("", OWNERS, "ml/[x]/")
