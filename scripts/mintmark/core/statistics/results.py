"""What was measured of one metric, and of one model against another, as values. Measures nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.core.records import Interval

Standing = Literal["better", "no worse", "inconclusive", "worse"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RowsPlan:
    """On how many rows two models that are in truth equal are found no worse, four times in five.

    An estimate: the variance of the difference comes from few rows. `low` and `high` bound it with 90% confidence.
    `labels`, only of accuracy, is how many of `rows` need a label: those on which the two answer differently.
    """

    rows: int
    low: int
    high: int
    labels: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PairedDifference:
    """Candidate minus champion on the same rows, in the metric's own unit, and what follows from it.

    `low` and `high` bound the two-sided 95% interval; `bound` is the one-sided 95% bound on the side that is worse
    (the lower one for a metric to maximize, the upper one for an error). `rows_needed`, only where the standing is
    inconclusive, is how many rows to plan for; None where no number of rows would do.
    """

    value: float
    low: float | None
    high: float | None
    bound: float | None
    margin: float
    standing: Standing
    rows_needed: RowsPlan | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricResult:
    """One metric of the candidate, and of the champion where there is one. `floor` is the gate, None without one."""

    name: str
    maximize: bool
    primary: bool
    candidate: Interval
    champion: Interval | None = None
    difference: PairedDifference | None = None
    floor: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossCheck:
    """A second opinion on a difference: `McNemar, exact` or `DeLong`; `message` says it in words."""

    name: str
    p_value: float
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """A chart: each of `lines` (label, values) has its values at equal steps from `start` to `end` on the x axis."""

    title: str
    x_label: str
    y_label: str
    start: float
    end: float
    lines: Sequence[tuple[str, Sequence[float]]]
