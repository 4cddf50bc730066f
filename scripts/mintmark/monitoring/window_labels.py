"""The labels of one window: how they stand, and the outcomes of the rows that have one. Reads no files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from mintmark.core.finding import one_line, shorten
from mintmark.core.statistics.metrics import Outcomes
from mintmark.core.words import numbers
from mintmark.errors import MintmarkError
from mintmark.monitoring.column_counts import level_name
from mintmark.monitoring.digests import digest_columns, mixed
from mintmark.monitoring.measured import Labels
from mintmark.monitoring.windows import microseconds, moment_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from mintmark.core.question import Condition
    from mintmark.core.statistics.metrics import Codes
    from mintmark.monitoring.counting import Labelled
    from mintmark.monitoring.documents import Window
    from mintmark.monitoring.known_versions import KnownVersion
    from mintmark.monitoring.labels import KnownLabels

_LONGEST_SHOWN: Final = 40
_EACH: Final = {True: "was taken for an entity of its own", False: "were each taken for an entity of its own"}


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledRows:
    """The rows of a window whose labels are measured, and for each slice which of them it has (None: nobody knows).

    `clusters` has a code for each row, one for all rows of an entity; None where each row is taken for itself.
    `assumption` says what that takes for granted, and is empty where model.yaml has it so.
    """

    outcomes: Outcomes
    masks: Mapping[str, NDArray[np.bool_] | None]
    clusters: Codes | None = None
    assumption: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowLabels:
    """Labels, and the places of those that rows of one window have; `delay` is how long labels take."""

    known: KnownLabels
    places: NDArray[np.int64]
    window: Window
    delay: timedelta
    now: datetime

    def labels(self, rows: int) -> Labels:
        """Return how the labels of the window stand, of which `rows` could have one."""
        due = self.window.end + self.delay
        distinct = np.unique(self.places)
        late, newest = 0, None
        if self.known.times is not None:
            times = self.known.times[distinct]
            late = int((times > microseconds(due)).sum())
            newest = _newest(times, microseconds(self.now))
        return Labels(
            rows=rows,
            labelled=min(len(self.places), rows),
            matured=due <= self.now,
            late=late,
            duplicates=int(self.known.again[distinct].sum()),
            conflicting=int(self.known.conflicts[distinct].sum()),
            newest=newest,
            changed=None if self.known.changed is None else moment_of(self.known.changed),
            digest=_digest(self.known, distinct),
        )

    def rows(self, labelled: Labelled, version: KnownVersion) -> LabelledRows:
        """Return the rows with a label that are measured."""
        places = np.concatenate(labelled.sampled) if labelled.sampled else np.empty(0, dtype=np.int64)
        truth = self._truth(places, version)
        keep = np.isfinite(truth)
        shares = np.concatenate(labelled.probabilities) if labelled.probabilities else None
        if shares is not None:  # a file may lack them, and then nobody can rank all of the rows
            shares = shares[keep] if len(shares) == len(places) else None
        outcomes = Outcomes(
            truth=truth[keep],
            prediction=(np.concatenate(labelled.predictions) if labelled.predictions else np.empty(0))[keep],
            probabilities=shares if version.classes else None,
            classes=version.classes,
            positive=version.positive,
        )
        masks: dict[str, NDArray[np.bool_] | None] = {}
        columns = np.concatenate(labelled.slices)[keep] if labelled.slices else None
        for number, each in enumerate(version.model.slices):
            if each.where.column == version.model.target:
                masks[each.name] = self._of_target(places[keep], each.where)
            elif each.where.column not in version.record.signature.inputs or columns is None:
                masks[each.name] = None
            else:
                masks[each.name] = columns[:, number]
        clusters, assumption = self._clusters(labelled, places, keep, version.model.entity_column)
        return LabelledRows(outcomes=outcomes, masks=masks, clusters=clusters, assumption=assumption)

    def _clusters(
        self, labelled: Labelled, places: NDArray[np.int64], keep: NDArray[np.bool_], entity: str | None
    ) -> tuple[Codes | None, str]:
        """Return the entity of each row, as the log says it or else the labels, and what is assumed of the others."""
        if entity is None:
            return None, ""
        digests = np.concatenate(labelled.entities) if labelled.entities else np.empty(0, dtype=np.uint64)
        alone = labelled.alone
        if alone == len(places) and self.known.entities is not None:
            told = self.known.entities.take(pa.array(places))
            is_missing = told.is_null().to_numpy(zero_copy_only=False)
            digests, alone = np.where(is_missing, digests, digest_columns([told])), int(is_missing.sum())
        if alone == len(places):
            return None, f'rows were taken as independent, for neither the log nor the labels hold "{entity}"'
        assumption = f'{numbers.count(alone, "row")} without "{entity}" {_EACH[alone == 1]}' if alone else ""
        return np.unique(digests[keep], return_inverse=True)[1].astype(np.intp), assumption

    def _truth(self, places: NDArray[np.int64], version: KnownVersion) -> NDArray[np.float64]:
        """Return the label of each place, as the place of a class; NaN where it is none of them."""
        if not version.classes:
            return self._as_numbers(places)
        names = {level_name(label): float(place) for place, label in enumerate(version.classes)}
        encoded = self.known.values.dictionary_encode()
        found = np.array([names.get(level_name(value), np.nan) for value in encoded.dictionary.to_pylist()])
        return found[encoded.indices.to_numpy()[places]] if len(places) else np.empty(0)

    def _as_numbers(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        try:
            values = self.known.values.cast(pa.float64()).to_numpy(zero_copy_only=False)
        except pa.ArrowException:
            raise MintmarkError("the labels of a regression must be numbers") from None
        found: NDArray[np.float64] = values[places]
        return found

    def _of_target(self, places: NDArray[np.int64], where: Condition) -> NDArray[np.bool_]:
        values: list[Any] = self.known.values.take(pa.array(places)).to_pylist()
        return np.array([meets(value, where) for value in values], dtype=bool)


def meets(value: Any, where: Condition) -> bool:
    """Whether a value meets a condition; 1 and 1.0 are one."""
    wanted = where.among if where.equals is None else (where.equals,)
    if wanted is not None:
        return level_name(value) in {level_name(each) for each in wanted}
    if isinstance(value, (str, bool)):
        return False
    return (where.at_least is None or value >= where.at_least) and (where.below is None or value < where.below)


def _newest(times: NDArray[np.int64], now: int) -> datetime | None:
    """Return the latest of times, without those that are not yet: a year that somebody mistyped is after all others."""
    known = times[(times > 0) & (times <= now)]
    return moment_of(int(known.max())) if len(known) else None


def _digest(known: KnownLabels, places: NDArray[np.int64]) -> str:
    """Return what is the same for the same labels of the same rows, in whatever order."""
    if not len(places):
        return ""
    values = digest_columns([known.values.take(pa.array(places))])
    return f"{int(mixed(known.index.digests[places] ^ mixed(values)).sum(dtype=np.uint64)):016x}"


def undecided_labels(known: KnownLabels, model: str) -> str:
    """Return how many rows have labels in several files that differ, where no time says which is newer."""
    if not known.undecided:
        return ""
    rows = numbers.count(known.undecided, "row")
    why = "have no time" if known.times is None else "have the same time"
    return (
        f"labels of {model}: for {rows} several files say different labels, which {why}; that of the last file by "
        "name counts. Let monitoring.labels.time in model.yaml name the column that says when each was known"
    )


def strange_labels(known: KnownLabels, version: KnownVersion) -> str:
    """Return how many labels are none of the classes, with one of them; empty where all are.

    Raises `MintmarkError` where no label is one: then they are written otherwise, and nothing could be measured.
    """
    if not version.classes or not len(known):
        return ""
    encoded = known.values.dictionary_encode()
    names = [level_name(value) for value in encoded.dictionary.to_pylist()]
    classes = [level_name(label) for label in version.classes]
    strange = [place for place, name in enumerate(names) if name not in classes]
    if not strange:
        return ""
    rows = int(np.isin(encoded.indices.to_numpy(), strange).sum())
    shown = f'"{shorten(one_line(names[strange[0]]), _LONGEST_SHOWN)}"'
    where = f"labels of {version.record.model}"
    if rows == len(known):
        raise MintmarkError(f"{where}: none is one of its classes ({', '.join(classes[:5])}); one is {shown}")
    return f"{where}: {rows:,} of {len(known):,} are none of its classes, such as {shown}; they are left out"
