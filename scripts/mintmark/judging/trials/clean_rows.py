"""Which evaluation rows neither side of a trial was trained on (R11), and what to say where that is not known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from mintmark.core.judgement.checks import Check, check
from mintmark.core.provenance.training_rows import KINDS, UnknownRowsFault, seen
from mintmark.core.question import DIGEST, OF, TRAINING_ROWS
from mintmark.core.words.numbers import count
from mintmark.errors import MintmarkError
from mintmark.judging.trials.evidence import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
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


def find_clean_rows(rows: Rows, versions: Sequence[FetchedVersion], question: Question) -> CleanRows:
    """Return which evaluation rows none of some versions was trained on, by the digests that each of them keeps.

    Raises `MintmarkError` for digests that cannot be read.
    """
    return clean_of(rows.table, [_look(version, rows, question) for version in versions], question)


def clean_of(table: pd.DataFrame, sightings: Sequence[Sighting], question: Question) -> CleanRows:
    """Return which rows of an evaluation table nobody has seen, by what is known of each version."""
    mask = np.ones(len(table), dtype=bool)
    for each in sightings:
        if each.rows is not None:
            mask &= ~each.rows
    entity = question.entity_column
    entities = int(table.loc[mask, entity].nunique(dropna=False)) if entity in table.columns else None
    return CleanRows(mask=mask, sightings=sightings, entities=entities)


def _look(version: FetchedVersion, rows: Rows, question: Question) -> Sighting:
    path = version.files.get(TRAINING_ROWS)
    digests = read_training_rows(path) if path is not None else None
    return look(version.name, digests, rows.table, question, inputs=version.inputs, key=training_key(version.record))


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
    if digests is None or key is None:
        return Sighting(version=name, rows=None, why=f"it keeps no {TRAINING_ROWS}")
    try:
        found = seen(digests, table, inputs=inputs, target=question.target, entity=question.entity_column, key=key)
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
