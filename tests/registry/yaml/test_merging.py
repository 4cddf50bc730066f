from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.registry.yaml.faults import YamlFault
from mintmark.registry.yaml.merging import merge_yaml
from mintmark.registry.yaml.text import format_yaml, parse_yaml

BASE = """\
# yaml-language-server: $schema=schemas/params.schema.json
# How each model is made.
schema: 1
models:
  iris: # the first one
    seed: 1
    # why C is small
    C: 0.1

  # the second
  digits:
    seed: 2
"""


def merged(ours: str, theirs: str, ancestor: str = BASE) -> str:
    found = merge_yaml(ancestor.encode(), ours.encode(), theirs.encode())
    assert found.clashes == ()
    return found.text.decode()


def clashes(ours: str, theirs: str, ancestor: str = BASE) -> tuple[str, ...]:
    return merge_yaml(ancestor.encode(), ours.encode(), theirs.encode()).clashes


def test_two_new_entries_stand_one_after_the_other_whoever_merges() -> None:
    churn = BASE + "\n  # who leaves\n  churn:\n    seed: 3\n"
    fraud = BASE + "\n  fraud: {seed: 4} # no line end behind it"
    wanted = churn + "\n  fraud: {seed: 4} # no line end behind it\n"
    assert merged(churn, fraud) == merged(fraud, churn) == wanted


def test_each_side_keeps_what_it_changed_with_its_comments() -> None:
    ours = BASE.replace("C: 0.1", "C: 10 # grown")
    theirs = BASE.replace("seed: 2", "seed: 5").replace("# How each", "# This is how each")
    assert merged(ours, theirs) == merged(theirs, ours)
    wanted = (
        BASE.replace("C: 0.1", "C: 10 # grown")
        .replace("seed: 2", "seed: 5")
        .replace("# How each", "# This is how each")
    )
    assert merged(ours, theirs) == wanted


def test_an_entry_that_one_side_took_away_is_gone() -> None:
    without = BASE.partition("\n  # the second")[0]
    added = BASE + "\n  churn: {seed: 3}\n"
    assert merged(without, added) == without + "\n  churn: {seed: 3}\n"
    assert list(parse_yaml(merged(added, without).encode())["models"]) == ["iris", "churn"]


def test_an_entry_in_front_and_one_behind() -> None:
    front = BASE.replace("models:\n", "models:\n  first:\n    seed: 0\n\n")
    behind = BASE + "  last:\n    seed: 9\n"
    assert merged(front, behind) == front + "  last:\n    seed: 9\n"


def test_the_same_on_both_sides_is_there_once() -> None:
    churn = BASE + "  churn: {seed: 3}\n"
    assert merged(churn, churn) == churn
    assert merged(churn, churn + "  fraud: {seed: 4}\n") == churn + "  fraud: {seed: 4}\n"


@pytest.mark.parametrize(
    ("ours", "theirs", "named"),
    [
        (("seed: 1", "seed: 7"), ("C: 0.1", "C: 1"), ("models.iris",)),
        (("C: 0.1", "C: 1"), ("C: 0.1", "C: 1.0"), ("models.iris",)),
        (("schema: 1", "schema: 2"), ("schema: 1", "schema: 3"), ("schema",)),
        (("    seed: 2\n", "    seed: 2\n  new: {a: 1}\n"), ("    seed: 2\n", "    seed: 2\n  new: {a: 2}\n"), ("models.new",)),
    ],
)  # fmt: skip
def test_what_both_sides_changed_is_named(ours: Any, theirs: Any, named: tuple[str, ...]) -> None:
    assert clashes(BASE.replace(*ours), BASE.replace(*theirs)) == named


def test_changed_on_one_side_and_taken_away_on_the_other() -> None:
    without = BASE.partition("\n  # the second")[0]
    assert clashes(without, BASE.replace("seed: 2", "seed: 3")) == ("models.digits",)


def test_files_that_are_new_on_both_sides() -> None:
    one, two = "schema: '2.0'\nstages:\n  a:\n    cmd: a\n", "schema: '2.0'\nstages:\n  b:\n    cmd: b\n"
    assert merged(one, two, "") == merged(two, one, "") == one + "  b:\n    cmd: b\n"
    assert merged("models:\n  a: {}\n", "models:\n  b: {}\n", "models:\n") == "models:\n  a: {}\n  b: {}\n"


def test_lists_at_the_level_of_their_key_and_text_over_lines() -> None:
    base = "vars:\n- a.yaml\nstages:\n  a:\n    cmd:\n    - one\n    - two\n    desc: |\n      stages:\n        b: no key\n"
    ours = base + "  b:\n    cmd: b\n"
    theirs = base.replace("- a.yaml", "- a.yaml\n- b.yaml") + "  c:\n    cmd: c\n"
    assert merged(ours, theirs, base) == theirs.replace("  c:\n", "  b:\n    cmd: b\n  c:\n")


def test_a_mapping_in_one_line_is_one_entry() -> None:
    base = "models: {a: 1}\n"
    assert merged(base, "models: {a: 1, b: 2}\n", base) == "models: {a: 1, b: 2}\n"
    assert clashes("models: {a: 1, b: 2}\n", "models: {a: 1, c: 2}\n", base) == ("models",)


@pytest.mark.parametrize("text", ["- a\n", "a: 1\na: 2\n", "{a: 1, b: 2}\n", "a: &x 1\n"])
def test_what_has_no_entries_in_lines_is_refused(text: str) -> None:
    with pytest.raises(YamlFault):
        merge_yaml(b"", text.encode(), b"c: 3\n")


KEYS = st.text("abc-@ '\"#:é", min_size=1, max_size=4)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=12)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=4,
)
DOCUMENTS = st.dictionaries(KEYS, st.one_of(VALUES, st.dictionaries(KEYS, VALUES, max_size=4)), max_size=3)


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_any_three_documents(ancestor: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """What one side left alone is the other's, and which side is which never matters to what comes out."""
    texts = [format_yaml(document).encode() for document in (ancestor, ours, theirs)]
    for text, document in zip(texts, (ancestor, ours, theirs), strict=True):
        if ancestor and ours and theirs:
            found = merge_yaml(texts[0], text, texts[0])
            assert (found.clashes, parse_yaml(found.text)) == ((), document)
    if not (ancestor and ours and theirs):
        return  # {} is a mapping in one line
    found, other = merge_yaml(*texts), merge_yaml(texts[0], texts[2], texts[1])
    assert found.clashes == other.clashes
    if not found.clashes:
        assert parse_yaml(found.text) == parse_yaml(other.text)
