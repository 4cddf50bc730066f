"""Paths that know at once what lies in and around them, however many there are. Reads no files."""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

_Value = TypeVar("_Value")


class PathMap(Generic[_Value]):
    """Values by the path of a file or folder, with forward slashes and relative to one root."""

    def __init__(self, entries: Iterable[tuple[str, _Value]]) -> None:
        self._at: dict[PurePosixPath, list[_Value]] = defaultdict(list)
        self._below: dict[PurePosixPath, list[_Value]] = defaultdict(list)
        for path, value in entries:
            place = PurePosixPath(path)
            self._at[place].append(value)
            for folder in place.parents:
                self._below[folder].append(value)

    def around(self, path: str) -> list[_Value]:
        """Return the values of a path and of every folder that it lies in."""
        place = PurePosixPath(path)
        return [value for each in (place, *place.parents) for value in self._at.get(each, ())]

    def touching(self, path: str) -> list[_Value]:
        """Return the values of a path, of every folder that it lies in, and of all that lies in it."""
        return [*self.around(path), *self._below.get(PurePosixPath(path), ())]
