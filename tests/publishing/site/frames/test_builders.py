"""Sites as MkDocs and Zensical build them: whole, deterministic, without other hosts, and strict about docs/."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import sys
from pathlib import Path

import pytest
from tests.publishing.site.samples.sample_docs import BUILDERS, DOCS, NAME, PYTHON, REPOSITORY, build, files_of, need
from tests.scaffold.marks import first_quick

from mintmark.errors import MintmarkError
from mintmark.publishing.site.frames.builders import build_project
from mintmark.publishing.site.frames.frame_places import LOCATIONS
from mintmark.publishing.site.frames.security_policy import add_policy, server_origin, theme_scripts

_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
_LOADED = re.compile(
    r"<(?:script|img|iframe|source)[^>]* src=\"?(?:https?:)?//|<link[^>]*rel=\"?(?:stylesheet|preconnect|icon)\"? href=\"?(?:https?:)?//"
)


@pytest.fixture(scope="module", params=BUILDERS)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp(request.param), request.param)


def pages_of(site: Path) -> dict[str, str]:
    return {name: content.decode() for name, content in files_of(site).items() if name.endswith(".html")}


def test_docs_and_frames_become_pages(site):
    pages = pages_of(site)
    frames = {f"{location}index.html" for location in LOCATIONS.values()}
    assert pages.keys() == frames | {"404.html", "docs/index.html", "docs/how-to/start/index.html"}
    assert (site / "docs" / "how-to" / "picture.svg").read_bytes() == DOCS["how-to/picture.svg"]
    assert 'href="how-to/start/#words"' in pages["docs/index.html"]


def test_texts_of_the_registry_are_escaped_on_every_page(site):
    escaped = html.escape(NAME)
    for page in pages_of(site).values():
        assert escaped in page
        assert "<b>Acme" not in page
        assert "mintmark-site-" not in page
        assert "alert('copyright')</script>" not in page
        assert "© 2026 Acme" in page
    assert "A registry of &lt;i&gt;models&lt;/i&gt; &amp; &quot;more&quot;" in pages_of(site)["docs/index.html"]


def test_no_page_loads_from_another_host(site):
    for page in pages_of(site).values():
        assert not _LOADED.search(page)
        assert 'data-md-component="source"' not in page  # Material asks GitHub on its behalf
        assert f'href="{REPOSITORY}"' in page


def test_only_scripts_of_the_theme_run(site):
    for name, page in pages_of(site).items():
        (policy,) = _POLICY.findall(page)
        rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
        assert page.index("<head>") < page.index("<meta http-equiv") < page.index("<script")
        assert rules["default-src"] == "'none'"
        assert "unsafe" not in rules["script-src"]
        hashes = set(re.findall(r"'sha256-([^']*)'", rules["script-src"]))
        inline = re.findall(r"<script>(.*?)</script>", page, flags=re.S)
        allowed = {
            text for text in inline if base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in hashes
        }
        assert len(hashes) == len(allowed) >= 2, name
        assert set(inline) - allowed == ({"alert('from docs')"} if "start" in name else set()), name


def test_the_same_input_gives_the_same_bytes(site, tmp_path, request):
    builder = request.node.callspec.params["site"]
    again = files_of(build(tmp_path, builder))
    first = files_of(site)
    for name in ("sitemap.xml", "sitemap.xml.gz"):  # `write_sitemap` writes its own
        first.pop(name, None), again.pop(name, None)
    assert again.keys() == first.keys()
    assert [name for name in first if first[name] != again[name]] == []


@pytest.mark.parametrize("builder", first_quick(BUILDERS))
def test_a_broken_link_in_docs_is_told_in_the_words_of_the_builder(tmp_path, builder):
    docs = {**DOCS, "how-to/start.md": b"# Start\n\n## Words\n\n[x](nothing.md)\n"}
    with pytest.raises(MintmarkError) as caught:
        build(tmp_path, builder, docs=docs)
    words = str(caught.value)
    assert words.startswith("docs/: ")
    assert "docs/how-to/start.md" in words
    assert "mend" in words
    assert str(tmp_path) not in words
    assert "Traceback" not in words
    assert not re.search(r"^ +File ", words, flags=re.M)
    assert not (tmp_path / "built").exists()


@pytest.mark.parametrize(
    ("docs", "config", "named"),
    first_quick(
        [
            (DOCS, {"nav": ["index.md", "how-to/start.md", "gone.md"]}, "docs/gone.md"),
            (DOCS, {"nav": ["index.md"]}, "docs/how-to/start.md"),
            ({"index.md": b"# A\n\n[b](#nothing)\n"}, {}, "#nothing"),
            (DOCS, {"theme": {"name": "material", "icon": {"logo": "material/no-such-icon"}}}, "no-such-icon"),
        ]
    ),
    ids=["page of nav missing", "page not in nav", "anchor missing", "icon missing"],
)
def test_every_warning_about_docs_stops_the_build(tmp_path, docs, config, named):
    with pytest.raises(MintmarkError) as caught:
        build(tmp_path, docs=docs, config=config)
    assert named in str(caught.value)
    assert len(str(caught.value).splitlines()) < 12


@pytest.mark.slow
def test_a_site_without_docs_builds(tmp_path):
    assert not (build(tmp_path, docs={}) / "docs").exists()


@pytest.mark.slow
def test_a_builder_that_is_not_there_is_named_with_its_package(tmp_path):
    need("mkdocs")
    build(tmp_path / "first")
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')  # without the packages that are installed
    program.chmod(0o755)
    with pytest.raises(MintmarkError, match=r"MkDocs is not installed here; pip install .*\[site\]"):
        build_project(tmp_path / "first" / "project", tmp_path / "out", "mkdocs", python=str(program))


@pytest.mark.slow
def test_a_module_in_docs_is_not_imported(tmp_path):
    need("mkdocs")
    docs = {"index.md": b"# A\n", "mkdocs.py": b"raise SystemExit('imported')", "material.py": b"raise SystemExit(3)"}
    build(tmp_path, docs=docs, config={})
    (tmp_path / "project" / "yaml.py").write_text("raise SystemExit('imported')")
    build_project(tmp_path / "project", tmp_path / "again", "mkdocs", python=PYTHON["mkdocs"])


@pytest.mark.parametrize(
    ("page", "start"),
    [
        (
            "<!doctype html><html><head><meta charset=utf-8><title>",
            "<!doctype html><html><head><meta charset=utf-8>\n<meta",
        ),
        ("<!doctype html><p>a", "<!doctype html>\n<meta"),
        ("<p>a", "\n<meta"),
        ("<html><header>a</header>", "<html>\n<meta"),
        ("<!-- <head> --><script>a</script>", "\n<meta"),
        ("<title><head></title><script>a</script>", "\n<meta"),
        ('<body onload="a"><!-- <!doctype html><head> -->', "\n<meta"),
    ],
)
def test_pages_that_docs_bring_along_get_a_policy_as_well(page, start):
    assert add_policy(page, frozenset()).startswith(start)


def test_a_script_counts_as_the_theme_s_only_as_a_whole():
    known = theme_scripts(['<head><script>a=new URL("../..",location);b()</script><script src="x"></script></head>'])
    assert "sha256" in add_policy('<script>a=new URL("/models/",location);b()</script>', known)
    for text in ("evil()", 'a=new URL("../..",location);b();evil()', 'a=new URL("x");evil();//",location);b()'):
        assert "sha256" not in add_policy(f"<head></head><script>{text}</script>", known)
    assert "sha256" not in add_policy(
        '<script type="application/json">{}</script>', theme_scripts(["<script>{}</script>"])
    )


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://models.acme.example/v1/", "https://models.acme.example"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080/x", "http://[::1]:8080"),
        ("https://*.example", ""),
        ("https://a.example;script-src *", ""),
        ("https://a.example 'unsafe-eval'", ""),
        ("https://a@b.example/", ""),
        (None, ""),
    ],
)
def test_a_policy_lets_a_page_ask_one_origin_at_most(address: str | None, origin: str) -> None:
    assert server_origin(address) == origin
    rules = add_policy("<head></head>", frozenset(), asks=server_origin(address)).split('content="')[1].split('"')[0]
    asked = next(rule for rule in rules.split("; ") if rule.startswith("connect-src"))
    assert asked == f"connect-src 'self' {origin}".rstrip()
