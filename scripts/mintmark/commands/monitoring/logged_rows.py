"""Rows of windows as the log has them, with what was asked and answered, to be replayed. Runs no model.

At most so many rows are kept: a sample by the ids, which is the same in every run.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.errors import MintmarkError
from mintmark.monitoring.column_counts import is_one_of, level_name
from mintmark.monitoring.digests import digest_columns, mixed
from mintmark.monitoring.log.files import FAULTS, LogFile, open_log_file, read_head
from mintmark.monitoring.windows import days_of, microseconds
from mintmark.registry.logged.decisions import read_answers, read_inputs
from mintmark.registry.logged.folded import folded, unfolded
from mintmark.registry.logged.form import INPUT, parse_about
from mintmark.registry.logged.opening import batches_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from mintmark.core.judgement.answers import Answer
    from mintmark.core.records import VersionRecord
    from mintmark.monitoring.documents import Window
    from mintmark.monitoring.labels import KnownLabels
    from mintmark.registry.logged.form import About
    from mintmark.registry.logged.reading import Place, PredictionLog

MOST_ROWS: Final = 20_000
_OK: Final = 200
_NOT_ASKED: Final = ("version", "commit", "latency", "error")  # columns that nobody needs to ask again
_LABEL: Final = "mintmark.label"  # the place of the label of a row


@dataclass(frozen=True, kw_only=True, slots=True)
class LoggedRows:
    """What one version was asked and answered. `truth` is the label of each row, None where nobody asked for labels.

    `entities` are those that rows belong to, as the log says it or else the labels, None where neither does. They
    `are_hashed` where the log alone has them, as a hash: then nobody can tell which of them a version was trained on.
    """

    inputs: pd.DataFrame = field(repr=False)
    answer: Answer = field(repr=False)
    truth: pa.Array | None = field(default=None, repr=False)
    entities: list[Any] | None = field(default=None, repr=False)
    are_hashed: bool = False

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which rows of a version are wanted: of a channel, in windows, those with a label where labels are given.

    `rows` is how many there are about; where that is too many, a share of them is taken. `needed` are the inputs that
    it takes to ask again, and `entity` is the column that says which rows belong together.
    """

    record: VersionRecord
    channel: str
    windows: Sequence[Window]
    rows: int
    needed: Sequence[str] = ()
    entity: str | None = None
    labels: KnownLabels | None = None


def read_logged_rows(log: PredictionLog, wanted: Wanted) -> LoggedRows:
    """Return the answered rows, each once; raise `MintmarkError` where the log lacks what it takes to ask again.

    Left out are rows of which the log could not hold a value, and files that cannot be read.
    """
    record = wanted.record
    days = {day for window in wanted.windows for day in days_of(window)}
    places = [place for place in log.places(record.model, str(record.version)) if place.day in days]
    found = log.stable(places, lambda listed: _read(log, listed, wanted))
    if not found:
        raise MintmarkError(f"the log has no rows of {record.reference} that can be asked again")
    about, tables = max(found.values(), key=lambda one: sum(table.num_rows for table in one[1]))
    hidden = sorted(set(wanted.needed) & set(about.personal))
    if hidden:
        names = ", ".join(f'"{name}"' for name in hidden)
        raise MintmarkError(f"the log does not hold {names} as it was given (personal)")
    table = unfolded(_once(pa.concat_tables(tables)), f"the rows of {record.reference} in the log")
    labels, inputs = wanted.labels, read_inputs(table, about)
    labelled = None if labels is None else table.column(_LABEL).combine_chunks()
    entities, are_hashed = _entities(table, inputs, wanted, labelled)
    return LoggedRows(
        inputs=inputs,
        answer=read_answers(table, about),
        truth=None if labels is None else labels.values.take(labelled),
        entities=entities,
        are_hashed=are_hashed,
    )


def _entities(
    table: pa.Table, inputs: pd.DataFrame, wanted: Wanted, places: pa.Array | None
) -> tuple[list[Any] | None, bool]:
    """Return the entity of each row, and whether it is a hash; each row that names none has one of its own."""
    name, labels, is_hash = wanted.entity, wanted.labels, False
    if name is None:
        return None, False
    if name in inputs.columns:
        values = inputs[name].astype(object).where(inputs[name].notna(), None).tolist()
    elif labels is not None and labels.entities is not None:
        values = labels.entities.take(places).to_pylist()
    elif INPUT + name in table.column_names:
        values, is_hash = table.column(INPUT + name).to_pylist(), True
    else:
        return None, False
    if None in values:  # as texts, for numbers and texts have no order
        values = [f"row {row}" if value is None else level_name(value) for row, value in enumerate(values)]
    return values, is_hash


def _read(
    log: PredictionLog, listed: Mapping[Place, Sequence[str]], wanted: Wanted
) -> dict[str, tuple[About, list[pa.Table]]]:
    """Return the rows of files by what is said of them; personal columns and types may change over time."""
    found: dict[str, tuple[About, list[pa.Table]]] = {}
    for place, names in listed.items():
        for name in names:
            file = LogFile(log.where, f"{place.path}/{name}", place.model, place.version)
            if read_head(file).fault:
                continue
            about, tables = _read_file(file, wanted)
            if about is None or about.artifact != wanted.record.artifact.sha256:
                continue
            if tables:
                about = replace(about, sample=1.0)
                found.setdefault(repr(about), (about, []))[1].extend(tables)
    return found


def _read_file(file: LogFile, wanted: Wanted) -> tuple[About | None, list[pa.Table]]:
    try:
        with open_log_file(file) as reader:
            about = parse_about(reader.schema_arrow)
            kept = [name for name in reader.schema_arrow.names if name not in _NOT_ASKED]
            return about, list(_chosen_batches(batches_of(reader, kept), wanted))
    except FileNotFoundError:
        raise
    except FAULTS:
        return None, []  # the scan of the windows has named it


def _chosen_batches(batches: Any, wanted: Wanted) -> Iterator[pa.Table]:
    for rows in batches:
        chosen = _is_wanted(rows, wanted)
        labels = None
        if wanted.labels is not None:
            labels = _labels_of(rows, wanted.labels)
            chosen &= labels >= 0
        if chosen.any():
            table = pa.Table.from_batches([rows]).replace_schema_metadata(None)
            if labels is not None:
                table = table.append_column(_LABEL, pa.array(labels))
            yield folded(table.drop_columns("lost").filter(pa.array(chosen)))


def _is_wanted(rows: pa.RecordBatch, wanted: Wanted) -> NDArray[np.bool_]:
    first, last = microseconds(wanted.windows[0].start), microseconds(wanted.windows[-1].end)
    times = rows.column("time").cast(pa.int64()).to_numpy()
    conditions = (
        pc.equal(rows.column("status"), _OK),
        pc.invert(rows.column("shadow")),
        pa.array(is_one_of(rows.column("channel"), [wanted.channel])),
        pa.array(is_one_of(rows.column("model"), [wanted.record.model])),
        pc.equal(pc.fill_null(pc.list_value_length(rows.column("lost")), 0), 0),
        rows.column("row").is_valid(),
    )
    chosen: NDArray[np.bool_] = (times >= first) & (times < last)
    for each in conditions:
        chosen &= pc.fill_null(each, False).to_numpy(zero_copy_only=False)
    if wanted.labels is None and wanted.rows > MOST_ROWS:
        digests = mixed(digest_columns([rows.column("id"), rows.column("row")]))
        chosen &= digests < np.uint64(int(MOST_ROWS / wanted.rows * 2**64))
    return chosen


def _labels_of(rows: pa.RecordBatch, labels: KnownLabels) -> NDArray[np.int64]:
    """Return the place of the label of each row, -1 for none and for those that a sample leaves out."""
    digests = digest_columns([rows.column(name) for name in labels.index.log_columns])
    return np.where(labels.index.is_sampled(digests), labels.index.find(digests), -1)


def _once(table: pa.Table) -> pa.Table:
    """Return each row once, the one of the earliest time."""
    keys = table.select(["id", "row", "time"]).to_pandas()
    kept = keys.sort_values("time", kind="stable").drop_duplicates(["id", "row"]).index
    return table.take(pa.array(np.sort(kept.to_numpy())))
