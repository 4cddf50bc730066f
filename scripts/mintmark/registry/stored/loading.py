"""Load what a reference means, verified, as a model that checks its inputs. Runs no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mintmark.core import layout
from mintmark.core.finding import Finding
from mintmark.core.records import Signature
from mintmark.core.reference import CANDIDATE
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.registry.reading import as_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mintmark.core.records import VersionRecord
    from mintmark.core.reference import Reference
    from mintmark.registry.reading import Registry

_SIGNATURE = "signature.json"


def load_model(registry: Registry, reference: Reference | str, *, trusted_types: Sequence[str] = ()) -> Any:
    """Return the `LoadedModel` that a reference means; of safetensors, which know no columns, a dictionary of arrays.

    The bytes are checked against the record first, and types that neither Mintmark nor `trusted_types` nor a clone's
    settings know are refused. Raises `MintmarkError`.
    """
    return fetch_model(registry, reference, trusted_types=trusted_types)()


def fetch_model(
    registry: Registry, reference: Reference | str, *, trusted_types: Sequence[str] = ()
) -> Callable[[], Any]:
    """Return what loads the model that a reference means, whose file is here now; see `load_model`."""
    wanted = as_reference(reference)
    trusted = (*registry.trusted_names, *trusted_types)
    if wanted.selector == CANDIDATE:
        return _fetch_candidate(registry, wanted.model, trusted)
    record = registry.resolve(wanted)
    pointer = layout.pointer_path(record.model, str(record.version), record.artifact.name)
    store = registry.store(record)
    file = store.fetch(record.artifact, pointer=pointer)

    def load(_store: object = store) -> Any:  # which goes with what it fetched into a temporary folder
        return open_artifact(record, file, trusted)

    return load


def open_artifact(record: VersionRecord, file: Path, trusted: Sequence[str]) -> Any:
    """Return the `LoadedModel` in the artifact of a version, which lies in `file`; see `load_model`."""
    name = layout.pointer_path(record.model, str(record.version), record.artifact.name).removesuffix(".dvc")
    loaded = _load_file(file, record.format, record.artifact.sha256, name, trusted)
    return _with_signature(loaded, record.signature, record.reference)


def _fetch_candidate(registry: Registry, model: str, trusted: Sequence[str]) -> Callable[[], Any]:
    from mintmark.artifacts.formats import detect_format
    from mintmark.registry.stored.candidate import candidate_artifact, candidate_files, locate_candidate

    registry.require_clone("candidates")
    files = candidate_files(registry, model)
    locked = candidate_artifact(files, model)
    stored, file = locate_candidate(registry, locked)
    found = detect_format(file, name=locked.path)
    if isinstance(found, Finding):
        raise InvalidRegistryError([found])
    artifact_format, signature = found, candidate_signature(registry, model)

    def load() -> Any:
        loaded = _load_file(file, artifact_format, stored.sha256, locked.path, trusted)
        return _with_signature(loaded, signature, f"{model}@{CANDIDATE}")

    return load


def candidate_signature(registry: Registry, model: str) -> Signature:
    """Return what the pipeline wrote of a candidate's inputs and outputs; raise `MintmarkError` where it did not."""
    from mintmark.registry.stored.candidate import candidate_files, locate_candidate, parse_candidate

    locked = candidate_files(registry, model).get(_SIGNATURE)
    if locked is None:
        path = layout.candidate_path(model, _SIGNATURE)
        raise MintmarkError(f"dvc.lock names no {path}, which says what columns the model takes; dvc repro makes it")
    data = parse_candidate(locate_candidate(registry, locked)[1].read_bytes(), locked.path)
    return Signature.from_dict({"outputs": {}, **data})


def _load_file(file: Path, artifact_format: str, sha256: str, name: str, trusted: Sequence[str]) -> Any:
    """Load verified bytes; what the checks find is told of `name`, not of a path in the cache."""
    from mintmark.artifacts.loading import load_artifact

    return load_artifact(file, artifact_format, trusted=trusted, sha256=sha256, name=name)


def _with_signature(loaded: Any, signature: Signature, reference: str) -> Any:
    from mintmark.artifacts.loaded_model import LoadedModel

    if isinstance(loaded, dict):
        return loaded
    return LoadedModel(loaded, signature, reference=reference, as_given=not signature.inputs)
