"""Whether the columns that model.yaml names exist: in the newest version, or in the candidate. Runs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mintmark.core import layout
from mintmark.core.finding import Finding, format_place
from mintmark.core.named_columns import KnownColumns, named_columns, prepared_columns, recorded_columns, unknown_columns
from mintmark.errors import MintmarkError
from mintmark.registry.files import read_json, read_yaml
from mintmark.registry.tree import WorkTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mintmark.registry.clone import ClonedRegistry

_PARAMS = "params.yaml"


def column_findings(registry: ClonedRegistry, models: Iterable[str]) -> Iterator[Finding]:
    """Yield a finding for each column of a slice, behaviour test or monitoring section that no row of the model has.

    A model that cannot be read, or of which no columns are known yet, has none. Places have no lines yet.
    """
    paths = {layout.model_path(model): model for model in models}
    for path, document in registry.read_many("model", list(paths)).items():
        model, data = paths[path], document.data
        if data is None or next(named_columns(data), None) is None:
            continue
        known = _known(registry, model, data)
        if known is not None:
            for place, message in unknown_columns(data, known):
                yield Finding(path=path, where=format_place(place), message=message)


def _known(registry: ClonedRegistry, model: str, data: Mapping[str, Any]) -> KnownColumns | None:
    """Return what the newest version and the candidate have together: a column may be described before its proposal."""
    found = [*_of_newest(registry, model), *_of_candidate(registry, model)]
    if not found:
        return None
    beside = {data[key] for key in ("target", "entity_column") if data.get(key)} | _of_params(registry, model)
    return KnownColumns(
        inputs=frozenset(column for each in found for column in each.inputs),
        beside=frozenset(beside).union(*(each.beside for each in found)),
        whole=all(each.whole for each in found),
    )


def _of_newest(registry: ClonedRegistry, model: str) -> Iterator[KnownColumns]:
    versions = registry.versions(model)
    if versions:
        document = registry.read("version", layout.version_path(model, str(max(versions))))
        if document is not None and document.data is not None:
            yield recorded_columns(document.data)


def _of_candidate(registry: ClonedRegistry, model: str) -> Iterator[KnownColumns]:
    """Yield the columns of the candidate in the work tree, where there is one."""
    if not isinstance(registry.tree, WorkTree):
        return
    data = _mapping(registry.root / layout.candidate_path(model, "data.json"))
    inputs, carried = data.get("inputs"), data.get("carried")
    if isinstance(inputs, list) and isinstance(carried, list):
        yield KnownColumns(inputs=frozenset(map(str, inputs)), beside=frozenset(map(str, carried)))


def _of_params(registry: ClonedRegistry, model: str) -> set[str]:
    """Return what params.yaml of the work tree carries: the next run of the pipeline will have it."""
    models = _mapping(registry.root / _PARAMS).get("models") if isinstance(registry.tree, WorkTree) else None
    section = models.get(model) if isinstance(models, dict) else None
    preparation = section.get("prepare") if isinstance(section, dict) else None
    return prepared_columns(preparation) if isinstance(preparation, dict) else set()


def _mapping(path: Path) -> dict[str, Any]:
    """Return what a file of the pipeline holds, nothing where it is not there; its own faults are told elsewhere."""
    try:
        if not path.is_file():
            return {}
        return read_json(path) if path.suffix == ".json" else read_yaml(path, number_keys=True)
    except MintmarkError:
        return {}
