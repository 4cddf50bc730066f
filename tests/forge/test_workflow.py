"""Outputs that no value can forge, summaries that fit, and lines that no runner takes for a command."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.errors import MintmarkError
from mintmark.forge.workflow import MOST_SUMMARY, format_outputs, plain_line, write_outputs, write_summary

_BEGIN = re.compile(r"([^=]+?)<<(.+)")


def read_outputs(text: str) -> dict[str, str]:
    """Read outputs as the runner does: `name<<delimiter`, lines, delimiter; else `name=value`."""
    found, lines = {}, iter(text.split("\n"))
    for line in lines:
        if match := _BEGIN.fullmatch(line):
            value = []
            while (part := next(lines)) != match[2]:
                value.append(part)
            found[match[1]] = "\n".join(value)
        elif "=" in line:
            name, _, found[name] = line.partition("=")
    return found


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a",
        "a\nb",
        "\n",
        "ghadelimiter\nkind=forged",
        "x\nend-\nkind<<E\nforged\nE",
        "kind=forged",
        "é\r\n",
        "x" * 800_000,
    ],
    ids=lambda value: repr(value[:20]),
)
def test_no_value_forges_an_output(value):
    assert read_outputs(format_outputs({"models": value, "kind": "code"})) == {"models": value, "kind": "code"}


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))))
def test_every_text_comes_out_again(value):
    assert read_outputs(format_outputs({"one": value, "two": value})) == {"one": value, "two": value}


def test_a_delimiter_is_never_the_same():
    assert format_outputs({"a": "b"}) != format_outputs({"a": "b"})


def test_a_delimiter_that_the_value_knows_is_refused(monkeypatch):
    monkeypatch.setattr("secrets.token_hex", lambda size: "known")
    with pytest.raises(ValueError, match="holds what no output may hold"):
        format_outputs({"a": "x\nend-known\nkind=forged"})


@pytest.mark.parametrize("name", ["", "A", "a b", "a=b", "a<<b", "a\nb", "1a", "GITHUB_TOKEN"])
def test_a_name_that_is_none(name):
    with pytest.raises(ValueError, match="is no name of an output"):
        format_outputs({name: "x"})


def test_outputs_and_summaries_are_added_to_the_files_of_the_step(tmp_path, monkeypatch):
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    write_outputs({"a": "b"})  # on a laptop nothing happens
    write_summary("text")
    outputs, summary = tmp_path / "outputs", tmp_path / "summary"
    outputs.write_text("before=1\n")
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    write_outputs({"a": "b"})
    write_summary("# One")
    write_summary("# Two")
    assert read_outputs(outputs.read_text()) == {"before": "1", "a": "b"}
    assert summary.read_text() == "# One\n\n# Two\n\n"


def test_what_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    with pytest.raises(MintmarkError, match="split the change"):
        write_outputs({"a": "x" * 1_000_000})
    write_summary("a line\n" * 400_000)
    written = (tmp_path / "summary").read_bytes()
    assert len(written) < MOST_SUMMARY + 100
    assert written.endswith(b"a line\n\nThe rest is left out: the summary is too long.\n\n")


@pytest.mark.parametrize(
    "text",
    ["::error::x", "  ::stop-commands::x", "\n::add-mask::x", "a\n::error::x", "##[add-mask]x", "a ##[error]x",
     "\x1b[31mred", "\x1b]0;title\x07", "\u2028::error::x", "a\rb", "x" * 1_000_000, "\udc80"],
    ids=lambda text: repr(text[:20]),
)  # fmt: skip
def test_a_line_is_no_command(text):
    line = plain_line(text)
    assert line.isprintable()
    assert not line.lstrip().startswith("::")
    assert "##[" not in line
    assert len(line) < 10_000
