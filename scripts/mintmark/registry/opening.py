"""Open a registry by what was given: the folder of a clone, or the address of a site. Reads no record."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mintmark.registry.reading import Registry

_SITES = ("http://", "https://")


def is_site(path: Path | str) -> bool:
    """Whether a text is an http(s) address, and no path of a folder."""
    return str(path).lower().startswith(_SITES)


def open_registry(
    path: Path | str = ".", *, at: str | None = None, on_warning: Callable[[str], None] | None = None
) -> Registry:
    """Return the registry around a folder (in the work tree, or `at` a revision or a date), or the one of a site.

    What needs Git raises `UsageError` for a site, and `on_warning` (`warnings.warn` where it is None) is told when the
    last good copies of its documents have to do.
    """
    if not is_site(path):
        from mintmark.registry.clone import ClonedRegistry

        return ClonedRegistry(path, at=at)
    from mintmark.registry.published.registry import PublishedRegistry

    registry = PublishedRegistry(str(path), on_warning=on_warning)
    if at is not None:
        registry.require_clone("its past, which --at looks at")
    return registry
