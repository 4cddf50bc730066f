"""What of a repository's mkdocs.yml and docs/ reaches the site builder, and above all what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.publishing.site.samples.sample_docs import CONFIG, DOCS, NAME, REPOSITORY, SITE

from mintmark.errors import MintmarkError
from mintmark.publishing.site.frames import project
from mintmark.publishing.site.frames.docs_settings import parse_config
from mintmark.publishing.site.frames.project import write_project

ROOT = Path(__file__).parents[4]


def write(
    folder: Path, config: dict[str, Any], *, docs: dict[str, bytes] | None = None, **more: Any
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Write a project; return the configuration that the builder reads, and what was left out."""
    left_out = write_project(folder, docs=DOCS if docs is None else docs, config=config, settings_name=NAME, **more)
    return yaml.safe_load((folder / "mkdocs.yml").read_text(encoding="utf-8")), left_out


def test_a_repository_without_settings_gets_a_whole_site(tmp_path):
    written, left_out = write(tmp_path, {})
    assert left_out == ()
    assert written["theme"]["name"] == "material"
    assert written["theme"]["font"] is False
    assert [entry["media"] for entry in written["theme"]["palette"]] == [
        "(prefers-color-scheme: light)",
        "(prefers-color-scheme: dark)",
    ]
    assert [next(iter(item)) for item in written["nav"]] == ["Models", "Compare", "Lineage", "Audit", "Docs"]
    assert written["nav"][-1]["Docs"] == ["docs/index.md", {"How to": ["docs/how-to/start.md"]}]
    assert written["strict"] is True
    assert "site_url" not in written
    assert "extra" not in written


def test_the_navigation_of_docs_moves_below_docs(tmp_path):
    nav = [
        "index.md",
        {"How to": ["how-to/start.md", {"Deep": [{"One": "a/b.md"}]}]},
        {"Elsewhere": "https://acme.example/"},
    ]
    written, _ = write(tmp_path, {"nav": nav})
    assert written["nav"][-1]["Docs"] == [
        "docs/index.md",
        {"How to": ["docs/how-to/start.md", {"Deep": [{"One": "docs/a/b.md"}]}]},
        {"Elsewhere": "https://acme.example/"},
    ]


def test_the_settings_of_this_repository_are_taken_whole(tmp_path):
    config = parse_config((ROOT / "mkdocs.yml").read_bytes())
    written, left_out = write(tmp_path, config)
    assert left_out == ()
    assert set(config["theme"]["features"]) <= set(written["theme"]["features"])
    assert written["theme"]["palette"] == config["theme"]["palette"]
    assert written["theme"]["language"] == "en"
    assert [next(iter(entry)) for entry in written["markdown_extensions"]] == [
        entry if isinstance(entry, str) else next(iter(entry)) for entry in config["markdown_extensions"]
    ]
    assert written["validation"] == config["validation"]


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"hooks": ["evil.py"]}, "hooks"),
        ({"plugins": ["search", {"macros": {}}]}, "plugins"),
        ({"extra_javascript": ["https://evil.example/x.js"]}, "extra_javascript"),
        ({"extra_templates": ["x.html"]}, "extra_templates"),
        ({"theme": {"name": "material", "custom_dir": "evil"}}, "theme.custom_dir"),
        ({"theme": {"name": "readthedocs"}}, "theme.name"),
        ({"theme": "readthedocs"}, "theme.name"),
        ({"theme": {"name": "material", "features": ["navigation.instant"]}}, "navigation.instant"),
        ({"theme": {"name": "material", "logo": "../../secret.png"}}, "theme.logo"),
        ({"markdown_extensions": [{"pymdownx.snippets": {"base_path": "/"}}]}, "pymdownx.snippets"),
        ({"markdown_extensions": [{"toc": {"slugify": "os.system"}}]}, "toc.slugify"),
        ({"markdown_extensions": {"pymdownx.superfences": {"custom_fences": [{"name": "x"}]}}}, "custom_fences"),
        ({"markdown_extensions": [{"toc": {"permalink": {"deep": 1}}}]}, "toc.permalink"),
        ({"markdown_extensions": ["evil.module:Extension"]}, "evil.module"),
    ],
)
def test_what_runs_code_or_reads_elsewhere_is_left_out_and_said(tmp_path, config, named):
    written, left_out = write(tmp_path, config)
    assert len(left_out) == 1
    assert left_out[0].startswith("mkdocs.yml: ")
    assert named in left_out[0]
    assert "evil" not in yaml.safe_dump(written)
    assert written["plugins"] == [{"search": {"separator": r"[\s\-_@/]+"}}]
    assert not {"hooks", "extra_templates"} & written.keys()
    assert "custom_dir" not in written["theme"]
    assert written["theme"]["name"] == "material"
    assert not {"navigation.instant"} & set(written["theme"]["features"])
    extensions = {name: options for entry in written["markdown_extensions"] for name, options in entry.items()}
    assert "pymdownx.snippets" not in extensions
    assert not {"slugify", "custom_fences"} & {key for options in extensions.values() for key in options}
    assert all(path["path"].startswith("assets/") for path in written["extra_javascript"])


def test_plain_search_and_fonts_need_no_word(tmp_path):
    written, left_out = write(
        tmp_path, {"plugins": ["search"], "theme": {"name": "material", "font": {"text": "Lato"}}}
    )
    assert left_out == ()
    assert written["theme"]["font"] is False
    assert write(tmp_path, {"plugins": {"search": {}}})[1] == ()


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"site_description": ["x"]}, "site_description"),
        ({"theme": ["material"]}, "theme"),
        ({"theme": {"name": "material", "language": "../en"}}, "theme.language"),
        ({"theme": {"name": "material", "features": "x"}}, "theme.features"),
        ({"theme": {"name": "material", "icon": {"logo": "../../../secret"}}}, "theme.icon.logo"),
        ({"theme": {"name": "material", "icon": ["x"]}}, "theme.icon"),
        ({"theme": {"name": "material", "palette": {"primary": '"><script>'}}}, "theme.palette.primary"),
        ({"theme": {"name": "material", "palette": {"toggle": {"icon": "a/b", "name": "<b>"}}}}, "toggle.name"),
        ({"theme": {"name": "material", "palette": "teal"}}, "theme.palette"),
        ({"markdown_extensions": "toc"}, "markdown_extensions"),
        ({"markdown_extensions": [3]}, "markdown_extensions"),
        ({"nav": "index.md"}, "nav"),
        ({"nav": [{"a": 1}]}, "nav"),
        ({"nav": [[[[[[[[[["index.md"]]]]]]]]]]}, "nav"),
    ],
)
def test_settings_of_a_wrong_shape_are_refused_by_name(tmp_path, config, place):
    with pytest.raises(MintmarkError, match=rf"^mkdocs\.yml: .*{place}.*: must"):
        write(tmp_path, config)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"markdown_extensions:\n  - pymdownx.emoji:\n      x: !!python/name:os.system\n", "mkdocs.yml:3: "),
        (b"- a\n", "mapping"),
        (b"a: 1\na: 2\n", "mkdocs.yml:2: "),
    ],
)
def test_a_file_that_is_not_plain_data_is_refused(text, words):
    with pytest.raises(MintmarkError, match=r"^mkdocs\.yml") as caught:
        parse_config(text)
    assert words in str(caught.value)


def test_docs_are_copied_but_for_what_mkdocs_keeps_out(tmp_path):
    docs = {
        **DOCS,
        ".git/config": b"",
        "how-to/.secret": b"",
        "templates/a.md": b"",
        "../../out.md": b"",
        "/abs.md": b"",
    }
    write(tmp_path / "project", {}, docs=docs)
    pages = tmp_path / "project" / "pages"
    copied = {path.relative_to(pages / "docs").as_posix() for path in (pages / "docs").rglob("*") if path.is_file()}
    assert copied == set(DOCS)
    assert (pages / "docs" / "index.md").read_bytes() == DOCS["index.md"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["project"]


def test_a_tree_without_docs_has_no_tab_for_them(tmp_path):
    written, _ = write(tmp_path, {}, docs={})
    assert [next(iter(item)) for item in written["nav"]] == ["Models", "Compare", "Lineage", "Audit"]


def test_texts_of_the_registry_never_reach_the_builder(tmp_path):
    write(tmp_path, CONFIG, site_url=SITE, repository=REPOSITORY)
    text = (tmp_path / "mkdocs.yml").read_text(encoding="utf-8")
    assert "Acme" not in text
    assert "alert" not in text
    assert "<i>" not in text


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", 'https://a.example/"><script>', "ftp://a.example", "https://a b"]
)
def test_only_plain_web_addresses_are_written(tmp_path, address):
    written, _ = write(tmp_path, {}, site_url=address, repository=address)
    assert "site_url" not in written
    assert "extra" not in written


def test_addresses_are_written_without_asking_for_stars(tmp_path):
    written, _ = write(tmp_path, {}, site_url=SITE, repository=REPOSITORY)
    assert written["site_url"] == SITE + "/"
    assert written["extra"]["social"][0]["link"] == REPOSITORY
    assert "repo_url" not in written  # with it Material asks GitHub for the number of stars


def test_our_assets_go_in_as_far_as_they_exist(tmp_path, monkeypatch):
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "model.css").write_text("p{}")
    (assets / "registry.js").write_text("1")
    monkeypatch.setattr(project, "_ASSETS", assets)
    written, _ = write(tmp_path / "project", {})
    assert written["extra_css"] == ["assets/model.css"]
    assert written["extra_javascript"] == [{"path": "assets/registry.js", "defer": True}]
    assert (tmp_path / "project" / "pages" / "assets" / "model.css").read_text() == "p{}"
