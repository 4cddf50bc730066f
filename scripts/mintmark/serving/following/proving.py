"""Let a version prove itself before it serves: it predicts its evaluation rows, and they must come out as registered.

It is loaded and asked in a confined process of its own, by the checks and with the tolerance that reviews use.
"""

from __future__ import annotations

import hashlib
import json
import platform
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from mintmark.about import __version__
from mintmark.artifacts.confined.model_runner import ModelProcess
from mintmark.artifacts.tables import read_table
from mintmark.core import layout
from mintmark.core.judgement.answers import AnswerFault
from mintmark.core.judgement.grading import read_answer, same_answers
from mintmark.core.question import EVALUATION, PREDICTIONS
from mintmark.core.signature.inputs import InputFault, fit_inputs
from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from mintmark.artifacts.confined.fork_server import ForkServer
    from mintmark.core.judgement.answers import ModelRun
    from mintmark.core.records import VersionRecord
    from mintmark.registry.stored.store import Store

ROWS: Final = "rows"  # the table that a version is asked about
_LIBRARIES: Final = ("numpy", "onnxruntime", "pandas", "scikit-learn", "scipy", "skops")


class ProofError(MintmarkError):
    """A version that does not predict what it registered, or of which nobody can tell."""


def prove(
    record: VersionRecord,
    artifact: Path,
    store: Store,
    trusted: Sequence[str],
    *,
    fork_server: ForkServer | None = None,
) -> pd.DataFrame:
    """Return the evaluation rows of a version, all of which it predicts as registered; raise `MintmarkError`."""
    names = (EVALUATION, PREDICTIONS)
    places = [_fetched(record, store, name) for name in names]
    with _process(record, artifact, trusted, fork_server) as process:
        rows, predictions = map(read_table, places, names)
        try:
            registered = read_answer(predictions, record.signature.classes)
            inputs = fit_inputs(rows, record.signature.inputs)
        except AnswerFault as fault:
            raise ProofError(str(fault)) from None
        except InputFault as fault:
            raise ProofError(f"its evaluation rows do not fit its signature: {'; '.join(fault.faults)}") from None
        run = process.ask({ROWS: inputs})
    found = run.answers[ROWS]
    if found.error is not None:
        raise ProofError(f"it does not answer its evaluation rows: {found.error[:200]}")
    if run.classes and run.classes != record.signature.classes:
        raise ProofError("it knows other classes than its record")
    differ = same_answers(registered, found, labels=bool(record.signature.classes))
    if differ:
        raise ProofError(f"{differ:,} of {len(inputs):,} predictions are not the registered ones")
    return inputs


def run_version(record: VersionRecord, artifact: Path, inputs: pd.DataFrame, trusted: Sequence[str]) -> ModelRun:
    """Return what a version answers to `inputs` (as `ROWS`), in a confined process; raises what `run_model` does."""
    with _process(record, artifact, trusted) as process:
        return process.ask({ROWS: inputs})


def _process(
    record: VersionRecord, artifact: Path, trusted: Sequence[str], fork_server: ForkServer | None = None
) -> ModelProcess:
    return ModelProcess(
        artifact,
        record.format,
        trusted=trusted,
        sha256=record.artifact.sha256,
        inputs=record.signature.inputs,
        measure=False,
        fork_server=fork_server,
    )


def _fetched(record: VersionRecord, store: Store, name: str) -> Path:
    file = record.stored_file(name)
    if file is None:
        raise ProofError(f"it stores no {name}, so it cannot prove itself")
    try:
        return store.fetch(file, pointer=layout.pointer_path(record.model, str(record.version), name))
    except MintmarkError as error:
        raise ProofError(f"it cannot prove itself from this source: {error}") from None


def proof_key(record: VersionRecord, trusted: Sequence[str]) -> str:
    """Return what a proof holds for: these very bytes, this signature, and what runs them here."""
    about: dict[str, Any] = {
        "artifact": record.artifact.sha256,
        "files": {file.name: file.sha256 for file in record.files if file.name in (EVALUATION, PREDICTIONS)},
        "inputs": list(record.signature.inputs.items()),
        "classes": list(record.signature.classes),
        "trusted": sorted(trusted),
        "made by": [__version__, platform.python_version(), platform.machine(), platform.processor()],
        "libraries": {name: _installed(name) for name in _LIBRARIES},
    }
    return hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode()).hexdigest()


@cache
def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
