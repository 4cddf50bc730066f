"""Which evaluation rows neither side of a trial was trained on (R11), and what to say where that is not known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from mintmark.artifacts.tables import read_table
from mintmark.core.judgement.checks import Check, check
from mintmark.core.provenance.training import WHY_ELSEWHERE, is_trained_elsewhere
from mintmark.core.provenance.training_rows import KINDS, UnknownRowsFault, seen
from mintmark.core.question import DIGEST, OF, TRAINING_ROWS
from mintmark.core.words.numbers import count
from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from mintmark.core.judgement.review import Evaluation
    from mintmark.core.question import Question
    from mintmark.core.records import VersionRecord
    from mintmark.judging.fetched import FetchedVersion
    from mintmark.judging.trials.evidence import Rows

LEAST_ROWS: Final = 30
LEAST_ENTITIES: Final = 20
KEEPS_NONE: Final = f"it keeps no {TRAINING_ROWS}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """What one version has seen of evaluation rows: `rows` is true for each one, None where nobody knows (`why`)."""

    version: str
    rows: NDArray[np.bool_] | None
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CleanRows:
    """The rows to judge on: `mask` is true for those that no version is known to have seen."""

    mask: NDArray[np.bool_]
    sightings: Sequence[Sighting]
    entities: int | None = None  # that the rows under `mask` are of

    @property
    def are_known(self) -> bool:
        """Whether every version says what it was trained on."""
        return all(each.rows is not None for each in self.sightings)

    @property
    def are_all(self) -> bool:
        """Whether no row was seen."""
        return bool(self.mask.all())

    @property
    def are_enough(self) -> bool:
        """Whether as many are left as a judgement needs, or none was taken away."""
        few = self.entities is not None and self.entities < LEAST_ENTITIES
        return self.are_all or (int(self.mask.sum()) >= LEAST_ROWS and not few)

    def checks(self, where: str = "") -> Iterator[Check]:
        """Yield what is to be said of the rows; `where` tells whose they are."""
        left, rows = int(self.mask.sum()), len(self.mask)
        for each in self.sightings:
            if each.rows is None:
                message = f"nobody can tell which of these rows {each.version} was trained on{where}: {each.why}"
                yield check("clean rows", "decide", message)
        told = [
            f"{int(each.rows.sum()):,} of {count(rows, 'row')} {'was' if each.rows.sum() == 1 else 'were'} in the "
            f"training of {each.version}"
            for each in self.sightings
            if each.rows is not None and each.rows.any()
        ]
        if not self.are_enough:
            of = "" if self.entities is None else f" of {count(self.entities, 'entity', 'entities')}"
            message = f"{'; '.join(told)}; {count(left, 'row')}{of} {'is' if left == 1 else 'are'} left{where}"
            yield check("clean rows", "decide", f"{message}, too few to judge on; bring rows that neither has seen")
        elif told:
            yield check("clean rows", "pass", f"{'; '.join(told)}; judged on the {left:,} that are left{where}")
        elif self.are_known:
            names = " or ".join(each.version for each in self.sightings)
            yield check("clean rows", "pass", f"none of the {rows:,} rows was in the training of {names}{where}")


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingRows:
    """What a version was trained on: digests of the rows, and the columns and the key that they were made with."""

    digests: pd.DataFrame = field(repr=False)
    inputs: Sequence[str]
    key: str


class Sightings:
    """What versions have seen of evaluation rows: what each keeps is read once, and held against each set of rows once.

    `known` has, by the name of a version, what was read before, or told by making it again: its training rows, or why
    nothing is known of them.
    """

    def __init__(self, question: Question, known: Mapping[str, TrainingRows | str] | None = None) -> None:
        self._question = question
        self._training: dict[str, TrainingRows | str] = dict(known or {})
        self._found: dict[tuple[str, str], Sighting] = {}

    def of(self, version: FetchedVersion, rows: Rows) -> Sighting:
        """Return what a version has seen; raise `MintmarkError` for digests that cannot be read."""
        place = (version.name, rows.sha256)
        if place not in self._found:
            if version.name not in self._training:
                self._training[version.name] = _read_training(version)
            self._found[place] = _look(version.name, self._training[version.name], rows.table, self._question)
        return self._found[place]

    def clean(self, rows: Rows, versions: Sequence[FetchedVersion]) -> CleanRows:
        """Return which evaluation rows none of some versions was trained on; raises as `of` does."""
        return clean_of(rows.table, [self.of(version, rows) for version in versions], self._question)


def clean_of(table: pd.DataFrame, sightings: Sequence[Sighting], question: Question) -> CleanRows:
    """Return which rows of an evaluation table nobody has seen, by what is known of each version."""
    mask = np.ones(len(table), dtype=bool)
    for each in sightings:
        if each.rows is not None:
            mask &= ~each.rows
    entity = question.entity_column
    entities = int(table.loc[mask, entity].nunique(dropna=False)) if entity in table.columns else None
    return CleanRows(mask=mask, sightings=sightings, entities=entities)


def _read_training(version: FetchedVersion) -> TrainingRows | str:
    path, key = version.files.get(TRAINING_ROWS), training_key(version.record)
    if path is None or key is None:
        return why_unknown(version.record)
    return TrainingRows(digests=read_training_rows(path), inputs=version.inputs, key=key)


def why_unknown(record: VersionRecord) -> str:
    """Return why nobody can tell which rows a version was trained on that keeps no digests of them."""
    return WHY_ELSEWHERE if is_trained_elsewhere(record.document) else KEEPS_NONE


def look(
    name: str,
    digests: pd.DataFrame | None,
    table: pd.DataFrame,
    question: Question,
    *,
    inputs: Sequence[str],
    key: str | None,
) -> Sighting:
    """Return what a version has seen of an evaluation table; `inputs` and `key` are those of its digests."""
    known = KEEPS_NONE if digests is None or key is None else TrainingRows(digests=digests, inputs=inputs, key=key)
    return _look(name, known, table, question)


def _look(name: str, known: TrainingRows | str, table: pd.DataFrame, question: Question) -> Sighting:
    if isinstance(known, str):
        return Sighting(version=name, rows=None, why=known)
    target, entity = question.target, question.entity_column
    try:
        found = seen(known.digests, table, inputs=known.inputs, target=target, entity=entity, key=known.key)
    except UnknownRowsFault as fault:
        return Sighting(version=name, rows=None, why=str(fault))
    return Sighting(version=name, rows=found)


def training_key(record: VersionRecord) -> str | None:
    """Return the key of a version's digests: the hash of its training table, None where its record names none."""
    return next((source.hash for source in record.data if source.role == "training"), None)


def read_training_rows(path: Path) -> pd.DataFrame:
    """Return the digests of a version's training rows; raise `MintmarkError` where the file is none of those."""
    table = read_table(path, TRAINING_ROWS)
    fits = list(table.columns) == [OF, DIGEST] and (
        table.empty or (table[OF].isin(KINDS).all() and table[DIGEST].dtype == np.int64)
    )
    if not fits:
        raise MintmarkError(f"{TRAINING_ROWS} does not hold digests of rows; dvc repro writes it again")
    return table


def undecided(evaluation: Evaluation) -> Evaluation:
    """Return an evaluation whose differences decide nothing: one side may have seen the rows."""
    metrics = [
        result
        if result.difference is None
        else replace(result, difference=replace(result.difference, standing="inconclusive", rows_needed=None))
        for result in evaluation.metrics
    ]
    slices = [
        replace(each, verdict="warn", message="it is not known which of these rows were in the training", p_value=None)
        if each.verdict in ("pass", "fail") and each.rows
        else each
        for each in evaluation.slices
    ]
    return replace(evaluation, metrics=metrics, slices=slices, cross_checks=())
