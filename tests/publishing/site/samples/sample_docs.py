"""A small docs/ and ways to build it, for the tests of the site."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from mintmark.publishing.site.frames.builders import Builder, build_project
from mintmark.publishing.site.frames.project import write_project

NAME = 'Models of <b>Acme</b> & "Co"'
SITE = "https://acme.example/models"
REPOSITORY = "https://github.com/acme/models"
DOCS = {
    "index.md": b"# Welcome\n\nSee [how to](how-to/start.md#words).\n\n```sh\nmintmark list\n```\n",
    "how-to/start.md": b"# Start\n\n## Words\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n<script>alert('from docs')</script>\n",
    "how-to/picture.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
}
CONFIG: dict[str, Any] = {
    "site_name": "not this one",
    "site_description": 'A registry of <i>models</i> & "more"',
    "copyright": "Copyright &copy; 2026 <a href='https://acme.example'>Acme</a><script>alert('copyright')</script>",
    "nav": [{"Welcome": "index.md"}, {"How to": [{"Start": "how-to/start.md"}]}],
}

# Zensical may live in an environment of its own.
PYTHON = {"mkdocs": sys.executable, "zensical": os.environ.get("ZENSICAL_PYTHON", sys.executable)}
BUILDERS = ("mkdocs", "zensical")


def need(builder: str) -> None:
    """Skip a test whose builder is not installed."""
    module = "material" if builder == "mkdocs" else builder
    if PYTHON[builder] == sys.executable and importlib.util.find_spec(module) is None:
        pytest.skip(f"{builder} is not installed")


def build(
    folder: Path,
    builder: Builder = "mkdocs",
    *,
    docs: dict[str, bytes] | None = None,
    config: dict[str, Any] | None = None,
    site_url: str | None = SITE,
    name: str = NAME,
) -> Path:
    """Build the sample, or other pages and settings, and return where the site is."""
    need(builder)
    write_project(
        folder / "project",
        docs=DOCS if docs is None else docs,
        config=CONFIG if config is None else config,
        settings_name=name,
        site_url=site_url,
        repository=REPOSITORY,
    )
    build_project(folder / "project", folder / "built", builder, python=PYTHON[builder])
    return folder / "built"


def files_of(folder: Path) -> dict[str, bytes]:
    """The content of every file below a folder by its path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
