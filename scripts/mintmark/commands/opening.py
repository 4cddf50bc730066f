"""Open what --registry and -C name: a site, or a clone. Its warnings go to standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mintmark.errors import UsageError
from mintmark.registry import opening

if TYPE_CHECKING:
    from pathlib import Path

    from mintmark.registry.reading import Registry


def open_registry(root: Path, *, site: str | None, at: str | None) -> Registry:
    """Return the registry around `root`, or the one that `site` publishes."""
    if site is not None and not opening.is_site(site):
        raise UsageError("--registry takes the address of a site, https://...; -C DIR reads a clone")
    return opening.open_registry(site or root, at=at, on_warning=_warn)


def _warn(message: str) -> None:
    print(f"warning: {message}", file=sys.stderr)
