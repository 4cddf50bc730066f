"""The document of a window: what one version did in one channel in one span of time. Reads and writes no files.

A document is all that others need: the site, the branch `monitoring`, issues and requests read nothing else.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, Self, get_args

from mintmark.core.statistics.figures import rounded
from mintmark.monitoring.measured import Column, Estimate, Labels, Performance, Traffic

SCHEMA: Final = 1
Severity = Literal["note", "warning", "alarm", "not-enough-data"]
Verdict = Literal["ok", "note", "warning", "alarm", "not-enough-data", "not-over"]
Role = Literal["served", "shadow"]
FindingKind = Literal[
    "silence",
    "errors",
    "refused",
    "dropped",
    "conflicts",
    "latency",
    "unreadable",
    "unknown-version",
    "missing",
    "infinite",
    "constant",
    "out-of-range",
    "unseen",
    "drift",
    "prediction-drift",
    "estimate",
    "performance",
    "not-enough-data",
    "not-over",
]
KINDS: Final[tuple[FindingKind, ...]] = get_args(FindingKind)
_ORDER: Final = {severity: place for place, severity in enumerate(("alarm", "warning", "note", "not-enough-data"))}
_FINGERPRINT: Final = 16  # hexadecimal digits


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A span of time in UTC: from `start` up to, and without, `end`. `span` is its length as model.yaml writes it."""

    start: datetime
    end: datetime
    span: str
    is_over: bool = True

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Window:
        """Build it from the `window` of a document."""
        return cls(
            start=datetime.fromisoformat(data["start"]),
            end=datetime.fromisoformat(data["end"]),
            span=data["span"],
            is_over=data["is_over"],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something that a person should know of a window.

    `words` is one sentence. `column`, `slice` and `metric` say what it is about, and are empty where it is about all of
    it. `fingerprint` is the same for the same model, version, channel and cause in every window.
    """

    kind: FindingKind
    severity: Severity
    words: str
    fingerprint: str
    column: str = ""
    slice: str = ""
    metric: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Finding:
        """Build it from an entry of `findings`."""
        return cls(**data)


def fingerprint(model: str, version: str, channel: str, kind: str, *about: str) -> str:
    """Return what names a cause: the same in every window, on every machine."""
    named = json.dumps([model, version, channel, kind, *about], ensure_ascii=True)
    return hashlib.sha256(named.encode()).hexdigest()[:_FINGERPRINT]


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowDocument:
    """What one version did in one channel in one window.

    `revision` counts from 1, and grows when the window is told again, as when labels come late. `outputs` holds the
    prediction first, then the probabilities. `metric` is the primary one of the model. `labels` and `performance` are
    None where no labels were given, `estimate` where none can be made. The verdict is the worst of the findings.
    """

    model: str
    version: str
    channel: str
    window: Window
    role: Role = "served"
    revision: int = 1
    verdict: Verdict = "ok"
    metric: str = ""
    traffic: Traffic = field(default_factory=Traffic)
    columns: tuple[Column, ...] = ()
    outputs: tuple[Column, ...] = ()
    labels: Labels | None = None
    performance: Performance | None = None
    estimate: Estimate | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def reference(self) -> str:
        """`breast-cancer@1.4.2`."""
        return f"{self.model}@{self.version}"

    @property
    def path(self) -> str:
        """Where the document lies below a folder of documents; another revision of a window has the same path."""
        role = "" if self.role == "served" else f"{self.role}-"
        start = self.window.start.strftime("%Y%m%dT%H%MZ")
        return f"{self.model}/{self.version}/{role}{self.channel}/{start}-{self.window.span}.json"

    @property
    def sort_key(self) -> tuple[str, str, str, datetime, str]:
        """Documents are shown by model, channel and time; versions of one window in the order of their names."""
        return (self.model, self.channel, self.role, self.window.start, self.version)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values that schemas/monitoring.schema.json accepts."""
        data: dict[str, Any] = {"schema": SCHEMA, **_plain(self)}
        if data["labels"] is not None and self.labels is not None:
            data["labels"]["coverage"] = rounded(self.labels.coverage)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build it from a document that the schema accepts."""
        labels, performance, estimate = data["labels"], data["performance"], data["estimate"]
        return cls(
            model=data["model"],
            version=data["version"],
            channel=data["channel"],
            window=Window.from_dict(data["window"]),
            role=data["role"],
            revision=data["revision"],
            verdict=data["verdict"],
            metric=data["metric"],
            traffic=Traffic.from_dict(data["traffic"]),
            columns=tuple(map(Column.from_dict, data["columns"])),
            outputs=tuple(map(Column.from_dict, data["outputs"])),
            labels=None if labels is None else Labels.from_dict(labels),
            performance=None if performance is None else Performance.from_dict(performance),
            estimate=None if estimate is None else Estimate.from_dict(estimate),
            findings=tuple(map(Finding.from_dict, data["findings"])),
        )


def format_document(document: WindowDocument) -> str:
    """Return a document as JSON: the same text for the same document, always."""
    return json.dumps(document.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def in_order(findings: tuple[Finding, ...] | list[Finding]) -> tuple[Finding, ...]:
    """Return findings with the worst first, then by kind and by what they are about."""
    return tuple(
        sorted(
            findings,
            key=lambda each: (_ORDER[each.severity], KINDS.index(each.kind), each.column, each.slice, each.metric),
        )
    )


def verdict_of(findings: tuple[Finding, ...], window: Window) -> Verdict:
    """Return the worst of the findings; a window that is not over has no other verdict than an alarm or that."""
    severities = {each.severity for each in findings}
    if "alarm" in severities:
        return "alarm"
    if not window.is_over:
        return "not-over"
    for severity in ("not-enough-data", "warning", "note"):
        if severity in severities:
            return severity
    return "ok"


def format_time(moment: datetime) -> str:
    """Return a moment as documents write it: `2026-03-04T00:00:00Z`, with parts of a second where it has some."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, float):
        return rounded(value) if math.isfinite(value) else None
    return value
