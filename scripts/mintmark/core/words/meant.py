"""What a mistyped name was meant to be. Knows no names of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def meant(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is closest to a mistyped one, whatever its case and signs; None where none is."""
    import difflib  # a fault is rare, and a command quick

    names = {_plain(other): other for other in sorted(known, reverse=True)}
    close = difflib.get_close_matches(_plain(name), sorted(names), n=1)
    return names[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return `did you mean "roc_auc"?`, or None where no known name is close."""
    found = meant(name, known)
    return f'did you mean "{found}"?' if found is not None else None


def _plain(name: str) -> str:
    return " ".join(re.split(r"[\W_]+", name.casefold()))
