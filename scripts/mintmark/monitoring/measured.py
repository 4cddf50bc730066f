"""Parts of a window's document that hold what was measured: traffic, columns, labels, metrics. Measures nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from mintmark.core.records import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping

ColumnKind = Literal["number", "few", "category", "boolean", "time", "hidden"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Latency:
    """Seconds that half, 95% and 99% of the answers stayed under; from a histogram, within a twentieth."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Latency:
        """Build it from the `latency` of a document."""
        return cls(p50=data["p50"], p95=data["p95"], p99=data["p99"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Traffic:
    """What came in a window.

    `requests`, `rows`, `logged` and `dropped` are counted by the server over everything, whatever is sampled; so is
    `statuses` (requests by HTTP status). `read` rows were in files that could be read, of which `duplicates` came again
    and were counted once. `conflicts` of these came again with another answer. The latency of `untimed` requests is no
    time, and does not count in `latency`.
    """

    requests: int = 0
    rows: int = 0
    logged: int = 0
    dropped: int = 0
    read: int = 0
    duplicates: int = 0
    conflicts: int = 0
    untimed: int = 0
    statuses: Mapping[str, int] = field(default_factory=dict)
    sample: float = 1.0
    silent: bool = False
    latency: Latency | None = None

    @property
    def failed(self) -> int:
        """Requests that ended with a fault of the server's (status 500 and more)."""
        return sum(count for status, count in self.statuses.items() if status >= "500")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Traffic:
        """Build it from the `traffic` of a document."""
        latency = data["latency"]
        return cls(**{**data, "latency": None if latency is None else Latency.from_dict(latency)})


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferenceCounts:
    """The rows of the profile: how many, how many had no value, and how the rest fell into the bins."""

    rows: int
    missing: int
    counts: tuple[int, ...]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ReferenceCounts:
        """Build it from the `reference` of a column."""
        return cls(rows=data["rows"], missing=data["missing"], counts=tuple(data["counts"]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Unseen:
    """Values that the profile does not know: how many rows have one, and the most frequent of them by name.

    `levels` are few, whatever somebody sent; `others` counts rows with one that is not among them.
    """

    rows: int = 0
    levels: Mapping[str, int] = field(default_factory=dict)
    others: int = 0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Unseen:
        """Build it from the `unseen` of a column."""
        return cls(rows=data["rows"], levels=dict(data["levels"]), others=data["others"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One input, the prediction or a probability in a window, held against the profile of the version.

    A number has `edges`: bin i reaches from edge i up to, and without, edge i + 1, and the outer bins are open. Other
    kinds, and numbers of few values (`few`), have `levels`, one for each count; where there is one more count than
    levels, the last is of all other values. `out_of_range` counts rows below the smallest or above the largest value of
    the profile. `distance` (0 to 1) is the effect size of the drift, `p_value` is before and `adjusted_p_value` after
    the correction over columns. `drifted` is None where nothing can be said, and `reason` says why.
    """

    name: str
    kind: ColumnKind
    rows: int
    missing: int = 0
    infinite: int = 0
    lost: int = 0
    out_of_range: int = 0
    constant: bool = False
    unseen: Unseen = Unseen()
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    reference: ReferenceCounts | None = None
    watched: bool = True
    distance: float | None = None
    p_value: float | None = None
    adjusted_p_value: float | None = None
    drifted: bool | None = None
    reason: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Column:
        """Build it from an entry of `columns`."""
        reference = data["reference"]
        return cls(
            **{
                **data,
                "unseen": Unseen.from_dict(data["unseen"]),
                "edges": tuple(data["edges"]),
                "levels": tuple(data["levels"]),
                "counts": tuple(data["counts"]),
                "reference": None if reference is None else ReferenceCounts.from_dict(reference),
            }
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """How the labels of a window stand.

    `rows` could have one and `labelled` do. `matured` says whether the time that labels take has passed since the
    window ended; `late` labels came (by their own time) after that. `duplicates` were said again, and `conflicting`
    were said again with another value, of which the newest counts.

    What tells labels from those of another run: `newest` is when the newest one was known, by its own time, and
    `changed` when the file was changed last (None: not known). `digest` is the same for the same labels of the same
    rows. `replaced` are the digests of those that came before them, the oldest first.
    """

    rows: int
    labelled: int
    matured: bool
    late: int = 0
    duplicates: int = 0
    conflicting: int = 0
    newest: datetime | None = None
    changed: datetime | None = None
    digest: str = ""
    replaced: tuple[str, ...] = ()

    @property
    def coverage(self) -> float:
        """The share of rows that have a label."""
        return self.labelled / self.rows if self.rows else 0.0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Labels:
        """Build it from the `labels` of a document."""
        moments = {name: moment(data.get(name)) for name in ("newest", "changed")}
        said = {name: value for name, value in data.items() if name != "coverage"}
        return cls(**{**said, **moments, "replaced": tuple(data.get("replaced", ()))})


def moment(text: str | None) -> datetime | None:
    """Return a moment that a document has written, None for none."""
    return None if text is None else datetime.fromisoformat(text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """A metric in a window beside the registered one.

    `value` is None where it is not defined, and `reason` says why. `better_by` is how much better the window is than
    the record, in the metric's own unit: below zero it is worse. `worse` says whether it is so by more than the margin,
    with both intervals in the account; None where that cannot be told.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    registered: Interval | None = None
    better_by: float | None = None
    worse: bool | None = None
    reason: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Measured:
        """Build it from an entry of `metrics`."""
        registered = data["registered"]
        return cls(**{**data, "registered": None if registered is None else Interval(**registered)})


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasuredSlice:
    """The metrics of the rows of a slice of model.yaml; `reason` says why there are none."""

    rows: int
    metrics: Mapping[str, Measured] = field(default_factory=dict)
    reason: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MeasuredSlice:
        """Build it from an entry of `slices`."""
        return cls(rows=data["rows"], metrics=_metrics(data["metrics"]), reason=data["reason"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Performance:
    """The metrics of a window's rows, with labels; `rows` is how many of them were measured (at most a sample).

    Intervals drew these rows, or all rows of an entity together: then `entities` is how many there are. `assumption`
    says what was taken for granted of rows of which nobody knows to which entity they belong.
    """

    rows: int
    metrics: Mapping[str, Measured] = field(default_factory=dict)
    slices: Mapping[str, MeasuredSlice] = field(default_factory=dict)
    entities: int | None = None
    assumption: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Performance:
        """Build it from the `performance` of a document."""
        return cls(**{**data, "metrics": _metrics(data["metrics"]), "slices": _slices(data["slices"])})


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """The metrics of a window as they are estimated without labels, by `method`, under an `assumption`."""

    method: Literal["cbpe", "dle"]
    assumption: str
    rows: int
    metrics: Mapping[str, Measured] = field(default_factory=dict)
    slices: Mapping[str, MeasuredSlice] = field(default_factory=dict)
    reason: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Estimate:
        """Build it from the `estimate` of a document."""
        return cls(**{**data, "metrics": _metrics(data["metrics"]), "slices": _slices(data["slices"])})


def _metrics(data: Mapping[str, Any]) -> dict[str, Measured]:
    return {name: Measured.from_dict(entry) for name, entry in data.items()}


def _slices(data: Mapping[str, Any]) -> dict[str, MeasuredSlice]:
    return {name: MeasuredSlice.from_dict(entry) for name, entry in data.items()}
