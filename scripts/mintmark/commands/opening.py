"""Open the registry that a command reads: a clone, or a site that publishes one. Reads no record."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mintmark.errors import UsageError
from mintmark.registry.loader import Registry, is_site

if TYPE_CHECKING:
    from pathlib import Path


def open_registry(root: Path, *, site: str | None, at: str | None) -> Registry:
    """Return the registry around `root`, or the one that `site` publishes; its warnings go to standard error."""
    if site is None:
        return Registry(root, at=at)
    if not is_site(site):
        raise UsageError("--registry takes the address of a site, https://...; -C DIR reads a clone")
    return Registry(site, at=at, on_warning=_warn)


def _warn(message: str) -> None:
    print(f"warning: {message}", file=sys.stderr)
