"""What lies in the folders of the log: the places that are read, and a word on all that is not. Reads no file.

A log is MODEL/VERSION/DAY, with files of the names that servers give. Whatever else lies there may have been meant as
rows, so it is named. Names that begin with a dot or an underscore are known: files that are being written, and the
marks of other tools.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from mintmark.core.finding import shorten
from mintmark.registry.logged.form import parse_file_name
from mintmark.registry.logged.reading import Place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mintmark.registry.logged.reading import EntryKind, PredictionLog

_HIDDEN: Final = (".", "_")
_MOST_NAMED: Final = 10  # of one kind in one folder
_LONGEST: Final = 100
_IS: Final[dict[EntryKind, str]] = {
    "file": "is a file",
    "directory": "is a folder",
    "link": "is a link",
    "other": "is neither a file nor a folder",
}
_FOLDERS: Final = "a log has only folders there: MODEL/VERSION/DAY"
_FILES: Final = "a log has only files there, as a server writes them"
_NO_NAME: Final = "has a name that no server gives to a file of the log"
_NO_DAY: Final = "is no day such as 2026-03-04"


@dataclass(slots=True)
class LogFolders:
    """What was found in folders so far.

    `faults` are of what may hold rows, `notes` of files that cannot. Few are told by name of each folder, for anybody
    may have put many there.
    """

    log: PredictionLog
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def look_at_root(self) -> None:
        """Name what lies beside the folders of models."""
        self._folders("")

    def places(self, model: str) -> list[Place]:
        """Return the places of a model that can be read, in order, by days that are days."""
        found = [Place(model, version, day) for version in self._folders(model) for day in self._days(model, version)]
        return sorted(found)

    def readable(self, places: Iterable[Place]) -> list[Place]:
        """Return the places whose folder can be read, and name what lies there that is no file of the log."""
        return [place for place in places if self._look_at(place)]

    def _look_at(self, place: Place) -> bool:
        entries = self._entries(place.path)
        if entries is None:
            return False
        strange = [(name, kind) for name, kind in entries if kind != "file" or parse_file_name(name) is None]
        for kind in ("directory", "link", "other"):
            names = [name for name, found in strange if found == kind]
            self._tell(place.path, names, f"{_IS[kind]}, and {_FILES}", self.faults)
        self._tell_files(place.path, [name for name, kind in strange if kind == "file"], _NO_NAME)
        return True

    def _folders(self, path: str) -> list[str]:
        entries = self._entries(path) or []
        for kind in ("link", "other"):
            names = [name for name, found in entries if found == kind]
            self._tell(path, names, f"{_IS[kind]}, and {_FOLDERS}", self.faults)
        self._tell_files(path, [name for name, kind in entries if kind == "file"], f"{_IS['file']}, and {_FOLDERS}")
        return [name for name, kind in entries if kind == "directory"]

    def _days(self, model: str, version: str) -> list[str]:
        path = f"{model}/{version}"
        days = self._folders(path)
        self._tell(path, [name for name in days if day_of(name) is None], _NO_DAY, self.faults)
        return [name for name in days if day_of(name) is not None]

    def _entries(self, path: str) -> list[tuple[str, EntryKind]] | None:
        """Return what lies in a folder, None for one that cannot be read."""
        try:
            entries = self.log.entries(path)
        except OSError as error:
            self.faults.append(f"{self._name(path)}: cannot be read ({error.strerror or error}); it is left out")
            return None
        return [(name, kind) for name, kind in entries if not name.startswith(_HIDDEN)]

    def _tell_files(self, path: str, files: list[str], what: str) -> None:
        for told, is_parquet in ((self.faults, True), (self.notes, False)):
            self._tell(path, [name for name in files if (".parquet" in name.lower()) == is_parquet], what, told)

    def _tell(self, path: str, names: list[str], what: str, told: list[str]) -> None:
        named = [self._name(f"{path}/{shorten(name, _LONGEST)}") for name in names[:_MOST_NAMED]]
        told.extend(f"{name}: {what}; it is left out" for name in named)
        if len(names) > _MOST_NAMED:
            rest = len(names) - _MOST_NAMED
            told.append(f"{self._name(path)}: {rest:,} more of the same kind; they are left out")

    def _name(self, path: str) -> str:
        return f"{self.log.where.rstrip('/')}/{path.strip('/')}".rstrip("/")


def day_of(text: str) -> datetime | None:
    """Return the first moment of a day of the log, None for a folder that is none."""
    try:
        found = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    return found if f"{found:%Y-%m-%d}" == text else None
