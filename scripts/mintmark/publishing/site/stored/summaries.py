"""What the stored files of a model's versions come to, made once for each file and kept by its digest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.provenance.candidate import TRIALS
from mintmark.core.question import PREDICTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.publishing.site.embedded_files import EmbeddedFiles
    from mintmark.publishing.site.model_source import ModelSource
    from mintmark.registry.derived_cache import DerivedCache

_KIND: Final = "summaries"
_FILES: Final = {"typical": "profile.json", "outcomes": PREDICTIONS, "trials": TRIALS}
Summaries = dict[str, Any]
NOTHING: Final[Mapping[str, Any]] = dict.fromkeys(_FILES)


def read_summaries(
    files: EmbeddedFiles, cache: DerivedCache, source: ModelSource, counted: Mapping[str, Any]
) -> dict[str, Summaries]:
    """Return `typical`, `outcomes` and `trials` of each version, None where a file is not here or tells nothing.

    `counted` has the outcomes of versions whose predictions were just read.
    """
    if files.is_empty:
        return {}
    asked: dict[tuple[str, str], str] = {}
    for version in source.records:
        for part, name in _FILES.items():
            file = source.stored(version, name)
            if file is not None:
                asked[version, part] = json.dumps([part, file.sha256, *_question(source, version, part)])

    def summarise(place: tuple[str, str]) -> str | None:
        version, part = place
        if part == "outcomes" and version in counted:
            return json.dumps(counted[version])
        file = source.stored(version, _FILES[part])
        content = files.read_anywhere(file) if file is not None else None
        if content is None:
            return None
        return json.dumps(_summary(part, content, *_question(source, version, part)))

    found: dict[str, Summaries] = {}
    for (version, part), text in cache.complete(_KIND, asked, summarise).items():
        found.setdefault(version, dict(NOTHING))[part] = json.loads(text)
    return found


def _question(source: ModelSource, version: str, part: str) -> tuple[Any, ...]:
    """Return what the answer depends on beside the bytes."""
    if part != "outcomes":
        return ()
    return source.identity["task"], source.records[version]["signature"].get("classes") or []


def _summary(part: str, content: bytes, *question: Any) -> dict[str, Any] | None:
    if part == "typical":
        from mintmark.publishing.site.stored.typical_inputs import typical_inputs

        return typical_inputs(content)
    if part == "trials":
        from mintmark.publishing.site.stored.tuning_trials import tuning_trials

        return tuning_trials(content)
    from mintmark.publishing.site.stored.class_counts import class_counts

    task, classes = question
    return class_counts(content, task=task, classes=classes)
