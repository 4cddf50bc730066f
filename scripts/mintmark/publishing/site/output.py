"""The folder that a site is written to: made beside the old one and put in its place when it is whole."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.errors import MintmarkError, UsageError
from mintmark.registry.files import umask
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "api/v1/config.json"  # what every site has, and hardly any other folder
_OLD = "old"  # where the site that is there lies while another takes its place
_KEPT = (".git", "CNAME")  # what people add to a site that they publish from a branch
_SOURCES = ("docs", "models", ".git", ".dvc")


def check_output(output: Path, root: Path) -> None:
    """Raise `UsageError` for a folder that a site must not replace: one that holds anything but a site."""
    try:
        _check_target(output, root)
    except OSError as error:  # a name that is too long, a folder that may not be read
        raise UsageError(f"{output}: {error.strerror}; choose another folder with -o") from None


def _check_target(output: Path, root: Path) -> None:
    target = output.absolute()
    if any(target.resolve().is_relative_to(root / name) for name in _SOURCES):
        raise UsageError(f"{output}: lies where the registry itself lies; choose another folder with -o")
    if root.is_relative_to(target.resolve()):
        raise UsageError(f"{output}: holds the registry itself, and a site replaces its folder; choose another with -o")
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise UsageError(f"{output}: is no folder; remove it, or choose another with -o")
    own = [name for name in _KEPT if os.path.lexists(target / name)]
    if own:
        message = f"holds {own[0]}, which a new site would take away; build elsewhere, and copy the site over it"
        raise UsageError(f"{output}: {message}, or choose another folder with -o")
    if target.is_dir() and any(target.iterdir()) and not (target / MARK).is_file():
        message = "holds files that mintmark site build did not write, and would lose them"
        raise UsageError(f"{output}: {message}; remove it, or choose another folder with -o")


@contextmanager
def replacing(output: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `output` when the block ends well, and is gone when it does not."""
    target = output.absolute()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = TemporaryFolder(target.name, inside=target.parent, rescue=partial(_bring_back, target))
    except OSError as error:
        raise MintmarkError(f"{output}: cannot be written: {error.strerror}") from None
    with staging as folder:
        try:
            fresh = folder / "new"
            fresh.mkdir()
            yield fresh
            os.chmod(fresh, 0o777 & ~umask())
            _swap(fresh, target, folder / _OLD)
        except OSError as error:
            raise MintmarkError(f"{output}: the site could not be written: {_why(error)}") from None


def _why(error: OSError) -> str:
    """Return what the system says; `shutil` keeps a list of what it said about each file, as texts with their paths."""
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        told = str(error.args[0][0][-1])  # [Errno 28] No space left on device: 'a' -> 'b'
        return told.partition("] ")[2].partition(": '")[0] or told
    return error.strerror or str(error)


def _bring_back(target: Path, staging: Path) -> None:
    """Put the site back that a killed process had taken away and not yet replaced."""
    if (staging / _OLD).is_dir() and not os.path.lexists(target):
        (staging / _OLD).rename(target)


def _swap(fresh: Path, target: Path, old: Path) -> None:
    if target.is_dir():
        target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        if old.is_dir():
            old.rename(target)
        raise


class SiteFolder:
    """Writes the files of a site below one folder; paths are relative, with forward slashes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: set[str] = set()

    def write(self, path: str, content: str | bytes) -> None:
        """Write one file."""
        parent = path.rpartition("/")[0]
        if parent not in self._made:
            os.makedirs(f"{self.folder}/{parent}", exist_ok=True)
            self._made.add(parent)
        data = content.encode("utf-8", "replace") if isinstance(content, str) else content
        descriptor = os.open(f"{self.folder}/{path}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        with open(descriptor, "wb", buffering=0) as stream:
            stream.write(data)
