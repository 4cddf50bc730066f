"""A text that is too long for a forge is cut where it hurts least."""

from __future__ import annotations

import cmarkgfm
from hypothesis import given
from hypothesis import strategies as st

from mintmark.core.words.long_markdown import cut_at_line, length_of

END = "[The rest](https://forge.example/run)."
LINKED = '<a href="https://forge.example/run">The rest</a>.</p>'


def test_a_short_text_stays_as_it_is() -> None:
    assert cut_at_line("# a\n\nb\n", 100, END) == "# a\n\nb\n"


def test_whole_lines_stay_and_a_link_follows() -> None:
    text = "\n".join(f"line {number:03}" for number in range(100))
    cut = cut_at_line(text, 200, END)
    assert length_of(cut) <= 200
    assert cut.endswith(f"\n\n{END}")
    assert cut.removesuffix(f"\n\n{END}").splitlines() == text.splitlines()[: cut.count("line")]


def test_fences_and_folds_are_closed() -> None:
    text = "<details>\n<summary>a</summary>\n\n````mermaid\n" + "```\n" * 100 + "````\n\n</details>\n"
    cut = cut_at_line(text, 200, END)
    assert cut.endswith(f"```\n````\n\n</details>\n\n{END}")


def test_one_endless_line_leaves_the_link() -> None:
    assert cut_at_line("x" * 1_000_000, 65_000, END) == f"{END}"


# As every body of ours has it, a blank line stands behind a tag: Markdown reads none before that.
LINES = st.lists(
    st.sampled_from(["text", "```", "```py", "~~~~", "<details>\n", "</details>\n", "", "x" * 60, "\U0001f600" * 20]),
    max_size=60,
)


@given(LINES, st.integers(150, 400))
def test_a_cut_text_is_short_enough_and_leaves_nothing_open(lines: list[str], most: int) -> None:
    """GitHub's own reader finds the link at the end, and not inside of code."""
    cut = cut_at_line("\n".join(lines), most, END)
    assert length_of(cut) <= most
    if cut != "\n".join(lines):
        assert LINKED in cmarkgfm.github_flavored_markdown_to_html(cut)
