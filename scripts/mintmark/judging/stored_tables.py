"""Hold the tables that a proposal stores against its record (R7): columns, types and true values. Runs no model.

What the model answers is compared with the stored predictions in the trial.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from mintmark.artifacts.tables import read_table
from mintmark.core import layout
from mintmark.core.finding import Finding, shorten
from mintmark.core.judgement.grading import CLOSE
from mintmark.core.judgement.opinion import found_faults
from mintmark.core.question import EVALUATION, PREDICTIONS, PROBABILITY, ROW
from mintmark.registry.snapshot import with_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from mintmark.core.records import Signature, VersionRecord
    from mintmark.judging.fetched import FetchedVersion
    from mintmark.judging.hearing import Judging
    from mintmark.judging.span import Span

TRUTH: Final = "truth"
PREDICTION: Final = "prediction"
PROBABILITIES: Final = "probabilities"
_NOTHING: Final = 1e-9  # how far two true values may lie apart near zero
_MOST: Final = 10
_LONGEST: Final = 100
_TEXTS: Final = frozenset({"str", "string", "object", "category"})
_WHOLE: Final = re.compile(r"U?Int(8|16|32|64)\Z")  # may have gaps, and then a file gives them back as floats
_WRITTEN: Final = re.compile(r"(u?int(8|16|32|64)|float(16|32|64)|bool|datetime64\[[a-zA-Z0-9, /_+-]+\])\Z")


def judge_tables(span: Span, version: FetchedVersion) -> Judging[None]:
    """Say where predictions.parquet and evaluation.parquet are not what the record says of them."""
    if not {EVALUATION, PREDICTIONS} <= version.files.keys():
        return  # what is missing is told by whoever needs it
    rows, predictions = (read_table(version.files[name], name) for name in (EVALUATION, PREDICTIONS))
    question = span.before.model(version.record.model).question
    yield found_faults("predictions", _predictions(version.record, predictions, rows, question.target))
    faults = [*_inputs(version.record, rows, {question.target, ROW}), *_outputs(version.record, predictions)]
    if version.classes and not question.is_classification:
        faults.append(_finding(version.record, "signature.classes", f"is there, and the task is {question.task}"))
    yield found_faults("record", with_lines(faults[:_MOST], span.after.tree))


def _predictions(
    record: VersionRecord, predictions: pd.DataFrame, rows: pd.DataFrame, target: str | None
) -> Iterator[Finding]:
    """Its columns are those that a record can explain, and its rows are those that it was evaluated on."""
    path = layout.pointer_path(record.model, str(record.version), PREDICTIONS)
    remedy = f"dvc repro, and mintmark propose {record.model} again"
    wanted, columns = _columns(record.signature), list(map(str, predictions.columns))
    for name in [name for name in columns if name not in wanted][:_MOST]:
        message = f'{PREDICTIONS} has a column "{shorten(name, _LONGEST)}", and may have {", ".join(wanted)}'
        yield Finding(path=path, message=f"{message}; {remedy}")
    for name, other in ((ROW, ROW), (TRUTH, target)):
        if name in columns and other in rows.columns:
            differ = _differ(predictions[name], rows[other])
            if differ:
                message = f'"{name}" is not "{other}" of {EVALUATION}: {differ:,} of {len(rows):,} rows differ'
                yield Finding(path=path, message=f"{PREDICTIONS}: {message}; {remedy}")


def _columns(signature: Signature) -> list[str]:
    probabilities = signature.classes if PROBABILITIES in signature.outputs else ()
    return [ROW, TRUTH, PREDICTION, *(f"{PROBABILITY}{label}" for label in probabilities)]


def _differ(one: pd.Series, other: pd.Series) -> int:
    """Return how many values of two columns differ, numbers by more than 1e-6 of their size."""
    if len(one) != len(other):
        return max(len(one), len(other))
    if all(isinstance(each.dtype, np.dtype) and each.dtype.kind in "iuf" for each in (one, other)):
        same = np.isclose(one.to_numpy(np.float64), other.to_numpy(np.float64), rtol=CLOSE, atol=_NOTHING)
        return int((~same).sum())
    return sum(a != b for a, b in zip(one.tolist(), other.tolist(), strict=True))


def _inputs(record: VersionRecord, rows: pd.DataFrame, hidden: Collection[str | None]) -> Iterator[Finding]:
    for name, kind in record.signature.inputs.items():
        if name in hidden:
            yield _finding(record, f"signature.inputs.{name}", "holds the truth or the row, and no model may see that")
        elif name not in rows.columns:
            yield _finding(record, f"signature.inputs.{name}", f"is no column of {EVALUATION}")
        elif not _fits(kind, rows[name]):
            message = f"says {shorten(kind, _LONGEST)}, and {EVALUATION} has {rows[name].dtype} in this column"
            yield _finding(record, f"signature.inputs.{name}", message)


def _outputs(record: VersionRecord, predictions: pd.DataFrame) -> Iterator[Finding]:
    """Each output is one that predictions.parquet holds, of its type and shape."""
    classes = record.signature.classes
    shapes: dict[str, tuple[int | None, ...]] = {PREDICTION: (None,), PROBABILITIES: (None, len(classes))}
    for name in [PREDICTION, *(name for name in record.signature.outputs if name != PREDICTION)]:
        where, output = f"signature.outputs.{name}", record.signature.outputs.get(name)
        if output is None or name not in shapes:
            yield _finding(record, where, "is left out" if output is None else f"is nothing that {PREDICTIONS} holds")
            continue
        if tuple(output.shape) != shapes[name]:
            message = f"is {_shape(output.shape)}, and {_shape(shapes[name])} is what {PREDICTIONS} holds"
            yield _finding(record, f"{where}.shape", message)
        columns = [PREDICTION] if name == PREDICTION else [f"{PROBABILITY}{label}" for label in classes]
        for column in columns:
            if column in predictions.columns and not _fits(output.type, predictions[column]):
                has = f"{PREDICTIONS} has {predictions[column].dtype} in {shorten(column, _LONGEST)}"
                yield _finding(record, f"{where}.type", f"says {shorten(output.type, _LONGEST)}, and {has}")
                break


def _shape(lengths: Sequence[int | None]) -> str:
    return shorten(json.dumps(list(lengths)), _LONGEST)


def _fits(claimed: str, column: pd.Series) -> bool:
    """Whether a type, as pandas calls it, is that of a column that a Parquet file gave back.

    A file keeps the width of numbers, and neither the order of categories nor how texts are held in memory.
    """
    found = str(column.dtype)
    if claimed in _TEXTS:
        return found in _TEXTS or claimed == "category" or found.startswith("string")
    if _WHOLE.match(claimed):
        return found in (claimed.lower(), "float64", "object")
    if claimed == "boolean":
        return found in ("bool", "object")
    if claimed.startswith("datetime64") and found.startswith("datetime64"):
        return _WRITTEN.match(claimed) is not None and ("," in claimed) == ("," in found)
    return claimed == found and _WRITTEN.match(claimed) is not None


def _finding(record: VersionRecord, where: str, message: str) -> Finding:
    path = layout.version_path(record.model, str(record.version))
    remedy = f"dvc repro, and mintmark propose {record.model} again"
    return Finding(path=path, where=where, message=f"{message}; {remedy}", rule="R7")
