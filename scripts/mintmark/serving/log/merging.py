"""Merge the small files of a log into larger ones, so that no reader finds a row twice or not at all.

A merged file names those that it stands for, is put there whole, and only then are they removed. Whoever reads leaves
out what another file stands for; see `registry.logged.reading`.
"""

from __future__ import annotations

import io
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from mintmark.registry.logged.form import (
    add_counts,
    read_counts,
    read_replaces,
    with_counts,
    without_counts,
)
from mintmark.serving.log.storage import Stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mintmark.serving.log.storage import Storage

TOGETHER: Final = 16  # files of one level make one of the next
LARGEST: Final = 64 << 20  # bytes; a file of this size is not merged again
_GROUP: Final = 64 << 10  # rows of a row group
_PAGE_ROWS: Final = 64  # after which a page may end, so that long texts make no page that nobody can read
_MOST_LEVELS: Final = 90


class Merger:
    """Knows the files of one writer, and merges them, so many at a time."""

    def __init__(self, storage: Storage, *, together: int = TOGETHER) -> None:
        self._storage, self._together = storage, together
        self._lock = threading.Lock()
        self._files: dict[str, list[Stored]] = defaultdict(list)

    def add(self, stored: Stored) -> None:
        """Learn of a file."""
        with self._lock:
            self._files[stored.folder].append(stored)

    def adopt(self, files: Sequence[Stored]) -> None:
        """Learn of the files of writers that ended, and remove those that a merged one already stands for."""
        merged = [each for each in files if each.name.level]
        gone = {(each.folder, name) for each in merged for name in read_replaces(_schema(self._storage, each))}
        for each in files:
            if (each.folder, str(each.name)) in gone:
                self._storage.remove(each.folder, str(each.name))
            else:
                self.add(each)

    def merge(self, today: str) -> bool:
        """Merge what is due, once; False where nothing is. Of days that are over, whatever is left is merged."""
        due = next(self._due(today), None)
        if due is None:
            return False
        merged, replaced = merge_files(self._storage, due)
        with self._lock:
            kept = [each for each in self._files[merged.folder] if each not in due]
            self._files[merged.folder] = [*kept, merged]
        for name in replaced:  # what cannot be removed stays hidden behind the merged file, and behind its own
            self._storage.remove(merged.folder, name)
        return True

    def _due(self, today: str) -> Iterator[list[Stored]]:
        with self._lock:
            known = {folder: sorted(files) for folder, files in self._files.items()}
        for folder, files in known.items():
            small = [each for each in files if each.size < LARGEST and each.name.level < _MOST_LEVELS]
            if folder.rpartition("/")[2] < today:
                self._forget(folder, small)
                if len(small) > 1:
                    yield _within(small)
                continue
            for level in sorted({each.name.level for each in small}):
                alike = [each for each in small if each.name.level == level]
                if len(alike) >= self._together:
                    yield _within(alike)

    def _forget(self, folder: str, small: Sequence[Stored]) -> None:
        """Forget a day that is over and merged; nothing comes to it any more."""
        if len(small) < 2:
            with self._lock:
                self._files.pop(folder, None)


def _within(files: Sequence[Stored]) -> list[Stored]:
    """Return the first files, as many as make no more than the largest size, and two at least."""
    taken, size = list(files[:2]), sum(each.size for each in files[:2])
    for each in files[2:]:
        if size + each.size > LARGEST:
            break
        taken.append(each)
        size += each.size
    return taken


def merge_files(storage: Storage, files: Sequence[Stored]) -> tuple[Stored, list[str]]:
    """Put one file in the place of several of a folder; return it, and the names of those that it stands for.

    Rows of another form of the same version (its personal columns changed, say) stay where they are: then only those
    like the first are merged. The name is made from that of the first, so that to try again adds nothing.
    """
    folder = files[0].folder
    schemas = {each: _schema(storage, each) for each in files}
    alike = {each: schema for each, schema in schemas.items() if _is_alike(schema, schemas[files[0]])}
    replaced = {str(each.name) for each in alike}.union(*map(read_replaces, alike.values()))
    name = files[0].name._replace(level=max(each.name.level for each in files) + 1)
    counts = add_counts(map(read_counts, alike.values()))
    data = _joined(storage, list(alike), with_counts(without_counts(schemas[files[0]]), counts, replaced))
    storage.write(folder, str(name), data)
    return Stored(folder, name, len(data)), sorted(replaced)


def _joined(storage: Storage, files: Sequence[Stored], schema: pa.Schema) -> bytes:
    sink = io.BytesIO()
    with open_writer(sink, schema) as writer:
        waiting: list[pa.Table] = []
        for each in files:
            with storage.open(each.folder, str(each.name)) as file:
                reader = pq.ParquetFile(file)
                for group in range(reader.num_row_groups):
                    waiting.append(reader.read_row_group(group).replace_schema_metadata(schema.metadata))
                    if sum(map(len, waiting)) >= _GROUP:
                        writer.write_table(pa.concat_tables(waiting), row_group_size=_GROUP)
                        waiting.clear()
        if waiting:
            writer.write_table(pa.concat_tables(waiting), row_group_size=_GROUP)
    return sink.getvalue()


def open_writer(sink: io.BytesIO, schema: pa.Schema) -> pq.ParquetWriter:
    """Return what writes a file of the log, in the one form that all of them have."""
    texts = [field.name for field in schema if pa.types.is_string(field.type) and field.name != "id"]  # each is its own
    return pq.ParquetWriter(
        sink, schema, compression="zstd", compression_level=1, use_dictionary=texts, write_batch_size=_PAGE_ROWS
    )


def _schema(storage: Storage, stored: Stored) -> pa.Schema:
    with storage.open(stored.folder, str(stored.name)) as file:
        return pq.read_schema(file)


def _is_alike(one: pa.Schema, other: pa.Schema) -> bool:
    return without_counts(one).equals(without_counts(other), check_metadata=True) is True
