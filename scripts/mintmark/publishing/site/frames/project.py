"""Write the small project of plain Markdown that a site builder makes into pages: docs/ and the frames."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.publishing.site.frames.docs_settings import DOCS, DocsSettings, is_published, take_settings
from mintmark.publishing.site.frames.frame_places import (
    CONTENT,
    DESCRIPTION,
    LOCATIONS,
    SITE_COPYRIGHT,
    SITE_DESCRIPTION,
    SITE_NAME,
    TITLE,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGES_FOLDER = "pages"
BUILT_FOLDER = "site"
CONFIG_FILE = "mkdocs.yml"
TEXTS_FILE = "texts.json"

_ASSETS = Path(__file__).parent / "assets"
_STYLES = ("registry.css", "tables.css", "home.css", "model.css", "version.css", "compare.css", "day.css")
_SCRIPTS = ("registry.js", "home.js", "model.js", "version.js", "compare.js")
# Others load these where they are needed.
_PARTS = (
    *("events.js", "audit.js", "day.js", "search.js", "curves.js", "parts.js", "code.js"),
    *("lineage.js", "lineage-search.js"),
)
_TABS = {"Models": "index.md", "Compare": "compare.md", "Lineage": "lineage.md", "Audit": "audit.md"}
SEARCH_SCRIPT = "assets/search.js"  # stands before the scripts of the theme
_WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~%+/-]*)?\Z")
_TAG = re.compile(r"<[^>]*>")

_FRAME = f"""---
title: {TITLE}
description: {DESCRIPTION}
hide:
  - navigation
  - toc
---

{CONTENT}
"""
_VALIDATION = {
    "nav": {"omitted_files": "warn", "not_found": "warn", "absolute_links": "warn"},
    "links": {"not_found": "warn", "anchors": "warn", "absolute_links": "warn", "unrecognized_links": "warn"},
}


def write_project(
    folder: Path,
    *,
    docs: Mapping[str, bytes],
    config: Mapping[str, Any],
    settings_name: str,
    site_url: str | None = None,
    repository: str | None = None,
) -> tuple[str, ...]:
    """Write a project for `builders.build_project` into `folder`; return, in sentences, what of `config` is left out.

    `docs` are the files of docs/ by their path in it, `config` a mkdocs.yml read by `docs_settings.parse_config` (empty
    when the tree has none), `settings_name` the name of the registry. Raises `MintmarkError` for a setting that cannot
    be understood.
    """
    published = {path: content for path, content in docs.items() if is_published(path)}
    settings = take_settings(config, published)
    pages = folder / PAGES_FOLDER
    for path, content in published.items():
        _write(pages / DOCS / path, content)
    for location in LOCATIONS.values():
        _write(pages / _source(location), _FRAME.encode())
    assets = _copy_assets(pages)
    configuration = _configuration(settings, bool(published), assets, site_url, repository)
    _write(folder / CONFIG_FILE, _json(configuration))
    _write(folder / TEXTS_FILE, _json(_texts(settings, settings_name)))
    return settings.left_out


def _configuration(
    settings: DocsSettings, has_docs: bool, assets: tuple[str, ...], site_url: str | None, repository: str | None
) -> dict[str, Any]:
    nav: list[Any] = [{title: page} for title, page in _TABS.items()]
    if has_docs and settings.nav:
        nav.append({"Docs": settings.nav})
    configuration: dict[str, Any] = {
        "site_name": SITE_NAME,
        "docs_dir": PAGES_FOLDER,
        "site_dir": BUILT_FOLDER,
        "strict": True,
        "use_directory_urls": True,
        "theme": settings.theme,
        # A word such as breast-cancer@1.4.2 or roc_auc is found by each of its parts.
        "plugins": [{"search": {"separator": r"[\s\-_@/]+"}}],
        "markdown_extensions": [{name: options} for name, options in settings.extensions.items()],
        "validation": _VALIDATION,
        "not_in_nav": f"/{LOCATIONS['model']}**\n",
        "extra_css": [path for path in assets if path.endswith(".css")],
        "extra_javascript": [{"path": path, "defer": True} for path in assets if path.endswith(".js")],
        "nav": nav,
    }
    if settings.description:
        configuration["site_description"] = SITE_DESCRIPTION
    if settings.copyright:
        configuration["copyright"] = SITE_COPYRIGHT
    if site_url and _WEB_ADDRESS.match(site_url):
        configuration["site_url"] = site_url.rstrip("/") + "/"
    if repository and _WEB_ADDRESS.match(repository):
        # Not `repo_url`, with which Material asks GitHub for the number of stars.
        link = {"icon": "material/source-repository", "link": repository, "name": "The repository of this registry"}
        configuration["extra"] = {"social": [link]}
    return configuration


def _texts(settings: DocsSettings, name: str) -> dict[str, str]:
    """Return the HTML by which each marker of the configuration is replaced in finished pages."""
    return {
        SITE_NAME: html.escape(name),
        SITE_DESCRIPTION: html.escape(settings.description),
        SITE_COPYRIGHT: html.escape(html.unescape(_TAG.sub("", settings.copyright))),
    }


def _source(location: str) -> str:
    return f"{location}index.md" if location in ("", *_SHARED) else f"{location.rstrip('/')}.md"


_SHARED = (LOCATIONS["model"], LOCATIONS["version"])


def _copy_assets(pages: Path) -> tuple[str, ...]:
    """Copy our style sheets and scripts; return where they lie in the site."""
    names = [name for name in (*_STYLES, *_SCRIPTS, *_PARTS) if (_ASSETS / name).is_file()]
    for name in names:
        _write(pages / "assets" / name, (_ASSETS / name).read_bytes())
    return tuple(f"assets/{name}" for name in names if name not in _PARTS)


def _json(data: Mapping[str, Any]) -> bytes:
    """Return JSON, which is YAML as well: quotes around every text, so that none of it is taken for a tag."""
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
