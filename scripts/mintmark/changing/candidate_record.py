"""A candidate as the record that it would become, with all that stands against it. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mintmark.artifacts.digest import digest_bytes
from mintmark.artifacts.formats import detect_format
from mintmark.artifacts.named_files import ARTIFACT_SUFFIXES, check_artifact_file
from mintmark.changing.environment import describe_environment
from mintmark.core import layout
from mintmark.core.finding import Finding
from mintmark.core.named_columns import row_columns
from mintmark.core.provenance.candidate import BEST, READ, describe_candidate, stored_names
from mintmark.core.records import Provenance, StoredFile, format_pointer
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.registry.documents import parse_document
from mintmark.registry.files import read_json
from mintmark.registry.pipeline import (
    LockedFile,
    LockedStage,
    declared_stages,
    model_stages,
    pipeline_status,
    read_lock,
    stage_targets,
)
from mintmark.registry.schemas import accepts
from mintmark.registry.stored.candidate import (
    candidate_artifact,
    candidate_files,
    candidate_remedy,
    locate_candidate,
    parse_candidate,
)
from mintmark.registry.stored.contents import check_stored_file
from mintmark.registry.yaml.text import format_yaml, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mintmark.registry.clone import ClonedRegistry

_COST = ("load_seconds", "latency_row_seconds", "latency_batch_seconds", "batch_rows")
_SCHEMA = "../../../../schemas/version.schema.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """What the pipeline made last: the content of a version record but for what a person decides.

    `stored` has the artifact first; `companions` are the JSON files of the same run, which go to the store as well, so
    that `dvc metrics diff` and `dvc pull` work in any clone; `paths` tells where the bytes of each of both lie;
    `document` has the fields of a record from `artifact` to `environment`; `metrics` is metrics.json as it is; `notes`
    say in one line each what the record goes without.
    """

    model: str
    stored: tuple[StoredFile, ...]
    companions: tuple[StoredFile, ...]
    paths: Mapping[str, Path]
    metrics: bytes
    document: Mapping[str, Any]
    stages: Mapping[str, LockedStage]
    notes: tuple[str, ...] = ()

    @property
    def provenance(self) -> Provenance:
        """What made it, to be compared with what made a version."""
        return Provenance.from_dict({"model": self.model, **self.document})

    def read(self, file: StoredFile) -> bytes:
        """Return the bytes of a stored file; raise `MintmarkError` when they are not what they were a moment ago."""
        content = self.paths[file.name].read_bytes()
        if digest_bytes(content).sha256 != file.sha256:
            raise MintmarkError(f"{self.paths[file.name]} changed meanwhile; dvc repro, and try again")
        return content


def stale_stages(root: Path, model: str) -> list[Finding]:
    """Return a finding for each stage of a model that is not up to date."""
    status = pipeline_status(root, model)
    last = (declared_stages(root, model) or stage_targets(root, model))[-1] if status else ""
    return [
        Finding(path="dvc.lock", where=stage, message=f"{'; '.join(reasons)}; dvc repro {last} runs it")
        for stage, reasons in status.items()
    ]


def read_candidate(registry: ClonedRegistry, model: str) -> tuple[Candidate, list[Finding]]:
    """Return a model's candidate and what keeps it out of the registry: unsafe files, an unpinned environment.

    Raises `MintmarkError` where there is no candidate that could be described at all.
    """
    files = candidate_files(registry, model)
    artifact = candidate_artifact(files, model)
    _require(registry, files, model, READ)
    read = {name: _read_json(registry, files[name]) for name in (*READ, BEST) if name in files}
    documents: dict[str, Any] = {name: data for name, (_, data) in read.items()}
    names = [artifact.path.rpartition("/")[2], *stored_names(files, documents["data.json"]["lineage"])]
    _require(registry, files, model, names)
    others = sorted(name for name in files if name.endswith(".json") and name not in names)
    located = {name: locate_candidate(registry, files[name]) for name in (*names, *others)}
    paths = {name: path for name, (_, path) in located.items()}
    stored = [located[name][0] for name in names]
    stages = model_stages(read_lock(registry.root), model)
    described = describe_candidate(model, documents, {name: stage.to_dict() for name, stage in stages.items()})
    artifact_format, findings = _check_formats(registry, model, stored, paths, described["signature"])
    environment, unpinned = describe_environment(registry.root, artifact_format, registry.settings.trusted_types)
    first, *further = stored
    document = {
        "artifact": {"path": first.name, "format": artifact_format, **first.to_dict()},
        "files": {file.name: file.to_dict() for file in further},
        **described,
        "environment": environment,
    }
    cost, notes = _measured_cost(registry.root, model, first, documents["metrics.json"])
    if cost:
        document["cost"] = cost
    candidate = Candidate(
        model=model,
        stored=tuple(stored),
        companions=tuple(located[name][0] for name in others),
        paths=paths,
        metrics=read["metrics.json"][0],
        document=document,
        stages=stages,
        notes=notes,
    )
    return candidate, [*findings, *unpinned]


def _require(registry: ClonedRegistry, files: Mapping[str, LockedFile], model: str, names: Iterable[str]) -> None:
    missing = [
        Finding(
            path=layout.candidate_path(model, name),
            message="is not among the outputs in dvc.lock; "
            f"every candidate has it: declare it in dvc.yaml, then {candidate_remedy(registry, model)}",
        )
        for name in names
        if name not in files
    ]
    if missing:
        raise InvalidRegistryError(missing)


def _read_json(registry: ClonedRegistry, file: LockedFile) -> tuple[bytes, Any]:
    """Return a JSON file of the candidate as bytes and as data."""
    content = locate_candidate(registry, file)[1].read_bytes()
    return content, parse_candidate(content, file.path)


def _measured_cost(
    root: Path, model: str, artifact: StoredFile, metrics: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what cost.json measured of this very artifact, or nothing and why; a team may keep it in metrics.json.

    It lies beside the outputs and is none: DVC neither brings it back nor knows whether it fits.
    """
    if "cost" in metrics:
        return {}, ()
    path = layout.candidate_path(model, layout.COST)
    reason = "is not there"
    try:
        if (root / path).exists():
            measured = read_json(root / path)
            if measured.get("artifact") == f"sha256:{artifact.sha256}":
                return {name: value for name, value in measured.items() if name in _COST}, ()
            reason = "is about another artifact"
    except MintmarkError as error:
        reason = f"cannot be read ({error})"
    return {}, (f"{path} {reason}: the record tells no times. The stage that evaluates writes it.",)


def _check_formats(
    registry: ClonedRegistry,
    model: str,
    stored: list[StoredFile],
    paths: Mapping[str, Path],
    signature: Mapping[str, Any],
) -> tuple[str, list[Finding]]:
    """Return the artifact's format, and the findings of R8 for all stored files."""
    first, *further = stored
    name = layout.candidate_path(model, first.name)
    detected = detect_format(paths[first.name], name=name)
    declared = ARTIFACT_SUFFIXES.get(f".{first.name.rpartition('.')[2]}", "data")
    trusted = registry.settings.trusted_names
    findings = check_artifact_file(paths[first.name], first.name, declared, path=name, trusted=trusted)
    identity = registry.read("model", layout.model_path(model))
    columns = row_columns(identity.data or {}) if identity is not None else []
    for file in further:
        place = layout.candidate_path(model, file.name)
        findings += check_stored_file(paths[file.name], file.name, signature, columns, path=place)
    return (declared if isinstance(detected, Finding) else detected), findings


def record_files(
    candidate: Candidate,
    version: str,
    parent: str | None,
    *,
    created: str,
    author: str,
    summary: str,
    extra: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the version document and the files of its folder by path: record, metrics and pointers.

    `extra` is what the record keeps that nobody checks, such as where the version came from.

    Raises `InvalidRegistryError` where the record would break its own schema.
    """
    model = candidate.model
    document = {
        "schema": 1,
        "model": model,
        "version": version,
        "parent": parent,
        "created": created,
        "author": author,
        "summary": summary,
        **candidate.document,
        **({} if extra is None else {"extra": dict(extra)}),
    }
    text = format_yaml(document, schema=_SCHEMA).encode()
    path = layout.version_path(model, version)
    if not accepts("version", parse_yaml(text)):
        raise InvalidRegistryError(parse_document("version", text, path).findings)
    files = {path: text, layout.metrics_path(model, version): candidate.metrics}
    for file in candidate.stored:
        files[layout.pointer_path(model, version, file.name)] = format_pointer(file).encode()
    return document, files
