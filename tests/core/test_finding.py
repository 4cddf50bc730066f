"""Text of other people on one line: what is read stays, what hides or turns is written out."""

from __future__ import annotations

import io

import pytest

from mintmark.core.finding import one_line
from mintmark.terminal import Escaped


@pytest.mark.parametrize(
    "text",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian: I want
        "\u0915\u094d\u200d\u0937",  # Devanagari, a half consonant
        "\u0d28\u0d4d\u200d",  # Malayalam, at the end of a word
        "\U0001f469\u200d\U0001f4bb",  # a woman at a computer
        "\U0001f469\U0001f3fd\u200d\U0001f680",  # with a colour of skin
        "\u2764\ufe0f\u200d\U0001f525",  # a heart on fire
    ],
)
def test_a_joiner_that_shapes_what_is_read_stays(text: str) -> None:
    assert one_line(f"Ada {text}.") == f"Ada {text}."
    printed = io.StringIO()
    Escaped(printed).write(text)
    assert printed.getvalue() == text


@pytest.mark.parametrize(
    "text",
    ["ad\u200dmin", "ad\u200cmin", "\u200dadmin", "admin\u200d", "\u0430\u200d\u0431", "\u0645\u200c", "\U0001f469\u200d\u200d\U0001f4bb",
     "\U0001f469\u200cx", "a\u202egnp.exe", "a\u2066b", "a\u200fb", "a\u061cb", "a\u200bb", "a\ufeffb", "a\x1b[2J"],
)  # fmt: skip
def test_what_hides_or_turns_is_written_out(text: str) -> None:
    shown = one_line(text)
    assert shown.isprintable()
    assert "\\" in shown


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u200f", "\u061c", "\x1b", "\x9b"])
def test_a_terminal_is_not_turned_round(mark: str) -> None:
    printed = io.StringIO()
    Escaped(printed).write(f"a{mark}b")
    assert printed.getvalue() == f"a\\u{ord(mark):04x}b"
