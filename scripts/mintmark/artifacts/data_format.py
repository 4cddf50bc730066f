"""Recognise and check plain data: Parquet, Arrow, CSV, JSON and .npy arrays without objects."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import json
from typing import BinaryIO

from mintmark.core.finding import Finding

_BLOCK = 1 << 20
_PARQUET, _ARROW, _NPY = b"PAR1", b"ARROW1\x00\x00", b"\x93NUMPY"
_DELIMITERS = ",;\t|"
_SAMPLE_ROWS = 50
_TEXT_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r")


def looks_like_data(file: BinaryIO, head: bytes, size: int) -> bool:
    """Whether a file is marked as Parquet, Arrow or .npy, or is text that reads as JSON or as a table."""
    if head.startswith((_PARQUET, _ARROW)):
        magic = _PARQUET if head.startswith(_PARQUET) else _ARROW[:6]
        file.seek(max(0, size - len(magic)))
        return size > 2 * len(magic) and file.read() == magic
    if head.startswith(_NPY):
        return True
    return is_text(file) and (_opens_json(head) or _is_table(file))


def inspect_data(data: bytes, *, path: str) -> list[Finding]:
    """The faults of plain data that was recognised as such."""
    if data.startswith(_NPY):
        from mintmark.artifacts.npy import InvalidArrayError, read_npy

        try:
            read_npy(data)
        except InvalidArrayError as error:
            return [Finding(path=path, message=f"is an array that may not be read: {error}", rule="R8")]
    elif not data.startswith((_PARQUET, _ARROW)) and _opens_json(data[:512]):
        try:
            json.loads(data)
        except (ValueError, RecursionError) as error:
            message = f"begins like JSON and is not ({str(error)[:100]}); write it again"
            return [Finding(path=path, message=message, rule="R8")]
    return []


def _opens_json(head: bytes) -> bool:
    return head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"{", b"[")


def is_text(file: BinaryIO) -> bool:
    """Whether a file is text in UTF-8 without control characters, from its first byte to its last."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := file.read(_BLOCK):
            decoder.decode(block)
            if len(block.translate(None, _TEXT_CONTROLS)) != len(block):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_table(file: BinaryIO) -> bool:
    """Two columns at least, as many in each of the first rows as in the header."""
    file.seek(0)
    text = file.read(_BLOCK).decode("utf-8-sig", "ignore")
    complete = not file.read(1)
    first = text.partition("\n")[0]
    return any(delimiter in first and _is_even(text, delimiter, complete) for delimiter in _DELIMITERS)


def _is_even(text: str, delimiter: str, complete: bool) -> bool:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    widths: list[int] = []
    try:
        widths.extend(len(row) for row in itertools.islice(reader, _SAMPLE_ROWS + 1))
    except csv.Error:
        if complete:
            return False
    if not complete or len(widths) > _SAMPLE_ROWS:
        widths = widths[:-1]  # the last one may be cut
    widths = [width for width in widths if width]
    return len(widths) > 1 and len(set(widths)) == 1 and widths[0] > 1
