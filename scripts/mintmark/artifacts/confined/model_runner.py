"""Ask a model about tables in a confined process of its own, and read the answer as a liar's. Loads no model here."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.artifacts.confined.confinement import Completed, Limits, python_environment, python_paths, start_confined
from mintmark.artifacts.confined.model_answers import AnswerError, describe, parse_answers, parse_document
from mintmark.artifacts.confined.model_worker import ANSWER, JOB
from mintmark.core.finding import RULES, Finding
from mintmark.core.judgement.answers import ModelRun
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    import pandas as pd

_WORKER = "mintmark.artifacts.confined.model_worker"
_RUNNABLE = ("skops", "onnx")
_MOST_FINDINGS = 100
_ROOM, _ROOM_OF_A_ROW = 1 << 20, 16 << 10  # bytes of an answer
_ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)
ENVIRONMENT = {
    **dict.fromkeys(_ONE_THREAD, "1"),
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # the others reserve gigabytes of addresses
    "MALLOC_ARENA_MAX": "2",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
}


class ModelRunError(MintmarkError):
    """A model gave no answer; the message says which and why."""


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
            self._job["inputs"] = None if inputs is None else dict(inputs)
            (folder / ANSWER).touch()
            self._started = start_confined(
                (sys.executable, "-P", "-W", "ignore", "-m", _WORKER, str(folder), artifact_format),
                cwd=folder,
                readable=(*python_paths(), folder, self._place, *search_path),
                writable=(folder / ANSWER,),
                environment={**ENVIRONMENT, **python_environment(search_path)},
                limits=self._limits,
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


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> dict[str, Any]:
    """Write each table as Parquet and return where it is; columns of objects go along as JSON.

    Parquet would turn a None beside text into NaN, and has no column of text and numbers.
    """
    files, objects = {}, {}
    for number, (name, table) in enumerate(tables.items()):
        objects[name], rest = _take_objects(table)
        files[name] = f"table-{number}.parquet"
        rest.to_parquet(folder / files[name])
    return {"tables": files, "objects": objects}


def _take_objects(table: pd.DataFrame) -> tuple[dict[int, str], pd.DataFrame]:
    """Return columns of type object as JSON by their position, and the table with zeros in their place."""
    taken, rest = {}, table.copy(deep=False)
    for position, kind in enumerate(table.dtypes):
        if str(kind) != "object":
            continue
        try:
            taken[position] = json.dumps(table.iloc[:, position].tolist())
        except TypeError:  # bytes, decimals and the like, which Parquet has
            continue
        rest.isetitem(position, 0)
    return taken, rest


def _read_run(path: Path, done: Completed, rows: Mapping[str, int], limits: Limits, name: str, place: str) -> ModelRun:
    data = read_answer(path, done, limits, name)
    try:
        document = parse_document(data, sum(rows.values()))
        raise_refusal(document, limits, name, place)
        classes, answers, cost = parse_answers(document, rows)
    except AnswerError as error:
        raise ModelRunError(f"{name}: what its process wrote {error}; only Mintmark may write there") from None
    return ModelRun(classes=classes, answers=answers, cost=cost, isolation=done.isolation)


def read_answer(path: Path, done: Completed, limits: Limits, name: str) -> bytes:
    """Return what a process wrote into the file for its answer; raise `ModelRunError` where it ended without one."""
    if done.timed_out or done.code == -signal.SIGXCPU:
        seconds = limits.seconds if done.timed_out else limits.cpu_seconds or limits.seconds
        raise ModelRunError(f"{name}: did not finish in {seconds:g} seconds; make the model smaller or faster")
    data = read_plain(path, limits.file_bytes, name)
    if not data:
        raise ModelRunError(f"{name}: {_how_it_died(done, limits)}")
    return data


def read_plain(path: Path, most: int, name: str) -> bytes:
    """Return a file that a process could write, up to `most` bytes; raise `ModelRunError` where it is no file now."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(opened, "rb") as file:
            if stat.S_ISREG(os.fstat(opened).st_mode):
                return file.read(most)
    except OSError:
        pass
    raise ModelRunError(f"{name}: its process put something else in the place of the answer")


def _how_it_died(done: Completed, limits: Limits) -> str:
    if "MemoryError" in done.stderr or "bad_alloc" in done.stderr:
        return _too_much_memory(limits)
    words = f": {describe(done.last_words())}" if done.last_words() else ""
    if done.code < 0:
        names = {number.value: number.name for number in signal.Signals}
        return f"its process died of {names.get(-done.code, f'signal {-done.code}')}{words}"
    return f"its process ended with code {done.code} and without an answer{words}"


def _too_much_memory(limits: Limits) -> str:
    return f"needs more than {limits.memory / (1 << 30):.3g} GiB of memory; make the model smaller"


def raise_refusal(document: Mapping[str, Any], limits: Limits, name: str, place: str) -> None:
    """Raise what a worker says of a model that it did not run; `place` in it is called `name`."""
    if document.keys() == {"memory"}:
        raise ModelRunError(f"{name}: {_too_much_memory(limits)}")
    if document.keys() == {"refusal"} and isinstance(document["refusal"], str):
        raise ModelRunError(describe(document["refusal"].replace(place, name)))
    if document.keys() == {"findings"} and isinstance(document["findings"], list) and document["findings"]:
        raise InvalidRegistryError([_finding(entry, name) for entry in document["findings"][:_MOST_FINDINGS]])


def _finding(entry: Any, name: str) -> Finding:
    texts = entry if isinstance(entry, dict) else {}
    message, where = (describe(str(texts.get(key, ""))) for key in ("message", "where"))
    rule = next((known for known in RULES if known == texts.get("rule")), None)
    return Finding(path=name, message=message, where=where, rule=rule or "")
