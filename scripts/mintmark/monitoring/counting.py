"""Count the rows of a version: columns, answers, scores, slices and rows with a label, in sums that add up. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.core.question import PROBABILITY
from mintmark.core.statistics.live.estimated_errors import count_predictions
from mintmark.core.statistics.live.score_counts import count_scores
from mintmark.monitoring.column_counts import ColumnCounts, count_column, from_json, is_one_of, level_name
from mintmark.monitoring.digests import digest_columns, mixed
from mintmark.monitoring.latencies import BINS, count_latencies, is_time
from mintmark.registry.logged.folded import is_text
from mintmark.registry.logged.form import INPUT, is_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mintmark.core.question import Condition, Label, Slice
    from mintmark.core.statistics.metrics import Codes, Floats
    from mintmark.monitoring.labels import LabelIndex
    from mintmark.monitoring.reference_columns import ReferenceProfile

_OK: Final = 200
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is counted of the rows of one version.

    `classes` are those of a classifier, and `positive` the place of the positive one. `edges` are those of the bins of
    predictions of a regression, None where nothing is to be estimated from them. `entity` is the column that says which
    rows belong together, None where every row stands alone.
    """

    model: str
    version: str
    inputs: Mapping[str, str]
    profile: ReferenceProfile
    classes: tuple[Label, ...] = ()
    positive: int | None = None
    edges: tuple[float, ...] | None = None
    slices: tuple[Slice, ...] = ()
    labels: LabelIndex | None = None
    entity: str | None = None


@dataclass(slots=True)
class Labelled:
    """Rows that have a label: the place of each label, and of a sample of them what was predicted and their slices.

    `several` counts rows beyond the first of their request, where labels name the request alone. `entities` digests the
    entity of each sampled row. The log does not say it of `alone` of them, and each of these has one of its own.
    """

    places: list[NDArray[np.int64]] = field(default_factory=list)
    sampled: list[NDArray[np.int64]] = field(default_factory=list)
    predictions: list[Floats] = field(default_factory=list)
    probabilities: list[Floats] = field(default_factory=list)
    slices: list[NDArray[np.bool_]] = field(default_factory=list)
    entities: list[NDArray[np.uint64]] = field(default_factory=list)
    alone: int = 0
    several: int = 0

    def add(self, other: Labelled) -> None:
        """Add rows that were counted elsewhere."""
        for name in ("places", "sampled", "predictions", "probabilities", "slices", "entities"):
            getattr(self, name).extend(getattr(other, name))
        self.alone += other.alone
        self.several += other.several


@dataclass(slots=True)
class SliceCounts:
    """The answered rows of a slice, and their scores; `seen` is False where its column is not in the log."""

    rows: int = 0
    scores: NDArray[Any] | None = None
    seen: bool = False

    def add(self, other: SliceCounts) -> None:
        """Add what was counted elsewhere."""
        self.rows += other.rows
        self.scores = _sum(self.scores, other.scores)
        self.seen = self.seen or other.seen


@dataclass(slots=True)
class RowCounts:
    """What was counted of the rows of a group; `scores` is what an estimate without labels rests on.

    `untimed` is how many requests have a latency that is no time.
    """

    rows: int = 0
    answered: int = 0
    columns: dict[str, ColumnCounts] = field(default_factory=dict)
    prediction: ColumnCounts = field(default_factory=ColumnCounts)
    probabilities: dict[str, ColumnCounts] = field(default_factory=dict)
    latency: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, dtype=np.int64))
    untimed: int = 0
    scores: NDArray[Any] | None = None
    slices: dict[str, SliceCounts] = field(default_factory=dict)
    labelled: Labelled = field(default_factory=Labelled)

    def add(self, other: RowCounts) -> None:
        """Add what was counted elsewhere of rows of the same group."""
        self.rows += other.rows
        self.answered += other.answered
        for mine, theirs in ((self.columns, other.columns), (self.probabilities, other.probabilities)):
            for name, counts in theirs.items():
                mine.setdefault(name, ColumnCounts()).add(counts)
        self.prediction.add(other.prediction)
        self.latency = self.latency + other.latency
        self.untimed += other.untimed
        self.scores = _sum(self.scores, other.scores)
        for name, counts_of_slice in other.slices.items():
            self.slices.setdefault(name, SliceCounts()).add(counts_of_slice)
        self.labelled.add(other.labelled)


def _sum(one: NDArray[Any] | None, other: NDArray[Any] | None) -> NDArray[Any] | None:
    if one is None or other is None:
        return one if other is None else other
    both: NDArray[Any] = one + other
    return both


def count_rows(rows: pa.RecordBatch, plan: Plan) -> RowCounts:
    """Return the counts of rows of one group. Rows whose inputs could not be read count for the latency alone."""
    seconds = _seconds(rows)
    counts = RowCounts(
        rows=len(rows), latency=count_latencies(seconds), untimed=len(seconds) - int(is_time(seconds).sum())
    )
    if rows.column("row").null_count:
        rows = rows.filter(rows.column("row").is_valid())
    for name in plan.inputs:
        column = _input(rows, name)
        if column is not None:
            counts.columns[name] = count_column(column, plan.profile.inputs.get(name))
    _count_lost(rows, counts)
    answered = rows.filter(pc.equal(rows.column("status"), _OK))
    counts.answered = len(answered)
    if "prediction" in answered.schema.names and len(answered):
        _count_answers(answered, plan, counts)
    return counts


def _seconds(rows: pa.RecordBatch) -> Floats:
    """Return the latency of each request once: that of its first row."""
    is_first = pc.fill_null(pc.equal(rows.column("row"), 0), True)
    seconds: Floats = rows.column("latency").filter(is_first).to_numpy(zero_copy_only=False)
    return seconds


def _input(rows: pa.RecordBatch, name: str) -> pa.Array | None:
    if INPUT + name not in rows.schema.names:
        return None
    return _values(rows, INPUT + name)


def _values(rows: pa.RecordBatch, name: str) -> pa.Array:
    column = rows.column(name)
    return from_json(column) if is_json(rows.schema.field(name)) else column


def _count_lost(rows: pa.RecordBatch, counts: RowCounts) -> None:
    lost = rows.column("lost")
    if lost.null_count == len(lost):
        return
    for entry in pc.value_counts(pc.list_flatten(lost)).to_pylist():
        if entry["values"] in counts.columns:
            counts.columns[entry["values"]].lost += entry["counts"]


# -- answers ---------------------------------------------------------------------------------------------------------


def _count_answers(rows: pa.RecordBatch, plan: Plan, counts: RowCounts) -> None:
    said = _values(rows, "prediction")
    counts.prediction = count_column(said, plan.profile.prediction)
    shares = _shares(rows, plan)
    if shares is not None:
        for place, label in enumerate(plan.classes):
            name = str(label)
            counts.probabilities[name] = count_column(pa.array(shares[:, place]), plan.profile.probabilities.get(name))
    predicted = _codes(said, plan.classes) if plan.classes else _numbers(said)
    usable = _usable(predicted, shares)
    masks = {each.name: mask for each in plan.slices if (mask := slice_rows(rows, each.where)) is not None}
    counts.scores = _scores(predicted, shares, usable, plan)
    for each in plan.slices:
        mask = masks.get(each.name)
        counts.slices[each.name] = (
            SliceCounts()
            if mask is None
            else SliceCounts(int(mask.sum()), _scores(predicted, shares, usable & mask, plan), seen=True)
        )
    if plan.labels is not None:
        nobody = np.zeros(len(rows), dtype=bool)
        known = [masks.get(each.name, nobody) for each in plan.slices]
        counts.labelled = _labelled(rows, predicted, shares, usable, known, plan.labels, plan.entity)


def _shares(rows: pa.RecordBatch, plan: Plan) -> Floats | None:
    """Return the probabilities, (rows, classes), with NaN where there is none; None of a version that gives none."""
    names = [f"{PROBABILITY}{label}" for label in plan.classes]
    if not names or any(name not in rows.schema.names for name in names):
        return None
    return np.stack([pc.fill_null(rows.column(name), np.nan).to_numpy(zero_copy_only=False) for name in names], axis=1)


def _codes(said: pa.Array, classes: tuple[Label, ...]) -> Floats:
    """Return the place of each predicted class as a float, NaN where it is none of the classes: paired by name."""
    encoded = said.dictionary_encode()
    places = {level_name(label): float(place) for place, label in enumerate(classes)}
    found = [places.get(level_name(value), np.nan) for value in encoded.dictionary.to_pylist()]
    indices = pc.fill_null(encoded.indices, len(found)).to_numpy(zero_copy_only=False)
    codes: Floats = np.array([*found, np.nan])[indices]
    return codes


def _numbers(said: pa.Array) -> Floats:
    if not (pa.types.is_integer(said.type) or pa.types.is_floating(said.type)):
        return np.full(len(said), np.nan)
    values: Floats = pc.fill_null(said.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False)
    return values


def _usable(predicted: Floats, shares: Floats | None) -> NDArray[np.bool_]:
    usable: NDArray[np.bool_] = np.isfinite(predicted)
    if shares is not None:
        with np.errstate(invalid="ignore"):
            usable &= ((shares >= -_ROUNDING) & (shares <= 1 + _ROUNDING)).all(axis=1)
    return usable


def _scores(predicted: Floats, shares: Floats | None, chosen: NDArray[np.bool_], plan: Plan) -> NDArray[Any] | None:
    if plan.classes:
        if shares is None:
            return None
        codes: Codes = predicted[chosen].astype(np.intp)
        return count_scores(shares[chosen].clip(0, 1), codes, plan.positive)
    if plan.edges is None:
        return None
    return count_predictions(predicted[chosen], np.asarray(plan.edges))


def slice_rows(rows: pa.RecordBatch, where: Condition) -> NDArray[np.bool_] | None:
    """Return for each row of the log whether it is in a slice; None where its column is missing or of another kind."""
    column = _input(rows, where.column)
    if column is None:
        return None
    wanted = where.among if where.equals is None else (where.equals,)
    holds_text = is_text(column.type)
    if wanted is not None:
        if any(isinstance(value, str) != holds_text for value in wanted):
            return None
        return is_one_of(column, wanted) if holds_text else _has_number(column, wanted)
    if holds_text or not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return None
    values = pc.fill_null(column.cast(pa.float64(), safe=False), np.nan).to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore"):
        mask: NDArray[np.bool_] = np.isfinite(values)
        if where.at_least is not None:
            mask &= values >= where.at_least
        if where.below is not None:
            mask &= values < where.below
    return mask


def _has_number(column: pa.Array, wanted: Sequence[Any]) -> NDArray[np.bool_]:
    listed = pa.array([float(value) for value in wanted])
    held = column.cast(pa.float64(), safe=False)
    inside: NDArray[np.bool_] = pc.is_in(held, value_set=listed).to_numpy(zero_copy_only=False)
    return inside


# -- labels ----------------------------------------------------------------------------------------------------------


def _labelled(
    rows: pa.RecordBatch,
    predicted: Floats,
    shares: Floats | None,
    usable: NDArray[np.bool_],
    slices: list[NDArray[np.bool_]],
    labels: LabelIndex,
    entity: str | None,
) -> Labelled:
    digests = digest_columns([_values(rows, name) for name in labels.log_columns])
    places = labels.find(digests)
    has_label = (places >= 0) & usable
    sampled = has_label & labels.is_sampled(digests)
    entities, alone = _entities(rows.filter(pa.array(sampled)), digests[sampled], entity)
    later = pc.greater(rows.column("row"), 0).to_numpy(zero_copy_only=False)
    return Labelled(
        several=int((has_label & later).sum()) if labels.log_columns == ("id",) else 0,
        places=[places[has_label]],
        sampled=[places[sampled]],
        predictions=[predicted[sampled]],
        probabilities=[] if shares is None else [shares[sampled].clip(0, 1)],
        slices=[np.stack(slices, axis=1)[sampled]] if slices else [],
        entities=[entities],
        alone=alone,
    )


def _entities(rows: pa.RecordBatch, digests: NDArray[np.uint64], entity: str | None) -> tuple[NDArray[np.uint64], int]:
    """Return a digest of the entity of each row, and how many rows have none and are taken for one of their own."""
    column = None if entity is None else _input(rows, entity)
    if column is None:
        return mixed(digests), len(digests)
    is_missing = column.is_null().to_numpy(zero_copy_only=False)
    return np.where(is_missing, mixed(digests), digest_columns([column])), int(is_missing.sum())
