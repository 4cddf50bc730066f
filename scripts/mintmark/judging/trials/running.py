"""Start the process of a version's model, and ask it. The process is confined, and each model has its own."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from mintmark.artifacts.confined.model_runner import ModelProcess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from mintmark.core.judgement.answers import ModelRun
    from mintmark.judging.fetched import FetchedVersion

_RUNNABLE = ("skops", "onnx")


def start_model(version: FetchedVersion, trusted: Sequence[str]) -> AbstractContextManager[ModelProcess | None]:
    """Start the process of a version's model, which takes a second to get ready; None for a format that cannot run."""
    if version.record.format not in _RUNNABLE:
        return nullcontext()
    artifact = version.record.artifact
    path = version.files[artifact.name]
    inputs = version.record.signature.inputs
    return ModelProcess(path, version.record.format, trusted=trusted, sha256=artifact.sha256, inputs=inputs)


def ask_model(process: ModelProcess, version: FetchedVersion, tables: Mapping[str, pd.DataFrame]) -> ModelRun:
    """Ask a version's model about tables; raises `MintmarkError` where it does not answer.

    A graph without labels answers in the order of classes that its record names.
    """
    run = process.ask(tables)
    return run if run.classes else replace(run, classes=version.classes)
