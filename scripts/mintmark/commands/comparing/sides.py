"""The versions, or the candidate, that `mintmark compare` sets side by side: their records, and their stored files."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.core import layout
from mintmark.core.question import EVALUATION, PREDICTIONS
from mintmark.core.reference import CANDIDATE
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.registry.documents import parse_document
from mintmark.registry.files import read_text_file
from mintmark.registry.reading import as_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mintmark.changing.candidate_record import Candidate
    from mintmark.core.records import VersionRecord
    from mintmark.judging.fetched import FetchedVersion
    from mintmark.registry.clone import ClonedRegistry


RECORD = ".json"  # how the name of a record of `mintmark evaluate` ends; no reference does


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One of the two: its name (`iris@1.4.2`, `iris@candidate`), its record, and where its files are."""

    name: str
    model: str
    document: Mapping[str, Any]
    made: VersionRecord | Candidate
    is_elsewhere: bool = False  # measured on rows that are not among its files

    def fetch(self, registry: ClonedRegistry, names: Iterable[str]) -> FetchedVersion:
        """Return the version with those of the named files that it has; raise `ObjectError` for lost bytes."""
        from mintmark.core.records import VersionRecord
        from mintmark.judging.fetched import FetchedVersion

        record = self.made if isinstance(self.made, VersionRecord) else VersionRecord.from_dict(self.document)
        if self.is_elsewhere:
            raise MintmarkError("a record keeps no answers; mintmark compare A B --on DATA asks both again")
        wanted = [file for file in record.stored_files if file.name in set(names)]
        files: dict[str, Path] = {}
        for file in wanted:
            if isinstance(self.made, VersionRecord):
                pointer = layout.pointer_path(self.model, str(record.version), file.name)
                files[file.name] = registry.store(record).fetch(file, pointer=pointer)
            else:
                files[file.name] = self.made.paths[file.name]
        return FetchedVersion(record=record, files=files, called=self.name)

    def measured(self, registry: ClonedRegistry) -> Mapping[str, Any] | None:
        """Return its metrics.json, None where it has none that is about these rows."""
        from mintmark.core.records import VersionRecord

        if self.is_elsewhere:
            return None
        if not isinstance(self.made, VersionRecord):
            found: Mapping[str, Any] = json.loads(self.made.metrics)
            return found
        version = str(self.made.version)
        is_there = registry.read("metrics", layout.metrics_path(self.model, version)) is not None
        return registry.metrics(self.model, version) if is_there else None


def read_side(registry: ClonedRegistry, text: str) -> Side:
    """Return what a reference names, or the version that a record of `mintmark evaluate` is about, as it says.

    Raises `MintmarkError` where there is no such version, candidate or record.
    """
    if text.endswith(RECORD):
        return _read_record(registry, Path(text))
    reference = as_reference(text)
    if reference.selector == CANDIDATE:
        from mintmark.changing.candidate_record import read_candidate

        candidate = read_candidate(registry, reference.model)[0]
        unnumbered = {"version": "0.0.0", "parent": None, "created": "", "author": "", "summary": ""}
        document = {**unnumbered, "model": reference.model, **candidate.document}
        return Side(name=str(reference), model=reference.model, document=document, made=candidate)
    record = registry.resolve(reference)
    return Side(name=record.reference, model=record.model, document=record.document, made=record)


def _read_record(registry: ClonedRegistry, path: Path) -> Side:
    """Return a version with the metrics, and the rows, that a record of an evaluation has of it."""
    document = parse_document("evaluation", read_text_file(path), str(path))
    if document.data is None:
        raise InvalidRegistryError(document.findings)
    record = document.data
    side = read_side(registry, record["reference"])
    if side.document["artifact"]["sha256"] != record["artifact"]["sha256"]:
        raise MintmarkError(f"{path}: is about another artifact than {side.name} has; mintmark evaluate makes it anew")
    data = record["data"]
    rows = {"role": "evaluation", "path": data["path"], "hash": f"sha256:{data['sha256']}", "rows": data["rows"]}
    others = [source for source in side.document["data"] if source["role"] != "evaluation"]
    files = {name: file for name, file in side.document["files"].items() if name not in (EVALUATION, PREDICTIONS)}
    found = {**side.document, "files": files, "metrics": record["metrics"], "data": [*others, rows]}
    return replace(side, name=f"{side.name} on {data['path']}", document=found, is_elsewhere=True)
