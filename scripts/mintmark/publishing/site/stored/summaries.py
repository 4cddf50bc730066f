"""What the stored files of a model's versions come to, made once for each file and kept by its digest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.provenance.candidate import TRIALS
from mintmark.core.question import PREDICTIONS
from mintmark.core.records import StoredFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.publishing.site.embedded_files import EmbeddedFiles
    from mintmark.publishing.site.model_source import ModelSource
    from mintmark.registry.derived_cache import DerivedCache

_KIND: Final = "summaries"
_FILES: Final = {"typical": "profile.json", "outcomes": PREDICTIONS, "trials": TRIALS}
Summaries = dict[str, Any]
NOTHING: Final[Mapping[str, Any]] = dict.fromkeys(_FILES)


def read_summaries(files: EmbeddedFiles, cache: DerivedCache, source: ModelSource) -> dict[str, Summaries]:
    """Return `typical`, `outcomes` and `trials` of each version, None where a file is not here or tells nothing."""
    if files.is_empty:
        return {}
    asked: dict[tuple[str, str], tuple[str, StoredFile]] = {}
    for version, record in source.records.items():
        for part, name in _FILES.items():
            entry = record["files"].get(name)
            if entry is not None:
                file = StoredFile.from_dict(name, entry)
                asked[version, part] = json.dumps([part, file.sha256, *_question(source, version, part)]), file
    known = cache.get_many(_KIND, (key for key, _ in asked.values()))
    fresh = {}
    for (version, part), (key, file) in asked.items():
        content = None if key in known else files.read_anywhere(file)
        if content is not None:
            known[key] = fresh[key] = json.dumps(_summary(part, content, *_question(source, version, part)))
    cache.put_many(_KIND, fresh)
    found: dict[str, Summaries] = {}
    for (version, part), (key, _) in asked.items():
        if key in known:
            found.setdefault(version, dict(NOTHING))[part] = json.loads(known[key])
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
