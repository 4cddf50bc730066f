"""Hold the digests of training rows that a proposal stores against all that counts them (R7), in one reading.

Runs no model. Which evaluation rows they are of, the trial asks.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mintmark.core import layout
from mintmark.core.finding import Finding
from mintmark.core.judgement.opinion import found_faults
from mintmark.core.judgement.record_claims import dispute_units
from mintmark.core.layout import POINTER_SUFFIX
from mintmark.core.provenance.training_rows import BY_ROW, KINDS, SPREAD, counts_of
from mintmark.core.question import DIGEST, OF, TRAINING_ROWS
from mintmark.core.records import format_pointer
from mintmark.judging.trials.clean_rows import TrainingRows, read_training_rows, training_key, why_unknown
from mintmark.registry.documents import blob_oid
from mintmark.registry.snapshot import with_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from mintmark.core.question import Question
    from mintmark.core.records import VersionRecord
    from mintmark.judging.fetched import FetchedVersion
    from mintmark.judging.hearing import Judging
    from mintmark.judging.span import Span

_PROFILE: Final = "profile.json"
_BY_CHANCE: Final = 10  # how many of a million digests are one by chance, and more than are likely
_MOST: Final = 10


def judge_digests(span: Span, version: FetchedVersion, counted: Any) -> Judging[TrainingRows | str]:
    """Say where digests cannot be those of the training, and return them; without any, why there are none.

    `counted` is what data.json says of the training table. Raises `MintmarkError` for a file of something else.
    """
    record, key = version.record, training_key(version.record)
    if TRAINING_ROWS not in version.files:
        return why_unknown(record)
    digests = read_training_rows(version.files[TRAINING_ROWS])
    question = span.before.model(record.model).question
    remedy = f"dvc repro, and mintmark propose {record.model} again"
    path = layout.version_path(record.model, str(record.version))
    faults = [
        Finding(path=path, where=f"files.{TRAINING_ROWS}", message=f"{says}; {remedy}", rule="R7")
        for says in _faults(span, version, digests, question)
    ]
    faults += dispute_units(record, counted, counts_of(digests))
    yield found_faults("record", with_lines(faults[:_MOST], span.after.tree))
    return why_unknown(record) if key is None else TrainingRows(digests=digests, inputs=version.inputs, key=key)


def _faults(span: Span, version: FetchedVersion, digests: pd.DataFrame, question: Question) -> Iterator[str]:
    """Yield why digests cannot be those of the training, as far as nothing is run.

    There is one for each training row that the lineage counts, and for each entity that the profile counts. They are
    spread over a range of their number, sorted, and those of ids and entities are all different but for chance.
    """
    known = {kind: digests.loc[digests[OF] == kind, DIGEST].to_numpy() for kind in KINDS}
    counted = sum(source.rows for source in version.record.data if source.role == "training")
    rows, ids, entities = (len(known[kind]) for kind in KINDS)
    if rows != counted:
        yield f"has digests of {rows:,} rows, and data.json counts {counted:,} in the training"
    if max(ids, entities) > rows:
        yield f"has digests of {ids:,} ids and {entities:,} entities, and of {rows:,} rows alone"
    if question.entity_column is not None and not entities:
        yield f'has no digests of "{question.entity_column}" (entity_column in model.yaml)'
    told = _entities_of_profile(version)
    if entities and told is not None and entities - told not in (0, 1):  # no entity at all is one, and is not counted
        yield f"has digests of {entities:,} entities, and {_PROFILE} counts {told:,} in the training"
    yield from _no_digests(known)
    other = _whose_digests(span, version.record)
    if other:
        yield f"holds the digests of {version.record.model}@{other}, which was trained on another table"


def _no_digests(known: Mapping[str, NDArray[np.int64]]) -> Iterator[str]:
    for kind, values in known.items():
        if len(values) and (values.min() < 0 or values.max() >= len(values) * SPREAD):
            yield f"has a digest of a{'n' if kind != BY_ROW else ''} {kind} that is out of the range of its number"
        if (np.diff(values) < 0).any():
            yield f"has digests of each {kind} that are not sorted"
        repeated = len(values) - len(np.unique(values))
        if kind != BY_ROW and repeated > _BY_CHANCE + len(values) // (SPREAD >> 2):
            yield f"has {repeated:,} digests of an {kind} twice"


def _entities_of_profile(version: FetchedVersion) -> int | None:
    """Return how many entities profile.json counts in the training; None where it does not say."""
    try:
        told = json.loads(version.files[_PROFILE].read_bytes())["inputs"]["entities"]
    except (KeyError, OSError, RecursionError, TypeError, ValueError):
        return None
    return told if isinstance(told, int) else None


def _whose_digests(span: Span, record: VersionRecord) -> str | None:
    """Return a version of the base with the very digests of a record, and another training table."""
    file = record.stored_file(TRAINING_ROWS)
    if file is None or not file.size:
        return None
    pointer, there = blob_oid(format_pointer(file).encode()), {str(each) for each in span.before.versions(record.model)}
    for version, files in span.history(record.model).released.items():
        if version not in there or files.get(TRAINING_ROWS + POINTER_SUFFIX) != pointer:
            continue
        if training_key(span.before.record(record.model, version)) != training_key(record):
            return version
    return None
