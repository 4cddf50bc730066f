"""Read labels: from a CSV or Parquet file, a folder of them, or an address. Joins nothing."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mintmark.commands.measuring.brought_rows import truth_type
from mintmark.commands.measuring.row_files import CSV, PARQUET, read_batches
from mintmark.core.finding import without_credentials
from mintmark.core.signature.csv_form import recorded_form
from mintmark.errors import MintmarkError
from mintmark.registry.files import check_size
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd
    import pyarrow as pa
    from fsspec import AbstractFileSystem

    from mintmark.core.model import LabelSource
    from mintmark.core.signature.csv_form import CsvForm
    from mintmark.monitoring.known_versions import KnownVersion
    from mintmark.monitoring.labels import KnownLabels


_BATCH_ROWS: Final = 100_000


def read_labels(where: str, version: KnownVersion) -> KnownLabels:
    """Return the labels at an address, in the types of a version; see `know_labels` for what is refused."""
    import numpy as np

    from mintmark.monitoring.labels import join_columns, join_kinds, know_labels
    from mintmark.registry.logged.form import About

    record, source = version.record, version.model.monitoring.labels
    target = version.model.question.target
    form = recorded_form(record.model, (stage.params for stage in record.stages.values()))
    entity = version.model.entity_column
    truth = truth_type(record, is_classification=bool(version.classes))
    columns = LabelColumns(inputs=record.signature.inputs, target=target, truth=truth, source=source, entity=entity)
    shown = without_credentials(where)
    tables: list[pa.Table] = []
    with _local_files(where, shown) as (files, changed):
        for file, named in files.items():
            try:
                found = read_label_table(file, columns, [form], held=sum(each.nbytes for each in tables))
            except MintmarkError as error:  # a copy that is gone when somebody reads this tells nobody which file it is
                raise MintmarkError(str(error).replace(str(file), named)) from None
            if found is not None:
                tables.append(_with_moments(found, source.time, named))
    if not tables:
        raise MintmarkError(f"{shown}: there are no labels; a file needs a row, and the column {target} in it")
    table = _together(tables, f"{shown}: the files do not have the same kinds of columns")
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


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelColumns:
    """Which columns of labels may be needed, and their types. The others are not read.

    `entity` is the column that says which rows belong together.
    """

    inputs: Mapping[str, str]
    target: str
    truth: str
    source: LabelSource
    entity: str | None = None

    @property
    def types(self) -> dict[str, str]:
        """The types in which they are read."""
        return {**self.inputs, "id": "string", "row": "int64", self.target: self.truth}

    def needed(self, names: Sequence[str]) -> list[str]:
        """Return those of a file; inputs name a row only where neither model.yaml nor an id does."""
        known = {"id", "row", self.target, *self.source.join, self.source.time, self.entity}
        is_named = bool(self.source.join) or ("id" in names and "id" not in self.inputs)
        return [name for name in names if name in known or (name in self.inputs and not is_named)]


def read_label_table(file: Path, columns: LabelColumns, forms: Sequence[CsvForm], *, held: int = 0) -> pa.Table | None:
    """Return what a file of labels has of some columns, None where it has no row; `held` bytes are of other files."""
    import pyarrow as pa

    remedy = f"keep the columns id, row and {columns.target}, and the rows of the days that are asked about"
    parts: list[pa.Table] = []
    for batch in read_batches(file, forms=forms, names=[columns.target], rows=_BATCH_ROWS, only=columns.needed):
        rows = batch.as_types(columns.types)
        parts.append(pa.table({name: _column(rows[name], f'{file}: column "{name}"') for name in rows}))
        held += parts[-1].nbytes
        check_size(held, str(file), remedy)
    return _together(parts, f"{file}: a column does not hold the same kind of values everywhere") if parts else None


def _column(values: pd.Series, where: str) -> pa.Array:
    import pyarrow as pa

    try:
        column = pa.array(values, from_pandas=True)
        if pa.types.is_nested(column.type):
            raise MintmarkError(f"{where} holds lists or records; write texts, numbers, or true and false")
        return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    except pa.ArrowException as error:
        said = " ".join(str(error).split())[:200]
        raise MintmarkError(f"{where} holds values of several kinds; write all of them in one way ({said})") from None


def _together(tables: Sequence[pa.Table], where: str) -> pa.Table:
    import pyarrow as pa

    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as error:
        said = " ".join(str(error).split())[:200]
        raise MintmarkError(f"{where}: {said}") from None


def _with_moments(table: pa.Table, time: str | None, where: str) -> pa.Table:
    """Return the labels of one file with their times in UTC, however that file writes them."""
    from mintmark.monitoring.labels import moments_of

    if time is None or time not in table.column_names:
        return table
    place = table.column_names.index(time)
    return table.set_column(place, time, moments_of(table.column(time), time, where))


@contextmanager
def _local_files(where: str, shown: str) -> Iterator[tuple[dict[Path, str], int | None]]:
    """Give the files of labels at an address and how they are called; they are fetched where they lie elsewhere.

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
            yield {Path(name): name for name in wanted}, _changed(files, wanted)
            return
        with TemporaryFolder("labels") as folder:
            fetched = [folder / f"{number:05}-{Path(name).name}" for number, name in enumerate(wanted)]
            for name, file in zip(wanted, fetched, strict=True):
                files.get_file(name, str(file))
            names = [f"{shown.rstrip('/')}/{Path(name).name}" if name != path else shown for name in wanted]
            yield dict(zip(fetched, names, strict=True)), _changed(files, wanted)
    except OSError as error:
        raise MintmarkError(f"{shown}: cannot be read: {error.strerror or error}") from None


def _changed(files: AbstractFileSystem, names: Sequence[str]) -> int | None:
    from mintmark.monitoring.windows import microseconds

    try:
        return max(microseconds(files.modified(name)) for name in names)
    except (NotImplementedError, KeyError, TypeError, ValueError):  # not every store knows, as one on the web
        return None
