"""The text of the documents of the static API: JSON that is the same for the same values. Writes no file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Document = dict[str, Any]


def format_document(document: Mapping[str, Any]) -> str:
    """Return a document as one line of JSON, in the order of its keys."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def format_around(document: Mapping[str, Any], key: str, text: str) -> str:
    """Return a document with one more key at its end, whose value is JSON already."""
    return f"{format_document(document).rstrip()[:-1]},{json.dumps(key)}:{text}}}\n"


def split_rows(rows: Sequence[Any], budgets: Iterator[int]) -> list[list[Any]]:
    """Split rows so that each part's JSON stays within the next budget (bytes); a part holds one row at least."""
    parts: list[list[Any]] = [[]]
    left = next(budgets)
    for row in rows:
        size = len(json.dumps(row, ensure_ascii=False).encode())
        if parts[-1] and size > left:
            parts.append([])
            left = next(budgets)
        parts[-1].append(row)
        left -= size
    return parts
