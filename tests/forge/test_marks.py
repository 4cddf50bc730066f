"""The hidden mark of a text, and a text that is too long."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mintmark.forge.marks import (
    MOST_CHARACTERS,
    format_mark,
    is_marked,
    marked,
    read_mark,
    renewed,
    shortened,
    without_key,
)


@given(st.text(min_size=1, max_size=80))
@example("a--b")
@example("--> <script>")
def test_a_key_comes_back_as_it_was(key: str) -> None:
    text = marked(key, "body")
    assert read_mark(text) == key
    assert is_marked(key, text)
    assert format_mark(key).count("--") == 2, "nothing in a key ends the comment"
    assert "\n" not in format_mark(key)


@pytest.mark.parametrize("above", ["", "We look into it.\n\n", "We look into it: ", "> They said\n\n", "\n \r\n"])
def test_a_mark_is_found_below_what_a_person_wrote_above_it(above: str) -> None:
    body = above + marked("k", "text")
    assert is_marked("k", body)
    assert renewed(body, marked("k", "later")) == (above if above.strip() else "") + marked("k", "later")
    ended = without_key(body)
    assert (read_mark(ended), ended.startswith(above), ended.endswith("\ntext")) == ("ended k", True, True)


def test_a_mark_that_is_quoted_or_shown_as_code_is_none() -> None:
    for before in ("> ", "> They said: ", "    ", "\t", "`"):
        assert read_mark(f"Look:\n{before}{format_mark('k')}") is None
    assert read_mark(f"> {format_mark('k')}\n{format_mark('own')}") == "own"
    assert read_mark(f"{format_mark('own')}\n{format_mark('k')}") == "own", "what a text goes on with is no matter"


@pytest.mark.parametrize("fence", ["```", "````", "~~~"])
def test_a_long_text_is_cut_at_a_line_and_its_code_ends(fence: str) -> None:
    line = "a line of the report 🎉\n"
    text = shortened(marked("k", f"# Report\n{fence}text\n{line * 4000}{fence}\n"))
    assert len(text.encode("utf-16-le")) // 2 <= MOST_CHARACTERS
    lines = text.splitlines()
    assert lines[-1].startswith("*The rest is cut")
    assert lines[-3] == fence
    assert set(lines[3:-3]) == {line.strip()}
    assert read_mark(text) == "k"


def test_one_line_of_a_megabyte_is_cut() -> None:
    text = marked("k", "x" * 1_000_000)
    assert read_mark(text) == "k"
    assert len(text) < 200
