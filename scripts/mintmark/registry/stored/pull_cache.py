"""Where verified bytes of pulled files are kept between commands, by their sha256. Asks no remote; safe to delete."""

from __future__ import annotations

import os
import re
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.registry.stored.streams import ObjectError
from mintmark.temporary import UNFINISHED, TemporaryFolder, sweep_files

if TYPE_CHECKING:
    from mintmark.core.records import StoredFile

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


def cache_folder() -> Path:
    """Return where this user's copies are kept: `$MINTMARK_CACHE`, or where the system keeps caches."""
    own = os.environ.get("MINTMARK_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    shared = os.environ.get("XDG_CACHE_HOME")
    if shared and shared.startswith("/"):
        return Path(shared, "mintmark")
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "mintmark"


class PullCache:
    """The places of files in the user's cache; in a temporary folder, as long as this lives, where it takes no file.

    It vouches for nothing: whoever reads a place checks the bytes again.
    """

    def __init__(self) -> None:
        self._folder = cache_folder()

    def kept(self, file: StoredFile) -> Path:
        """Return where the bytes of a file lie if they were pulled before."""
        return self._folder / _place(file)

    def writable(self, file: StoredFile) -> Path:
        """Return where the bytes of a file can be written."""
        return self._writable_folder / _place(file)

    @cached_property
    def _writable_folder(self) -> Path:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if os.access(self._folder, os.W_OK | os.X_OK):
                for unfinished in {path.parent for path in self._folder.glob(f"sha256/*/{UNFINISHED}")}:
                    sweep_files(unfinished)
                return self._folder
        except OSError:
            pass
        self._temporary = TemporaryFolder("cache")
        return self._temporary.path


def _place(file: StoredFile) -> str:
    if not _SHA256.match(file.sha256):
        raise ObjectError(f'"{file.sha256[:80]}" is no sha256')
    return f"sha256/{file.sha256[:2]}/{file.sha256[2:]}"
