"""Load one model, ask it about tables and measure it: `python -m ...model_worker FOLDER FORMAT`.

`model_runner` starts it confined: a model may run code of its own in here. It gets its libraries ready and waits until
job.json is in the folder, beside the tables. The answer goes to the file that is already there for it.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.artifacts.confined.model_answers import format_answer, format_error, format_labels
from mintmark.core.finding import Finding
from mintmark.core.records import Signature
from mintmark.core.statistics.figures import rounded
from mintmark.errors import InvalidRegistryError, MintmarkError

if TYPE_CHECKING:
    import pandas as pd

JOB, ANSWER = "job.json", "answer.json"
MEASURED = "evaluation"
BATCH_ROWS = 1000
_PAUSE = 0.005  # seconds between two looks for the job
_PATIENCE = 2.0  # seconds to go on repeating what is measured
_SLOW = 10.0  # seconds from which on a model is not loaded a second time


def main(folder: Path, artifact_format: str) -> None:
    """Do the job in a folder and write the answer beside it."""

    def work() -> dict[str, Any]:
        _get_ready(artifact_format)
        job = _await_job(folder)
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["file_bytes"], job["file_bytes"]))
        return _work(folder, artifact_format, job)

    (folder / ANSWER).write_text(json.dumps(answer_or_refusal(work)), "utf-8")


def answer_or_refusal(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what a worker found out, or why it did not, as `raise_refusal` reads it."""
    try:
        return work()
    except InvalidRegistryError as error:
        return {"findings": [_finding_to_dict(finding) for finding in error.findings]}
    except MintmarkError as error:
        return {"memory": True} if is_memory(error) else {"refusal": str(error)}
    except MemoryError:
        return {"memory": True}


def _get_ready(artifact_format: str) -> None:
    """Import what takes seconds, which are not the model's."""
    import pandas as pd  # noqa: F401

    if artifact_format == "skops":
        from mintmark.artifacts.skops.format import import_skops_alone

        import_skops_alone()


def _await_job(folder: Path) -> dict[str, Any]:
    """Return the job when it is there; who waits in vain is ended from outside."""
    while not (folder / JOB).exists():
        time.sleep(_PAUSE)
    job: dict[str, Any] = json.loads((folder / JOB).read_bytes())
    return job


def _work(folder: Path, artifact_format: str, job: Mapping[str, Any]) -> dict[str, Any]:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    from mintmark.artifacts.loaded_model import LoadedModel
    from mintmark.artifacts.loading import load_artifact

    def load() -> Any:
        return load_artifact(Path(job["artifact"]), artifact_format, trusted=job["trusted"], sha256=job["sha256"])

    with threadpool_limits(limits=1):
        begin = time.perf_counter()
        loaded = model = load()
        first = time.perf_counter() - begin
        if job["inputs"] is not None:
            signature = Signature(inputs=job["inputs"], outputs={})
            model = LoadedModel(loaded, signature, reference="the model")
        tables = {name: read_table(folder / file, job["objects"][name]) for name, file in job["tables"].items()}
        answers = {name: ask_model(model, table) for name, table in tables.items()}
        cost = {}
        if job["measure"]:
            cost["load_seconds"] = rounded(first, 3) if first > _SLOW else median_seconds(load, 5)
            if "prediction" in answers.get(MEASURED, ()) and len(tables[MEASURED]):
                cost |= median_latency(model, tables[MEASURED])
    return {"classes": _classes(loaded, artifact_format, Path(job["artifact"])), "answers": answers, "cost": cost}


def read_table(path: Path, objects: Mapping[str, str]) -> pd.DataFrame:
    """Return a table; columns of type object come as JSON, by their position."""
    import pandas as pd

    table = pd.read_parquet(path, use_threads=False)
    for position, values in objects.items():
        table.isetitem(int(position), pd.Series(json.loads(values), index=table.index, dtype=object))
    return table


def ask_model(model: Any, table: pd.DataFrame) -> dict[str, Any]:
    """Return what a model answers to a table, or what it raises, as values for JSON."""
    try:
        return format_answer(model.predict(table), _probabilities(model, table))
    except MemoryError:
        raise
    except Exception as error:
        return format_error(error)


def _probabilities(model: Any, table: pd.DataFrame) -> Any:
    try:
        return model.predict_proba(table) if hasattr(model, "predict_proba") else None
    except MintmarkError:  # an ONNX model that has none
        return None


def _classes(model: Any, artifact_format: str, artifact: Path) -> list[Any]:
    """Return the classes in the order of the probabilities; none where the model does not tell."""
    from mintmark.artifacts.onnx_labels import onnx_classes

    if artifact_format != "onnx":
        return classes_named(model)
    try:
        return list(format_labels(onnx_classes(artifact.read_bytes())))
    except Exception:
        return []


def classes_named(model: Any) -> list[Any]:
    """Return the classes that an estimator names, in the order of its probabilities; none where it does not tell."""
    try:
        return list(format_labels(getattr(model, "classes_", [])))
    except Exception:
        return []


def median_latency(model: Any, inputs: pd.DataFrame) -> dict[str, float]:
    """Return the median times to predict one row and a batch of a thousand, which repeats the rows there are."""
    import numpy as np

    batch = inputs.iloc[np.arange(BATCH_ROWS) % len(inputs)].reset_index(drop=True)
    row = batch.iloc[:1]
    try:
        return {
            "latency_row_seconds": median_seconds(lambda: model.predict(row), 30),
            "latency_batch_seconds": median_seconds(lambda: model.predict(batch), 5),
            "batch_rows": BATCH_ROWS,
        }
    except MemoryError:
        raise
    except Exception:  # a model that takes its rows only as they are has no latency
        return {}


def median_seconds(action: Callable[[], Any], repeats: int) -> float:
    """Return the median time of an action, with three digits; it is repeated for two seconds at most."""
    times: list[float] = []
    while len(times) < repeats and sum(times) < _PATIENCE:
        begin = time.perf_counter()
        action()
        times.append(time.perf_counter() - begin)
    return rounded(statistics.median(times), 3)


def is_memory(error: BaseException) -> bool:
    """Whether an error, or what caused it, is that there is no more memory."""
    return any(isinstance(cause, MemoryError) for cause in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _finding_to_dict(finding: Finding) -> dict[str, Any]:
    return {"message": finding.message, "where": finding.where, "rule": finding.rule}


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
