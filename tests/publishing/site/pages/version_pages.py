"""The page of one version, as tests read it."""

from __future__ import annotations

from typing import Any

from tests.publishing.site.samples.sample_versions import Page, config, index, row, version

from mintmark.publishing.site.pages.version_page import version_page


def content(document: dict[str, Any] | None = None, **options: Any) -> str:
    document = document or version()
    settings = options.pop("config", config())
    shown = options.pop("index", index(row(document), row(version("1.0.0", parent=None))))
    return version_page(settings, shown, document, **{"parent": None, "champion": None, **options})


def page(document: dict[str, Any] | None = None, **options: Any) -> Page:
    made = Page(content(document, **options))
    assert made.faults == []
    return made
