"""Which rows a version was trained on, worked out from the training table that its stages make again.

The stages are a version's own code and run confined. What reads their table and takes its digests is the code of the
base. The table is the one that the version's record names by its hash, or it tells nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mintmark.artifacts.confined.confinement import Limits, python_paths, run_confined
from mintmark.artifacts.tables import read_table
from mintmark.core.layout import candidate_path
from mintmark.core.named_columns import prepare_sections
from mintmark.core.provenance.training_rows import BY_ROW, KINDS, digest_training
from mintmark.core.question import DIGEST, FILLED, OF, ROW, TRAINING_ROWS
from mintmark.errors import MintmarkError
from mintmark.judging.reproducing.furnishing import furnish
from mintmark.judging.reproducing.recorded_stages import recorded_stages, stages_behind
from mintmark.judging.reproducing.stage_runs import Workshop
from mintmark.judging.trials.clean_rows import TrainingRows, read_training_rows
from mintmark.registry.stored.streams import open_plain_file
from mintmark.registry.yaml.text import MAX_BYTES
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from mintmark.core.question import Question
    from mintmark.core.records import DataSource, VersionRecord
    from mintmark.registry.dvc import DvcConfig

_LARGEST: Final = 2 << 30
_BLOCK: Final = 1 << 20


def work_out_training(
    root: Path, record: VersionRecord, commit: str, question: Question, config: DvcConfig
) -> TrainingRows:
    """Make the training table of a version again at the commit that holds it, and return which rows are in it.

    Raises `MintmarkError` where that cannot be done, and where another table comes out than the record names.
    """
    source = _training(record)
    stages = stages_behind(recorded_stages(root, record, commit), source.path)
    if not stages:
        raise MintmarkError(f"no recorded stage writes its training table {source.path}")
    with TemporaryFolder("training-rows") as folder:
        workshop = Workshop(folder=folder.resolve(), root=root)
        furnish(workshop, commit, stages, config)
        if not _is_confined(workshop):
            raise MintmarkError("this system cannot confine its stages; use Linux, or a container")
        for stage in stages:
            failure = workshop.run_stage(stage.name)
            if failure is not None:
                raise MintmarkError(failure)
        return _read_again(workshop, record, source, question)


def dispute_training(workshop: Workshop, record: VersionRecord, stored: Path, question: Question) -> str:
    """Return why the digests that a version stores, at `stored`, are not those of its training; empty if they are.

    All its stages ran in the workshop. Where another training table came out than the record names, nobody can tell.
    """
    kept, source = read_training_rows(stored), _training(record)
    own = workshop.clone / candidate_path(record.model, TRAINING_ROWS)
    try:
        table = _take_table(workshop, source)
    except FileNotFoundError:
        table = None  # no stage makes one: the training is a source, and those are the recorded ones
    except MintmarkError:
        return ""
    if workshop.contains(candidate_path(record.model, TRAINING_ROWS)) and os.path.lexists(own):
        made = read_training_rows(_copy(own, workshop.folder / TRAINING_ROWS)[0])
        if not _are_same(kept, made):
            return "its stages write other digests of training rows than it stores"
    if table is None or _unmarked(workshop, record, table):
        return ""
    try:
        rows = _digest(record, source, table, question, [])
    except MintmarkError:  # a table of a team's own stages, from which nobody can take them
        return ""
    return "" if _are_same(kept, rows.digests) else "the digests of training rows that it stores are of other rows"


def _are_same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether a table holds the digests of another one, in any order, of all that the other has digests of."""
    for kind in KINDS:
        kept, right = (np.sort(table.loc[table[OF] == kind, DIGEST].to_numpy()) for table in (one, other))
        if (len(right) or kind == BY_ROW) and not np.array_equal(kept, right):
            return False
    return True


def _is_confined(workshop: Workshop) -> bool:
    """Whether this system holds what runs here apart, asked with a program that does nothing."""
    place = workshop.folder / "temporary"
    done = run_confined(
        (sys.executable, "-I", "-c", ""),
        cwd=place,
        readable=python_paths(),
        writable=[place],
        environment={},
        limits=Limits(),
    )
    return "none" not in (done.isolation.get("files"), done.isolation.get("network"))


def _training(record: VersionRecord) -> DataSource:
    source = next((each for each in record.data if each.role == "training"), None)
    if source is None:
        raise MintmarkError("its record names no training table")
    return source


def _read_again(workshop: Workshop, record: VersionRecord, source: DataSource, question: Question) -> TrainingRows:
    try:
        table = _take_table(workshop, source)
    except FileNotFoundError:
        raise MintmarkError(f"its stages left no {source.path}") from None
    return _digest(record, source, table, question, _unmarked(workshop, record, table))


def _take_table(workshop: Workshop, source: DataSource) -> pd.DataFrame:
    """Return the training table that stages made; raise `MintmarkError` where it is not the one of the record."""
    if not source.path.endswith(".parquet") or not os.path.lexists(workshop.clone / source.path):
        raise FileNotFoundError(source.path)
    if not workshop.contains(source.path):
        raise MintmarkError(f"{source.path} leads out of the clone")
    path, digest = _copy(workshop.clone / source.path, workshop.folder / "training.parquet")
    if f"sha256:{digest}" != source.hash:
        raise MintmarkError(f"running its stages again makes another {source.path} (sha256:{digest}) than it records")
    return read_table(path, source.path)


def _copy(source: Path, target: Path) -> tuple[Path, str]:
    """Copy a file to where no stage writes; return the copy and its sha256."""
    sha256, size = hashlib.sha256(), 0
    try:
        with open_plain_file(source) as stream, target.open("wb") as file:
            while block := stream.read(_BLOCK):
                size += len(block)
                if size > _LARGEST:
                    raise MintmarkError(f"{source.name} is larger than {_LARGEST:,} bytes")
                sha256.update(block)
                file.write(block)
    except OSError as error:
        raise MintmarkError(f"{source.name} cannot be read: {error.strerror or error}") from None
    return target, sha256.hexdigest()


def _unmarked(workshop: Workshop, record: VersionRecord, table: pd.DataFrame) -> list[str]:
    """Return the columns that were filled where the table does not say in which rows, as older stages left it."""
    if FILLED in table.columns:
        return []
    content = workshop.read(candidate_path(record.model, "data.json"), limit=MAX_BYTES)
    try:
        data: Any = json.loads(content or b"{}")
        return [str(name) for name in data["cleaning"]["fills"]]
    except (KeyError, RecursionError, TypeError, ValueError):
        return []


def _digest(
    record: VersionRecord, source: DataSource, table: pd.DataFrame, question: Question, without: list[str]
) -> TrainingRows:
    """Return the digests of a training table; the columns `without` do not count, so that more rows pass for seen."""
    inputs = [name for name in record.signature.inputs if name not in without]
    prepared = prepare_sections(record.model, (stage.params for stage in record.stages.values()))
    has_id = ROW in table.columns and any(section.get("id") for section in prepared)
    entity = question.entity_column if question.entity_column in table.columns else None
    absent = [name for name in (*inputs, question.target) if name not in table.columns]
    if absent:
        raise MintmarkError(f'{source.path} has no column "{absent[0]}"')
    digests = digest_training(
        table, inputs=inputs, target=question.target, has_id=has_id, entity=entity, key=source.hash
    )
    return TrainingRows(digests=digests, inputs=inputs, key=source.hash)
