"""Read labels: from a CSV or Parquet file, a folder of them, or an address. Joins nothing."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.commands.measuring.brought_rows import truth_type
from mintmark.commands.measuring.row_files import CSV, PARQUET, read_batches
from mintmark.core.finding import without_credentials
from mintmark.core.signature.csv_form import recorded_form
from mintmark.errors import MintmarkError
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    from fsspec import AbstractFileSystem

    from mintmark.monitoring.known_versions import KnownVersion
    from mintmark.monitoring.labels import KnownLabels


def read_labels(where: str, version: KnownVersion) -> KnownLabels:
    """Return the labels at an address, in the types of a version; see `know_labels` for what is refused."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from mintmark.monitoring.labels import join_columns, join_kinds, know_labels
    from mintmark.registry.logged.form import About

    record, source = version.record, version.model.monitoring.labels
    target = version.model.question.target
    types = {
        **record.signature.inputs,
        "id": "string",
        "row": "int64",
        target: truth_type(record, is_classification=bool(version.classes)),
    }
    forms = [recorded_form(record.model, (stage.params for stage in record.stages.values()))]
    entity = version.model.entity_column
    needed = {*types, *source.join, source.time, entity}
    shown = without_credentials(where)
    tables = []
    with _local_files(where, shown) as (files, changed):
        for file in files:
            parts = [batch.as_types(types) for batch in read_batches(file, forms=forms, names=[target])]
            if parts:
                rows = pd.concat(parts, ignore_index=True)
                found = pa.Table.from_pandas(rows[[name for name in rows if name in needed]], preserve_index=False)
                tables.append(_with_moments(found, source.time, str(file)))
    if not tables:
        raise MintmarkError(f"{shown}: there are no labels; a file needs a row, and the column {target} in it")
    try:
        table = pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as error:
        said = " ".join(str(error).split())[:200]
        raise MintmarkError(f"{shown}: the files do not have the same kinds of columns: {said}") from None
    about = About(
        model=record.model,
        version=str(record.version),
        inputs=record.signature.inputs,
        personal=version.model.personal,
    )
    join = join_columns(table.column_names, about, target=target, declared=source.join, where=shown)
    return know_labels(
        table,
        target,
        join,
        source.time,
        join_kinds(join, about),
        entity=entity,
        files=np.repeat(np.arange(len(tables)), [len(each) for each in tables]),
        changed=changed,
        where=shown,
    )


def _with_moments(table: pa.Table, time: str | None, where: str) -> pa.Table:
    """Return the labels of one file with their times in UTC, however that file writes them."""
    from mintmark.monitoring.labels import moments_of

    if time is None or time not in table.column_names:
        return table
    place = table.column_names.index(time)
    return table.set_column(place, time, moments_of(table.column(time), time, where))


@contextmanager
def _local_files(where: str, shown: str) -> Iterator[tuple[list[Path], int | None]]:
    """Give the files of labels at an address, which are fetched where they are not on this machine.

    And when the last of them was changed, in microseconds since 1970, None where nobody says so.
    """
    import fsspec

    from mintmark.registry.logged.reading import open_files

    files, path = open_files(where)
    try:
        listed = sorted(files.find(path)) if files.isdir(path) else [path]
        wanted = [name for name in listed if name.lower().endswith((CSV, PARQUET))]
        if not wanted:
            raise MintmarkError(f"{shown}: there is no .csv and no .parquet file")
        if isinstance(files, fsspec.implementations.local.LocalFileSystem):
            yield [Path(name) for name in wanted], _changed(files, wanted)
            return
        with TemporaryFolder("labels") as folder:
            fetched = [folder / f"{number:05}-{Path(name).name}" for number, name in enumerate(wanted)]
            for name, file in zip(wanted, fetched, strict=True):
                files.get_file(name, str(file))
            yield fetched, _changed(files, wanted)
    except OSError as error:
        raise MintmarkError(f"{shown}: cannot be read: {error.strerror or error}") from None


def _changed(files: AbstractFileSystem, names: Sequence[str]) -> int | None:
    from mintmark.monitoring.windows import microseconds

    try:
        return max(microseconds(files.modified(name)) for name in names)
    except (NotImplementedError, KeyError, TypeError, ValueError):  # not every store knows, as one on the web
        return None
