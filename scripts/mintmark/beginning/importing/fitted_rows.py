"""Fit evaluation rows to what one version of another registry takes: its columns, in its order. Reads no files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mintmark.beginning.importing.found import ImportRefused
from mintmark.core.question import FILLED, ROW

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from mintmark.beginning.importing.found import Made
    from mintmark.core.question import Question

_MOST_NAMED: Final = 5


def said_columns(made: Made) -> list[str] | None:
    """Return the columns that a version takes, in their order, as it is said there; None where nobody said it."""
    inputs = made.signature["inputs"] if made.signature is not None else {}
    return list(inputs) or None


def open_columns(rows: pd.DataFrame, question: Question, carry: Sequence[str]) -> list[str]:
    """Return the columns that a model may see: neither the truth, nor what numbers or carries a row."""
    aside = {ROW, FILLED, question.target, question.entity_column, *carry}
    return [str(name) for name in rows.columns if name not in aside]


def fit_rows(
    rows: pd.DataFrame, seen: Sequence[str], question: Question, carry: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows with the columns that a version takes in its order, and the columns that it does not see.

    Rows whose columns stand in that order already come back as they are, so that versions which take the same
    columns, or some of them, are measured on the very same file. Raises `ImportRefused` for a column that is not there.
    """
    known = open_columns(rows, question, carry)
    lacking = [name for name in seen if name not in known]
    if lacking:
        shown = ", ".join(f'"{name}"' for name in lacking[:_MOST_NAMED])
        more = f" and {len(lacking) - _MOST_NAMED:,} more" if lacking[_MOST_NAMED:] else ""
        raise ImportRefused(f"it takes {shown}{more}, which the rows lack as an input; add what it takes to --data")
    taken, aside = set(seen), {ROW, FILLED, question.target, question.entity_column}
    unseen = [str(name) for name in rows.columns if name not in taken and name not in aside]
    if [name for name in rows.columns if name in taken] == list(seen):
        return rows, unseen
    # What it takes comes first: a later version that takes more finds its columns in order behind them.
    first = [ROW] if ROW in rows.columns else []
    return rows[[*first, *seen, *(name for name in rows.columns if name not in {*first, *seen})]], unseen
