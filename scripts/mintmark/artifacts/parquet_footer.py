"""Read the columns of a Parquet file from its footer. Imports no pyarrow, which takes a quarter of a second.

The footer is a struct in Thrift's compact protocol (parquet.thrift, FileMetaData); only its schema is read.
"""

from __future__ import annotations

from collections.abc import Callable

MAGIC = b"PAR1"
_SCHEMA, _NAME, _CHILDREN = 2, 4, 5  # fields of FileMetaData and of SchemaElement
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_MOST_ELEMENTS = 100_000
_DEEPEST = 16


class InvalidParquetError(ValueError):
    """The bytes are no Parquet file; the message says why."""


def parquet_columns(data: bytes) -> list[str]:
    """Return the names of the outermost columns; raise `InvalidParquetError` where the bytes are no Parquet file."""
    if len(data) < 12 or not (data.startswith(MAGIC) and data.endswith(MAGIC)):
        raise InvalidParquetError("it does not begin and end as one")
    length = int.from_bytes(data[-8:-4], "little")
    if length > len(data) - 12:
        raise InvalidParquetError("its footer is longer than the file")
    try:
        elements = _Footer(data, len(data) - 8 - length, len(data) - 8).schema()
        return list(_outermost(elements))
    except (IndexError, UnicodeDecodeError, RecursionError):
        raise InvalidParquetError("its footer cannot be read") from None


def _outermost(elements: list[tuple[str, int]]) -> list[str]:
    """Return the names below the root; the elements come in the order of a walk, each before its children."""
    if not elements or elements[0][1] < 1:
        raise InvalidParquetError("it has no columns")
    names: list[str] = []
    place = 1
    for _ in range(elements[0][1]):
        names.append(elements[place][0])
        pending = 1
        while pending:
            pending += elements[place][1] - 1
            place += 1
    if place != len(elements):
        raise InvalidParquetError("its columns do not add up")
    return names


class _Footer:
    """A reader of one struct in the compact protocol, from `place` to `end`."""

    def __init__(self, data: bytes, place: int, end: int) -> None:
        self.data, self.place, self.end = data, place, end

    def schema(self) -> list[tuple[str, int]]:
        """Return name and number of children of each element of the schema."""
        found: list[tuple[str, int]] = []

        def take(field: int, kind: int) -> bool:
            if field != _SCHEMA or kind != _LIST:
                return False
            size, inner = self._list_header()
            if inner != _STRUCT or size > _MOST_ELEMENTS:
                raise InvalidParquetError("it has no list of columns")
            found.extend(self._element() for _ in range(size))
            return True

        self._struct(take, until=_SCHEMA)
        return found

    def _element(self) -> tuple[str, int]:
        name, children = b"", 0

        def take(field: int, kind: int) -> bool:
            nonlocal name, children
            if field == _NAME and kind == _BINARY:
                name = self._bytes(self._varint())
            elif field == _CHILDREN and kind == _I32:
                children = self._signed()
            else:
                return False
            return True

        self._struct(take)
        return name.decode("utf-8"), max(children, 0)

    def _struct(self, take: Callable[[int, int], bool], *, until: int | None = None, depth: int = 0) -> None:
        """Walk over the fields of a struct; `take` reads those that it wants and returns False for the others."""
        field = 0
        while header := self._bytes(1)[0]:
            kind, step = header & 15, header >> 4
            field = field + step if step else self._signed()
            if not take(field, kind):
                self._skip(kind, depth)
            if field == until:
                return

    def _skip(self, kind: int, depth: int, *, listed: bool = False) -> None:
        if depth > _DEEPEST:
            raise InvalidParquetError("its footer is nested too deep")
        if kind in (_TRUE, _FALSE):
            self._bytes(1 if listed else 0)
        elif kind in (_I16, _I32, _I64):
            self._varint()
        elif kind in (_BYTE, _DOUBLE):
            self._bytes(8 if kind == _DOUBLE else 1)
        elif kind == _BINARY:
            self._bytes(self._varint())
        elif kind in (_LIST, _SET):
            size, inner = self._list_header()
            for _ in range(size):
                self._skip(inner, depth + 1, listed=True)
        elif kind == _STRUCT:
            self._struct(lambda *_: False, depth=depth + 1)
        else:
            raise InvalidParquetError("its footer cannot be read")

    def _list_header(self) -> tuple[int, int]:
        header = self._bytes(1)[0]
        size = header >> 4
        return self._varint() if size == 15 else size, header & 15

    def _signed(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._bytes(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise InvalidParquetError("its footer cannot be read")

    def _bytes(self, length: int) -> bytes:
        stop = self.place + length
        if length < 0 or stop > self.end:
            raise IndexError
        found = self.data[self.place : stop]
        self.place = stop
        return found
