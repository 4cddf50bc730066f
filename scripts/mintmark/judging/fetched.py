"""A version as a contender: its record, and its stored files fetched and verified. Loads no model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mintmark.core import layout
from mintmark.core.judgement.opinion import found
from mintmark.core.question import EVALUATION
from mintmark.errors import InvalidRegistryError
from mintmark.judging.hearing import attempt
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.pipeline import LOCK, parse_lock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mintmark.core.question import Label
    from mintmark.core.records import VersionRecord
    from mintmark.judging.hearing import Judging
    from mintmark.judging.span import Span
    from mintmark.registry.stored.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedVersion:
    """One version as a contender: its record and the verified files that the judge may read."""

    record: VersionRecord
    files: Mapping[str, Path]
    called: str = ""  # what has no number yet has another name than its record

    @property
    def name(self) -> str:
        """`iris@1.4.2`."""
        return self.called or self.record.reference

    @property
    def classes(self) -> tuple[Label, ...]:
        """The classes that the record names, in the order of its stored probabilities."""
        return self.record.signature.classes

    @property
    def inputs(self) -> list[str]:
        """The columns that the model takes, in order."""
        return list(self.record.signature.inputs)


def fetch_version(store: Store, record: VersionRecord) -> FetchedVersion:
    """Fetch and verify every stored file of a version; raise `ObjectError` for the first that is not to be had."""
    version = str(record.version)
    return FetchedVersion(
        record=record,
        files={
            file.name: store.fetch(file, pointer=layout.pointer_path(record.model, version, file.name))
            for file in record.stored_files
        },
    )


def fetch_judged(span: Span, side: ClonedRegistry, record: VersionRecord) -> Judging[FetchedVersion | None]:
    """Fetch a version and say that its bytes are there, or what is wrong with them (then return None)."""
    path = layout.version_path(record.model, str(record.version))
    version = yield from attempt(lambda: fetch_version(span.store(side), record), "bytes", path=path)
    if version is not None:
        files = len(record.stored_files)
        yield found("bytes", "pass", f"all {files} files of {record.reference} are there and match their sha256")
    return version


def names_other_rows(record: VersionRecord) -> bool:
    """Whether the record's lineage names another file of evaluation rows than the one that it stores."""
    file = record.stored_file(EVALUATION)
    hashes = {source.hash for source in record.data if source.role == "evaluation"}
    return file is not None and bool(hashes - {f"sha256:{file.sha256}"})


def locked_rows(side: ClonedRegistry) -> dict[str, str | None]:
    """Return the md5 of the evaluation rows that dvc.lock names for the candidate of each model."""
    content = side.tree.read(LOCK)
    rows: dict[str, str | None] = {}
    for stage in parse_lock(content).values() if content is not None else ():
        for out in stage.outs:
            place = layout.locate(out.path)
            if place.kind == "candidate" and out.path == layout.candidate_path(place.model, EVALUATION):
                rows.setdefault(place.model, out.md5)
    return rows


def judge_other_rows(span: Span, *, judged: str | None = None) -> Judging[None]:
    """Name each model, but the one that is `judged` by itself, whose evaluation rows a change to dvc.lock moves.

    Those that dvc.lock of the base names are the rows that later proposals are judged on. Where a model has no
    versions, dvc.lock may stop to name rows.
    """
    models = span.after.models()
    if not models or not any(change.path == LOCK for change in span.paths):
        return
    befores, afters = _readable_rows(span.before), locked_rows(span.after)
    for model in models:
        before, after = befores.get(model), afters.get(model)
        if model == judged or after == before or (after is None and not span.after.versions(model)):
            continue
        message = f"{model}: other evaluation rows (md5 {before or 'none'} -> {after or 'none'})"
        yield found("evaluation data", "decide", f"{message}; later proposals are judged on them", LOCK)


def _readable_rows(side: ClonedRegistry) -> dict[str, str | None]:
    """Return the rows that dvc.lock names, none where it cannot be read: a change may mend it."""
    try:
        return locked_rows(side)
    except InvalidRegistryError:
        return {}
