"""Open the other registries that `mintmark import` knows, and say which versions come under which number."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mintmark.beginning.importing.found import model_name
from mintmark.beginning.importing.gto_source import GtoSource
from mintmark.beginning.importing.huggingface_source import HuggingFaceSource
from mintmark.beginning.importing.mlflow_runs import MlflowRunsSource
from mintmark.beginning.importing.mlflow_server import MlflowServer
from mintmark.beginning.importing.mlflow_source import MlflowSource
from mintmark.beginning.importing.said_record import is_of
from mintmark.core.version import parse_version
from mintmark.errors import MintmarkError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mintmark.beginning.importing.found import FoundVersion, Source
    from mintmark.core.judgement.rules import ModelState
    from mintmark.registry.clone import ClonedRegistry


def open_source(system: str, **given: Any) -> Source:
    """Return the model in another registry; raise `UsageError` for words that do not go together."""
    return _SOURCES[system](**given)


def name_here(source: Source) -> str:
    """Return what a model is called here where nobody says it."""
    if isinstance(source, MlflowRunsSource):
        raise UsageError("a run has no name for a model; --as MODEL says what it is called here")
    return model_name(source.model)


def _mlflow(place: str, name: str | None, tracking: str | None, runs: Sequence[str]) -> Source:
    registry = MlflowServer.at(place)
    if runs:
        if name is not None or tracking is not None:
            raise UsageError("--run brings what a run of PLACE logged, so leave NAME and --tracking out")
        return MlflowRunsSource(tracking=registry, runs=runs)
    name = _named(name, "of the registered model")
    with_runs = MlflowServer.at(tracking) if tracking else registry
    return MlflowSource(registry=registry, tracking=with_runs, model=name)


def _gto(place: str, name: str | None, tracking: str | None, runs: Sequence[str]) -> Source:
    _refuse_others(tracking, runs)
    return GtoSource(folder=Path(place), model=_named(name, "of the artifact"))


def _huggingface(place: str, name: str | None, tracking: str | None, runs: Sequence[str]) -> Source:
    _refuse_others(tracking, runs)
    return HuggingFaceSource(folder=Path(place), model=name or Path(place).resolve().name)


def _named(name: str | None, what: str) -> str:
    if name is None:
        raise UsageError(f"write the name {what} behind where it lies: mintmark import SYSTEM PLACE NAME")
    return name


def _refuse_others(tracking: str | None, runs: Sequence[str]) -> None:
    if tracking is not None or runs:
        raise UsageError(f"{'--run' if runs else '--tracking'} is for MLflow; leave it out")


_SOURCES: Final[Mapping[str, Callable[..., Source]]] = {
    "gto": _gto,
    "huggingface": _huggingface,
    "mlflow": _mlflow,
}


def wanted_versions(source: Source, only: Sequence[str]) -> list[FoundVersion]:
    """Return the versions that are there, or those of them that were named."""
    versions = list(source.versions())
    names = [version.name for version in versions]
    for name in only:
        if name not in names:
            raise UsageError(f"--only {name}: {source.model} has no such version; it has {', '.join(names[:20])}")
    if not versions:
        raise MintmarkError(f"{source.address}: {source.model} has no version")
    return [version for version in versions if not only or version.name in only]


def numbered(
    registry: ClonedRegistry, state: ModelState | None, source: Source, versions: Sequence[FoundVersion]
) -> list[FoundVersion]:
    """Give each version that has no number there the one that it has here, else the next first part that is free."""
    if all(version.number for version in versions):
        return list(versions)
    numbers_here = list(state.versions) if state is not None else []
    known = (
        {number: registry.record(state.model, number).document.get("extra") for number in numbers_here} if state else {}
    )
    used = [parse_version(number).major for number in (*numbers_here, *(state.released if state is not None else ()))]
    following = count(max(used, default=0) + 1)
    found = []
    for version in versions:
        if not version.number:
            here = next((number for number, extra in known.items() if is_of(extra, source, version)), None)
            version = replace(version, number=here or ("" if version.why_not else f"{next(following)}.0.0"))
        found.append(version)
    return found
