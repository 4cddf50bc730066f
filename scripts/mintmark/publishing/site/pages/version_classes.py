"""How a version answers each class, as rows for its page: metrics by class, and the confusion matrix. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mintmark.core.words.demands import value_in_words
from mintmark.core.words.numbers import NOTHING, count, number, share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SHADES: Final = 9


class ClassRow(NamedTuple):
    """One class with its metrics, and its row of the confusion matrix: counts with a shade of 0 to 9."""

    name: str
    rows: str
    precision: str
    recall: str
    f1: str
    cells: list[tuple[str, int]]


def class_names(outcomes: Mapping[str, Any]) -> list[str]:
    """Return the classes as they are shown; the last stands for all that have no place of their own."""
    others = outcomes["others"]
    names = [value_in_words(name) for name in outcomes["classes"]]
    return [*names, count(others, "other class", "other classes")] if others else names


def class_rows(outcomes: Mapping[str, Any]) -> list[ClassRow]:
    """Return a row for each true class; one that stands for several classes has no metrics."""
    counts: Sequence[Sequence[int]] = outcomes["counts"]
    said = [sum(column) for column in zip(*counts, strict=True)]
    alone = len(outcomes["classes"])
    return [
        _row(name, row, row[place], said[place] if place < alone else None)
        for place, (name, row) in enumerate(zip(class_names(outcomes), counts, strict=True))
    ]


def _row(name: str, row: Sequence[int], right: int, said: int | None) -> ClassRow:
    total = sum(row)
    cells = [(f"{cell:,}", _shade(cell, total)) for cell in row]
    if said is None:
        return ClassRow(name, f"{total:,}", NOTHING, NOTHING, NOTHING, cells)
    f1 = number(2 * right / (total + said)) if total + said else NOTHING
    return ClassRow(name, f"{total:,}", _part(right, said), _part(right, total), f1, cells)


def _part(right: int, of: int) -> str:
    return number(right / of) if of else NOTHING


def _shade(cell: int, total: int) -> int:
    return 0 if not cell else max(1, round(_SHADES * cell / total))


def accuracy_sentence(outcomes: Mapping[str, Any]) -> str:
    """`196 of 199 rows are answered right, 98.49%`; of classes without a place of their own nothing is known."""
    counts = outcomes["counts"]
    total = sum(map(sum, counts))
    if outcomes["others"] or not total:
        return f"{count(total, 'row')}"
    right = sum(counts[place][place] for place in range(len(counts)))
    return f"{right:,} of {count(total, 'row')} are answered right, {share(right / total)}"
