"""What stored predictions tell without running a model: the curves of a version, and how two versions stand.

Reads Parquet that was verified before, and still holds it to a size. Keeps nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import types

from mintmark.core.question import DIGEST, FILLED, OF, PROBABILITY, ROW
from mintmark.core.statistics.differences import judge_difference, paired_bootstrap
from mintmark.core.statistics.metrics import Codes, Outcomes, class_outcomes, regression_outcomes
from mintmark.core.statistics.true_curves import true_curves
from mintmark.errors import MintmarkError
from mintmark.judging.trials.clean_rows import clean_of, look

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pandas as pd

    from mintmark.core.question import Label, Question, Task
    from mintmark.core.statistics.metrics import Floats
    from mintmark.core.statistics.results import Standing
    from mintmark.core.statistics.true_curves import TrueCurve
    from mintmark.judging.trials.clean_rows import CleanRows

    Source = Path | bytes

MOST_ROWS: Final = 1_000_000
MOST_CELLS: Final = 20_000_000
MOST_BYTES: Final = 256 << 20  # of the columns, as their file says
RESAMPLES: Final = 2000
_FEWEST_RESAMPLES: Final = 500
_MOST_DRAWN: Final = 4_000_000  # rows in all resamples
_MOST_COMPARED: Final = 200_000
_TRUTH, _PREDICTION = "truth", "prediction"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What is stored of one version: its predictions, and the sha256 of the evaluation rows that they answer.

    `classes` are those of its signature, in the order of its probabilities. `evaluation` is the table of these rows.
    `training_rows` holds the digests of its training rows, of its `inputs` and with its `key`.
    """

    predictions: Source
    evaluation_sha256: str
    classes: Sequence[Label] = ()
    evaluation: Source | None = None
    training_rows: Source | None = None
    inputs: Sequence[str] = ()
    key: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """The outcomes of a version under the name of its line, and the curves that they make by themselves."""

    name: str
    outcomes: Outcomes
    curves: list[TrueCurve]

    def over(self, other: Line) -> list[TrueCurve]:
        """Return these curves with the line of another version below each."""
        if not self.outcomes.classes:  # errors go as far as those of both
            return true_curves([(self.name, self.outcomes), (other.name, other.outcomes)])
        below = {curve.title: curve.lines for curve in other.curves}
        return [replace(curve, lines=[*curve.lines, *below.get(curve.title, ())]) for curve in self.curves]


def read_line(
    source: Source, *, task: Task, positive_class: Label | None = None, classes: Sequence[Label] = (), name: str = ""
) -> Line | None:
    """Return the line of a version from its predictions.parquet, called `name`; None where that does not hold any.

    `classes` are those of the signature; without them the columns of probabilities name them.
    """
    try:
        outcomes = read_outcomes(source, task=task, positive_class=positive_class, classes=classes)
    except MintmarkError:
        return None
    return Line(name=name, outcomes=outcomes, curves=true_curves([(name, outcomes)]))


def read_outcomes(
    source: Source,
    *,
    task: Task,
    positive_class: Label | None = None,
    classes: Sequence[Label] = (),
    known: Sequence[Label] = (),
) -> Outcomes:
    """Return the outcomes in a predictions.parquet; raise `MintmarkError` where it does not hold any.

    With `known` they come in that order of classes, a zero for each that the version does not have, so that two
    versions can be compared. As in a review, the greater of two classes is the positive one where none is named.
    """
    try:
        table = _read_table(source)
        truth, prediction = (table.column(name) for name in (_TRUTH, _PREDICTION))
        if not len(truth):
            raise ValueError("it has no rows")
        if task == "regression":
            return regression_outcomes(_numbers(truth), _numbers(prediction))
        own = list(classes) or _named_classes(table)
        order = list(known) or own
        positive = max(order) if positive_class is None and len(order) == 2 else positive_class
        return class_outcomes(
            _labels(truth), _labels(prediction), _probabilities(table, own, order), order, positive=positive
        )
    except (pa.ArrowException, KeyError, OSError, OverflowError, TypeError, ValueError) as error:
        raise MintmarkError(f"predictions.parquet cannot be read: {' '.join(str(error).split())[:200]}") from None


def paired_standing(first: Stored, second: Stored, question: Question, *, margin: float) -> Standing | None:
    """Return how the first version stands against the second by the primary metric, as a review would judge it.

    On the rows that neither was trained on (R11), the same paired bootstrap with the same seed, of fewer resamples:
    2,000 at most, and 500 where there are many rows. None where it cannot be told: they were not evaluated on the
    same rows, it is not known what one of them was trained on, too few rows are left, a file cannot be read, one of
    them does not give the metric, or the rows are more than 200,000.
    """
    if not first.evaluation_sha256 or first.evaluation_sha256 != second.evaluation_sha256:
        return None
    known = [*first.classes, *(label for label in second.classes if label not in first.classes)]
    try:
        ours, theirs = (
            read_outcomes(
                side.predictions,
                task=question.task,
                positive_class=question.positive_class,
                classes=side.classes,
                known=known,
            )
            for side in (first, second)
        )
        if len(ours) > _MOST_COMPARED:
            return None
        clusters = _clusters(first if first.evaluation is not None else second, question.entity_column)
        clean = _clean_rows(first, second, question)
        if not clean.are_known or not clean.are_enough or {len(ours), len(theirs)} != {len(clean.mask)}:
            return None
        ours, theirs = ours.take(clean.mask), theirs.take(clean.mask)
        clusters = None if clusters is None else clusters[clean.mask]
        metric, most = question.metric, max(_FEWEST_RESAMPLES, _MOST_DRAWN // len(ours))
        found = paired_bootstrap([metric], ours, theirs, clusters=clusters, resamples=min(RESAMPLES, most))
    except (MintmarkError, ValueError):
        return None
    resampled = found.get(metric)
    if resampled is None or resampled.champion is None:
        return None
    return judge_difference(resampled, maximize=question.maximize, margin=margin).standing


def _clean_rows(first: Stored, second: Stored, question: Question) -> CleanRows:
    """Return which of the rows neither was trained on; raise `MintmarkError` where the rows are not at hand."""
    source = first.evaluation if first.evaluation is not None else second.evaluation
    if source is None:
        raise MintmarkError("the rows are not at hand")
    try:
        wanted = [*first.inputs, *second.inputs, question.target, question.entity_column, ROW, FILLED]
        table = _read_table(source, [name for name in wanted if name is not None]).to_pandas()
        sightings = [
            look("", _digests(side.training_rows), table, question, inputs=side.inputs, key=side.key)
            for side in (first, second)
        ]
    except (pa.ArrowException, KeyError, OSError, TypeError, ValueError) as error:
        raise MintmarkError(f"the rows cannot be read: {error}") from None
    return clean_of(table, sightings, question)


def _digests(source: Source | None) -> pd.DataFrame | None:
    return None if source is None else _read_table(source, [OF, DIGEST]).to_pandas()


def _clusters(stored: Stored, entity_column: str | None) -> Codes | None:
    """Return a code for each row by its entity, as a review numbers them: by their first row."""
    if entity_column is None:
        return None
    if stored.evaluation is None:
        raise MintmarkError("the entities of the rows are not known")
    try:
        column = _read_table(stored.evaluation, [entity_column]).column(0).combine_chunks()
        codes: Codes = column.dictionary_encode("encode").indices.to_numpy(zero_copy_only=False).astype(np.intp)
    except (pa.ArrowException, KeyError, OSError, ValueError) as error:
        raise MintmarkError(f"evaluation.parquet cannot be read: {error}") from None
    return codes


# -- columns ---------------------------------------------------------------------------------------------------------


def _read_table(source: Source, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the columns of a table, by default those of predictions; raise `ValueError` where it is too large."""
    opened = pa.BufferReader(source) if isinstance(source, bytes) else source
    with pq.ParquetFile(opened) as file:
        schema, about = file.schema_arrow, file.metadata
        names = [name for name in schema.names if _is_wanted(name, columns)]
        if len(set(names)) < len(names) or (columns is not None and not names):
            raise ValueError("a column is missing or is there twice")
        if any(types.is_nested(schema.field(name).type) for name in names):
            raise ValueError("it has lists or records")
        size = sum(about.row_group(number).total_byte_size for number in range(about.num_row_groups))
        rows = about.num_rows
        if rows > MOST_ROWS or rows * len(schema.names) > MOST_CELLS or not 0 <= size <= MOST_BYTES:
            raise ValueError(f"it holds {rows:,} rows, more than can be drawn")
        return file.read(columns=names, use_threads=False)


def _is_wanted(name: str, columns: Sequence[str] | None) -> bool:
    return name in columns if columns is not None else name in (_TRUTH, _PREDICTION) or name.startswith(PROBABILITY)


def _numbers(column: pa.ChunkedArray) -> Floats:
    if not (types.is_integer(column.type) or types.is_floating(column.type)) or column.null_count:
        raise ValueError("it has something else where numbers belong")
    return column.to_numpy().astype(np.float64)  # type: ignore[no-any-return]


def _labels(column: pa.ChunkedArray) -> list[Any]:
    if types.is_integer(column.type) and not column.null_count:
        return column.to_numpy().tolist()  # type: ignore[no-any-return]
    return column.to_pylist()  # type: ignore[no-any-return]


def _named_classes(table: pa.Table) -> list[Any]:
    """Return the classes that columns of probabilities name, as values of the kind that the truth has."""
    names = [name.removeprefix(PROBABILITY) for name in table.column_names if name.startswith(PROBABILITY)]
    if not names:
        return sorted({*_labels(table.column(_TRUTH)), *_labels(table.column(_PREDICTION))})
    kind = table.schema.field(_TRUTH).type
    parse: Callable[[str], Any] = str
    if types.is_boolean(kind):
        parse = {"True": True, "False": False}.__getitem__
    elif types.is_integer(kind) or types.is_floating(kind):
        parse = int if types.is_integer(kind) else float
    return [parse(name) for name in names]


def _probabilities(table: pa.Table, own: Sequence[Label], order: Sequence[Label]) -> Floats | None:
    """Return the probabilities in the order of `order`, None where the table has none."""
    names = [f"{PROBABILITY}{label}" for label in own]
    if not any(name in table.column_names for name in names):
        return None
    positions = {label: position for position, label in enumerate(order)}
    found = np.zeros((table.num_rows, len(order)))
    for name, label in zip(names, own, strict=True):
        found[:, positions[label]] = _numbers(table.column(name))
    return found
