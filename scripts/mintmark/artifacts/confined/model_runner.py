"""Ask a model about tables in a confined process of its own, and read the answer as a liar's. Loads no model here."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.artifacts.confined.confinement import Completed, Limits, python_environment, python_paths, start_confined
from mintmark.artifacts.confined.model_answers import AnswerError, parse_answers, parse_document
from mintmark.artifacts.confined.model_worker import ANSWER, JOB
from mintmark.artifacts.confined.worker_runs import (
    ENVIRONMENT,
    ModelRunError,
    raise_refusal,
    read_answer,
    told_otherwise,
    write_tables,
)
from mintmark.core.judgement.answers import ModelRun
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    import pandas as pd

    from mintmark.artifacts.confined.fork_server import ForkServer

_WORKER = "mintmark.artifacts.confined.model_worker"
_RUNNABLE = ("skops", "onnx")
_ROOM, _ROOM_OF_A_ROW = 1 << 20, 16 << 10  # bytes of an answer


def run_model(
    artifact: Path | bytes,
    artifact_format: str,
    tables: Mapping[str, pd.DataFrame],
    *,
    trusted: Sequence[str] = (),
    sha256: str | None = None,
    limits: Limits | None = None,
    search_path: Sequence[Path] = (),
    inputs: Mapping[str, str] | None = None,
) -> ModelRun:
    """Return what the model in an artifact answers to each table, and what it costs.

    The process that loads it is held to `limits` (default: 4 GiB, 120 seconds); it sees the tables, the artifact and
    the installed packages, and what lies in `search_path`, where the modules of `trusted` types may be. The table
    `evaluation`, where there is one, is what latency is measured with. `inputs` (of its signature) is what each table
    is held against first, as by `mintmark.load`. A model that raises for a table has that as
    the table's `error`. Raises `InvalidRegistryError` with the findings of the safety checks, `ModelRunError` where
    no answer comes back.
    """
    process = ModelProcess(
        artifact,
        artifact_format,
        trusted=trusted,
        sha256=sha256,
        limits=limits,
        search_path=search_path,
        inputs=inputs,
    )
    with process:
        return process.ask(tables)


class ModelProcess:
    """A confined process for one model, which gets its libraries ready while its caller prepares the questions.

    It loads nothing before it is asked, and it is asked once. Its time runs from the start. See `run_model`.
    """

    def __init__(
        self,
        artifact: Path | bytes,
        artifact_format: str,
        *,
        trusted: Sequence[str] = (),
        sha256: str | None = None,
        limits: Limits | None = None,
        search_path: Sequence[Path] = (),
        inputs: Mapping[str, str] | None = None,
        measure: bool = True,
        fork_server: ForkServer | None = None,
    ) -> None:
        name = str(artifact) if isinstance(artifact, Path) else f"model.{artifact_format}"
        if artifact_format not in _RUNNABLE:
            raise ModelRunError(
                f"{name}: is {artifact_format}, which holds no model that can be run; store skops or ONNX"
            )
        self._name, self._limits = name, limits or Limits()
        self._created = TemporaryFolder("model")
        try:
            self._folder = folder = self._created.path.resolve()
            self._place = _place_artifact(artifact, folder, name)
            self._job: dict[str, Any] = {"artifact": str(self._place), "trusted": list(trusted), "sha256": sha256}
            self._job |= {"inputs": None if inputs is None else dict(inputs), "measure": measure}
            (folder / ANSWER).touch()
            self._started = start_confined(
                (sys.executable, "-P", "-W", "ignore", "-m", _WORKER, str(folder), artifact_format),
                cwd=folder,
                readable=(*python_paths(), folder, self._place, *search_path),
                writable=(folder / ANSWER,),
                environment={**ENVIRONMENT, **python_environment(search_path)},
                limits=self._limits,
                fork_server=fork_server,
            )
        except BaseException:
            self._created.cleanup()
            raise

    def __enter__(self) -> ModelProcess:
        return self

    def __exit__(self, *_: object) -> None:
        with self._created:
            self._started.end()

    def ask(self, tables: Mapping[str, pd.DataFrame]) -> ModelRun:
        """Return what the model answers to each table, and what it costs; raises what `run_model` raises."""
        rows = {key: len(table) for key, table in tables.items()}
        most = min(self._limits.file_bytes, _ROOM + _ROOM_OF_A_ROW * sum(rows.values()))
        job = {**self._job, "file_bytes": most, **write_tables(tables, self._folder)}
        written = self._folder / "written.json"
        written.write_text(json.dumps(job), "utf-8")
        written.rename(self._folder / JOB)  # whole, as soon as it is there
        done = self._started.finish()
        limits = replace(self._limits, file_bytes=most)
        return _read_run(self._folder / ANSWER, done, rows, limits, self._name, str(self._place))


def _place_artifact(artifact: Path | bytes, folder: Path, name: str) -> Path:
    if isinstance(artifact, bytes):
        place = folder / "artifact"
        place.write_bytes(artifact)
        return place
    place = artifact.resolve()
    if not place.is_file():
        raise ModelRunError(f"{name}: is not a file; fetch it with: mintmark pull")
    return place


def _read_run(path: Path, done: Completed, rows: Mapping[str, int], limits: Limits, name: str, place: str) -> ModelRun:
    data = read_answer(path, done, limits, name)
    try:
        document = parse_document(data, sum(rows.values()))
        raise_refusal(document, limits, name, place)
        classes, answers, cost = parse_answers(document, rows)
    except AnswerError as error:
        raise ModelRunError(told_otherwise(name, error)) from None
    return ModelRun(classes=classes, answers=answers, cost=cost, isolation=done.isolation)
