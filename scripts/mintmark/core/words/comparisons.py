"""What may be said of two values beside each other: the standing that a paired test found, or why there is none. Pure.

"Better" and "worse" are words of a verdict. Nothing else in the tree makes them of two numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mintmark.core.comparison import Basis
    from mintmark.core.statistics.results import Standing

NO_CLEAR_DIFFERENCE: Final = "no clear difference"
NOT_TESTED: Final = "not tested"
NO_VERDICT: Final = "no verdict"
BASIS_WORDS: Final[dict[Basis, str]] = {
    "same rows": NOT_TESTED,
    "other rows": "measured on other rows",
    "other models": "of another model",
}


def standing_in_words(standing: Standing, *, primary: bool) -> str:
    """Return a standing; only the primary metric has a margin, without which `inconclusive` says more than is asked."""
    return standing if primary or standing in ("better", "worse") else NO_CLEAR_DIFFERENCE


def relation(basis: Basis, standing: Standing | None, *, primary: bool) -> str:
    """Return what is to be said of two values: `better`, `not tested`, `measured on other rows`."""
    if standing is None or basis != "same rows":
        return BASIS_WORDS[basis]
    return standing_in_words(standing, primary=primary)
