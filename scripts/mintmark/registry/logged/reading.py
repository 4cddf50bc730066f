"""Read a prediction log, in a folder or at any address that fsspec knows, while servers write to it.

A server merges small files into larger ones, which say what they stand for. What is told here has each row once: a file
that another stands for is not read, and a folder that is changed meanwhile is read again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mintmark.errors import MintmarkError
from mintmark.registry.logged.form import (
    About,
    Counted,
    Tally,
    add_counts,
    parse_file_name,
    read_about,
    read_counts,
    read_replaces,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FoundT = TypeVar("FoundT")
EntryKind = Literal["file", "directory", "link", "other"]
_TRIES: Final = 50


class Place(NamedTuple):
    """The rows of one version on one day (UTC)."""

    model: str
    version: str
    day: str

    @property
    def path(self) -> str:
        """The folder, below that of the log."""
        return f"{self.model}/{self.version}/{self.day}"


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a place that have the same columns, and what is said of all of them."""

    about: About
    rows: pa.Table


def open_files(where: str) -> tuple[Any, str]:
    """Return the file system of an address and the path there; raise `MintmarkError` for one that nobody knows."""
    import fsspec

    try:
        files, path = fsspec.core.url_to_fs(where)
    except (ImportError, ValueError) as error:
        raise MintmarkError(f"{where}: cannot be opened: {error}") from None
    return files, str(path).rstrip("/")


class PredictionLog:
    """A log that servers write, to be read. `where` is a folder or an address such as s3://bucket/log.

    `address` is the same for a process in another folder.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self._files, self._root = open_files(where)
        self.address = self._root if "file" in self._files.protocol else where
        try:
            is_there = self._files.isdir(self._root)
        except Exception as error:  # any library behind an address
            raise MintmarkError(f"{where}: cannot be read: {error}") from error
        if not is_there:
            raise MintmarkError(f"{where}: there is no prediction log")

    def models(self) -> list[str]:
        """Return the names of the models that the log has, as somebody wrote them."""
        return self._folders("")

    def places(self, model: str | None = None, version: str | None = None) -> list[Place]:
        """Return what is in the log, in the order of models, versions and days."""
        found = []
        for one in self._folders("") if model is None else [model]:
            for two in self._folders(one) if version is None else [version]:
                found += [Place(one, two, day) for day in self._folders(f"{one}/{two}")]
        return sorted(found)

    def read(self, place: Place, columns: Sequence[str] | None = None, rows: pc.Expression | None = None) -> list[Part]:
        """Return the rows of a place, each once, by what is said of them; `rows` selects some.

        A column that a file does not have (a personal one) is not in its part.
        """
        return self._stable(place, lambda names: self._read_files(place, names, columns, rows))

    def counts(self, place: Place) -> dict[Counted, Tally]:
        """Return what was counted at a place: all requests, also those that a sample leaves out."""
        return self._stable(place, lambda names: add_counts(read_counts(self._schema(place, name)) for name in names))

    def abouts(self, place: Place) -> list[About]:
        """Return what the files of a place say of their rows, each once."""
        found = self._stable(
            place, lambda names: [read_about(self._schema(place, name), f"{place.path}/{name}") for name in names]
        )
        return list({repr(about): about for about in found}.values())

    def stable(self, places: Sequence[Place], read: Callable[[dict[Place, list[str]]], FoundT]) -> FoundT:
        """Return what `read` finds in the files of places, by their names, none of which was replaced meanwhile.

        `read` may be called again, so it begins from nothing. A file that cannot be read stands for no others.
        """
        for _ in range(_TRIES):
            listed = {place: self._names(place) for place in places}
            try:
                found = read({place: self._visible(place, names, strict=False) for place, names in listed.items()})
            except FileNotFoundError:
                continue
            if all({name for name in self._names(place) if _level(name)} <= set(listed[place]) for place in places):
                return found
        raise MintmarkError(f"{self.where}: changed whenever it was read; try again")

    # -- files -------------------------------------------------------------------------------------------------------

    def _stable(self, place: Place, read: Callable[[list[str]], FoundT]) -> FoundT:
        """Return what `read` finds in the files of a place, none of which was replaced meanwhile."""
        for _ in range(_TRIES):
            listed = self._names(place)
            try:
                found = read(self._visible(place, listed))
            except FileNotFoundError:
                continue
            merged = {name for name in self._names(place) if _level(name)}
            if merged <= set(listed):
                return found
        raise MintmarkError(f"{self.where}/{place.path}: changed whenever it was read; try again")

    def _visible(self, place: Place, names: Sequence[str], *, strict: bool = True) -> list[str]:
        hidden = {old for name in names if _level(name) for old in self._replaces(place, name, strict=strict)}
        return [name for name in names if name not in hidden]

    def _replaces(self, place: Place, name: str, *, strict: bool) -> list[str]:
        try:
            return read_replaces(self._schema(place, name))
        except (pa.ArrowException, OSError, ValueError) as error:
            if strict or isinstance(error, FileNotFoundError):
                raise
            return []

    def _read_files(
        self, place: Place, names: Sequence[str], columns: Sequence[str] | None, rows: pc.Expression | None
    ) -> list[Part]:
        parts: dict[str, tuple[About, list[pa.Table]]] = {}
        for name in names:
            with self.open(place, name) as file:
                reader = pq.ParquetFile(file)
                schema = reader.schema_arrow
                about = read_about(schema, f"{place.path}/{name}")
                wanted = None if columns is None else [each for each in columns if each in schema.names]
                table = _select(reader, wanted, rows)
            found = parts.setdefault(repr(about), (about, []))
            found[1].append(table.replace_schema_metadata(None))
        return [Part(about, pa.concat_tables(tables)) for about, tables in parts.values()]

    def _schema(self, place: Place, name: str) -> pa.Schema:
        with self.open(place, name) as file:
            return pq.read_schema(file)

    def open(self, place: Place, name: str) -> Any:
        """Open a file of a place; raise `FileNotFoundError` where it is gone."""
        return self._files.open(f"{self._root}/{place.path}/{name}", "rb")

    def _names(self, place: Place) -> list[str]:
        return sorted(name for name in self._listed(place.path, "file") if parse_file_name(name) is not None)

    def _folders(self, path: str) -> list[str]:
        return sorted(name for name in self._listed(path, "directory") if not name.startswith((".", "_")))

    def _listed(self, path: str, kind: EntryKind) -> Iterator[str]:
        try:
            entries = self.entries(path)
        except OSError as error:
            where = f"{self.where.rstrip('/')}/{path}".rstrip("/")
            raise MintmarkError(f"{where}: cannot be read: {error.strerror or error}") from error
        yield from (name for name, found in entries if found == kind)

    def entries(self, path: str) -> list[tuple[str, EntryKind]]:
        """Return the names in a folder and what each is, by name; raise `OSError` for a folder that cannot be read.

        There are none in a folder that is gone. A link is no file, wherever it leads to. The mark that some put into a
        bucket for a folder is none of the entries.
        """
        place = f"{self._root}/{path}".rstrip("/")
        try:
            self._files.invalidate_cache(place)
            listed = self._files.ls(place, detail=True)
        except FileNotFoundError:
            return []
        found = {str(entry["name"]).rstrip("/"): entry for entry in listed}
        own = place.strip("/")
        return sorted(
            (name.rpartition("/")[2], _kind(entry)) for name, entry in found.items() if name.strip("/") != own
        )


def _select(reader: pq.ParquetFile, columns: list[str] | None, rows: pc.Expression | None) -> pa.Table:
    if rows is None:
        return reader.read(columns=columns)
    kept = [
        table.filter(rows) if table.num_rows else table
        for table in (reader.read_row_group(group) for group in range(reader.num_row_groups))
    ]
    found = pa.concat_tables(kept) if kept else reader.read()
    return found if columns is None else found.select(columns)


def _kind(entry: dict[str, Any]) -> EntryKind:
    if entry.get("islink"):
        return "link"
    kind: EntryKind = entry["type"] if entry["type"] in ("file", "directory") else "other"
    return kind


def _level(name: str) -> int:
    found = parse_file_name(name)
    return found.level if found is not None else 0
