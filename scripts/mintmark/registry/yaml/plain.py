"""A quick reader for the plain form of YAML in which Mintmark writes records; it declines whatever else it meets.

PyYAML takes 0.36 ms for a record of 150 lines, this 0.1 ms, and importing PyYAML takes 15 ms more. What this accepts
means the same to `yaml/reader.py` (a property test holds the two together); what it declines is read there.
"""

from __future__ import annotations

import re
from typing import Any

from mintmark.registry.yaml.faults import MAX_DEPTH

_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_SPECIAL_FLOAT = re.compile(r"([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z")
_LONGEST_INTEGER = 400

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_./@-]*(?: [A-Za-z0-9_./@-]+)*\Z")
_QUOTED = re.compile(r"'[^']*'\Z|\"[^\"\\]*\"\Z")
_NEGATIVE = re.compile(r"-[0-9][0-9.e+-]*\Z")
_FIRST = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+(<")
_DECLINED_KEYS = _NULLS | _BOOLEANS.keys()

_Line = tuple[int, bool, str | None, str | None]


class Declined(Exception):  # noqa: N818 - it is no error: another reader takes over
    """The text is not in the plain form."""


def resolve_plain(value: str) -> Any:
    """Return what an unquoted scalar means in the core schema of YAML 1.2 (without octal and hexadecimal numbers)."""
    if value in _NULLS:
        return None
    if value in _BOOLEANS:
        return _BOOLEANS[value]
    if _INTEGER.match(value):
        return int(value) if len(value) < _LONGEST_INTEGER else value
    if FLOAT.match(value):
        return float(value)
    if _SPECIAL_FLOAT.match(value):
        return float(value.replace(".", "", 1))
    return value


def read_plain(text: str) -> Any:
    """Return the document in `text`; raise `Declined` where it is not in the plain form, which is no fault."""
    # Control characters, which YAML refuses, are not printable.
    if not text.endswith("\n") or not text.isascii() or not text.replace("\n", "").isprintable():
        raise Declined
    lines = text.split("\n")
    lines.pop()
    start = 0
    while start < len(lines) and lines[start].startswith("#"):
        start += 1
    reader = _Reader(lines)
    data, end = reader.mapping(start, 0, 0)
    if end != len(lines) or start == end:
        raise Declined
    return data


class _Reader:
    """Recursive descent over lines; each method returns a value and the number of the line after it."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._end = len(lines)
        self._known: list[_Line | None] = [None] * len(lines)

    def _line(self, number: int) -> _Line:
        """Return a line's indentation, whether a dash stands before its content, its key and its scalar."""
        known = self._known[number]
        if known is None:
            line = self._lines[number]
            known = _lines.get(line) or _split_line(line)
            self._known[number] = known
            if len(_lines) < _MOST_REMEMBERED:  # records of one model share most of their lines
                _lines[line] = known
        return known

    def mapping(self, number: int, indent: int, depth: int, first: tuple[str, str | None] | None = None) -> Any:
        """Read `key: value` lines; `first` is a pair that stood behind a dash, on the line before `number`."""
        if depth > MAX_DEPTH:
            raise Declined
        data: dict[str, Any] = {}
        if first is not None:
            data[first[0]], number = self._value(first[1], number, indent, depth)
        while number < self._end:
            spaces, dash, key, scalar = self._line(number)
            if dash or spaces < indent:
                break
            if spaces > indent or key is None or key in data:
                raise Declined
            data[key], number = self._value(scalar, number + 1, indent, depth)
        return data, number

    def _value(self, scalar: str | None, number: int, indent: int, depth: int) -> tuple[Any, int]:
        if scalar is not None:
            return self._literal(scalar, number, indent) if scalar[:1] == "|" else (_scalar(scalar), number)
        if number == self._end:
            return None, number
        spaces, dash, *_ = self._line(number)
        if dash:
            return self._sequence(number, spaces, depth + 1) if spaces >= indent else (None, number)
        return self.mapping(number, spaces, depth + 1) if spaces > indent else (None, number)

    def _sequence(self, number: int, indent: int, depth: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        while number < self._end:
            spaces, dash, key, scalar = self._line(number)
            if not dash or spaces < indent:
                if spaces > indent:
                    raise Declined
                break
            if spaces > indent:
                raise Declined
            if key is not None:
                item, number = self.mapping(number + 1, indent + 2, depth + 1, (key, scalar))
            else:
                item, number = _scalar(scalar or ""), number + 1
            items.append(item)
        return items, number

    def _literal(self, style: str, number: int, indent: int) -> tuple[str, int]:
        """Read a block of text that is indented by two more; a blank line at either end of it is declined."""
        lines, prefix, start = self._lines, " " * (indent + 2), number
        while number < self._end and (lines[number].startswith(prefix) or not lines[number]):
            number += 1
        block = [line[len(prefix) :] for line in lines[start:number]]
        plain = style in ("|", "|-") and block and block[0].strip() and block[-1].strip() and block[0][0] != " "
        if not plain:
            raise Declined
        text = "\n".join(block)
        return (text if style == "|-" else text + "\n"), number


def _split_line(line: str) -> _Line:
    body = line.lstrip(" ")
    indent = len(line) - len(body)
    dash = body[:2] == "- "
    if dash:
        body = body[2:]
    key, colon, scalar = body.partition(": ")
    if colon:
        return indent, dash, _key(key), scalar
    if body[-1:] == ":":
        return indent, dash, _key(body[:-1]), None
    if not dash:
        raise Declined
    return indent, dash, None, body


_lines: dict[str, _Line] = {}
_keys: set[str] = set()
_scalars: dict[str, Any] = {"{}": {}, "[]": []}
_MOST_REMEMBERED = 10_000


def _key(text: str) -> str:
    if text not in _keys:
        if not _KEY.match(text) or text in _DECLINED_KEYS:
            raise Declined
        if len(_keys) < _MOST_REMEMBERED:
            _keys.add(text)
    return text


def _scalar(text: str) -> Any:
    """Return what a scalar means; the same few words and numbers fill most records, so they are remembered."""
    if text in _scalars:
        value = _scalars[text]
        return value.copy() if type(value) in (dict, list) else value
    if text.isalnum() or _is_plain(text) or _NEGATIVE.match(text):
        value = resolve_plain(text)
    elif _QUOTED.match(text):
        value = text[1:-1]
    else:
        raise Declined
    if len(_scalars) < _MOST_REMEMBERED:
        _scalars[text] = value
    return value


def _is_plain(text: str) -> bool:
    """Whether a scalar needs no quotes: no indicator in front, no comment, no key, no space at its end."""
    return text[:1] in _FIRST and " #" not in text and ": " not in text and text[-1] not in ": "
