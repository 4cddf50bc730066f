"""Read the rows on which versions are to be measured: inputs, truth, and what model.yaml names. Runs no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mintmark.artifacts.digest import digest_file
from mintmark.commands.measuring.row_files import check_suffix, read_batches
from mintmark.core.named_columns import prepare_sections, row_columns
from mintmark.core.question import ROW
from mintmark.core.signature.inputs import InputFault, fit_inputs
from mintmark.errors import InputError, MintmarkError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from mintmark.core.model import Model
    from mintmark.core.records import VersionRecord
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
    truth = _truth_type(records[0], is_classification=question.is_classification)
    types = dict.fromkeys(row_columns(model.document), "anything")
    for record in reversed(records):
        types |= record.signature.inputs
    types[question.target] = truth
    table = _read_whole(path, types)
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


def _truth_type(record: VersionRecord, *, is_classification: bool) -> str:
    if not is_classification:
        return "float64"
    output = record.signature.outputs.get("prediction")
    return output.type if output is not None else "anything"


def _read_whole(path: Path, types: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    parts, rows = [], 0
    for batch in read_batches(path, types):
        parts.append(batch.table)
        rows += len(batch.table)
        if rows > _MOST_ROWS:
            raise MintmarkError(f"{path}: has more than {_MOST_ROWS:,} rows; measure a sample")
    if not rows:
        raise MintmarkError(f"{path}: has no rows to measure")
    return pd.concat(parts, ignore_index=True)


def _with_ids(table: pd.DataFrame, records: Sequence[VersionRecord]) -> pd.DataFrame:
    """Return the table with the ids that prepare took where it took any: digests of training rows know them."""
    named = next((name for record in records if (name := _id_column(record)) in table.columns), None)
    inputs = {name for record in records for name in record.signature.inputs}
    if named is not None:
        return table.assign(**{ROW: table[named]})
    return table.drop(columns=[ROW]) if ROW in table.columns and ROW not in inputs else table


def _id_column(record: VersionRecord) -> Any:
    sections = prepare_sections(record.model, (stage.params for stage in record.stages.values()))
    return next((section["id"] for section in sections if section.get("id")), None)
