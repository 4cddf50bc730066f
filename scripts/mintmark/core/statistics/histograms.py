"""Bins, quantiles and buckets of a column, so that rows counted again fall where they fell before. Pure."""

from __future__ import annotations

import zlib
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Number = int | float
Values = NDArray[Any]  # whole numbers or floats, none missing, none infinite

BINS = 10  # that the rows between heavy values are divided into, of equal frequency
FEWEST_IN_A_BIN = 20  # rows, where there are enough for ten such bins
HEAVY = 20  # a value that one row in so many has gets a bin of its own
BUCKETS = 32  # that texts are sorted into by their digest
LEAST_DIGITS = 4  # of a quantile
MOST_DIGITS = 17  # tell any two floats apart
TINY, SMALL = 1e-9, 1e-6  # how far from a constant a value counts as another one: of 0, and as a share of the constant


def bucket_of(text: str) -> int:
    """Return the bucket of a text, the same everywhere and at any time; 1 and 1.0 have one."""
    return zlib.crc32(text.removesuffix(".0").encode("utf-8", "surrogatepass")) % BUCKETS


def bin_edges(values: Values) -> list[Number]:
    """Return the edges of the bins of a column: bin i reaches from edge i up to, and without, edge i + 1.

    The outer bins are open, so the first and the last edge bound no value. A value that a twentieth of the rows have
    is alone in its bin; the rows between such values are divided evenly. Where the smallest or the largest value is
    such a one, an empty bin lies beyond it, so that a value never seen before is not taken for it. An edge is a short
    number between two neighbouring values of the column: no value lies on the wrong side of it, however it is written.
    """
    distinct, counts = np.unique(values, return_counts=True)
    numbers: list[Number] = distinct.tolist()
    heavy = (counts * HEAVY >= len(values)) & (counts > 1)
    heavy |= len(numbers) == 1
    starts = list(_bin_starts(counts, np.flatnonzero(heavy)))[1:]
    inner = [_cut(*distinct[start - 1 : start + 1].tolist()) for start in starts]
    first, last = numbers[0], numbers[-1]
    low, high = first, last
    below, above = (first - _gap(numbers[:2]), last + _gap(numbers[-2:]))
    if heavy[0] and np.isfinite(below) and below < first:
        inner, low = [_cut(below, first), *inner], below
    if heavy[-1] and np.isfinite(above) and above > last:
        inner, high = [*inner, _cut(last, above)], above
    return [low, *inner, high]


def _bin_starts(counts: NDArray[np.intp], heavy: NDArray[np.intp]) -> Iterator[int]:
    """Yield at which distinct value each bin begins."""
    total, rest = int(counts.sum()), int(counts.sum() - counts[heavy].sum())
    wanted = max(rest / BINS, min(total / BINS, FEWEST_IN_A_BIN), 1)
    reached, start = np.cumsum(counts), 0
    stops = [*heavy.tolist(), len(counts)]
    while start < len(counts):
        yield start
        stop = next(stop for stop in stops if stop >= start)
        if stop == start:
            start += 1
            continue
        before = int(reached[start] - counts[start])
        full = int(np.searchsorted(reached, before + wanted)) + 1
        left = int(reached[stop - 1] - reached[full - 1]) if full < stop else 0
        start = full if left >= wanted / 2 else stop  # too few for a bin of their own go with those before


def _gap(ends: Sequence[Number]) -> Number:
    """Return how far beyond an outermost value the next one would lie: as far as its neighbour, if it has one."""
    if len(ends) == 2:
        return ends[1] - ends[0]
    (value,) = ends
    return 1 if isinstance(value, int) else abs(value) * SMALL or TINY


def _cut(low: Number, high: Number) -> Number:
    """Return a number above `low` and not above `high`, near their middle, with as few digits as will do."""
    kind = type(high)
    if low < 0 <= high:
        return kind(0)
    middle = low / 2 + high / 2
    for digits in range(1, MOST_DIGITS + 1):
        cut = kind(float(f"{middle:.{digits}g}"))
        if low < cut <= high:
            return cut
    return high


def bin_counts(values: Values, edges: Sequence[Number]) -> list[int]:
    """Return how many values lie in each bin; the outer bins are open."""
    bins = np.searchsorted(np.asarray(edges[1:-1]), values, side="right")
    counts: list[int] = np.bincount(bins, minlength=len(edges) - 1).tolist()
    return counts


def quantiles(values: Values, per_mille: Sequence[int]) -> list[Number]:
    """Return for each level (in thousandths) the smallest value that at least this share of the rows does not exceed.

    This is the inverse of the distribution function (type 1 of Hyndman and Fan 1996). A quantile is written with as few
    digits, four at least, as keep it above the next smaller value of the column: as many rows lie below the written
    number as below the value itself. So the share of rows below a quantile can be told to within the step of the
    levels, with ties and without.
    """
    distinct, counts = np.unique(values, return_counts=True)
    reached = np.cumsum(counts)
    ranks = [max(-(-level * len(values) // 1000), 1) for level in per_mille]
    places = np.searchsorted(reached, ranks).tolist()
    written: dict[int, Number] = {0: distinct[0].item()}
    for place in places:
        if place not in written:
            written[place] = _shortened(*distinct[place - 1 : place + 1].tolist())
    return [written[place] for place in places]


def _shortened(low: Number, value: Number) -> Number:
    """Return a number above `low` and not above `value`: the value with some digits cut off."""
    if isinstance(value, int) or value == 0:
        return value
    exact = Decimal(value)
    for digits in range(LEAST_DIGITS, MOST_DIGITS):
        step = Decimal(1).scaleb(exact.adjusted() - digits + 1)
        short = float(exact.quantize(step, rounding=ROUND_FLOOR))
        if low < short <= value:
            return short
    return value


def mean_and_deviation(values: Values) -> tuple[float, float]:
    """Return mean and standard deviation (of the values as a whole population), of any magnitude."""
    scale = float(np.abs(values.astype(np.float64)).max())
    if scale == 0:
        return 0.0, 0.0
    scaled = values.astype(np.float64) / scale
    return float(scaled.mean() * scale), float(scaled.std() * scale)
