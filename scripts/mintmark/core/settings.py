"""What models/registry.yaml says, as values: the channels in their order, limits and addresses. Reads no files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mintmark.core.records import parse_size

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_FILE_LIMIT = 10 * 1000**2
DEFAULT_STORE_LIMIT = 500 * 1000**2


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelRule:
    """One channel of the settings; `after` names the channel that a version must have held first."""

    name: str
    after: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class KServe:
    """What serves a channel: a container image, and its arguments, which may hold `{model}` and the like."""

    image: str
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join((self.image, *self.arguments))


@dataclass(frozen=True, kw_only=True, slots=True)
class Kubernetes:
    """What serves a channel on plain Kubernetes: an image, what it is told, and how many of it run."""

    image: str
    arguments: tuple[str, ...] = ()
    replicas: int = 2

    def __str__(self) -> str:
        return " ".join((self.image, *self.arguments, f"x {self.replicas}"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What models/registry.yaml says; sizes are in bytes."""

    name: str
    channels: tuple[ChannelRule, ...]
    base_branch: str = "main"
    trusted_types: tuple[str, ...] = ()
    trusted_operators: tuple[str, ...] = ()
    file_limit: int = DEFAULT_FILE_LIMIT
    store_limit: int = DEFAULT_STORE_LIMIT
    repository: str | None = None
    site: str | None = None
    server: str | None = None
    kserve: KServe | None = None
    kubernetes: Kubernetes | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Settings:
        """Build the settings from a document that its schema accepts."""
        limits, addresses = data.get("limits", {}), data.get("addresses", {})
        kserve, kubernetes = data.get("kserve"), data.get("kubernetes")
        return cls(
            name=data["name"],
            channels=tuple(ChannelRule(name=c["name"], after=c.get("after")) for c in data["channels"]),
            base_branch=data.get("base_branch", "main"),
            trusted_types=tuple(data.get("trusted_types", ())),
            trusted_operators=tuple(data.get("trusted_operators", ())),
            file_limit=parse_size(limits.get("file", DEFAULT_FILE_LIMIT)),
            store_limit=parse_size(limits.get("store", DEFAULT_STORE_LIMIT)),
            repository=addresses.get("repository"),
            site=addresses.get("site"),
            server=addresses.get("server"),
            kserve=KServe(image=kserve["image"], arguments=tuple(kserve.get("arguments", ()))) if kserve else None,
            kubernetes=_kubernetes(kubernetes) if kubernetes else None,
        )

    @property
    def trusted_names(self) -> tuple[str, ...]:
        """What a file may hold beyond the lists: types of a skops file, operators of an ONNX file."""
        return (*self.trusted_types, *self.trusted_operators)

    @property
    def first_channel(self) -> str:
        """The channel that a new version enters."""
        return self.channels[0].name

    @property
    def last_channel(self) -> str:
        """The channel whose version is the champion."""
        return self.channels[-1].name

    def channel(self, name: str) -> ChannelRule | None:
        """Return the rule of a channel, None when the settings know none of that name."""
        return next((rule for rule in self.channels if rule.name == name), None)


def _kubernetes(data: Mapping[str, Any]) -> Kubernetes:
    arguments = tuple(data.get("arguments", ()))
    return Kubernetes(image=data["image"], arguments=arguments, replicas=data.get("replicas", 2))
