"""Start a worker in a confined process for one job, and read what it wrote as a liar's. Loads no model here."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mintmark.artifacts.confined.confinement import Completed, Limits, python_environment, python_paths, run_confined
from mintmark.artifacts.confined.model_answers import AnswerError, describe, parse_document
from mintmark.artifacts.confined.model_worker import ANSWER, JOB
from mintmark.core.finding import RULES, Finding
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

_MOST_FINDINGS = 100
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
_SMALLER: Final = "make the model smaller or faster"
_AGAIN: Final = "make the file again where the model was trained, with the versions of its libraries that are here"
_NOT_TO_TRUST: Final = "only Mintmark may write there, so do not use this file"


class ModelRunError(MintmarkError):
    """A model gave no answer; the message says which and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerRun:
    """What a worker answered, the files that it wrote, and how its process was held apart."""

    document: Mapping[str, Any]
    files: Mapping[str, bytes]
    isolation: Mapping[str, str]


def run_worker(
    worker: str,
    job: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    *,
    name: str,
    values: int,
    limits: Limits,
    files: Mapping[str, bytes] | None = None,
    place: Path | None = None,
    written: Sequence[str] = (),
    faster: str = _SMALLER,
) -> WorkerRun:
    """Have the module `worker` do a job about some tables, and return what it says.

    The job gets the path of each of `files` beside it. `place` is a file elsewhere that the worker may read, `written`
    are files beside the answer that it may fill. The answer has about as many values as `values`. `name` is what
    messages call the model, and `faster` what they advise where its time is over. Raises `ModelRunError` where no
    answer comes back, and what `raise_refusal` raises.
    """
    with TemporaryFolder("worker") as created:
        folder = created.resolve()
        for each in (ANSWER, *written):
            (folder / each).touch()
        for each, content in (files or {}).items():
            (folder / each).write_bytes(content)
        paths = {each: str(folder / each) for each in files or ()}
        (folder / JOB).write_text(json.dumps({**job, **paths, **write_tables(tables, folder)}), "utf-8")
        done = run_confined(
            (sys.executable, "-P", "-W", "ignore", "-m", worker, str(folder)),
            cwd=folder,
            readable=(*python_paths(), folder, *([place] if place else [])),
            writable=tuple(folder / each for each in (ANSWER, *written)),
            environment={**ENVIRONMENT, **python_environment()},
            limits=limits,
        )
        answer = read_answer(folder / ANSWER, done, limits, name, faster=faster)
        contents = {each: read_plain(folder / each, limits.file_bytes, name) for each in written}
    try:
        document = parse_document(answer, values)
    except AnswerError as error:
        raise ModelRunError(told_otherwise(name, error)) from None
    raise_refusal(document, limits, name, str(place or ""))
    return WorkerRun(document=document, files=contents, isolation=done.isolation)


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


def read_answer(path: Path, done: Completed, limits: Limits, name: str, *, faster: str = _SMALLER) -> bytes:
    """Return what a process wrote into the file for its answer; raise `ModelRunError` where it ended without one."""
    if done.timed_out or done.code == -signal.SIGXCPU:
        seconds = limits.seconds if done.timed_out else limits.cpu_seconds or limits.seconds
        raise ModelRunError(f"{name}: did not finish in {seconds:g} seconds; {faster}")
    data = read_plain(path, limits.file_bytes, name)
    if not data:
        raise ModelRunError(f"{name}: {_how_it_died(done, limits)}")
    return data


def told_otherwise(name: str, error: AnswerError) -> str:
    """Return the sentence for an answer that no worker of ours writes."""
    return f"{name}: what its process wrote {error}; {_NOT_TO_TRUST}"


def read_plain(path: Path, most: int, name: str) -> bytes:
    """Return a file that a process could write, up to `most` bytes; raise `ModelRunError` where it is no file now."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(opened, "rb") as file:
            if stat.S_ISREG(os.fstat(opened).st_mode):
                return file.read(most)
    except OSError:
        pass
    raise ModelRunError(f"{name}: its process put something else in the place of the answer; {_NOT_TO_TRUST}")


def _how_it_died(done: Completed, limits: Limits) -> str:
    if "MemoryError" in done.stderr or "bad_alloc" in done.stderr:
        return _too_much_memory(limits)
    words = f": {describe(done.last_words())}" if done.last_words() else ""
    if done.code < 0:
        names = {number.value: number.name for number in signal.Signals}
        return f"its process died of {names.get(-done.code, f'signal {-done.code}')}{words}; {_AGAIN}"
    return f"its process ended with code {done.code} and without an answer{words}; {_AGAIN}"


def _too_much_memory(limits: Limits) -> str:
    return f"needs more than {limits.memory / (1 << 30):.3g} GiB of memory; make the model smaller"


def raise_refusal(document: Mapping[str, Any], limits: Limits, name: str, place: str) -> None:
    """Raise what a worker says of a model that it did not run; `place` in it is called `name`."""
    if document.keys() == {"memory"}:
        raise ModelRunError(f"{name}: {_too_much_memory(limits)}")
    if document.keys() == {"refusal"} and isinstance(document["refusal"], str):
        raise ModelRunError(describe(document["refusal"].replace(place or name, name)))
    if document.keys() == {"findings"} and isinstance(document["findings"], list) and document["findings"]:
        raise InvalidRegistryError([_finding(entry, name) for entry in document["findings"][:_MOST_FINDINGS]])


def _finding(entry: Any, name: str) -> Finding:
    texts = entry if isinstance(entry, dict) else {}
    message, where = (describe(str(texts.get(key, ""))) for key in ("message", "where"))
    rule = next((known for known in RULES if known == texts.get("rule")), None)
    return Finding(path=name, message=message, where=where, rule=rule or "")
