"""Axes of a drawing: round ticks, and places along them as short numbers. Draws nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mintmark.core.statistics.metrics import Floats

FARTHEST: Final = 1e150  # what lies between two numbers of this size is still a number
_STEPS: Final = (1, 2, 5, 10)
_NARROWEST: Final = 1e-9  # of the numbers' size: what is closer together is one number
_SMALLEST: Final = 1e-290  # and what is smaller is nothing
_AIR: Final = 0.05  # of a number's size, around values that are all the same
_EXPONENT: Final = 6  # from here on powers of ten are shorter


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """Values from `low` to `high` drawn from `start` to `end` (which may be the smaller, as upwards in SVG)."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]
    step: float

    def place(self, value: float) -> float:
        """Return where a value is drawn; what lies outside is drawn at the edge."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def places(self, values: Floats) -> Floats:
        """Return where values are drawn, each as `place` does."""
        share = (values - self.low) / (self.high - self.low)
        return self.start + share.clip(0.0, 1.0) * (self.end - self.start)

    def labels(self) -> list[tuple[float, str]]:
        """Return the ticks as place and text."""
        return [(self.place(tick), format_tick(tick, self.step)) for tick in self.ticks]


def is_drawn(value: float | None) -> bool:
    """Whether there is a place for a value: no NaN, no infinity, and nothing beyond 1e150."""
    return value is not None and -FARTHEST <= value <= FARTHEST


def are_drawn(values: Iterable[float]) -> bool:
    """Whether there is a place for each of these numbers."""
    return all(-FARTHEST <= value <= FARTHEST for value in values)


def round_axis(values: Iterable[float], start: float, end: float, *, most: int = 6) -> Axis:
    """Return an axis around values, from one round number to another; shares stay between 0 and 1.

    `values` are those that `is_drawn`; without any the axis goes from 0 to 1.
    """
    shown = list(values) or [0.0, 1.0]
    low, high = _apart(min(shown), max(shown))
    step = _round_step((high - low) / (most - 1))
    first, last = math.floor(low / step + _NARROWEST), math.ceil(high / step - _NARROWEST)
    if min(shown) >= 0:
        first = max(first, 0)
        if max(shown) <= 1 and last * step > 1:
            last = max(first + 1, math.floor(1 / step + _NARROWEST))
    ticks = tuple(number * step for number in range(first, last + 1))
    return Axis(low=ticks[0], high=ticks[-1], start=start, end=end, ticks=ticks, step=step)


def exact_axis(low: float, high: float, start: float, end: float, *, most: int = 6) -> Axis:
    """Return an axis with these very ends and the round numbers between them."""
    low, high = _apart(low, high) if high <= low else (low, high)
    step = _round_step((high - low) / (most - 1))
    first, last = math.ceil(low / step - _NARROWEST), math.floor(high / step + _NARROWEST)
    ticks = tuple(number * step for number in range(first, last + 1))
    return Axis(low=low, high=high, start=start, end=end, ticks=ticks, step=step)


def _apart(low: float, high: float) -> tuple[float, float]:
    """Return two numbers with room between them around a few that are the same."""
    size = max(abs(low), abs(high))
    if high - low > max(size * _NARROWEST, _SMALLEST):
        return low, high
    air = size * _AIR if size > _SMALLEST else 1.0
    return low - air, high + air


def _round_step(least: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next((step * power for step in _STEPS if step * power >= least * (1 - _NARROWEST)), 10 * power)


def format_tick(value: float, step: float) -> str:
    """Return a tick with as many decimals as tell it from the next; huge and tiny ones in powers of ten."""
    if abs(value) < step / 2:
        return "0"
    size = math.floor(math.log10(abs(value)) + _NARROWEST)
    fine = math.floor(math.log10(step) + _NARROWEST)
    if size >= _EXPONENT or (fine <= -_EXPONENT and size < -2):
        text, _, power = f"{value:.{min(max(size - fine, 0), 15)}e}".partition("e")
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return f"{text}e{int(power)}"
    return f"{value:.{min(max(-fine, 0), 15)}f}"


def short(place: float) -> str:
    """Return a place in a drawing with one decimal, and none where it is whole."""
    text = f"{place:z.1f}"
    return text[:-2] if text[-1] == "0" else text
