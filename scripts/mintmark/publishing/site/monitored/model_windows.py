"""The windows of one model as the site reads them, and what follows for its health. Reads documents; writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mintmark.core.finding import Finding
from mintmark.monitoring.alarms import alarms_of, newest_revisions
from mintmark.monitoring.documents import format_document
from mintmark.monitoring.stored.drifts import by_window, drift_of, over_windows
from mintmark.monitoring.stored.months import format_month
from mintmark.monitoring.stored.parsing import parse_stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mintmark.core.records import Interval
    from mintmark.monitoring.alarms import Alarm
    from mintmark.monitoring.documents import WindowDocument
    from mintmark.monitoring.measured import Measured
    from mintmark.monitoring.stored.drifts import ColumnDrift, Drift
    from mintmark.monitoring.stored.files import StoredFiles

How = Literal["labels", "estimate"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelWindows:
    """The windows of a model in the order of documents, each once, and its alarms.

    `drifts` has how far columns had drifted in windows that are folded, by their path. `texts` has the documents that
    the site publishes, by path below the model's folder; `places` says in which of them each window is. `findings` tell
    what cannot be read.
    """

    windows: tuple[WindowDocument, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    drifts: Mapping[str, Drift] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.windows or self.findings)

    def served(self, channel: str) -> list[WindowDocument]:
        """Return what callers of a channel got, by time."""
        return [each for each in self.windows if each.channel == channel and each.role == "served"]

    def drift(self, windows: Sequence[WindowDocument], most: int | None = None) -> tuple[ColumnDrift, ...]:
        """Return how far each column had drifted in each of some windows, of at most so many columns."""
        return over_windows([self.drifts.get(each.path) or drift_of(each) for each in windows], most)

    def channels(self, order: Sequence[str]) -> list[str]:
        """Return the channels in which something was served: those of the settings from the last one, then others."""
        seen = dict.fromkeys(each.channel for each in self.windows if each.role == "served")
        return [name for name in reversed(order) if name in seen] + [name for name in seen if name not in order]

    def open_alarms(self, channel: str) -> list[Alarm]:
        """Return the alarms of a channel that last."""
        return [each for each in self.alarms if each.channel == channel and each.is_open]


NOTHING_SEEN = ModelWindows()


def read_windows(
    stored: StoredFiles | None, model: str, channels: Mapping[str, str], before: datetime | None
) -> ModelWindows:
    """Read the windows of a model, without those that end after a moment; `channels` has the version in each.

    What cannot be read is among the findings, and the rest is there (R10).
    """
    if stored is None:
        return NOTHING_SEEN
    found: list[WindowDocument] = []
    texts: dict[str, str] = {}
    places: dict[str, str] = {}
    findings: list[Finding] = []
    drifts: dict[str, Drift] = {}
    for path, content in sorted(stored.read()):
        windows, month, fault = parse_stored(path, content, stored.shown(path))
        windows = [each for each in windows if before is None or each.window.end <= before]
        if fault is not None:
            findings.append(fault)
        elif windows:
            name = path.partition("/")[2]
            if month is not None:
                kept = zip(month.windows, by_window(month.drift, len(month.windows)), strict=True)
                drifts |= {each.path: drift for each, drift in kept}
            texts[name] = format_document(windows[0]) if month is None else format_month(month)
            places |= {each.path: name for each in windows if month is None or each.path not in places}
            found += windows
    holders = {(model, channel): version for channel, version in channels.items()}
    newest = tuple(newest_revisions(found))
    return ModelWindows(
        windows=newest,
        alarms=tuple(alarms_of(newest, holders=holders)),
        drifts=drifts,
        texts=texts,
        places=places,
        findings=tuple(findings),
    )


def known_metric(window: WindowDocument) -> tuple[How, Measured] | None:
    """Return the primary metric of a window by labels, else as estimated, else None."""
    for how in ("labels", "estimate"):
        if (measured := metric_by(window, how)) is not None:
            return how, measured
    return None


def metric_by(window: WindowDocument, how: How, name: str | None = None) -> Measured | None:
    """Return a metric of a window, the primary one where none is named, by one way; None where it has no value."""
    part: Any = window.performance if how == "labels" else window.estimate
    measured = None if part is None else part.metrics.get(name or window.metric)
    return None if measured is None or measured.value is None else measured


def registered_metric(window: WindowDocument, name: str | None = None) -> Interval | None:
    """Return the registered interval of a metric, the primary one where none is named, where the window has it."""
    for part in (window.performance, window.estimate):
        measured = None if part is None else part.metrics.get(name or window.metric)
        if measured is not None and measured.registered is not None:
            return measured.registered
    return None


def other_metrics(windows: Sequence[WindowDocument]) -> list[str]:
    """Return the names of what was measured or estimated beside the primary metric."""
    parts = [part for each in windows for part in (each.performance, each.estimate) if part is not None]
    primary = {each.metric for each in windows}
    return sorted({name for part in parts for name in part.metrics} - primary)
