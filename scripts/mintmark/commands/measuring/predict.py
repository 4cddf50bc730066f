"""`mintmark predict`: what a registered model answers to the rows of a file, batch by batch."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from mintmark.commands.measuring.deadline import within_deadline
from mintmark.commands.measuring.row_files import check_suffix, read_batches, size_of
from mintmark.commands.measuring.row_progress import row_progress
from mintmark.commands.measuring.row_writer import STANDARD_OUTPUT, open_writer
from mintmark.commands.opening import open_registry
from mintmark.core.question import PROBABILITY, ROW
from mintmark.core.reference import CANDIDATE
from mintmark.core.signature.csv_form import CsvForm, recorded_form
from mintmark.core.words import numbers
from mintmark.errors import InputError, MintmarkError, UsageError
from mintmark.registry.reading import as_reference
from mintmark.registry.stored.loading import fetch_model
from mintmark.registry.stored.pulling import yanked_note
from mintmark.registry.yaml.text import YamlFault, parse_yaml

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from mintmark.artifacts.loaded_model import LoadedModel
    from mintmark.registry.reading import Registry

_PREDICTION = "prediction"


def predict(
    root: Path, reference: str, data: Path, *, output: Path, at: str | None = None, site: str | None = None
) -> int:
    """Write a prediction for each row of a file, beside the columns that the model does not take."""
    check_suffix(data)
    if str(output) != STANDARD_OUTPUT:
        check_suffix(output)
        if output.exists() and data.exists() and os.path.samefile(output, data):
            raise UsageError(f"{output}: holds the rows, and would be replaced by the predictions; name another file")
    size, unit = size_of(data)
    registry = open_registry(root, site=site, at=at)
    model = load_asked(registry, reference)
    form = source_form(registry, reference)
    rows = 0
    with open_writer(output) as writer, row_progress("predicting", size, unit) as advance:
        for batch in read_batches(data, forms=[form], names=model.signature.inputs):
            table = batch.as_types(model.signature.inputs)
            with within_deadline(
                f"{data}: {_unanswered(model, rows, len(table))}", _waiting(model), folder=output.parent
            ):
                answered = _answer(model, table, data, rows)
            writer.write(answered)
            rows += len(table)
            advance(batch.done)
        if not rows:
            raise MintmarkError(f"{data}: has no rows to predict")
    if str(output) != STANDARD_OUTPUT:
        print(f"wrote {output} ({numbers.count(rows, 'prediction')} of {model.reference})")
    return 0


def load_asked(registry: Registry, reference: str) -> LoadedModel:
    """Return the model of a reference, and say on stderr where it was yanked; raise `MintmarkError` for arrays."""
    wanted = as_reference(reference)
    if wanted.selector != CANDIDATE:
        note = yanked_note(registry, wanted.model, str(registry.resolve_version(wanted)))
        if note is not None:
            print(f"warning: {note}", file=sys.stderr)
    load = fetch_model(registry, wanted)  # from wherever it lies, which may take its time
    with within_deadline(f"{wanted} did not load", "make the model smaller"):
        model: LoadedModel | dict[str, Any] = load()
    if isinstance(model, dict):
        raise MintmarkError(f"{wanted} holds arrays (safetensors) and no model that could be asked")
    if not model.signature.inputs:
        told = "was imported, and nobody said which columns it takes, so a file cannot be read for it"
        raise MintmarkError(f'{wanted} {told}; ask it in Python: mintmark.load("{wanted}").predict(table)')
    return model


def source_form(registry: Registry, reference: str) -> CsvForm:
    """Return how the CSV files are written that a version was made from; of the candidate, as its parameters say."""
    wanted = as_reference(reference)
    if wanted.selector != CANDIDATE:
        record = registry.resolve(wanted)
        return recorded_form(record.model, [stage.params for stage in record.stages.values()])
    try:
        section = parse_yaml(registry.tree.read("params.yaml") or b"")["models"][wanted.model]["source"]
    except (YamlFault, KeyError, TypeError):  # a pipeline of the team's own
        return CsvForm()
    return recorded_form(wanted.model, [{"params.yaml": {f"models.{wanted.model}.source": section}}])


def _waiting(model: LoadedModel) -> str:
    """Return what to do where a model takes longer than it may."""
    asked = f'mintmark.load("{model.reference}").predict(table)'
    return f"give it fewer rows, make the model smaller or faster, or wait for it in Python: {asked}"


def _unanswered(model: LoadedModel, first: int, rows: int) -> str:
    return f"{model.reference} did not answer rows {first:,} to {first + rows - 1:,}"


def _answer(model: LoadedModel, table: pd.DataFrame, data: Path, first: int) -> pd.DataFrame:
    """Return the rows without their inputs, with prediction and probabilities as predictions.parquet has them."""
    kept = table.drop(columns=[name for name in model.signature.inputs if name in table.columns])
    if kept.shape[1] == 0:
        kept = kept.assign(**{ROW: range(first, first + len(kept))})
    try:
        fitted = model.fit_inputs(table, first_row=first)
    except InputError as error:
        raise InputError(f"{data}: {error}", error.columns) from None
    try:
        answers = {_PREDICTION: model.predict(fitted)}
        if hasattr(model.estimator, "predict_proba") and model.signature.classes:
            found = model.predict_proba(fitted)
            answers |= {f"{PROBABILITY}{label}": found[:, n] for n, label in enumerate(model.signature.classes)}
    except Exception as error:  # whatever a library says of rows that it does not take
        words = "; ".join([" ".join(str(error).split())[:200], *getattr(error, "__notes__", ())])
        raise MintmarkError(f"{data}: {_unanswered(model, first, len(table))}: {words}") from None
    taken = [name for name in answers if name in kept.columns]
    if taken:
        raise MintmarkError(f'{data}: has a column "{taken[0]}", where the answer goes; rename it')
    return kept.assign(**answers)
