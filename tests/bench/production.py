"""Made-up columns of production for tests/bench/monitoring.py, of many kinds, related or not, that change as asked.

It needs numpy alone, so that other monitors, in environments of their own, draw the very same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Floats = NDArray[np.float64]
    Table = dict[str, NDArray[Any]]

COLUMNS = 30
SHIFT = 0.3  # standard deviations
RELATED = 0.5  # the correlation of any two columns, before they take their form
DAYS = 12  # of a reference whose days differ
WOBBLE = 0.2  # standard deviation of the mean of a day, in those of a row
_NAMES = 5_000  # that are alike, so that most windows bring new ones


def _zipf(levels: int) -> Floats:
    shares = 1 / np.arange(1, levels + 1)
    return np.asarray(np.cumsum(shares / shares.sum())[:-1])


def _ranks(latent: Floats) -> Floats:
    """The normal distribution function is approximated by a logistic one."""
    return np.asarray(1 / (1 + np.exp(-1.702 * latent)))


def _levels(levels: int, latent: Floats) -> NDArray[Any]:
    """Levels in order of their frequency."""
    return np.searchsorted(_zipf(levels), _ranks(latent))


def _mostly_missing(latent: Floats) -> Floats:
    """A value in one row of five, whatever the value is: the fourth and fifth digit decide."""
    return np.where(np.abs(latent * 1_000) % 1 < 0.2, latent, np.nan)


KINDS: Mapping[str, Callable[[Floats], NDArray[Any]]] = {
    "number": lambda latent: latent,
    "skewed number": lambda latent: np.exp(latent),
    "count": lambda latent: np.floor(np.exp(0.6 * latent + 0.6)).astype(np.int64),
    "mostly zero": lambda latent: np.where(latent > 1, np.exp(latent), 0),
    "mostly missing": _mostly_missing,
    "category": lambda latent: _levels(8, latent),
    "many categories": lambda latent: _levels(40, latent),
    "towns": lambda latent: _levels(1_000, latent),
    "names": lambda latent: (_ranks(latent) * _NAMES).astype(np.int64),
    "yes or no": lambda latent: (latent > 1).astype(np.int64),
}
TEXTS = ("category", "many categories", "towns", "names")


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """How rows are made: the kinds of the columns in turn, whether these are related, whether days differ."""

    name: str
    kinds: tuple[str, ...] = tuple(KINDS)
    related: bool = False
    days_differ: bool = False
    has_times: bool = True  # or the profile knows nothing of days

    def columns(self) -> dict[str, str]:
        """Return the kind of each column by its name."""
        kinds = [self.kinds[place % len(self.kinds)] for place in range(COLUMNS)]
        return {f"{kind} {place}": kind for place, kind in enumerate(kinds)}

    def draw(self, generator: np.random.Generator, rows: int, changes: Mapping[str, Change] | None = None) -> Table:
        """Return a window of so many rows; `changes` by the name of a column."""
        common = generator.standard_normal(rows) if self.related else 0.0
        day = generator.normal(0, WOBBLE, COLUMNS) if self.days_differ else np.zeros(COLUMNS)
        table = {}
        for place, (name, kind) in enumerate(self.columns().items()):
            latent = generator.standard_normal(rows)
            if self.related:
                latent = np.sqrt(RELATED) * common + np.sqrt(1 - RELATED) * latent
            change = (changes or {}).get(name, NO_CHANGE)
            table[name] = change.stick(KINDS[kind](change.move(latent + day[place])))
        return table

    def reference(self, generator: np.random.Generator, rows: int) -> list[Table]:
        """Return the reference day by day: one for all rows where days are alike."""
        if not self.days_differ:
            return [self.draw(generator, rows)]
        return [self.draw(generator, rows // DAYS) for _ in range(DAYS)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What happens to a column: a shift in standard deviations, a wider spread, or a share of rows that sticks."""

    shift: float = 0.0
    scale: float = 1.0
    stuck: float = 0.0

    def move(self, latent: Floats) -> Floats:
        """Return the values moved, before they take their form."""
        return self.scale * latent + self.shift

    def stick(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the values with the first ones stuck at the median."""
        rows = round(self.stuck * len(values))
        if rows:
            values = values.copy()
            values[:rows] = np.sort(values)[len(values) // 2]
        return values


NO_CHANGE = Change()
MIXED = World(name="all kinds")
WORLDS = (
    MIXED,
    World(name="all kinds, related", related=True),
    World(name="numbers", kinds=("number", "skewed number")),
    World(name="counts, mostly zero", kinds=("count", "mostly zero")),
    World(name="mostly zero or missing", kinds=("mostly zero", "mostly missing")),
    World(name="categories", kinds=("category", "many categories", "yes or no")),
    World(name="towns and names", kinds=("towns", "names")),
    World(name="all kinds, days differ", days_differ=True),
    World(name="all kinds, days differ, no time column", days_differ=True, has_times=False),
)


def shifted_window(seed: int, reference_rows: int, rows: int) -> tuple[Table, Table]:
    """Return a reference and a window of all kinds, in which the first column has shifted."""
    generator = np.random.default_rng((reference_rows, rows, seed))
    reference = whole(MIXED.reference(generator, reference_rows))
    first = next(iter(MIXED.columns()))
    return reference, MIXED.draw(generator, rows, {first: Change(shift=SHIFT)})


def whole(parts: list[Table]) -> Table:
    """Return the parts of a table one below the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@dataclass(slots=True)
class Tally:
    """How often something was so."""

    times: int = 0
    of: int = 0

    def add(self, is_so: bool) -> None:
        """Count one more."""
        self.times += is_so
        self.of += 1

    @property
    def share(self) -> float:
        """How often, of all."""
        return self.times / max(self.of, 1)

    def __str__(self) -> str:
        share = 100 * self.share
        return f"{share:.1f}" if share < 10 else f"{share:.0f}"
