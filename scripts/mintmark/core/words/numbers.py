"""Numbers in words, one way for each kind: metrics, intervals, differences, sizes, times, shares, counts. Pure."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.core.statistics.results import RowsPlan

NOTHING: Final = "–"
_DIGITS: Final = 4  # of a value
_FEW_DIGITS: Final = 3  # of a difference or a size
_OF_A_SLICE: Final = "slices."  # and its name: a place in `undefined` of metrics.json
_FULL: Final = 15  # all that a person writes
_MOST_DIGITS: Final = 17  # all that a float has
_CLOSE: Final = 1e-9  # of a number's size: the order of a sum may change it by so much
_LONGEST_WRITTEN: Final = 10**15
_SIZES: Final = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))
_TIMES: Final = (("s", 1.0), ("ms", 1e-3))


class InWords(Protocol):
    """A function of this module that takes a number of digits."""

    def __call__(self, value: float | None, digits: int = ..., /) -> str:
        """Return a value in words."""


@lru_cache(maxsize=4096)
def number(value: float | None, digits: int = _DIGITS, /) -> str:
    """`0.9813`: four significant digits, and no power of ten where that reads worse; a dash for None.

    What is no number, infinite, or beyond all floats (JSON holds whole numbers of any length) is said so.
    """
    if value is None:
        return NOTHING
    try:
        given = float(value)
    except OverflowError:
        return "beyond any measure"
    if not math.isfinite(given):
        return "not a number" if math.isnan(given) else "infinite" if given > 0 else "minus infinite"
    text = f"{given:.{digits}g}"
    text = f"{given:.0f}" if "e+" in text and abs(given) < 1e9 else text
    return "0" if text == "-0" else text


def as_float(value: float) -> float:
    """Return a number as a float; a whole number beyond all floats is infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def written(value: float) -> str:
    """Return a number that somebody wrote with every digit: `0.00125`, `2026`, `55`."""
    if isinstance(value, int) and abs(value) < _LONGEST_WRITTEN:
        return str(value)
    return number(value, _FULL)


def bounds(low: float | None, high: float | None) -> str:
    """`[0.9779, 1]`; empty where there is no interval."""
    return "" if low is None or high is None else f"[{number(low)}, {number(high)}]"


def interval(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """`0.9929 [0.9779, 1]`: a value with its interval, the value alone without one, a dash without a value."""
    return NOTHING if value is None else f"{number(value)} {bounds(low, high)}".rstrip()


def interval_of(found: Mapping[str, float | None] | None) -> str:
    """Return the interval of an entry `{value, low, high}` of a document; a dash where there is none."""
    return NOTHING if found is None else interval(found["value"], found.get("low"), found.get("high"))


def undefined_names(measured: Mapping[str, Any]) -> list[str]:
    """Return the metrics that metrics.json says have no value on the evaluation rows, in the order of their names."""
    return sorted(name for name in measured.get("undefined", {}) if not name.startswith(_OF_A_SLICE))


def undefined(measured: Mapping[str, Any], metric: str, part: str | None = None) -> str | None:
    """`not defined: every row has the class 'no'`: why metrics.json has no value, on a slice if named; else None."""
    reason = measured.get("undefined", {}).get(metric if part is None else f"{_OF_A_SLICE}{part}.{metric}")
    return None if reason is None else f"not defined: {reason}"


def signed(value: float | None, digits: int = _FEW_DIGITS, /) -> str:
    """`+0.0012`, `-0.3`, `0`: a difference in three significant digits."""
    text = number(value, digits)
    return f"+{text}" if value is not None and value > 0 and text[0].isdigit() else text


def signed_bounds(low: float | None, high: float | None) -> str:
    """`[-0.002, +0.004]`; empty where there is no interval."""
    return "" if low is None or high is None else f"[{signed(low)}, {signed(high)}]"


def difference(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """`+0.001 [-0.002, +0.004]`: a difference with its interval."""
    return f"{signed(value)} {signed_bounds(low, high)}".rstrip()


def size(value: float | None, digits: int = _FEW_DIGITS, /) -> str:
    """`14.2 kB` of a size in bytes."""
    if value is None or not math.isfinite(given := as_float(value)):
        return number(value)
    unit, length = next(((u, n) for u, n in _SIZES if _rounded(given, digits) >= n), ("B", 1.0))
    return f"{number(given / length, digits)} {unit}"


def seconds(value: float | None, digits: int = _DIGITS, /) -> str:
    """`1.2 s`, `10 ms`, `400 µs`."""
    if value is None or not math.isfinite(given := as_float(value)):
        return number(value)
    rounded = abs(_rounded(given, digits))
    unit, length = next(((u, n) for u, n in _TIMES if rounded >= n), ("µs", 1e-6)) if rounded else ("s", 1.0)
    return f"{number(given / length, digits)} {unit}"


def _rounded(value: float, digits: int) -> float:
    """Return what is left of a number when it is written: 999,999 bytes are a megabyte."""
    return float(f"{value:.{digits}g}")


def share(value: float | None, digits: int = _DIGITS, /) -> str:
    """`99.5%` of 0.995; never `100%` where a part is missing."""
    if value is None or not 0 <= value <= 1:
        return number(value)
    text = f"{number(100 * value, digits)}%"
    return share(value, digits + 1) if text == "100%" and value < 1 and digits < _MOST_DIGITS else text


def p_value(value: float | None) -> str:
    """`0.032`, `under 0.0001`: a probability in two significant digits."""
    if value is None or not 0 <= value <= 1:
        return number(value)
    return "under 0.0001" if value < 0.0001 else number(value, 2)


def count(of: int, one: str, many: str = "") -> str:
    """`1 row`, `2,000 rows`, `no rows`."""
    return f"{f'{of:,}' if of else 'no'} {one if of == 1 else many or f'{one}s'}"


def estimate(of: int) -> str:
    """Return a number that is an estimate, as no more than that: 24,732 is `25,000`."""
    return f"{float(f'{of:.2g}'):,.0f}"


def apart(value: float, limit: float, in_words: InWords = number) -> tuple[str, str]:
    """Return a value and its limit, the limit in full, with the digits that it takes to see that they are not the same.

    The last bits of a sum make no difference.
    """
    if math.isclose(as_float(value), as_float(limit), rel_tol=_CLOSE):
        return in_words(limit, _FULL), in_words(limit, _FULL)
    pairs = ((in_words(value, digits), in_words(limit, digits)) for digits in range(_DIGITS, _MOST_DIGITS + 1))
    first = in_words(value), in_words(limit)
    return next((told for told, near in (first, *pairs) if told != near), first[0]), in_words(limit, _FULL)


def what_would_decide(plan: RowsPlan | None, margin: float) -> str:
    """`a plan: if ... equal, some 3,700 rows (2,200 to 6,300) find it no worse`: for a difference that is not clear.

    Empty where nobody can tell: the rows are too few to learn how much the difference varies, or not known to be clean.
    """
    equal = "a plan: if the two are in truth equal"
    if plan is None:
        return "" if margin > 0 else f"{equal}, no number of rows finds it no worse without a margin"
    rows, low, high = map(estimate, (plan.rows, plan.low, plan.high))
    told = f"{equal}, some {rows} rows ({low} to {high}) find it no worse, four times in five"
    if plan.labels is None:
        return told
    some = f"some {estimate(plan.labels)} of them"
    return f"{told}; only those that the two answer differently need a label, {some} (mintmark compare --unlabelled)"


def how_measured(measured: Mapping[str, Any]) -> str:
    """Return how the metrics in a metrics.json were measured, or who said them, in a sentence."""
    if "said_by" in measured:
        return f"Said by {measured['said_by']}; nobody measured it here."
    how = f"{count(measured['resamples'], 'bootstrap resample')}, seed {measured['seed']}"
    return f"Measured on {count(measured['rows'], 'evaluation row')}; the intervals come from {how}."


def capital(sentence: str) -> str:
    """Return a sentence with a capital letter, its other letters as they are."""
    return sentence[:1].upper() + sentence[1:]


def better(*, maximize: bool) -> str:
    """`more is better`, `less is better`."""
    return f"{'more' if maximize else 'less'} is better"
