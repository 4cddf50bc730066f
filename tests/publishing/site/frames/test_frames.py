"""Frames: the empty pages of a site builder, filled with content that it never saw."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from tests.publishing.site.samples.sample_docs import BUILDERS, NAME, SITE, build

from mintmark.errors import MintmarkError
from mintmark.publishing.site.frames.frame_places import CONTENT, DESCRIPTION, LOCATIONS, TITLE
from mintmark.publishing.site.frames.frames import parse_frame, read_frames

LARGEST = 16_000  # bytes of a page without its content; there may be 10,000 pages in 1 GB
HOSTILE = "<script>alert(1)</script>&\"'"
PLACES = {**LOCATIONS, "model": "models/iris/", "version": "models/iris/1.0.0+build.1/"}


class Page(HTMLParser):
    """The title, the description, the headings and the links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: dict[str, list[str]] = {}
        self.links: list[str] = []
        self.meta: dict[str, str] = {}
        self.canonical = ""
        self.feeds: list[str] = []
        self.active: list[str] = []
        self._open: list[str] = []
        self._in_active_tab = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "meta" and ("name" in found or "property" in found):
            self.meta[found.get("name") or found["property"]] = found["content"]
        elif tag == "link" and "alternate" in found["rel"].split():
            self.feeds.append(found["href"])
        elif tag == "link" and found["rel"] == "canonical":
            self.canonical = found["href"]
        else:
            self.links += [found[name] for name in ("href", "src") if name in found]
        if tag not in ("meta", "link", "input"):
            self._open.append(tag)
        if tag == "li":
            self._in_active_tab = "md-tabs__item--active" in found.get("class", "")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            self.texts.setdefault(self._open[-1], []).append(data.strip())
            if self._open[-1] == "a" and self._in_active_tab:
                self.active.append(data.strip())


@pytest.fixture(scope="module", params=BUILDERS)
def site(request, tmp_path_factory):
    output = build(tmp_path_factory.mktemp(request.param), request.param)
    return output, read_frames(output)


def filled(site, kind, **changes):
    values = {"title": "iris 1.0.0", "description": "Tells irises apart.", "content": "<h1>iris</h1>\n<p>Text</p>"}
    return site[1][kind].fill(**{**values, "location": PLACES[kind], **changes})


@pytest.mark.parametrize("kind", LOCATIONS)
def test_a_filled_frame_shows_what_it_was_given(site, kind):
    text = filled(site, kind)
    page = Page(text)
    assert page.texts["h1"] == ["iris"]  # and none of the theme's own
    assert page.texts["title"] == ["iris 1.0.0" if kind == "home" else f"iris 1.0.0 - {NAME}"]
    assert "iris 1.0.0" in page.texts["span"]  # in the header
    assert page.meta["description"] == "Tells irises apart."
    assert page.canonical == f"{SITE}/{PLACES[kind]}" == page.meta["og:url"]
    assert page.meta["og:title"] == page.texts["title"][0]
    assert page.meta["og:description"] == "Tells irises apart."
    assert (page.meta["og:site_name"], page.meta["twitter:card"]) == (NAME, "summary")
    assert "\n<p>Text</p>" in text
    assert "mintmark-frame" not in text


@pytest.mark.parametrize("kind", LOCATIONS)
def test_titles_and_descriptions_are_plain_text(site, kind):
    text = filled(site, kind, title=HOSTILE, description=HOSTILE, location=f"models/{HOSTILE}/")
    page = Page(text)
    assert "alert(1)</script>" not in text
    assert page.meta["description"] == HOSTILE == page.meta["og:description"]
    assert page.meta["og:title"].startswith(HOSTILE)
    assert page.texts["title"][0].startswith(HOSTILE)
    assert page.canonical.startswith(f"{SITE}/models/%3Cscript%3E")


@pytest.mark.parametrize("kind", LOCATIONS)
def test_links_of_a_frame_lead_to_pages_and_files_of_the_site(site, kind):
    output, _ = site
    here = f"https://a.example/prefix/{PLACES[kind]}"
    links = [urljoin(here, link) for link in Page(filled(site, kind)).links if link[:1] != "#"]
    own = [urlsplit(link).path for link in links if link.startswith("https://a.example/")]
    assert len(own) > 8
    for path in own:
        assert path.startswith("/prefix/")
        target = output / path.removeprefix("/prefix/")
        assert (target / "index.html" if target.is_dir() else target).is_file(), path
    assert {"/prefix/audit/", "/prefix/lineage/", "/prefix/docs/"} <= set(own)


def test_a_page_loads_the_scripts_of_its_kind_alone(site):
    own = {"home.js", "version.js", "compare.js"}
    for kind in LOCATIONS:
        loaded = set(re.findall(r'src="[^"]*assets/([a-z]+\.js)"', filled(site, kind)))
        assert loaded & own == own & {f"{kind}.js"}
        assert loaded >= {"registry.js", "model.js"}


def test_every_page_names_the_feeds_and_has_a_preview(site):
    feeds = {
        kind: [urljoin(f"/at/{PLACES[kind]}", feed) for feed in Page(filled(site, kind)).feeds] for kind in LOCATIONS
    }
    whole, own = "/at/api/v1/feed.xml", "/at/api/v1/models/iris/feed.xml"
    assert feeds == {
        "home": [whole], "audit": [whole], "compare": [whole], "lineage": [whole], "model": [own, whole], "version": [own, whole],
    }  # fmt: skip
    docs = Page((site[0] / "docs/how-to/start/index.html").read_text())
    assert urljoin("/at/docs/how-to/start/", docs.feeds[0]) == whole
    assert docs.meta["og:title"] == docs.texts["title"][0]
    missing = Page((site[0] / "404.html").read_text())
    assert (missing.feeds, missing.meta["og:site_name"]) == ([], NAME)


def test_the_page_for_what_is_not_there_leads_on_from_any_depth(site):
    text = (site[0] / "404.html").read_text()
    assert "<h1>There is no such page</h1>" in text
    places = re.findall(r'href="([^"]*)"', text)
    base = next(place for place in places if place.endswith("assets/registry.css")).removesuffix("assets/registry.css")
    assert {base, f"{base}audit/"} <= set(places)
    assert not [place for place in places if not place.startswith(("/", "http", "#"))]


def test_pages_of_models_show_in_which_tab_they_are(site):
    active = {kind: Page(filled(site, kind)).active for kind in LOCATIONS}
    assert active == {
        "home": ["Models"], "audit": ["Audit"], "compare": ["Compare"], "lineage": ["Lineage"], "model": ["Models"], "version": ["Models"],
    }  # fmt: skip


def test_frames_are_small_and_carry_no_navigation_of_docs(site):
    for kind in LOCATIONS:
        text = filled(site, kind)
        assert len(text.encode()) < LARGEST
        assert "how-to/start" not in text
        sidebars = re.findall(r'<div class="md-sidebar [^>]*>', text)  # tables get the whole width
        assert [sidebar.endswith(" hidden>") for sidebar in sidebars] == [True, True]


def test_frames_of_models_and_versions_are_no_pages_themselves(site):
    output, _ = site
    assert not list(output.rglob("_model"))
    assert (output / "index.html").is_file()
    assert (output / "audit" / "index.html").is_file()


def test_scripts_keep_the_bytes_that_the_policy_allows(site):
    for kind in LOCATIONS:
        text = filled(site, kind)
        assert '__md_scope=new URL("' in text
        allowed = set(re.findall(r"'sha256-[^']*'", text))
        assert allowed
    built = (site[0] / "audit" / "index.html").read_text(encoding="utf-8")
    scripts = re.compile(r"<script>(.*?)</script>", re.S)
    assert scripts.findall(built) == scripts.findall(filled(site, "audit"))


PAGE = f"<html><head><title>{TITLE} - x</title><meta content='{DESCRIPTION}'></head><body>{CONTENT}</body></html>"


def test_a_site_without_an_address_has_no_canonical_link():
    assert parse_frame(PAGE, "model").fill(title="a", description="b", content="<h1>c</h1>", location="d/") == (
        "<html><head><title>a - x</title><meta content='b'></head><body><h1>c</h1></body></html>\n"
    )


def test_content_may_hold_markers_itself():
    frame = parse_frame(PAGE, "model")
    assert TITLE in frame.fill(title="a", description="b", content=f"<h1>{TITLE}</h1>", location="")


@pytest.mark.parametrize(("marker", "slot"), [(TITLE, "title"), (DESCRIPTION, "description"), (CONTENT, "content")])
def test_a_page_without_a_marker_is_refused(marker, slot):
    with pytest.raises(MintmarkError, match=f"“version” holds no place for the {slot}: .* requirements.lock"):
        parse_frame(PAGE.replace(marker, "nothing"), "version")


def test_a_page_with_its_content_twice_or_no_page_at_all_is_refused(tmp_path: Path):
    with pytest.raises(MintmarkError, match="more than once"):
        parse_frame(PAGE.replace(CONTENT, CONTENT * 2), "version")
    with pytest.raises(MintmarkError, match="“home” is missing"):
        read_frames(tmp_path)
