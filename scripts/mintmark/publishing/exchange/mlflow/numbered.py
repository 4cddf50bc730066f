"""A registry whose versions have whole numbers and aliases, as MLflow's have. Imports no MLflow."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

from mintmark.core.layout import version_path
from mintmark.core.records import VersionRecord
from mintmark.core.version import is_version
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.opening import open_registry
from mintmark.registry.stored.pulling import yanked_note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mintmark.core.events import Registration
    from mintmark.core.model import Model
    from mintmark.publishing.exchange.mlflow.address import RegistryAddress
    from mintmark.registry.reading import Registry

LATEST: Final = "latest"
_SITE_SECONDS: Final = 30.0  # how old what was read of a site may be


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberedVersion:
    """A version as MLflow counts it; `record` is None where it cannot be read, and `fault` says why.

    `registered` is in milliseconds since 1970. `aliases` are its channels, `latest` and `v1.2.0`.
    """

    model: str
    version: str
    number: int
    registered: int
    record: VersionRecord | None
    fault: str = ""
    yanked: str | None = None
    aliases: tuple[str, ...] = ()


class NumberedRegistry:
    """One state of a registry: a commit of the base branch of a clone, or what a site published."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._registrations: dict[str, Mapping[str, Registration]] = {}
        self._there: dict[str, dict[str, Registration]] = {}

    @cached_property
    def models(self) -> list[str]:
        """The names of all models, sorted."""
        return self._registry.models()

    def identity(self, model: str) -> Model:
        """Return what model.yaml says; raise `MintmarkError` for a model that is not there or cannot be read."""
        return self._registry.model(model)

    def version_of(self, model: str, number: int) -> str | None:
        """Return the version with a number, None where no version has it, or the one that had it was withdrawn."""
        return next((version for version, known in self._registered(model).items() if known.number == number), None)

    def was_withdrawn(self, model: str, number: int) -> str | None:
        """Return the version that had a number and is gone, None where there is no such version."""
        versions = self._numbers(model).items()
        found = next((version for version, known in versions if known.number == number), None)
        return found if found is not None and found not in self._registered(model) else None

    def resolve(self, model: str, alias: str) -> str | None:
        """Return the version that an alias means: a channel, `latest`, `v1.2.0` or `1.2.0`; None for any other name."""
        named = alias.removeprefix("v")
        version = named if is_version(named) else self.aliases(model).get(alias)
        return version if version in self._registered(model) else None

    def aliases(self, model: str) -> dict[str, str]:
        """Return the version of each channel, and of `latest`."""
        latest = self._registry.latest(model)
        targets = {**self._registry.channels(model), **({LATEST: str(latest)} if latest else {})}
        return {alias: version for alias, version in targets.items() if version in self._registered(model)}

    def versions(self, model: str, only: Iterable[str] | None = None) -> list[NumberedVersion]:
        """Return the versions that are there, or some of them, lowest number first; a broken record hides no other."""
        wanted = self._registered(model)
        names = sorted(wanted.keys() if only is None else wanted.keys() & set(only), key=lambda v: wanted[v].number)
        paths = {name: version_path(model, name) for name in names}
        documents = self._registry.read_many("version", list(paths.values()))
        aliases, yanked = self.aliases(model), self._registry.yanked(model)
        found = []
        for name in names:
            document = documents.get(paths[name])
            fault = "" if document and document.data is not None else f"{paths[name]}: cannot be read"
            if document is not None and document.data is None:
                fault = str(InvalidRegistryError(document.findings))
            found.append(
                NumberedVersion(
                    model=model,
                    version=name,
                    number=wanted[name].number,
                    registered=_milliseconds(wanted[name].time),
                    record=None if document is None or fault else VersionRecord.from_dict(document.data or {}),
                    fault=fault,
                    yanked=yanked_note(self._registry, model, name) if name in yanked else None,
                    aliases=(*(alias for alias, target in aliases.items() if target == name), f"v{name}"),
                )
            )
        return found

    def _numbers(self, model: str) -> Mapping[str, Registration]:
        if model not in self._registrations:
            self._registry.require_model(model)
            self._registrations[model] = self._registry.registrations(model)
        return self._registrations[model]

    def _registered(self, model: str) -> dict[str, Registration]:
        """Return the versions that are on the base branch now, with their numbers."""
        if model not in self._there:
            there = {str(version) for version in self._registry.versions(model)}
            self._there[model] = {v: known for v, known in self._numbers(model).items() if v in there}
        return self._there[model]


class NumberedSource:
    """Where states of a registry come from. Not for two threads at once: what it keeps open belongs to one."""

    def __init__(self, address: RegistryAddress) -> None:
        self._address = address
        self._known: tuple[object, NumberedRegistry] | None = None
        self._read_at = 0.0

    def now(self) -> NumberedRegistry:
        """Return the state of now: of the base branch's newest commit, or of a site, read less than 30 seconds ago."""
        address = self._address
        if address.is_site:
            if self._known is None or time.monotonic() - self._read_at > _SITE_SECONDS:
                self._known = (None, NumberedRegistry(open_registry(address.place)))
                self._read_at = time.monotonic()
            return self._known[1]
        commit = address.at or base_commit(address.place)
        if self._known is None or self._known[0] != commit:
            self._known = (commit, NumberedRegistry(ClonedRegistry(address.place, at=commit)))
        return self._known[1]


def base_commit(place: str) -> str:
    """Return the commit of the base branch of a clone: a version that is not merged has no number yet."""
    base = ClonedRegistry(place).base
    if base is None:
        raise MintmarkError(f"{place}: has no commit yet, so nothing is registered")
    base.require()
    return base.told


def _milliseconds(moment: str) -> int:
    try:
        return int(datetime.fromisoformat(moment).timestamp() * 1000)
    except ValueError:  # a site may say anything
        return 0
