"""Whether a record tells how its model was trained, or the model came from elsewhere. Reads no files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

ELSEWHERE: Final = "trained elsewhere"
ELSEWHERE_TOLD: Final = "trained elsewhere: nobody here knows on which rows, and nothing here can train it again"
WHY_ELSEWHERE: Final = "it was trained elsewhere, and nothing here tells on which rows"
_TRAINING: Final = "training"


def tells_training(lineage: Any) -> bool:
    """Whether the data of a record names a training table with rows in it.

    `lineage` is that of a record, or what somebody's data.json has in its place.
    """
    entries = [entry for entry in lineage if isinstance(entry, Mapping)] if isinstance(lineage, list) else []
    return any(entry.get("role") == _TRAINING and entry.get("rows") != 0 for entry in entries)


def is_trained_elsewhere(record: Mapping[str, Any]) -> bool:
    """Whether the artifact of a record is what its stages read and none of them made."""
    return brought_artifact(record) is not None


def brought_artifact(record: Mapping[str, Any]) -> str | None:
    """Return from where a stage read the artifact that no stage made, None where the model was trained here.

    No record says this of itself: it follows from the stages, and those are what dvc.lock says (R7).
    """
    if tells_training(record.get("data", ())):
        return None
    stages, artifact = record.get("stages", {}).values(), f"md5:{record.get('artifact', {}).get('md5')}"
    made = {path for stage in stages for path in stage.get("outs", {})}
    read: list[tuple[str, str]] = [pair for stage in stages for pair in stage.get("deps", {}).items()]
    return next((path for path, digest in read if digest == artifact and path not in made), None)
