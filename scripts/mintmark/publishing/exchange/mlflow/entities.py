"""Models and versions as MLflow's own entities. Reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlflow.entities.model_registry import (
    ModelVersion,
    ModelVersionTag,
    RegisteredModel,
    RegisteredModelAlias,
    RegisteredModelTag,
)

from mintmark.core.events import person_name
from mintmark.publishing.exchange.mlflow.address import format_version_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mintmark.core.model import Model
    from mintmark.publishing.exchange.mlflow.address import RegistryAddress
    from mintmark.publishing.exchange.mlflow.numbered import NumberedVersion

STAGES: Final = ("Staging", "Production")  # MLflow's own, which channels of these names are told as
_READY, _BROKEN = "READY", "FAILED_REGISTRATION"


def model_version(address: RegistryAddress, found: NumberedVersion) -> ModelVersion:
    """Return a version; one whose record cannot be read has failed, with why."""
    record = found.record
    texts = [text for text in (record.summary.strip() if record else "", found.yanked) if text]
    return ModelVersion(
        name=found.model,
        version=str(found.number),
        creation_timestamp=found.registered,
        last_updated_timestamp=found.registered,
        description="\n\n".join(texts),
        user_id=person_name(record.author) if record else None,
        current_stage=_stage(found.aliases),
        source=format_version_uri(address, found.model, found.version),
        status=_BROKEN if found.fault else _READY,
        status_message=found.fault or None,
        tags=[ModelVersionTag(key, value) for key, value in _version_tags(found)],
        aliases=list(found.aliases),
    )


def _stage(aliases: Sequence[str]) -> str:
    """Return the highest of MLflow's stages that the version is in."""
    return next((stage for stage in reversed(STAGES) if stage.lower() in aliases), "None")


def _version_tags(found: NumberedVersion) -> Iterator[tuple[str, str]]:
    yield "mintmark.version", found.version
    yield "mintmark.reference", f"{found.model}@{found.version}"
    if found.yanked:
        yield "mintmark.yanked", found.yanked
    if found.record is None:
        return
    yield "mintmark.format", found.record.format
    yield "mintmark.sha256", found.record.artifact.sha256
    for name, interval in found.record.metrics.items():
        yield f"metric.{name}", f"{interval.value:.10g}"


def registered_model(
    address: RegistryAddress, name: str, identity: Model | None, versions: Sequence[NumberedVersion], fault: str = ""
) -> RegisteredModel:
    """Return a model with its latest version and its aliases; one whose model.yaml cannot be read says why."""
    aliases = {alias: str(found.number) for found in versions for alias in found.aliases}
    latest = [model_version(address, found) for found in versions if "latest" in found.aliases]
    times = [found.registered for found in versions] or [0]
    return RegisteredModel(
        name=name,
        creation_timestamp=min(times),
        last_updated_timestamp=max(times),
        description=identity.purpose if identity else fault,
        latest_versions=latest,
        tags=[RegisteredModelTag(key, value) for key, value in _model_tags(identity)],
        aliases=[RegisteredModelAlias(alias, number) for alias, number in aliases.items()],
    )


def _model_tags(identity: Model | None) -> Iterator[tuple[str, str]]:
    if identity is None:
        return
    document: dict[str, Any] = dict(identity.document)
    yield "mintmark.task", str(document["task"])
    yield "mintmark.owners", " ".join(document["owners"])
    yield "mintmark.licence", str(document["licence"])
    yield "mintmark.metric", str(document["metric"]["name"])
    for tag in document.get("tags", ()):
        yield str(tag), "true"
