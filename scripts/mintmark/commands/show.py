"""`mintmark show`: one version, or one model, as a page of text or as JSON."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from mintmark.commands.opening import open_registry
from mintmark.commands.text_columns import format_table
from mintmark.core.finding import Finding, one_line
from mintmark.core.layout import channel_path
from mintmark.core.provenance.training import ELSEWHERE_TOLD, is_trained_elsewhere
from mintmark.core.words.numbers import better, count, interval, size
from mintmark.errors import InvalidRegistryError
from mintmark.registry.reading import as_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mintmark.core.records import Environment, Status, VersionRecord
    from mintmark.registry.reading import Registry

T = TypeVar("T")


def show(root: Path, reference: str, *, at: str | None, as_json: bool, site: str | None = None) -> int:
    """Print what the registry knows of a version (`MODEL@...`) or of a model (`MODEL`)."""
    registry, faults = open_registry(root, site=site, at=at), Faults()
    if "@" in reference:
        _show_version(registry, reference, as_json, faults)
    else:
        _show_model(registry, reference, as_json, faults)
    for finding in faults.findings:
        print(f"mintmark: {finding}", file=sys.stderr)
    return 1 if faults.findings else 0


@dataclass(slots=True)
class Faults:
    """What could not be read beside the record that was asked for: it is told, and hides nothing."""

    findings: list[Finding] = field(default_factory=list)

    def keep(self, read: Callable[[], T], instead: T) -> T:
        """Return what `read` returns, or `instead` when files are at fault."""
        try:
            return read()
        except InvalidRegistryError as error:
            self.findings += [finding for finding in error.findings if finding not in self.findings]
            return instead


def _show_version(registry: Registry, reference: str, as_json: bool, faults: Faults) -> None:
    wanted = as_reference(reference)
    channels = _channels(registry, wanted.model, faults)  # first: a site's index tells of all, so none is asked for
    record = registry.resolve(wanted)
    status = faults.keep(lambda: registry.status(record.model, record.version), None)
    places = [name for name, version in channels.items() if version == str(record.version)]
    if as_json:
        document = {**record.document, "channels": places, "yanked": _status_document(status)}
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        print(_version_text(record, places, status))


def _channels(registry: Registry, model: str, faults: Faults) -> dict[str, str]:
    """Return what each channel points to, without those whose file is broken."""
    targets = {
        name: faults.keep(partial(registry.channel, model, name), None) for name in _channel_names(registry, faults)
    }
    return {name: target for name, target in targets.items() if target is not None}


def _pointless(model: str, channels: dict[str, str], versions: list[str]) -> Iterator[Finding]:
    for channel, version in channels.items():
        if version not in versions:
            message = f"points to {version}, and {model} has no such version; mintmark validate tells more"
            yield Finding(path=channel_path(model, channel), line=1, message=message)


def _channel_names(registry: Registry, faults: Faults) -> list[str]:
    none: list[str] = []
    return faults.keep(lambda: [rule.name for rule in registry.settings.channels], none)


def _status_document(status: Status | None) -> dict[str, Any] | None:
    if status is None:
        return None
    return {"reason": status.reason, "replacement": str(status.replacement) if status.replacement else None}


def _version_text(record: VersionRecord, places: list[str], status: Status | None) -> str:
    lines = [record.reference, ""]
    if status is not None:
        instead = f"; use {record.model}@{status.replacement}" if status.replacement else ""
        lines += [f"YANKED: {status.reason.strip()}{instead}", ""]
    lines += [record.summary.strip(), ""]
    facts = {
        "channels": ", ".join(places) or "none",
        "created": f"{record.created} by {record.author}",
        "parent": str(record.parent) if record.parent else "none",
        "artifact": f"{record.artifact.name} ({record.format}, {size(record.artifact.size)})",
        "sha256": record.artifact.sha256,
        "inputs": count(len(record.signature.inputs), "column"),
        "data": "; ".join(f"{source.role} {count(source.rows, 'row')}" for source in record.data),
        "environment": _environment(record.environment),
        **({"training": ELSEWHERE_TOLD} if is_trained_elsewhere(record.document) else {}),
    }
    lines += [f"{name:<12} {value}" for name, value in facts.items()]
    rows = [(name, interval(i.value, i.low, i.high)) for name, i in record.metrics.items()]
    lines += ["", format_table(("metric", "value [95% interval]"), rows), ""]
    lines.append(f"Fetch it: mintmark pull {record.reference}")
    return "\n".join(one_line(line) for line in "\n".join(lines).split("\n"))


def _environment(environment: Environment) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in environment.packages.items())
    return f"Python {environment.python} on {environment.platform}; {packages}"


def _show_model(registry: Registry, name: str, as_json: bool, faults: Faults) -> None:
    model = registry.model(name)
    channels = _channels(registry, name, faults)
    versions = [str(version) for version in registry.versions(name)]
    faults.findings += _pointless(name, channels, versions)
    latest = registry.latest(name)
    if as_json:
        extra = {"channels": channels, "latest": str(latest) if latest else None, "versions": versions}
        document = {**model.document, **extra}
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return
    lines = [f"{name}: {model.title}" if model.title else name, "", model.purpose.strip(), ""]
    facts = {
        "task": model.task,
        "owners": " ".join(model.owners),
        "licence": model.licence,
        "metric": f"{model.metric.name}, {better(maximize=model.metric.maximize)}",
        "latest": str(latest) if latest else "none",
        "versions": f"{len(versions):,}",
        **{rule: channels.get(rule, "none") for rule in _channel_names(registry, faults)},
    }
    lines += [f"{key:<12} {value}" for key, value in facts.items()]
    lines = [one_line(line) for line in "\n".join(lines).split("\n")]
    print("\n".join([*lines, "", f"Its versions: mintmark list {name}    Its past: mintmark history {name}"]))
