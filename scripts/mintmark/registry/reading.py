"""A registry as its readers see it: models, versions, channels. Knows neither Git nor a server."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mintmark.core import layout
from mintmark.core.finding import Finding
from mintmark.core.records import Status, VersionRecord
from mintmark.core.reference import CANDIDATE, LATEST, Reference, is_name, parse_reference
from mintmark.core.settings import Settings
from mintmark.core.version import Version, is_version, latest_release, parse_version
from mintmark.core.words.meant import did_you_mean
from mintmark.errors import InvalidRegistryError, MintmarkError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from mintmark.core.events import Registration
    from mintmark.core.model import Model
    from mintmark.registry.documents import Document
    from mintmark.registry.past.history import ModelHistory
    from mintmark.registry.rows import Listing
    from mintmark.registry.stored.store import Store
    from mintmark.registry.tree import Files


class Registry(ABC):
    """What a registry says, whoever has it: a clone (`ClonedRegistry`) or a site (`PublishedRegistry`).

    Each says where a document comes from, and answers or refuses what needs Git; what the documents mean is told here,
    once for both. A broken file raises `InvalidRegistryError` when it is asked for, and hides no other.
    """

    def __init__(self, tree: Files) -> None:
        self.tree: Files = tree

    @property
    @abstractmethod
    def root(self) -> Path:
        """The root of the Git repository; raises `UsageError` where there is none."""

    @property
    @abstractmethod
    def trusted_types(self) -> tuple[str, ...]:
        """The further types that a skops file may hold."""

    @property
    @abstractmethod
    def trusted_names(self) -> tuple[str, ...]:
        """Those types, and the further operators that an ONNX file may use."""

    @abstractmethod
    def require_clone(self, what: str) -> None:
        """Raise `UsageError` where this is no clone, which alone has `what`."""

    @abstractmethod
    def require_model(self, name: str) -> None:
        """Raise what is wrong with a name that is no model of this registry."""

    @abstractmethod
    def read_many(self, kind: str, paths: list[str]) -> dict[str, Document]:
        """Return the parsed documents at those paths that are there; a fault in one is among its own findings."""

    @abstractmethod
    def list_models(self) -> Listing:
        """Return one row a model, and what could not be read."""

    @abstractmethod
    def list_versions(self, names: Iterable[str]) -> Listing:
        """Return one row a version of the models that are named, newest version first, and what could not be read."""

    @abstractmethod
    def store(self, record: VersionRecord, *, on_bytes: Callable[[int], None] | None = None) -> Store:
        """Return what has the bytes of a version."""

    @abstractmethod
    def history(self, model: str) -> ModelHistory:
        """Return what Git's history tells of a model up to this tree; raises `UsageError` where there is none."""

    @abstractmethod
    def registrations(self, model: str) -> Mapping[str, Registration]:
        """Return when each version of a model that was ever registered came, and as which; withdrawn ones count."""

    def read(self, kind: str, path: str) -> Document | None:
        """Return the parsed document at a path, None when there is no such file."""
        return self.read_many(kind, [path]).get(path)

    @cached_property
    def settings(self) -> Settings:
        """What models/registry.yaml says."""
        return Settings.from_dict(_data(self._settings_file()))

    def require_settings(self) -> None:
        """Raise `MintmarkError` where there is no models/registry.yaml, and so no registry; a broken one is one."""
        self._settings_file()

    def _settings_file(self) -> Document:
        document = self.read("registry", layout.REGISTRY)
        if document is None:
            raise MintmarkError(
                f"{layout.REGISTRY} is not there in {self.tree.label}, so this is no Mintmark registry; "
                "mintmark init begins one"
            )
        return document

    def models(self) -> list[str]:
        """Return the names of all models, sorted."""
        return [name for name in self.tree.names(layout.MODELS) if is_name(name)]

    def model(self, name: str) -> Model:
        """Return the identity of a model."""
        _require_name(name)
        document = self.read("model", layout.model_path(name))
        if document is None:
            raise MintmarkError(self._unknown_model(name))
        return self.identity(name, document)

    def identity(self, name: str, document: Document) -> Model:
        """Return what the model.yaml that was read of a model says; raise `InvalidRegistryError` for a fault in it."""
        _require_name(name)
        from mintmark.core.model import Model  # a reference needs none of it

        return Model.from_dict(self._checked(document, layout.model_path(name), name=name))

    def versions(self, model: str) -> list[Version]:
        """Return the versions of a model in ascending order, yanked ones and pre-releases included."""
        names = self.tree.names(f"{layout.MODELS}/{model}/versions")
        return sorted((parse_version(name) for name in names if is_version(name)), key=lambda version: version.order)

    def record(self, model: str, version: Version | str) -> VersionRecord:
        """Return the record of one version."""
        path = layout.version_path(model, str(version))
        document = self.read("version", path)
        if document is None:
            raise MintmarkError(self._unknown_version(model, str(version)))
        return VersionRecord.from_dict(self._checked(document, path, model=model, version=str(version)))

    def _checked(self, document: Document, path: str, **names: str) -> Mapping[str, Any]:
        """Return the data of a record that says of itself what its folder says; raise `InvalidRegistryError` else."""
        data = _data(document)
        findings = [
            Finding(path=path, where=key, message=f'"{data[key]}" disagrees with the folder, which says {name}')
            for key, name in names.items()
            if data[key] != name
        ]
        if findings:
            from mintmark.registry.snapshot import with_lines

            raise InvalidRegistryError(list(with_lines(findings, self.tree)))
        return data

    def metrics(self, model: str, version: Version | str) -> Mapping[str, Any]:
        """Return the whole of a version's metrics.json."""
        document = self.read("metrics", layout.metrics_path(model, str(version)))
        if document is None:
            raise MintmarkError(f"{layout.metrics_path(model, str(version))} is missing; git checkout brings it back")
        return _data(document)

    def channels(self, model: str) -> dict[str, str]:
        """Return the version that each channel of a model points to, in the order of the settings."""
        targets = {rule.name: self.channel(model, rule.name) for rule in self.settings.channels}
        return {name: target for name, target in targets.items() if target is not None}

    def channel(self, model: str, name: str) -> str | None:
        """Return the version that one channel of a model points to, None when it is not there."""
        if f"{name}.yaml" not in self.tree.names(f"{layout.MODELS}/{model}/channels"):
            return None
        document = self.read("channel", layout.channel_path(model, name))
        return None if document is None else str(_data(document)["version"])

    def status(self, model: str, version: Version | str) -> Status | None:
        """Return why a version was yanked, None when it was not."""
        document = self.read("status", layout.status_path(model, str(version)))
        return None if document is None else Status.from_dict(_data(document))

    def yanked(self, model: str) -> set[str]:
        """Return the versions of a model that were yanked."""
        names = self.tree.names(f"{layout.MODELS}/{model}/status")
        return {name.removesuffix(".yaml") for name in names if name.endswith(".yaml")}

    def latest(self, model: str) -> Version | None:
        """Return the highest version that is neither a pre-release nor yanked."""
        yanked = self.yanked(model)
        names = self.tree.names(f"{layout.MODELS}/{model}/versions")
        latest = latest_release(name for name in names if name not in yanked)
        return parse_version(latest) if latest else None

    def resolve(self, reference: Reference | str) -> VersionRecord:
        """Return the record of the version that a reference means; the candidate has no record and is refused."""
        wanted = as_reference(reference)
        return self.record(wanted.model, self.resolve_version(wanted))

    def resolve_version(self, reference: Reference | str) -> Version:
        """Return the version that a reference means, without reading its record."""
        wanted = as_reference(reference)
        selector = wanted.selector
        if isinstance(selector, Version):
            return selector
        if selector == CANDIDATE:
            raise UsageError(f"{wanted} is no version yet; mintmark propose {wanted.model} makes it one")
        if selector == LATEST:
            return self._latest_or_raise(wanted.model)
        return self._channel_target(wanted.model, selector)

    def _latest_or_raise(self, model: str) -> Version:
        latest = self.latest(model)
        if latest is None:
            self._require_model(model)
            raise MintmarkError(f"{model} has no released version; mintmark propose {model} makes one")
        return latest

    def _channel_target(self, model: str, channel: str) -> Version:
        path = layout.channel_path(model, channel)
        document = self.read("channel", path)
        if document is not None:
            return parse_version(str(_data(document)["version"]))
        self._require_model(model)
        if self.settings.channel(channel) is None:
            known = ", ".join(rule.name for rule in self.settings.channels)
            raise MintmarkError(f'this registry has no channel "{channel}"; its channels are {known}')
        raise MintmarkError(f"no version of {model} is in {channel} yet; mintmark promote {model}@VERSION {channel}")

    def _require_model(self, model: str) -> None:
        if self.tree.read(layout.model_path(model)) is None:
            raise MintmarkError(self._unknown_model(model))

    def _unknown_model(self, name: str) -> str:
        if name in self.models():
            return f"{layout.model_path(name)}:1: is missing; every model has one: the tutorial shows how to write it"
        return f'there is no model "{name}" in {self.tree.label}{_suggestion(name, self.models())}'

    def _unknown_version(self, model: str, version: str) -> str:
        self._require_model(model)
        if self.tree.names(f"{layout.MODELS}/{model}/versions/{version}"):
            path = layout.version_path(model, version)
            return f"{path}:1: is missing, and its folder is still there; git restore it, or withdraw the whole folder"
        known = [str(known) for known in self.versions(model)]
        hint = f"; it has {', '.join(known[-5:])}" if known else f"; mintmark propose {model} makes the first"
        return f"{model} has no version {version} in {self.tree.label}{hint}"


def as_reference(reference: Reference | str) -> Reference:
    """Return a parsed reference; raise `UsageError` for a text that is none."""
    if isinstance(reference, Reference):
        return reference
    try:
        return parse_reference(reference)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _require_name(model: str) -> None:
    if not is_name(model):
        message = "names have lower-case letters, digits and single hyphens, a letter first"
        raise UsageError(f'"{model}" cannot be a model: {message}')


def _data(document: Document) -> Mapping[str, Any]:
    if document.data is None:
        raise InvalidRegistryError(document.findings)
    return document.data


def _suggestion(name: str, known: list[str]) -> str:
    told = did_you_mean(name, known)
    if told:
        return f"; {told}"
    return f"; there are {', '.join(known[:10])}{' …' if len(known) > 10 else ''}" if known else ""
