"""Read a prediction log, in a folder or at any address that fsspec knows, while servers write to it.

A server merges small files into larger ones, which say what they stand for. What is told here has each row once: a file
that another stands for is not read, and a folder that is changed meanwhile is read again.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from mintmark.artifacts.parquet_pages import LyingFileError
from mintmark.errors import MintmarkError
from mintmark.registry.logged.folded import are, folded
from mintmark.registry.logged.form import (
    FIXED,
    About,
    Counted,
    Tally,
    add_counts,
    parse_file_name,
    read_about,
    read_counts,
    read_replaces,
)
from mintmark.registry.logged.opening import batches_of, open_parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mintmark.registry.logged.opening import LogParquet

FoundT = TypeVar("FoundT")
EntryKind = Literal["file", "directory", "link", "other"]
_TRIES: Final = 50
_MOST_BYTES: Final = 2_000_000_000  # of the rows of a place


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

    def read(
        self, place: Place, columns: Sequence[str] | None = None, rows: Mapping[str, object] | None = None
    ) -> list[Part]:
        """Return the rows of a place, each once, by what is said of them; `rows` has what their columns must be.

        A column that a file does not have (a personal one) is not in its part. Texts are dictionaries (`unfolded`).
        Raises `MintmarkError` for a file that cannot be read, and for more than fits.
        """
        return self._stable(place, lambda names: self._read_files(place, names, columns, rows or {}))

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
        if strict:
            return read_replaces(self._schema(place, name))
        try:
            with self.open(place, name) as file:
                return read_replaces(pq.read_schema(file))
        except FileNotFoundError:
            raise
        except (pa.ArrowException, OSError, ValueError):
            return []

    def _read_files(
        self, place: Place, names: Sequence[str], columns: Sequence[str] | None, rows: Mapping[str, object]
    ) -> list[Part]:
        parts: dict[str, tuple[About, list[pa.Table]]] = {}
        size = 0
        for name in names:
            with self._named(place, name), self.open(place, name) as file:
                reader = open_parquet(file)
                about = read_about(reader.schema_arrow, f"{place.path}/{name}")
                lacks = [each for each in FIXED.names if each not in reader.schema_arrow.names]
                if lacks:
                    raise MintmarkError(f"{self._name(place, name)}: has no column {lacks[0]}")
                found = parts.setdefault(repr(about), (about, []))
                for table in _tables(reader, columns, rows):
                    found[1].append(table)
                    size += table.nbytes
                    if size > _MOST_BYTES:
                        raise MintmarkError(
                            f"{self.where.rstrip('/')}/{place.path}: its rows take over {_MOST_BYTES / 1e9:,.0f} GB; "
                            "copy some of its files"
                        )
        return [Part(about, pa.concat_tables(tables)) for about, tables in parts.values()]

    def _schema(self, place: Place, name: str) -> pa.Schema:
        with self._named(place, name), self.open(place, name) as file:
            return pq.read_schema(file)

    @contextmanager
    def _named(self, place: Place, name: str) -> Iterator[None]:
        """Name the file in what is raised of it; one that is gone is no fault, for another one has its rows."""
        try:
            yield
        except FileNotFoundError:
            raise
        except LyingFileError as error:
            raise MintmarkError(f"{self._name(place, name)}: holds what no server writes ({error})") from None
        except (pa.ArrowException, OSError) as error:
            what = (
                "is no whole Parquet file"
                if isinstance(error, (pa.ArrowInvalid, OSError))
                else "holds what no server writes"
            )
            raise MintmarkError(f"{self._name(place, name)}: {what} ({' '.join(str(error).split())[:200]})") from None

    def _name(self, place: Place, name: str) -> str:
        return f"{self.where.rstrip('/')}/{place.path}/{name}"

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


def _tables(reader: LogParquet, columns: Sequence[str] | None, wanted: Mapping[str, object]) -> Iterator[pa.Table]:
    """Yield the rows of a file that have what is wanted, a few at a time; an empty table with its columns at first."""
    names = reader.schema_arrow.names
    kept = names if columns is None else [each for each in columns if each in names]
    yield folded(reader.schema_arrow.empty_table().select(kept).replace_schema_metadata(None))
    for rows in batches_of(reader, list(dict.fromkeys([*kept, *wanted]))):
        table = pa.Table.from_batches([rows]).select(kept).replace_schema_metadata(None)
        if wanted:
            table = table.filter(pa.array(are(rows, wanted)))
        if table.num_rows:
            yield folded(table)


def _kind(entry: dict[str, Any]) -> EntryKind:
    if entry.get("islink"):
        return "link"
    kind: EntryKind = entry["type"] if entry["type"] in ("file", "directory") else "other"
    return kind


def _level(name: str) -> int:
    found = parse_file_name(name)
    return found.level if found is not None else 0
