"""Pick the rows of an unlabelled file that two versions answer differently: only these tell their accuracies apart."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mintmark.commands.measuring.row_files import check_suffix, read_batches, size_of
from mintmark.commands.measuring.row_progress import row_progress
from mintmark.commands.measuring.row_writer import open_writer
from mintmark.core.signature.csv_form import recorded_form
from mintmark.errors import MintmarkError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from mintmark.commands.comparing.sides import Side
    from mintmark.core.question import Label
    from mintmark.core.signature.csv_form import CsvForm
    from mintmark.judging.fetched import FetchedVersion
    from mintmark.registry.clone import ClonedRegistry

BATCH_ROWS: Final = 50_000  # each takes a fresh process for each model, which is ready after a second or two
_ROWS: Final = "rows"


@dataclass(frozen=True, kw_only=True, slots=True)
class Picked:
    """How many rows of a file two versions answered, and how many of them differently. `metric` is the primary one."""

    rows: int
    differing: int
    metric: str


def pick_rows(registry: ClonedRegistry, first: Side, second: Side, data: Path, output: Path) -> Picked:
    """Write the rows of a file, as they are, that two versions of a classifier answer differently.

    Each model runs in a confined process, as in a review. The file is written whole or not at all. Raises
    `MintmarkError` for two models, for a regression, and for rows that one of the two does not take.
    """
    if first.is_elsewhere or second.is_elsewhere:
        raise UsageError("a record of an evaluation holds no model; name the versions themselves")
    if first.model != second.model:
        raise UsageError(f"{first.name} and {second.name} are two models; rows are picked for two versions of one")
    model = registry.model(first.model)
    if model.task == "regression":
        raise MintmarkError(f"{model.name} predicts numbers: every row tells two versions apart, so label any of them")
    if check_suffix(output) != check_suffix(data):
        raise UsageError(f"{output}: the rows are written as they are; give it the suffix of {data.name}")
    if output.exists() and data.exists() and os.path.samefile(output, data):
        raise UsageError(f"{output}: holds the unlabelled rows, and would be replaced; name another file")
    size, unit = size_of(data)
    trusted = registry.settings.trusted_names
    versions = [_runnable(registry, side) for side in (first, second)]
    rows = differing = 0
    with open_writer(output) as writer, row_progress("asking both", size, unit) as advance:
        forms = [_form(side) for side in (first, second)]
        names = {name for version in versions for name in version.record.signature.inputs}
        for batch in read_batches(data, forms=forms, names=names, rows=BATCH_ROWS):
            tables = [_fit(version, batch.as_types(_types(version)), data, rows) for version in versions]
            mask = _differ(versions, tables, trusted, data)
            writer.write(batch.table[mask])
            rows, differing = rows + len(mask), differing + sum(mask)
            advance(batch.done)
        if not rows:
            raise MintmarkError(f"{data}: has no rows")
    return Picked(rows=rows, differing=differing, metric=model.metric.name)


def _runnable(registry: ClonedRegistry, side: Side) -> FetchedVersion:
    artifact = side.document["artifact"]
    if artifact["format"] not in ("skops", "onnx"):
        raise MintmarkError(f"{side.name} is a {artifact['format']} file, which holds no model that could be asked")
    return side.fetch(registry, [artifact["path"]])


def _form(side: Side) -> CsvForm:
    return recorded_form(side.model, (stage.get("params") for stage in side.document["stages"].values()))


def _types(version: FetchedVersion) -> dict[str, str]:
    return dict(version.record.signature.inputs)


def _fit(version: FetchedVersion, table: pd.DataFrame, data: Path, first_row: int) -> pd.DataFrame:
    from mintmark.core.signature.inputs import InputFault, fit_inputs

    try:
        return fit_inputs(table, _types(version), first_row=first_row)
    except InputFault as fault:
        raise MintmarkError(f"{data}: {version.name} does not take these rows: {fault}") from None


def _differ(
    versions: Sequence[FetchedVersion], tables: Sequence[pd.DataFrame], trusted: Sequence[str], data: Path
) -> list[bool]:
    """Return for each row whether the two say another class; both processes get ready at the same time."""
    from mintmark.judging.trials.running import ask_model, start_model

    answers: list[Sequence[Label]] = []
    with ExitStack() as stack:
        processes = [stack.enter_context(start_model(version, trusted)) for version in versions]
        for version, table, process in zip(versions, tables, processes, strict=True):
            assert process is not None  # its format was looked at before
            answer = ask_model(process, version, {_ROWS: table}).answers[_ROWS]
            if answer.error is not None:
                raise MintmarkError(f"{data}: {version.name} does not answer these rows: {answer.error}")
            if len(answer.prediction) != len(table):
                said = f"answered {len(answer.prediction):,} of {len(table):,} rows"
                raise MintmarkError(f"{data}: {version.name} {said}")
            answers.append(answer.prediction)
    return [one != other for one, other in zip(*answers, strict=True)]
