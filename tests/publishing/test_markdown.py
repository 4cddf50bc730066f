"""Text that nobody vouches for, rendered by GitHub's own Markdown: it must come out as it went in, and as nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.publishing.on_github import ZERO_WIDTH_SPACE, render
from tests.publishing.sample_review import HOSTILE
from tests.scaffold.examples import examples

from mintmark.core.finding import shorten
from mintmark.publishing.markdown import (
    bold,
    bullets,
    code,
    details,
    escape,
    escape_html,
    fence,
    quote,
    table,
    visible,
)

# Each puts a text into a place of the report; the text of the page is then `before` + text + `after`.
PLACES: dict[str, tuple[Callable[[str], str], str]] = {
    "paragraph": (lambda text: f"{escape(text)}\n", "p"),
    "after words": (lambda text: f"Found: {escape(text)}\nmore", "p"),
    "heading": (lambda text: f"## {escape(text)}", "h2"),
    "list": (lambda text: bullets([escape(text), "b"]), "li"),
    "cell": (lambda text: table(("a", "b"), [(escape(text), "x")]), "td"),
    "header": (lambda text: table((escape(text), "b"), [("y", "x")]), "th"),
    "code": (lambda text: f"at {code(text, most=1000)}: x", "code"),
    "code in a cell": (lambda text: table(("a", "b"), [(code(text, most=1000), "x")]), "code"),
    "code in a list": (lambda text: bullets([code(text, most=1000)]), "code"),
    "bold": (lambda text: f"{bold(text, most=1000)}: x", "strong"),
    "summary": (lambda text: details(f"of <code>{escape_html(text, most=1000)}</code>", "x"), "summary"),
    "quote": (lambda text: quote(" ".join(text.split("\n")), most=1000), "blockquote"),
}
OWN_TAGS = {
    *("p", "h2", "ul", "li", "table", "thead", "tbody", "tr", "td", "th", "code", "strong", "details", "summary"),
    *("blockquote", "span", "br"),
}


def shown_in(markdown: str, tag: str) -> str:
    """The text of the first element of a kind that the page has."""
    page = render(markdown)
    assert not page.faults
    inside = [data for stack, data in page.texts if tag in stack]
    return "".join(inside).replace(ZERO_WIDTH_SPACE, "")


@pytest.mark.parametrize("place", PLACES)
def test_a_hostile_text_is_shown_as_it_is(place: str) -> None:
    put, tag = PLACES[place]
    for hostile in HOSTILE:
        text = hostile.replace("\r", " ").replace("\n", " ") if place == "quote" else hostile
        page = render(put(text))
        assert page.faults == [], text
        assert page.tags <= OWN_TAGS, text
        assert [attributes for _, attributes in page.elements if attributes] == [], text
        assert page.found_in_text() == {}, text
        expected = visible(text).strip()
        assert expected in page.text
        if place not in ("list", "cell", "header") and expected:
            assert expected in shown_in(put(text), tag)


def check_everywhere(text: str) -> None:
    for place, (put, _) in PLACES.items():
        if place != "quote":
            page = render(put(text))
            assert page.faults == []
            assert page.tags <= OWN_TAGS
            assert page.found_in_text() == {}
            assert visible(text).strip() in page.text


PIECES = st.sampled_from(
    [*HOSTILE, *"@#$:[]()<>&|`*_~\\/.!-+=^{}\"' \n\t", "www.", "GH-", "http://", "a", "1", "é", "x@y"]
)


@settings(max_examples=examples(60))
@given(st.lists(PIECES, max_size=6).map("".join))
def test_pieces_of_markdown_in_any_order_are_shown_as_they_are(text: str) -> None:
    check_everywhere(text)


@settings(max_examples=examples(60))
@given(st.text(max_size=40))
def test_any_text_is_shown_as_it_is(text: str) -> None:
    check_everywhere(text)


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("breast-cancer@1.2.0 is no worse", "`breast-cancer@1.2.0` is no worse"),
        ("promote iris@latest.", "promote `iris@latest`."),
        ("iris@1.2.0-rc.1+build.5, iris@production", "`iris@1.2.0-rc.1+build.5`, `iris@production`"),
        ("model.yaml:12:9 is wrong", "model.yaml:&#8203;12:9 is wrong"),
        ("12.5 of 1.0", "12.5 of 1.0"),
        ("C is 1, 10 or 100 (see below)", "C is 1, 10 or 100 (see below)"),
    ],
)
def test_plain_sentences_stay_readable_in_markdown(text: str, markdown: str) -> None:
    assert escape(text) == markdown


@pytest.mark.parametrize("text", ["ada@example.org", "@iris@1.0.0", "x/iris@1.0.0", "iris@1.0.0.org", "a@b@c"])
def test_what_only_looks_like_a_reference_is_no_code(text: str) -> None:
    assert "`" not in escape(text)


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("roc_auc", "`roc_auc`"),
        ("models/iris/model.yaml:12", "`models/iris/model.yaml:12`"),
        ("iris@1.2.0", "`iris@1.2.0`"),
        ("worst concave points", "`worst concave points`"),
        ("@ada", "<code>&#64;&#8203;ada</code>"),
        ("a|b", "<code>a&#124;b</code>"),
        ("a`b", "<code>a&#96;b</code>"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_names_are_code_that_can_be_copied(text: str, markdown: str) -> None:
    assert code(text) == markdown


def test_invisible_characters_are_written_out() -> None:
    assert visible("a\u202eb\u2066\u200b\ufeff") == "a\\u202eb\\u2066\\u200b\\ufeff"
    assert visible("a\nb\r\x1b[0m\x85\u2028\u2029") == "a\\nb\\r\\x1b[0m\\x85\\u2028\\u2029"
    assert visible("\ud800\U000e0041\xa0") == "\\ud800\\U000e0041\\xa0"
    assert visible("naïve é Ελλάδα ไม่ชื่อ") == "naïve é Ελλάδα ไม่ชื่อ"


def test_a_pile_of_accents_does_not_cover_the_lines_above() -> None:
    assert visible("a" + "\u0301" * 5 + "b\u0301") == "a\u0301\u0301\u0301\\u0301\\u0301b\u0301"


@pytest.mark.parametrize("most", [1, 10, 300])
@pytest.mark.parametrize("make", [escape, escape_html, code, bold, quote])
def test_a_long_text_is_cut_to_what_there_is_room_for(most: int, make: Callable[..., str]) -> None:
    for character in ("$", "@", "<", "a", "\u202e", "|", "`"):
        markdown = make(character * 20_000, most=most)
        assert len(markdown) <= 3 * most + len("<code></code>") + 20, character
        assert render(markdown).text.strip().endswith("…"), character
    assert make("short" if most > 4 else "s", most=most).count("…") == 0


def test_a_text_that_just_fits_is_not_cut() -> None:
    assert escape("abcde", most=5) == "abcde"
    assert escape("abcdef", most=5) == "abcd…"
    assert shorten("abc", 3) == "abc"
    assert shorten("abcd", 3) == "ab…"


def test_a_quotation_keeps_lines_and_paragraphs() -> None:
    page = render(quote("first\nsecond\r\n\r\n\r\n- third\n", most=100))
    assert page.count("blockquote") == 1
    assert page.count("p") == 2
    assert page.count("br") == 1
    assert [data.strip() for _, data in page.texts if data.strip()] == ["first", "second", "- third"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_leaves_a_quotation(text: str) -> None:
    page = render(f"before\n\n{quote(text, most=1000)}\n\nafter")
    assert page.tags <= {"p", "blockquote", "br", "span", "code"}
    assert page.faults == []
    assert page.found_in_text() == {}
    outside = [data.strip() for stack, data in page.texts if "blockquote" not in stack and data.strip()]
    assert outside == ["before", "after"]


def test_a_table_of_hostile_cells_keeps_its_shape() -> None:
    rows = [(escape(text), code(text), str(number)) for number, text in enumerate(HOSTILE)]
    page = render(table(("a", "b", "c"), rows, numeric=[2]))
    assert page.count("tr") == len(HOSTILE) + 1
    assert page.count("td") == 3 * len(HOSTILE)
    last = [data for stack, data in page.texts if stack[-1:] == ("td",)]
    assert [text for text in last if text.isdigit()] == [str(number) for number in range(len(HOSTILE))]
    assert {attributes.get("align") for tag, attributes in page.elements if tag == "td"} == {None, "right"}


def test_a_fence_refuses_what_would_end_it() -> None:
    assert fence("a\nb", "mermaid") == "```mermaid\na\nb\n```"
    for text in ("```", "a\n  ```\n", "`", "~~~"):
        with pytest.raises(ValueError, match="fence"):
            fence(text, "mermaid")


def test_details_open_where_that_is_asked() -> None:
    body = table(("a",), [("b",)])
    assert render(details("more", body)).elements[0] == ("details", {})
    page = render(details("more", body, unfolded=True))
    assert page.elements[0] == ("details", {"open": None})
    assert page.count("td") == 1
