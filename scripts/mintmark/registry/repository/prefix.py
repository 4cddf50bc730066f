"""A registry in a subfolder of a repository: the one place where its paths and those of the repository meet.

Everywhere else a path is relative to the registry's folder. What lies outside of it begins with `../`, as on a disk.
Git runs in the registry's folder, where it takes paths, and `ls-tree` and `ls-files` answer, relative to that folder.
"""

from __future__ import annotations

import functools
import hashlib
import os
from typing import TYPE_CHECKING

from mintmark.registry.repository.git_settings import around

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def prefix_of(root: Path | str) -> str:
    """Return the folder of a registry in its repository with a final slash (`ml/registry/`), empty for its root."""
    return _prefix(os.path.realpath(root))


@functools.cache
def _prefix(folder: str) -> str:
    inside = os.path.relpath(folder, around(folder))
    return "" if inside == "." else inside.replace(os.sep, "/") + "/"


def to_registry(root: Path | str) -> Callable[[str], str]:
    """Return the function that makes a path of the registry out of one of its repository."""
    prefix = prefix_of(root)
    if not prefix:
        return str
    up = "../" * prefix.count("/")
    return lambda path: path[len(prefix) :] if path.startswith(prefix) else up + path


def to_repository(root: Path | str, path: str) -> str:
    """Return the path of the repository for one of the registry, which may lead out of it (`../.github`)."""
    return os.path.normpath(prefix_of(root) + path) if ".." in path else prefix_of(root) + path


def mark_of(root: Path | str) -> str:
    """Return a short text that tells registries of one repository apart, empty for one that is all of it."""
    prefix = prefix_of(root)
    return f"-{hashlib.sha256(prefix.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}" if prefix else ""
