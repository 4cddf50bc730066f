"""What a record says that nobody can check, and that only its author vouches for (R7). Reads no files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mintmark.core.provenance.candidate import TRIALS
from mintmark.core.provenance.training import ELSEWHERE, is_trained_elsewhere
from mintmark.core.question import TRAINING_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MACHINE = "packages are those of the lock; the machine was the author's"
_TIMES = "measured on the author's machine"
_UNREAD = "Mintmark carries it and does not read it"
_OF_METRICS = {
    "cost": _TIMES,
    "importance": "how it is measured is up to the pipeline",
    "explanation": "which rows it is measured on is up to the pipeline",
}


class Said(NamedTuple):
    """One such field: its name, its value where that is short, and why it is not checked."""

    name: str
    value: str
    why: str


def said_by_author(record: Mapping[str, Any], metrics: Mapping[str, Any] | None) -> Iterator[Said]:
    """Yield the fields; both documents are as the schemas have them, `metrics` None where it cannot be read."""
    measured = metrics or {}
    environment = record["environment"]
    yield Said("author", record["author"], "a commit may name anybody")
    yield Said("created", record["created"], "between its parent's time and the merge, Git does not know it")
    yield Said("summary", "", "it is the author's text")
    yield Said("environment.python", environment["python"], _MACHINE)
    yield Said("environment.platform", environment["platform"], _MACHINE)
    for source in record["data"]:
        if source["role"] == "source":
            value = f"{source['path']}, {source['rows']} rows"
            yield Said(
                "data (source)", value, "it is what the pipeline read; Git knows the hash of its own files alone"
            )
    yield from _of_making(record)
    if record.get("cost"):
        yield Said("cost", "", _TIMES)
    yield from (Said(f"{key} in metrics.json", "", why) for key, why in _OF_METRICS.items() if measured.get(key))
    if "extra" in record:
        yield Said("extra", "", _UNREAD)
    if "extra" in measured:
        yield Said("extra in metrics.json", "", _UNREAD)


def _of_making(record: Mapping[str, Any]) -> Iterator[Said]:
    if is_trained_elsewhere(record):
        yield Said("artifact", ELSEWHERE, "no stage here trained it, and what it learned from is not known")
    if TRAINING_ROWS in record["files"]:
        yield Said(TRAINING_ROWS, "", "only running prepare again tells which rows were in the training")
    if TRIALS in record["files"]:
        yield Said(TRIALS, "", "only running tune again tells how each trial came out")
