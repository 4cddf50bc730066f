"""Lay out rows as plain text. Prints nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mintmark.core.finding import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EMPTY = "-"  # a cell with nothing in it
_NUMBER = re.compile(r"[-+]?[0-9][0-9,]*(\.[0-9]+)?(e[-+]?[0-9]+)?\Z")


def format_table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows under headers, each column as wide as its widest cell; a column of numbers is set to the right."""
    cells = [[one_line(cell) for cell in row] for row in rows]
    columns = list(zip(*([list(headers), *cells]), strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [_is_numeric(column[1:]) for column in columns]
    lines = [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in [[_title(header) for header in headers], *cells]
    ]
    return "\n".join(lines)


def _title(header: str) -> str:
    # A reference such as iris@1.0.0 heads a column as it is.
    return header if "@" in header else header.upper()


def _is_numeric(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell not in ("", EMPTY)]
    return bool(filled) and all(_NUMBER.match(cell) for cell in filled)
