"""The files of a whole site: valid HTML, no link that leads nowhere, no address of another host but to click on."""

from __future__ import annotations

import json
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from tests.publishing.site.samples.lively_registry import SITE
from tests.publishing.site.site_pages import KINDS, addresses
from tests.scaffold.npm_packages import npm_program

PINS = Path(__file__).with_name("html-validate")  # package.json and its lock, with the digest of every package
# What Material's own header and sidebar get wrong, by rule and by the place in the page.
OF_THE_THEME = {
    "valid-autocomplete": ("#__drawer", "#__search"),  # on checkboxes, which have nothing to complete
    "attribute-allowed-values": ("#__nav_",),  # tabindex="" on the labels of groups
}
CONFIG = {"root": True, "extends": ["html-validate:standard"]}
# What loads something, what is clicked on, and what scripts read.
LOADING = {("link", "href"), ("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("object", "data"),
           ("embed", "src"), ("video", "src"), ("audio", "src"), ("input", "src"), ("use", "href"), ("image", "href"),
           ("img", "srcset"), ("base", "href"), ("form", "action"), ("video", "poster"), ("feimage", "href")}  # fmt: skip
LINKS = {("a", "href"), ("area", "href")}
OWN_DATA = {"data-documents", "data-record", "data-audit", "data-folder", "data-address"}
ROOT = "https://site.invalid/some/where/"


@dataclass
class Contents(HTMLParser):
    """The ids of a page, and what it refers to as (element, attribute, value)."""

    text: str
    ids: list[str] = field(default_factory=list)
    references: list[tuple[str, str, str]] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    in_style: bool = False

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.in_style = tag == "style"
        self.ids += [found["id"]] if "id" in found else []
        self.styles += [found["style"]] if "style" in found else []
        for name, value in found.items():
            name = name.removeprefix("xlink:")
            canonical = tag == "link" and found.get("rel") == "canonical"
            if name in OWN_DATA or ((tag, name) in LOADING | LINKS and not canonical):
                self.references.append((tag, name, value))

    def handle_data(self, data: str) -> None:
        if self.in_style:
            self.styles.append(data)
        self.in_style = False


@pytest.fixture(scope="module")
def pages(built: Path) -> dict[str, Contents]:
    """The contents of each page, by its address from the root."""
    return read_pages(built)


def read_pages(site: Path) -> dict[str, Contents]:
    return {path: Contents(read(site, path)) for path in addresses(site)}


def read(site: Path, path: str) -> str:
    return file_of(site, path).read_text(encoding="utf-8")


def file_of(site: Path, path: str) -> Path:
    return site / path / "index.html" if path == "" or path.endswith("/") else site / path


@pytest.fixture(scope="module")
def html_validate() -> str:
    """The program that checks HTML, installed once from its lock file into the user's cache."""
    program = npm_program("html-validate", PINS)
    done = subprocess.run((str(program), "--version"), capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"html-validate does not run with this node: {done.stderr.strip()[-200:]}")
    return str(program)


def html_faults(program: str, site: Path, folder: Path) -> list[str]:
    """What is not valid in the pages of a site, without what is known of the theme."""
    config = folder / "htmlvalidate.json"
    config.write_text(json.dumps(CONFIG))
    command = (program, "--formatter", "json", "--config", str(config), f"{site}/**/*.html")
    results = folder / "results.json"
    with results.open("wb") as file:  # it ends before a pipe has taken all
        subprocess.run(command, stdout=file, cwd=folder, timeout=300, check=False)
    return [
        f"{Path(page['filePath']).relative_to(site)}:{fault['line']}: {fault['ruleId']}: {fault['message']}"
        for page in json.loads(results.read_text())
        for fault in page["messages"]
        if not str(fault.get("selector")).startswith(OF_THE_THEME.get(fault["ruleId"], "\0"))
    ]


def test_every_page_is_valid_html(html_validate: str, built: Path, tmp_path: Path) -> None:
    assert html_faults(html_validate, built, tmp_path) == []


@pytest.mark.slow
def test_a_fault_in_html_is_found(html_validate: str, built: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    page = read(built, "models/iris/").replace('<h2 id="versions">', '<h2 id="about"><div>', 1)
    (site / "index.html").write_text(page)
    rules = {fault.split(": ")[1] for fault in html_faults(html_validate, site, tmp_path)}
    assert {"no-dup-id", "element-permitted-content", "close-order"} <= rules


def test_no_page_has_an_id_twice(pages: dict[str, Contents]) -> None:
    for path, page in pages.items():
        assert sorted(set(page.ids)) == sorted(page.ids), path


def test_every_drawing_is_a_document_of_its_own(built: Path) -> None:
    drawings = list(built.glob("models/**/*.svg"))
    assert drawings
    for drawing in drawings:
        root = ElementTree.fromstring(drawing.read_text())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        for element in root.iter():
            for name, value in element.attrib.items():
                if name.rpartition("}")[2] == "href":
                    target = urljoin(ROOT + drawing.relative_to(built).as_posix(), value)
                    assert leads_somewhere(built, {}, target), (drawing, value)


def leads_somewhere(site: Path, pages: dict[str, Contents], target: str) -> bool:
    """Whether an address inside the site is that of a file, and its fragment that of an element of the page."""
    parts = urlsplit(target)
    path = unquote(parts.path).removeprefix(urlsplit(ROOT).path)
    if not file_of(site, path).is_file():
        return False
    return not parts.fragment or path not in pages or unquote(parts.fragment) in pages[path].ids


def broken_links(site: Path, pages: dict[str, Contents]) -> Iterator[str]:
    """Every reference of a page that leads nowhere, or out of the folder that the site is served from."""
    for path, page in pages.items():
        own = urlsplit(SITE).path if path == "404.html" else ""
        for tag, name, value in page.references:
            if value.startswith(("https://", "http://")):
                continue
            if own and value.startswith(own):
                value = f"./{value.removeprefix(own)}"
            target = urljoin(ROOT + path, value)
            if name in ("data-documents", "data-folder"):  # scripts add names of files to these
                there = target.endswith("/") and (site / target.removeprefix(ROOT)).is_dir()
            else:
                there = leads_somewhere(site, pages, target)
            if value.startswith("/") or not target.startswith(ROOT) or not there:
                yield f"{path or 'home'}: <{tag} {name}={value}>"


def test_no_link_is_broken(built: Path, pages: dict[str, Contents]) -> None:
    assert sum(len(page.references) for page in pages.values()) > 500
    assert list(broken_links(built, pages)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<a href="1.1.0/"', '<a href="1.1.1/"'),
        ('href="#metrics"', 'href="#measures"'),
        ('href="../../../api/v1/config.json"', 'href="/api/v1/config.json"'),
        ('href="../../../api/v1/config.json"', 'href="../../../../api/v1/config.json"'),
        ("assets/model.css", "assets/models.css"),
    ],
)
def test_a_broken_link_is_found(built: Path, pages: dict[str, Contents], old: str, new: str) -> None:
    path = next(path for path in ("models/iris/1.1.0/", "models/iris/") if old in read(built, path))
    changed = {**pages, path: Contents(read(built, path).replace(old, new, 1))}
    assert len(list(broken_links(built, changed))) == 1


def foreign(pages: dict[str, Contents]) -> Iterator[str]:
    """What a page would load from another host, or from an address that holds its content itself."""
    for path, page in pages.items():
        for tag, name, value in page.references:
            if (tag, name) in LOADING and re.match(r"\s*(?:[a-z][a-z0-9+.-]*:|//)", value, re.I):
                yield f"{path}: <{tag} {name}={value}>"
        for style in page.styles:
            yield from (f"{path}: {style}" for found in style_urls(style) if not found.startswith("data:"))


def style_urls(text: str) -> list[str]:
    found = re.findall(r"url\(\s*([\"']?)(.*?)\1\s*\)|@import\s+[\"']([^\"']+)", text, re.S)
    return [url or imported for _, url, imported in found]


def test_no_page_loads_anything_from_elsewhere(pages: dict[str, Contents]) -> None:
    assert list(foreign(pages)) == []


@pytest.mark.parametrize(
    "evil", ['<img src="//evil.example/x.png">', '<link rel=stylesheet href=https://evil.example/x.css>',
             '<p style="background: url(//evil.example/x)">', '<iframe src="data:text/html,x">'],
)  # fmt: skip
def test_what_comes_from_elsewhere_is_found(evil: str) -> None:
    assert len(list(foreign({"": Contents(evil)}))) == 1


def test_every_link_to_click_on_is_a_web_address_or_in_the_site(pages: dict[str, Contents]) -> None:
    for path, page in pages.items():
        for tag, name, value in page.references:
            if (tag, name) == ("a", "href") and re.match(r"[a-z][a-z0-9+.-]*:", value, re.I):
                assert value.startswith(("https://", "http://", "mailto:")), (path, value)


def test_stylesheets_load_only_what_is_there(built: Path) -> None:
    sheets = list(built.rglob("*.css"))
    assert len(sheets) >= 4
    for sheet in sheets:
        for url in style_urls(sheet.read_text()):
            assert url.startswith("data:") or (sheet.parent / url.partition("#")[0]).is_file(), (sheet.name, url)


def test_every_address_in_a_document_leads_to_a_file(built: Path) -> None:
    found = [(path, url) for path in built.glob("api/v1/**/*.json") if path.parent.name != "schemas"
             for url in urls_of(json.loads(path.read_text()))]  # fmt: skip
    assert len(found) > 20
    for path, url in found:
        assert not urlsplit(url).scheme, (path, url)
        assert not url.startswith("/"), (path, url)
        assert (path.parent / unquote(url)).is_file(), (path, url)


def urls_of(document: Any) -> Iterator[str]:
    """The relative addresses in a document: $schema, url and record, at any depth; what is written by people is left out."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key in ("$schema", "url", "record", "older") and isinstance(value, str):
                yield value
            elif key not in ("model", "record"):
                yield from urls_of(value)
    elif isinstance(document, list):
        for item in document:
            yield from urls_of(item)


def test_config_names_documents_that_are_there(built: Path) -> None:
    config = json.loads((built / "api/v1/config.json").read_text())
    code = (built / "api/v1/code/index.txt").read_text().split()
    assert len(code) == 2  # of iris 1.0.0 and 1.1.0; nothing has the digests that the others name
    names = {"model": "iris", "version": "1.2.0", "channel": "staging", "md5": code[0]}
    for place in config["documents"].values():
        for path in [place] if isinstance(place, str) else place:
            assert (built / "api" / "v1" / path.format_map(names)).is_file(), path


@pytest.mark.parametrize("path", ["sitemap.xml", "api/v1/feed.xml"])
def test_lists_for_machines_lead_to_pages(built: Path, pages: dict[str, Contents], path: str) -> None:
    root = ElementTree.fromstring((built / path).read_text())
    links = [
        element.text or element.get("href") or "" for element in root.iter() if element.tag.endswith(("}loc", "}link"))
    ]
    own = [link for link in links if link.startswith(SITE)]
    assert len(own) > 10
    for link in own:
        assert leads_somewhere(built, pages, ROOT + link.removeprefix(SITE)), link


def test_the_sitemap_lists_every_page_of_what_is_there(built: Path, pages: dict[str, Contents]) -> None:
    text = (built / "sitemap.xml").read_text()
    left_out = {path for path in pages if f"<loc>{SITE}{path}</loc>" not in text}
    assert left_out == {KINDS["404"], KINDS["withdrawn version"]}


def test_every_entry_of_the_search_leads_somewhere(built: Path, pages: dict[str, Contents]) -> None:
    entries = json.loads((built / "search/search_index.json").read_text())["docs"]
    assert len(entries) > 10
    for entry in entries:
        assert leads_somewhere(built, pages, urljoin(ROOT, entry["location"])), entry["location"]


def test_every_kind_of_page_is_there(pages: dict[str, Contents]) -> None:
    assert set(KINDS.values()) <= set(pages)
