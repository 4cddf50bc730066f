"""The quick reader accepts nothing that the strict reader reads otherwise, and accepts what Mintmark writes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.scaffold.examples import examples

from mintmark.registry.yaml.plain import Declined, read_plain
from mintmark.registry.yaml.reader import read_document
from mintmark.registry.yaml.text import YamlFault, format_yaml

RECORD = """\
# yaml-language-server: $schema=../../../../schemas/version.schema.json
schema: 1
model: breast-cancer
version: 1.10.0
parent: null
created: '2026-06-01T09:30:00Z'
author: Ada Lovelace <ada@example.org>
summary: |
  A wider grid.

  It helps.
artifact:
  path: model.skops
  md5: '12345678901234567890123456789012'
  sha256: 94124ce5c4674c0256601388bf8a35733f2a8d8f94ec7b7d86e951f1a97d7c7d
  size: 1000000
files: {}
signature:
  inputs:
    mean radius: float64
  outputs:
    prediction:
      type: int64
      shape:
      - null
  classes:
  - 0
  - -1.5
parameters: {}
data:
- role: training
  path: models/breast-cancer/candidate/train.parquet
  hash: md5:0a1b
- role: evaluation
  rows: 12e45
stages:
  train:
    cmd: python scripts/train.py breast-cancer
    deps: []
note: |-
  one line
"""
PIECES = (
    "  ", " ", "- ", ": ", ":", "#", " #", "'", '"', "|", "|-", ">", "&a ", "*a", "!!str ", "[", "]", "{", "}", ",", "?", "? ",
    "\n", "\n\n", "\t", "\r\n", "---", "...", "%", "@", "`", "null", "~", "yes", "0x1F", "0o7", ".5", "1e3", "-", "key: 1\n",
    "- 1\n", "é", "\\", "<<: ", "=", "a", "0", "..", "''",
)  # fmt: skip
MEANT = (
    "version", "size", "'x': 1", "a: 'b: c'", "a: b:c", "a: b #c", "a: b#c", "- - 1", "- a: 1", "  b: 2", "a:", "a: |", "a: 1 ",
)  # fmt: skip


def strictly(text: str) -> Any:
    try:
        return read_document(text.encode(), None)
    except YamlFault as fault:
        return fault


def agree(text: str) -> bool:
    """Whether the quick reader accepted the text; it fails the test when the strict one reads something else."""
    try:
        quick = read_plain(text)
    except Declined:
        return False
    strict = strictly(text)
    assert not isinstance(strict, YamlFault), f"accepted what the strict reader refuses: {strict}"
    assert json.dumps(quick) == json.dumps(strict)
    return True


def test_a_record_is_read_quickly_and_alike() -> None:
    assert agree(RECORD)
    assert read_plain(RECORD)["data"][1] == {"role": "evaluation", "rows": 1.2e46}


@settings(max_examples=examples(400), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(RECORD)), st.integers(0, 12), st.one_of(st.sampled_from(PIECES), st.sampled_from(MEANT))
        ),
        min_size=1,
        max_size=4,
    )
)
@example([(RECORD.index("  path"), 2, "")])
@example([(RECORD.index("- role: evaluation"), 0, "  ")])
@example([(RECORD.index("It helps"), 0, " ")])
def test_an_edited_record_is_declined_or_read_alike(edits: list[tuple[int, int, str]]) -> None:
    text = RECORD
    for position, removed, inserted in edits:
        text = text[:position] + inserted + text[position + removed :]
    agree(text)


LINES = st.lists(
    st.tuples(st.sampled_from(["", " ", "  ", "   ", "    ", "- ", "  - ", "    - "]), st.sampled_from(
        ["a:", "b: 1", "c: x y", "d: 'q'", 'e: "r"', "f: |", "g: |-", "text", "h: {}", "- 3", "", "i: -1", "j: .5", "null: 1", "k: ~"]
    )),
    min_size=1, max_size=8,
)  # fmt: skip


@settings(max_examples=examples(400), deadline=None)
@given(LINES)
def test_any_layout_of_lines_is_declined_or_read_alike(lines: list[tuple[str, str]]) -> None:
    agree("".join(f"{indent}{body}\n" for indent, body in lines))


WORDS = st.text(st.characters(codec="ascii", min_codepoint=32, exclude_characters="\\"), min_size=1, max_size=12)
PLAIN_DATA = st.dictionaries(
    st.from_regex(r"[a-z_][a-z0-9_.-]{0,8}", fullmatch=True).filter(lambda key: key not in ("null", "true", "false")),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), WORDS),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), inner, max_size=3),
        ),
        max_leaves=12,
    ),
    min_size=1,
)


@settings(max_examples=examples(100), deadline=None)
@given(PLAIN_DATA)
def test_what_mintmark_writes_is_declined_or_read_alike(data: dict[str, Any]) -> None:
    agree(format_yaml(data))


@pytest.mark.parametrize(
    "text",
    ["a: 1\na: 2\n", "a: *b\n", "a: &b 1\n", "a: !!str 1\n", "a: [1]\n", "1: x\n", "null: x\n", "a: b: c\n", "a: b #c\n", "", "# c\n",
     "a: >\n  x\n", "a: 'it''s'\n", "a: 1", "a:\t1\n", "é: 1\n", "- 1\n", "a: x\n  y\n", "--- \na: 1\n"],
)  # fmt: skip
def test_what_is_not_plain_is_declined(text: str) -> None:
    with pytest.raises(Declined):
        read_plain(text)
