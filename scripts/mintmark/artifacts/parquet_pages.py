"""How large the pages of a Parquet file become when they are unpacked, from the headers of the pages. Unpacks nothing.

A few kilobytes may unpack to gigabytes, and the end of a file, which says how large its columns are, may lie. Each page
has a header in Thrift's compact protocol (parquet.thrift, PageHeader), and no page becomes larger than that says: Arrow
makes room for as much and fails where there is more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow.parquet as pq

MOST_BYTES: Final = 512_000_000  # of a page
MOST_VALUES: Final = 1 << 24  # in a page, and in lists of a column beyond one for each row
_FIRST, _MOST_HEADER = 1 << 12, 1 << 24  # bytes that are read of a header
_DICTIONARY: Final = 2  # a type of page
_DATA_HEADERS: Final = (5, 8)  # fields of a header: of a page of data, and of one of version 2
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_DEEPEST: Final = 8


class LyingFileError(ValueError):
    """A file that is not as large as it says, or larger than any server writes."""


class Page(NamedTuple):
    """A page: whether it holds a dictionary, its values, and its bytes when unpacked and in the file."""

    is_dictionary: bool
    values: int
    size: int
    packed: int


def largest_value(file: BinaryIO, chunk: pq.ColumnChunkMetaData, rows: int) -> float:
    """Return the most bytes that a value of a column of so many rows becomes, by the page that takes most for each.

    Raises `LyingFileError` for a column that is not what it says.
    """
    values = total = 0
    largest = 0.0
    for page in _pages(file, chunk):
        if not 0 <= page.size <= MOST_BYTES or not 0 <= page.values <= MOST_VALUES:
            raise LyingFileError(f"a page of {chunk.path_in_schema} has {page.values:,} values and {page.size:,} bytes")
        total += page.size
        if not page.is_dictionary:
            values += page.values
            largest = max(largest, page.size / max(page.values, 1))
    if total > max(chunk.total_uncompressed_size, 0) or values > rows + MOST_VALUES:
        said = f"{chunk.total_uncompressed_size:,} bytes and {rows:,} rows"
        raise LyingFileError(f"{chunk.path_in_schema} has {total:,} bytes and {values:,} values, and says {said}")
    return largest


def _pages(file: BinaryIO, chunk: pq.ColumnChunkMetaData) -> Iterator[Page]:
    """Yield the pages of a column, in the order in which a reader unpacks them, until all values are told."""
    place, values = chunk.data_page_offset, 0
    if chunk.has_dictionary_page and chunk.dictionary_page_offset and 0 < chunk.dictionary_page_offset < place:
        place = chunk.dictionary_page_offset
    end = place + chunk.total_compressed_size
    while place < end and values < chunk.num_values:
        page, length = _read_page(file, place)
        yield page
        if page.packed < 0:
            raise LyingFileError(f"a page of {chunk.path_in_schema} has {page.packed:,} bytes")
        place += length + page.packed
        values += 0 if page.is_dictionary else page.values


def _read_page(file: BinaryIO, place: int) -> tuple[Page, int]:
    """Return the page that begins at a place of a file, and the length of its header."""
    size = _FIRST
    while True:
        file.seek(place)
        head = file.read(size)
        try:
            fields, length = _struct(head, 0, 0)
            break
        except IndexError:
            if len(head) < size or size >= _MOST_HEADER:
                raise LyingFileError(f"there is no page at byte {place:,}") from None
            size *= 16
    data: dict[int, Any] = next(
        (fields[number] for number in _DATA_HEADERS if isinstance(fields.get(number), dict)), {}
    )
    numbers = [fields.get(1), fields.get(2), fields.get(3), data.get(1, 0)]
    if not all(isinstance(number, int) for number in numbers):
        raise LyingFileError(f"there is no page at byte {place:,}")
    kind, unpacked, packed, values = numbers
    return Page(kind == _DICTIONARY, values, unpacked, packed), length


# -- Thrift's compact protocol ---------------------------------------------------------------------------------------


def _struct(data: bytes, place: int, depth: int) -> tuple[dict[int, Any], int]:
    """Return the fields of a struct by their number, and where it ends; raise `IndexError` where data ends before."""
    if depth > _DEEPEST:
        raise LyingFileError("a header of a page is nested too deeply")
    found: dict[int, Any] = {}
    number = 0
    while True:
        head = data[place]
        place += 1
        if not head:
            return found, place
        if head >> 4:
            number += head >> 4
        else:
            number, place = _integer(data, place)
        found[number], place = _value(data, place, head & 15, depth)


def _value(data: bytes, place: int, kind: int, depth: int) -> tuple[Any, int]:
    if kind in (_TRUE, _FALSE):
        return kind == _TRUE, place
    if kind in (_I16, _I32, _I64):
        return _integer(data, place)
    if kind == _STRUCT:
        return _struct(data, place, depth + 1)
    if kind == _BINARY:
        length, place = _varint(data, place)
        return None, _within(data, place + length)
    if kind in (_BYTE, _DOUBLE):
        return None, _within(data, place + (1 if kind == _BYTE else 8))
    raise LyingFileError("a header of a page holds what none has")  # lists, sets and maps among it


def _within(data: bytes, place: int) -> int:
    if place > len(data):
        raise IndexError
    return place


def _integer(data: bytes, place: int) -> tuple[int, int]:
    found, place = _varint(data, place)
    return (found >> 1) ^ -(found & 1), place


def _varint(data: bytes, place: int) -> tuple[int, int]:
    found = shift = 0
    while True:
        byte = data[place]
        place += 1
        found |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return found, place
        if shift > 63:
            raise LyingFileError("a header of a page holds a number that is none")
