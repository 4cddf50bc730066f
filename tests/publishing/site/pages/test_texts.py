"""Texts that anybody may have written, as HTML: nothing of them runs, leads astray or hides."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scaffold.marks import first_quick
from tests.scaffold.work import calls_at_most

from mintmark.publishing.site.pages.texts import is_safe_link, render_text

ALLOWED = {
    *("p", "strong", "em", "code", "pre", "ul", "ol", "li", "blockquote", "hr", "br", "a", "div"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"href", "rel", "start", "class", "tabindex", "role", "aria-label"}


class Read(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(str(render_text(text)))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def links(self) -> list[str | None]:
        return [attributes.get("href") for tag, attributes in self.found if tag == "a"]


def read(text: str) -> Read:
    page = Read(text)
    assert {tag for tag, _ in page.found} <= ALLOWED
    assert {name for _, attributes in page.found for name in attributes} <= ATTRIBUTES
    assert all(link and is_safe_link(link) for link in page.links)
    return page


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<!-- x --> <![CDATA[x]]> <?php x ?>",
        "<svg/onload=alert(1)><style>*{}</style>",
        "{{ 7*7 }} {% include 'x' %}",
        '"><script>alert(1)</script>',
    ],
)
def test_html_and_templates_are_shown_as_they_were_typed(text: str) -> None:
    assert read(text).text.strip() == text


def test_html_in_a_block_of_its_own_stays_text() -> None:
    assert "<div onclick=x>" in read("a\n\n<div onclick=x>\n\nb").text


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "&#106;avascript:alert(1)",
        "&#x6A;avascript&colon;alert(1)",
        "java&Tab;script:alert(1)",
        "java&NewLine;script:alert(1)",
        "\\javascript:alert(1)",
        "\x01javascript:alert(1)",
        "<javascript:alert(1)>",
        "<java\tscript:alert(1)>",
        "javascript&#58;alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "data:image/png;base64,AAAA",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "ftp://example.org/",
        "//evil.example/",
        "/audit/",
        "../other/",
        "#metrics",
        "?compare=1",
        "https:evil",
        "https://user:password@evil.example/",
        "https://github.com@evil.example/",
        "",
    ],
)
def test_links_lead_to_web_and_mail_only(target: str) -> None:
    for text in (f"[x]({target})", f"![x]({target})", f"[x][a]\n\n[a]: {target}", f"<{target}>"):
        assert read(text).links == []


def test_a_refused_link_stays_what_its_author_typed() -> None:
    assert read("[x](javascript:alert(1))").text.strip() == "[x](javascript:alert(1))"


def test_good_links_say_that_we_do_not_vouch_for_them() -> None:
    page = read(
        '[a](https://example.org/a?b=c#d "title") <https://example.org/> <me@example.org> [r]\n\n[r]: http://x.org'
    )
    assert page.links == [
        "https://example.org/a?b=c#d",
        "https://example.org/",
        "mailto:me@example.org",
        "http://x.org",
    ]
    assert {attributes["rel"] for tag, attributes in page.found if tag == "a"} == {"nofollow noopener noreferrer"}


def test_an_address_cannot_leave_its_attribute() -> None:
    assert read('[x](<https://example.org/" onclick="alert(1)>)').links == [
        "https://example.org/%22%20onclick=%22alert(1)"
    ]


def test_pictures_are_links_to_where_they_lie() -> None:
    page = read("![a chart](https://example.org/p.png) [![inner](https://a.example/i.png)](https://b.example/)")
    assert page.links == ["https://example.org/p.png", "https://b.example/"]
    assert page.text.split() == ["a", "chart", "inner"]
    assert read("![](https://example.org/p.png)").text.strip() == "picture"


def test_headings_do_not_enter_the_outline_of_the_page() -> None:
    page = read("# One\n\nTwo\n===\n\ntext")
    assert [tag for tag, _ in page.found] == ["p", "p", "p"]
    assert page.found[0][1]["class"] == page.found[1][1]["class"] == "mm-heading"


@pytest.mark.parametrize("text", ["a\u202eb", "a&#x202e;b", "`a\u202eb`", "```\na\u202eb\n```", "    a\u202eb"])
def test_characters_that_turn_text_round_are_written_out(text: str) -> None:
    assert "a\\u202eb" in read(text).text


def test_control_characters_are_written_out() -> None:
    assert read("a\x02b").text.strip() == "a\\x02b"
    assert "\0" not in read("a\0b").text
    assert read("Z\u0351\u0351\u0351\u0351\u0351").text.count("\u0351") == 3


def test_ordinary_text_of_any_language_stays_as_it_is() -> None:
    for text in ("Größe – größer als 5 %", "数据的限制", "Données\u202f: 5\u00a0%"):
        assert read(text).text.strip() == text.replace("\u202f", " ").replace("\u00a0", " ")


def test_lists_tables_and_code_keep_their_form() -> None:
    page = read("- a\n- b\n\n3. c\n\n| x | y |\n|:--|--:|\n| 1 | 2 |\n\n```python\nx = 1\n```\n\nline\nbreak")
    tags = [tag for tag, _ in page.found]
    for tag in ("ul", "ol", "table", "td", "pre", "br"):
        assert tag in tags
    assert dict(page.found)["ol"] == {"start": "3"}
    assert dict(page.found)["pre"] == {"tabindex": "0"}


@pytest.mark.parametrize(
    "text",
    first_quick(
        [
            *("[" * 20_000, "![[" * 6_000, "*a " * 6_600, "*_" * 10_000, "a**b" * 5_000, "`a" * 10_000, "<" * 20_000),
            *(
                ">" * 20_000,
                "".join("  " * depth + "- a\n" for depth in range(130)),
                "[a](b" * 4_000,
                "[a]: u\n" * 2_800,
            ),
            "".join("`" * count + "a" for count in range(190)),
            "x" * 1_000_000,
        ]
    ),
    ids=lambda text: text[:6] + str(len(text)),
)
def test_no_text_takes_long(text: str) -> None:
    with calls_at_most(2_000_000):  # where every character looked at every other, it would be twice as many
        read(text[:2_000])
    page = read(text)
    assert len(page.text) < 25_000


@given(st.text(alphabet=st.sampled_from("<>&\"'[]()!`*_#|\n\t :/javscript.&;0x\u202e\x02\\")))
def test_any_text_gives_harmless_html(text: str) -> None:
    page = read(text)
    assert not re.search("[\x00-\x08\x0e-\x1f\u202e]", page.text)


def test_a_table_that_would_fill_up_to_a_million_cells_stays_text() -> None:
    table = "\n".join(["|" * 181, "|-" * 180 + "|", *["|"] * 360])
    bomb = "\n\n".join([table] * 13)[:20_000]
    with calls_at_most(1_000_000):
        found = render_text(bomb)
    assert "<td" not in found
    assert len(found) < 200_000
    assert "<td>1</td>" in render_text("| a | b |\n|---|---|\n| 1 | 2 |")
