"""Badges: what they say, to eyes and to screen readers, and that no text gets out of its place."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.publishing.site.api.badges import format_badge

SVG = "{http://www.w3.org/2000/svg}"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def badge(model: str = "iris", channel: str = "production", version: str | None = "1.1.0", **more: bool) -> ET.Element:
    return ET.fromstring(format_badge(model, channel, version, commit=COMMIT, **more))


def texts(svg: ET.Element) -> list[str]:
    return [text.text or "" for text in svg.iter(f"{SVG}text")]


def colours(svg: ET.Element) -> tuple[str, str]:
    """What is behind the label and behind the value."""
    left, whole = svg.find(f"{SVG}path"), svg.find(f"{SVG}rect")
    assert left is not None
    assert whole is not None
    return left.get("fill", ""), whole.get("fill", "")


@pytest.mark.parametrize(
    ("version", "yanked", "says"),
    [("1.1.0", False, "1.1.0"), ("1.1.0", True, "1.1.0 yanked"), (None, False, "none"), (None, True, "none")],
)
def test_it_says_what_the_channel_points_to(version: str | None, yanked: bool, says: str) -> None:
    svg = badge(version=version, yanked=yanked)
    assert texts(svg) == ["iris production", says]
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == svg.findtext(f"{SVG}title") == f"iris production: {says}"


def test_it_names_its_commit() -> None:
    assert badge().findtext(f"{SVG}metadata") == f"commit {COMMIT}"
    assert "<metadata>commit none</metadata>" in format_badge("iris", "staging", None, commit=None)


def test_each_state_looks_its_own_way() -> None:
    svgs = [badge(), badge(yanked=True), badge(version=None)]
    assert len({colours(svg)[1] for svg in svgs}) == 3


@pytest.mark.parametrize("svg", [badge(), badge(yanked=True), badge(version=None)], ids=["held", "yanked", "empty"])
def test_text_stands_out(svg: ET.Element) -> None:
    """WCAG 2.2 asks for a contrast of 4.5 to 1."""
    ink = svg.find(f"{SVG}g")
    assert ink is not None
    assert ink.get("fill") == "#fff"
    for colour in colours(svg):
        assert 1.05 / (luminance(colour) + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """The relative luminance of `#rrggbb`, as WCAG defines it."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_texts_fit_their_boxes() -> None:
    svg = badge("breast-cancer", "production", "12.10.0-rc.1+gpu")
    places = [(int(text.get("x", "")), int(text.get("textLength", ""))) for text in svg.iter(f"{SVG}text")]
    path, whole = svg.find(f"{SVG}path"), svg.find(f"{SVG}rect")
    assert path is not None
    assert whole is not None
    edge, end = int(path.get("d", "").removeprefix("M").split()[0]), int(svg.get("width", ""))
    assert int(whole.get("width", "")) == end
    (first, first_width), (second, second_width) = places
    assert 0 < first < first + first_width < edge < second < second + second_width < end


def test_wider_texts_have_wider_badges() -> None:
    names = ["i", "ill", "iris", "willow", "breast-cancer", "mammography-mmmm"]
    widths = [int(badge(name).get("width", "")) for name in names]
    assert all(a < b for a, b in pairwise(widths))
    # shields.io, which knows Verdana's widths, draws these 27 and 43 pixels wide
    build, passing = (int(text.get("textLength", "")) for text in badge("build", "", "passing").iter(f"{SVG}text"))
    assert build - 4 == pytest.approx(27, abs=1), "a space ends it here"
    assert passing == pytest.approx(43, abs=2)


def test_nothing_is_fetched() -> None:
    text = format_badge("iris", "production", "1.1.0", commit=COMMIT).replace("http://www.w3.org/2000/svg", "")
    assert not [word for word in ("http", "href", "<style", "@import", "src=", "<script") if word in text]


@given(st.text(st.characters(codec=None), max_size=30))
def test_any_text_stays_text(text: str) -> None:
    svg = ET.fromstring(format_badge(text, text, text, commit=text).encode())
    assert [element.tag.removeprefix(SVG) for element in svg.iter()] == [
        "svg", "title", "metadata", "rect", "path", "g", "text", "text",
    ]  # fmt: skip
    assert svg.findtext(f"{SVG}metadata") == "commit none"


def test_markup_is_shown_as_typed() -> None:
    assert texts(badge('"><script>&'))[0] == '"><script>& production'
