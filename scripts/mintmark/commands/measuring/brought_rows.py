"""Read the rows on which versions are to be measured: inputs, truth, and what model.yaml names. Runs no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mintmark.artifacts.digest import digest_file
from mintmark.commands.measuring.row_files import CSV, check_suffix, find_form, read_batches
from mintmark.core.named_columns import prepare_sections, row_columns
from mintmark.core.question import ROW, RecipeFault
from mintmark.core.signature.csv_form import recorded_form
from mintmark.core.signature.inputs import InputFault, fit_inputs
from mintmark.errors import InputError, MintmarkError
from mintmark.registry.files import check_size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from mintmark.core.model import Model
    from mintmark.core.records import VersionRecord
    from mintmark.core.signature.csv_form import CsvForm
    from mintmark.judging.trials.evidence import Rows

_MOST_ROWS = 5_000_000
_MOST_NAMED = 5


def read_brought_rows(path: Path, records: Sequence[VersionRecord], model: Model) -> Rows:
    """Return the rows of a CSV or Parquet file with inputs and truth, in the types that the records ask for.

    Raises `InputError` for a column that is not there or holds something else, and `MintmarkError` for rows without a
    truth, by their numbers.
    """
    from mintmark.judging.trials.evidence import Rows

    check_suffix(path)
    question = model.question
    truth = truth_type(records[0], is_classification=question.is_classification)
    types = {name: kind for record in reversed(records) for name, kind in record.signature.inputs.items()}
    types[question.target] = truth
    table = _read_whole(path, types, records)
    try:
        table[question.target] = fit_inputs(table, {question.target: truth})[question.target]
    except InputFault as fault:
        raise InputError(f"{path}: {fault} (target in model.yaml)", fault.columns) from None
    missing = table.index[table[question.target].isna()].tolist()
    if missing:
        shown = ", ".join(f"{row:,}" for row in missing[:_MOST_NAMED])
        more = f" and {len(missing) - _MOST_NAMED:,} more" if len(missing) > _MOST_NAMED else ""
        raise MintmarkError(f'{path}: there is no "{question.target}" in row {shown}{more}; measure labelled rows')
    absent = [name for name in row_columns(model.document) if name not in table.columns]
    if absent:
        raise MintmarkError(f'{path}: there is no column "{absent[0]}", which model.yaml names')
    return Rows(sha256=digest_file(path).sha256, table=_with_ids(table, records))


def truth_type(record: VersionRecord, *, is_classification: bool) -> str:
    """Return the type of the truth: that of what a version predicts, numbers for a regression."""
    if not is_classification:
        return "float64"
    output = record.signature.outputs.get("prediction")
    return output.type if output is not None else "anything"


def _read_whole(path: Path, types: Mapping[str, str], records: Sequence[VersionRecord]) -> pd.DataFrame:
    """Return the rows of a file. What a CSV file holds beside the typed columns is read as prepare read it."""
    import pandas as pd

    forms = [recorded_form(record.model, _params(record)) for record in records]
    parts: list[pd.DataFrame] = []
    rows = size = 0
    for batch in read_batches(path, forms=forms, names=types):
        parts.append(batch.as_types(types))
        size += int(parts[-1].memory_usage(deep=True).sum())
        check_size(size, str(path), "measure a sample, or keep the columns that are needed")
        rows += len(parts[-1])
        if rows > _MOST_ROWS:
            raise MintmarkError(f"{path}: has more than {_MOST_ROWS:,} rows; measure a sample")
    if not rows:
        raise MintmarkError(f"{path}: has no rows to measure")
    table = pd.concat(parts, ignore_index=True)
    beside = [name for name in table.columns if name not in types]
    if check_suffix(path) != CSV or not beside:
        return table
    return table.assign(**_as_prepared(path, table[beside], find_form(path, forms, types), records))


def _as_prepared(path: Path, text: pd.DataFrame, form: CsvForm, records: Sequence[VersionRecord]) -> pd.DataFrame:
    """Return columns of text in the types that prepare gives them: those that were declared, or by all their values."""
    import pyarrow as pa

    from mintmark.training.cleaning import apply_types
    from mintmark.training.reading import decide_types

    declared: dict[str, Any] = {}
    for record in reversed(records):
        for section in prepare_sections(record.model, _params(record)):
            declared |= section.get("types") or {}
    known = {name: kind for name, kind in declared.items() if name in text.columns}
    try:
        return apply_types(decide_types(pa.Table.from_pandas(text), form, known), known)
    except RecipeFault as fault:
        raise InputError(f"{path}: {fault.message}", [str(one.place[-1]) for one in fault.faults]) from None


def _params(record: VersionRecord) -> list[Mapping[str, Any]]:
    return [stage.params for stage in record.stages.values()]


def _with_ids(table: pd.DataFrame, records: Sequence[VersionRecord]) -> pd.DataFrame:
    """Return the table with the ids that prepare took where it took any: digests of training rows know them."""
    named = next((name for record in records if (name := _id_column(record)) in table.columns), None)
    inputs = {name for record in records for name in record.signature.inputs}
    if named is not None:
        return table.assign(**{ROW: table[named]})
    return table.drop(columns=[ROW]) if ROW in table.columns and ROW not in inputs else table


def _id_column(record: VersionRecord) -> Any:
    sections = prepare_sections(record.model, _params(record))
    return next((section["id"] for section in sections if section.get("id")), None)
