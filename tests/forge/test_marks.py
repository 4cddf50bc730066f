"""The hidden mark of a text, and a text that is too long."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mintmark.forge.marks import MOST_CHARACTERS, format_mark, is_marked, marked, read_mark, shortened


@given(st.text(min_size=1, max_size=80))
@example("a--b")
@example("--> <script>")
def test_a_key_comes_back_as_it_was(key: str) -> None:
    text = marked(key, "body")
    assert read_mark(text) == key
    assert is_marked(key, text)
    assert format_mark(key).count("--") == 2, "nothing in a key ends the comment"
    assert "\n" not in format_mark(key)


def test_a_mark_counts_at_the_beginning_alone() -> None:
    assert read_mark(f"Somebody writes {format_mark('k')}") is None
    assert not is_marked("k", f"> {format_mark('k')}")


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
