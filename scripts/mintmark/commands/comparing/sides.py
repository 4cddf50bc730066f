"""The versions, or the candidate, that `mintmark compare` sets side by side: their records, and their stored files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mintmark.core import layout
from mintmark.core.reference import CANDIDATE
from mintmark.registry.reading import as_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mintmark.changing.candidate_record import Candidate
    from mintmark.core.records import VersionRecord
    from mintmark.judging.fetched import FetchedVersion
    from mintmark.registry.clone import ClonedRegistry


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One of the two: its name (`iris@1.4.2`, `iris@candidate`), its record, and where its files are."""

    name: str
    model: str
    document: Mapping[str, Any]
    made: VersionRecord | Candidate

    def fetch(self, registry: ClonedRegistry, names: Iterable[str]) -> FetchedVersion:
        """Return the version with those of the named files that it has; raise `ObjectError` for lost bytes."""
        from mintmark.core.records import VersionRecord
        from mintmark.judging.fetched import FetchedVersion

        record = self.made if isinstance(self.made, VersionRecord) else VersionRecord.from_dict(self.document)
        wanted = [file for file in record.stored_files if file.name in set(names)]
        files: dict[str, Path] = {}
        for file in wanted:
            if isinstance(self.made, VersionRecord):
                pointer = layout.pointer_path(self.model, str(record.version), file.name)
                files[file.name] = registry.store(record).fetch(file, pointer=pointer)
            else:
                files[file.name] = self.made.paths[file.name]
        return FetchedVersion(record=record, files=files, called=self.name)


def read_side(registry: ClonedRegistry, text: str) -> Side:
    """Return what a reference names; raise `MintmarkError` where there is no such version or candidate."""
    reference = as_reference(text)
    if reference.selector == CANDIDATE:
        from mintmark.changing.candidate_record import read_candidate

        candidate = read_candidate(registry, reference.model)[0]
        unnumbered = {"version": "0.0.0", "parent": None, "created": "", "author": "", "summary": ""}
        document = {**unnumbered, "model": reference.model, **candidate.document}
        return Side(name=str(reference), model=reference.model, document=document, made=candidate)
    record = registry.resolve(reference)
    return Side(name=record.reference, model=record.model, document=record.document, made=record)
