"""What a record says of a candidate, taken from what the pipeline wrote. Reads no files.

`propose` writes what this says, and `review` holds a record against it, so the two cannot drift apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mintmark.core.provenance.training import tells_training
from mintmark.core.question import EVALUATION, PREDICTIONS, TRAINING_ROWS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_STORED: Final = (PREDICTIONS, EVALUATION, TRAINING_ROWS, "profile.json")
READ: Final = ("metrics.json", "signature.json", "data.json")
BEST: Final = "best.json"
TRIALS: Final = "trials.csv"  # which a pipeline that searches for parameters writes, and its version keeps
TRIAL_COLUMNS: Final = ("trial", "score", "deviation", "rank")
_SIGNATURE: Final = ("inputs", "outputs", "classes")
# What params.yaml says of these is kept with the stages; the rest describes the model itself.
_OF_STAGES: Final = ("source", "prepare", "tune", "evaluate")


def required_names(lineage: Any) -> list[str]:
    """Return the files that a version must keep beside its artifact: digests of its training where that is told."""
    return [name for name in _STORED if name != TRAINING_ROWS or tells_training(lineage)]


def stored_names(outputs: Collection[str], lineage: Any) -> list[str]:
    """Return the files that a version keeps beside its artifact, of a pipeline with these outputs."""
    required = required_names(lineage)
    return [name for name in (*_STORED, TRIALS) if name in required or name in outputs]


def describe_candidate(
    model: str, documents: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the fields of a record from `signature` to `stages`.

    `documents` has the JSON files of `READ` by name, and best.json where the pipeline wrote one. `stages` has the
    entries of dvc.lock by name, as a record holds them.
    """
    signature = documents["signature.json"]
    return {
        "signature": {key: value for key, value in signature.items() if key in _SIGNATURE},
        "parameters": _parameters(model, stages, documents.get(BEST)),
        "metrics": documents["metrics.json"]["metrics"],
        "data": documents["data.json"]["lineage"],
        "stages": dict(stages),
    }


def _parameters(model: str, stages: Mapping[str, Mapping[str, Any]], best: Any) -> dict[str, Any]:
    """Return what describes the model in params.yaml, without its prefix, and the best values that tuning found."""
    prefix, parameters = f"models.{model}.", {}
    for stage in stages.values():
        for name, value in stage.get("params", {}).get("params.yaml", {}).items():
            own = name.removeprefix(prefix)
            if own.partition(".")[0] not in _OF_STAGES:
                parameters[own] = value
    if isinstance(best, dict) and best.get("parameters"):
        parameters["best"] = best["parameters"]
    return parameters
