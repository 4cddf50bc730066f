"""Have a pickled model written as skops or ONNX by a process apart, and ask both the same. Loads no pickle here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from mintmark.artifacts.confined.confinement import Limits
from mintmark.artifacts.confined.conversion_worker import CONVERTED
from mintmark.artifacts.confined.model_answers import AnswerError, describe, parse_answers
from mintmark.artifacts.confined.model_runner import run_model
from mintmark.artifacts.confined.worker_runs import ModelRunError, run_worker, told_otherwise
from mintmark.artifacts.foreign import why_not_converted
from mintmark.artifacts.formats import check_content, detect_format
from mintmark.core.conversion.agreement import Agreement, compare_runs
from mintmark.core.conversion.probes import Edit, make_probes
from mintmark.core.finding import Finding
from mintmark.core.judgement.answers import ModelRun
from mintmark.errors import InvalidRegistryError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

_WORKER: Final = "mintmark.artifacts.confined.conversion_worker"
_MOST_EDITS: Final = 10_000
_ROOM: Final = 256 << 20  # bytes of an answer, and of the converted model
_LIMITS: Final = Limits(seconds=300.0, file_bytes=_ROOM)
_FEWER: Final = "give it fewer rows (--data), or make the model smaller"
TOLERANCES: Final = {"skops": 1e-12, "onnx": 1e-5}  # of a number's size: the same code, and numbers in 32 bits


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversion:
    """A converted model: its bytes, the class it was, what that was taken out of, and how the answers of both compare.

    `columns` are the names of its inputs in order.
    """

    content: bytes
    type_name: str
    taken_from: str
    columns: tuple[str, ...]
    agreement: Agreement
    isolation: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Written:
    content: bytes
    about: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    run: ModelRun


def convert_model(path: Path, artifact_format: str, rows: pd.DataFrame, *, trusted: Sequence[str] = ()) -> Conversion:
    """Return the model in a pickle as skops or ONNX, and what both answer to the rows and to what is made of them.

    Raises `ModelRunError` for what cannot be loaded or converted, with why, and `InvalidRegistryError` with the
    findings of the safety checks (`trusted` has the names of further types).
    """
    if not path.is_file() and not path.is_dir():
        raise ModelRunError(f"{path}: is not a file; name the pickle to convert")
    refused = why_not_converted(path)
    if refused:
        raise ModelRunError(f"{path}: {refused}")
    rows = rows.reset_index(drop=True)
    written = _write(path, artifact_format, rows)
    name = f"{path.stem}.{artifact_format}"
    found = detect_format(written.content, name=name)
    findings = (
        [found] if isinstance(found, Finding) else check_content(written.content, found, name=name, trusted=trusted)
    )
    if findings:
        raise InvalidRegistryError([_with_other_way(each, artifact_format) for each in findings])
    run = run_model(written.content, artifact_format, written.tables, trusted=trusted, limits=_LIMITS)
    counts = {table: len(each) for table, each in written.tables.items()}
    columns = written.about["columns"]
    return Conversion(
        content=written.content,
        type_name=describe(str(written.about["type"])),
        taken_from=describe(str(written.about["taken_from"])),
        columns=tuple(str(rows.columns[place]) for place in columns),
        agreement=compare_runs(written.run, run, counts, tolerance=TOLERANCES[artifact_format]),
        isolation=written.run.isolation,
    )


def _with_other_way(finding: Finding, artifact_format: str) -> Finding:
    if artifact_format != "onnx":
        return finding
    return replace(finding, message=f"{finding.message}; without --to onnx it becomes skops")


def _write(path: Path, artifact_format: str, rows: pd.DataFrame) -> _Written:
    """Have the process apart convert the pickle; read what it wrote as a liar's."""
    place = path.resolve()
    run = run_worker(
        _WORKER, {"pickle": str(place), "format": artifact_format}, {"rows": rows}, name=str(path), place=place,
        values=4 * (len(rows) + _MOST_EDITS) * 8, limits=_LIMITS, written=(CONVERTED,), faster=_FEWER,
    )  # fmt: skip
    try:
        about, edits = _about(run.document, rows), _edits(run.document, rows)
        tables = make_probes(rows.iloc[:, about["columns"]], edits)
        counts = {name: len(table) for name, table in tables.items()}
        classes, answers, cost = parse_answers(run.document["run"], counts)
    except AnswerError as error:
        raise ModelRunError(told_otherwise(str(path), error)) from None
    asked = ModelRun(classes=classes, answers=answers, cost=cost, isolation=run.isolation)
    return _Written(content=run.files[CONVERTED], about=about, tables=tables, run=asked)


def _about(document: Mapping[str, Any], rows: pd.DataFrame) -> Mapping[str, Any]:
    about = document.get("about")
    if document.keys() != {"about", "edits", "run"} or not isinstance(about, dict):
        raise AnswerError("has other parts than it was asked for")
    columns = about.get("columns")
    if not isinstance(columns, list) or not columns or len(set(map(str, columns))) != len(columns):
        raise AnswerError("names no columns")
    if not all(type(place) is int and 0 <= place < rows.shape[1] for place in columns):
        raise AnswerError("names columns that are not there")
    if about.keys() != {"columns", "type", "taken_from"}:
        raise AnswerError("says something else about the model")
    return about


def _edits(document: Mapping[str, Any], rows: pd.DataFrame) -> list[Edit]:
    entries, width = document["edits"], len(document["about"]["columns"])
    if not isinstance(entries, list) or len(entries) > _MOST_EDITS or not isinstance(document["run"], dict):
        raise AnswerError("has other parts than it was asked for")
    edits = [Edit(*entry) for entry in entries if isinstance(entry, list) and len(entry) == 3]
    fine = all(
        type(edit.row) is int
        and type(edit.column) is int
        and type(edit.value) in (int, float)
        and 0 <= edit.row < len(rows)
        and 0 <= edit.column < width
        for edit in edits
    )
    if not fine or len(edits) != len(entries):
        raise AnswerError("has cells that are not there")
    return edits
