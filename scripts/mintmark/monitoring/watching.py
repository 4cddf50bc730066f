"""Watch models: read the log by windows, judge each, and say which alarms follow. Prints and publishes nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from mintmark.core.moment import parse_moment, parse_span
from mintmark.core.reference import LATEST
from mintmark.core.version import is_version
from mintmark.errors import MintmarkError
from mintmark.monitoring.alarms import alarms_of
from mintmark.monitoring.counting import RowCounts
from mintmark.monitoring.groups import Span
from mintmark.monitoring.judging_windows import Counted, judge_unknown, judge_window, silent_window
from mintmark.monitoring.known_versions import KnownVersion, know_version
from mintmark.monitoring.log.folders import LogFolders, day_of
from mintmark.monitoring.scanning import Scanned, Seen, in_threads, scan, scan_counts
from mintmark.monitoring.window_labels import WindowLabels, strange_labels, undecided_labels
from mintmark.monitoring.windows import chunks_of, in_utc, window_length, windows_between
from mintmark.registry.logged.form import UNSERVED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from mintmark.core.channels import Move
    from mintmark.monitoring.alarms import Alarm
    from mintmark.monitoring.documents import Window, WindowDocument
    from mintmark.monitoring.labels import KnownLabels
    from mintmark.monitoring.repeated import Spread
    from mintmark.monitoring.windows import Chunk
    from mintmark.registry.logged.reading import Place, PredictionLog
    from mintmark.registry.reading import Registry

    ReadLabels = Callable[[KnownVersion], KnownLabels | None]

RECENT: Final = 14  # windows that are looked at where nobody says since when
_MOST_STRANGERS: Final = 10  # models or versions that nobody knows, by name


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelTally:
    """How many labels of a model there are, and how many of them name no row that was looked at."""

    labels: int
    unmatched: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """What was found: the documents of windows, and the alarms that follow.

    `faults` say what of the log could not be read, and `notes` what of it is not about this registry.
    """

    documents: tuple[WindowDocument, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    labels: Mapping[str, LabelTally] = field(default_factory=dict)

    @property
    def open_alarms(self) -> tuple[Alarm, ...]:
        """The alarms that last."""
        return tuple(each for each in self.alarms if each.is_open)


@dataclass(frozen=True, kw_only=True, slots=True)
class Watching:
    """How to watch: from when on and until when (None: as far as makes sense), at what time it is, in what windows.

    `read_labels` returns the labels of a version's model, None where there are none. `spread` calls a function with
    each of many arguments: in threads of this process, or elsewhere. `expect` is given how many rows are to be counted,
    for some days at a time, and `tell` how many were.
    """

    now: datetime
    since: datetime | None = None
    until: datetime | None = None
    span: str | None = None
    read_labels: ReadLabels | None = None
    spread: Spread = in_threads
    expect: Callable[[int], None] = lambda _: None
    tell: Callable[[int], None] = lambda _: None


def watch(registry: Registry, log: PredictionLog, models: Sequence[str], how: Watching) -> Watched:
    """Return what the log says of some models, of all that it has where none is named.

    Raises `MintmarkError` for a named model that the registry does not have, and for labels that do not fit.
    """
    logged, known = log.models(), registry.models()
    for name in models:
        registry.model(name)
    wanted = list(dict.fromkeys(models)) or [name for name in logged if name in known]
    notes = list(_strangers("model", [name for name in logged if name not in known] if not models else []))
    folders = LogFolders(log)
    folders.look_at_root()
    faults, notes = folders.faults, folders.notes + notes
    documents: list[WindowDocument] = []
    labels: dict[str, LabelTally] = {}
    holders: dict[tuple[str, str], str | None] = {}
    for name in wanted:
        run = _ModelRun(registry, log, name, how, is_named=name in models)
        documents += run.documents()
        faults += run.faults
        notes += run.notes
        if run.tally is not None:
            labels[name] = run.tally
        holders |= {(name, channel): version for channel, version in registry.channels(name).items()}
    ordered = tuple(sorted(documents, key=lambda each: each.sort_key))
    return Watched(
        documents=ordered,
        alarms=tuple(alarms_of(ordered, holders=holders)),
        faults=tuple(dict.fromkeys(faults)),
        notes=tuple(dict.fromkeys(notes)),
        labels=labels,
    )


def _strangers(what: str, names: Sequence[str]) -> Iterator[str]:
    """Yield what the log has that the registry does not; few of them by name, for anybody may have made up many."""
    for name in names[:_MOST_STRANGERS]:
        yield f"the log has a {what} {name[:100]!r}, which the registry does not have; it is left out"
    if len(names) > _MOST_STRANGERS:
        yield f"the log has {len(names) - _MOST_STRANGERS:,} more {what}s that the registry does not have"


class _ModelRun:
    """The run over one model."""

    def __init__(self, registry: Registry, log: PredictionLog, name: str, how: Watching, *, is_named: bool) -> None:
        self.registry, self.log, self.name, self.how, self.is_named = registry, log, name, how, is_named
        self.model = registry.model(name)
        self.faults: list[str] = []
        self.notes: list[str] = []
        self.tally: LabelTally | None = None
        self._known: dict[str, KnownVersion | None] = {}
        self._unreadable: tuple[str, ...] = ()  # of the folders that days lie in
        self._unread: dict[datetime, tuple[str, ...]] = {}  # by the start of a window: files of its days, and why
        self._labels: KnownLabels | None = None
        self._matched: NDArray[np.bool_] | None = None
        self._folders = LogFolders(log, self.faults, self.notes)
        self._channels = {rule.name for rule in registry.settings.channels} | {LATEST}

    def documents(self) -> list[WindowDocument]:
        """Return the documents of all windows, in the order of time."""
        places: dict[str, list[Place]] = defaultdict(list)
        for place in self._folders.places(self.name):
            places[place.day].append(place)
        self._unreadable = tuple(self.faults)
        days = sorted(places)
        windows = self._windows(days)
        if not windows:
            return []
        self._read_labels([place.version for some in places.values() for place in some])
        found: list[WindowDocument] = []
        for chunk in chunks_of(windows):
            found += self._chunk(chunk, [place for day in chunk.days for place in places.get(day, ())])
        if self._labels is not None and self._matched is not None:
            self.tally = LabelTally(labels=len(self._labels), unmatched=int((~self._matched).sum()))
        return found + list(self._silences(windows, found, had_earlier=bool(days) and days[0] < chunk_start(windows)))

    def _windows(self, days: Sequence[str]) -> list[Window]:
        """Return the windows to look at: none before the log begins, which nobody can judge."""
        span = self.how.span or self.model.monitoring.window
        until = min(self.how.until or self.how.now, self.how.now)
        first = day_of(days[0]) if days else None
        if first is None:
            if not self.is_named:
                return []
            first = until - window_length(span)
        since = until - RECENT * window_length(span) if self.how.since is None else self.how.since
        since = max(in_utc(since), first)
        return windows_between(since, until, span, now=self.how.now) if since < until else []

    # -- versions ----------------------------------------------------------------------------------------------------

    def _version(self, version: str) -> KnownVersion | None:
        """Return what the registry knows of a version, None where it does not have it."""
        if version not in self._known:
            has = is_version(version) and version in {str(each) for each in self.registry.versions(self.name)}
            self._known[version] = know_version(self.registry, self.name, version) if has else None
        return self._known[version]

    def _read_labels(self, versions: Iterable[str]) -> None:
        """Read the labels, once, in the types of the newest version that the log and the registry have."""
        if self.how.read_labels is None:
            return
        known = [each for each in (self._version(version) for version in sorted(set(versions))) if each is not None]
        if known:
            newest = max(known, key=lambda each: each.record.version)
            self._labels = self.how.read_labels(newest)
        if self._labels is not None:
            self._matched = np.zeros(len(self._labels), dtype=bool)
            told = strange_labels(self._labels, newest), undecided_labels(self._labels, self.name)
            self.notes += filter(None, told)

    # -- windows -----------------------------------------------------------------------------------------------------

    def _chunk(self, chunk: Chunk, places: Sequence[Place]) -> Iterator[WindowDocument]:
        before = len(self.faults)
        by_version: dict[str, list[Place]] = defaultdict(list)
        for place in self._folders.readable(places):
            by_version[place.version].append(place)
        unserved = self._scan_unserved(chunk, by_version.pop(UNSERVED, []))
        strangers = [version for version in by_version if self._version(version) is None]
        self.notes += _strangers(f"version of {self.name}", [each for each in strangers if not is_version(each)])
        counted: list[Counted] = []
        told = [version for version in strangers if is_version(version)][:_MOST_STRANGERS]
        for version in sorted(by_version):
            if version in told:
                found = scan_counts(self.log, by_version[version], self._span(chunk, version))
                counted += self._counted(version, chunk, found)
            elif version not in strangers:
                counted += self._counted(version, chunk, self._scan(version, chunk, by_version[version]))
        self._unread |= {window.start: tuple(self.faults[before:]) for window in chunk.windows}
        for each in _with_unserved(counted, unserved, chunk, self._holder):
            known = self._version(each.version)
            yield judge_unknown(self.model, each) if known is None else judge_window(each, known)

    def _span(self, chunk: Chunk, version: str) -> Span:
        return Span(windows=chunk.windows, channels=frozenset(self._channels | {version}))

    def _scan_unserved(self, chunk: Chunk, places: Sequence[Place]) -> dict[tuple[str, int], Seen]:
        if not places:
            return {}
        found = scan_counts(self.log, places, self._span(chunk, LATEST))
        self.faults += found.faults
        return {(group.channel, group.window): seen for group, seen in found.seen.items() if not group.shadow}

    def _scan(self, version: str, chunk: Chunk, places: Sequence[Place]) -> Scanned:
        known = self._version(version)
        if known is None:
            raise AssertionError(version)
        plan = known.plan(None if self._labels is None else self._labels.index)
        span = self._span(chunk, version)
        return scan(self.log, places, plan, span, spread=self.how.spread, expect=self.how.expect, tell=self.how.tell)

    def _counted(self, version: str, chunk: Chunk, found: Scanned) -> Iterator[Counted]:
        self.faults += found.faults
        self.notes += found.notes
        for group in sorted({*found.rows, *found.seen}):
            window, rows = chunk.windows[group.window], found.rows.get(group, RowCounts())
            yield Counted(
                version=version,
                channel=group.channel,
                role="shadow" if group.shadow else "served",
                window=window,
                rows=rows,
                seen=found.seen.get(group, Seen()),
                sample=found.sample,
                personal=found.personal,
                faults=tuple(found.faults),
                labels=self._labels_of(rows, window),
            )

    def _labels_of(self, rows: RowCounts, window: Window) -> WindowLabels | None:
        if self._labels is None or self._matched is None:
            return None
        places = np.concatenate(rows.labelled.places) if rows.labelled.places else np.empty(0, dtype=np.int64)
        self._matched[places] = True
        if rows.labelled.several:
            raise MintmarkError(
                f'labels of {self.name}: some requests had several rows; add the column "row", which counts from 0'
            )
        delay = self.model.monitoring.labels.delay
        return WindowLabels(
            known=self._labels,
            places=places,
            window=window,
            delay=parse_span(delay) if delay else timedelta(0),
            now=self.how.now,
        )

    # -- silence -----------------------------------------------------------------------------------------------------

    def _silences(
        self, windows: Sequence[Window], found: Sequence[WindowDocument], *, had_earlier: bool
    ) -> Iterator[WindowDocument]:
        """Yield a document for each window that ended without a request, of a channel that had some before.

        Where files of its days cannot be read, nobody knows whether one came. Of earlier days only the last channel is
        known to have had some: another one may have begun in these windows.
        """
        served = [each for each in found if each.role == "served"]
        channels = {each.channel for each in served}
        last = next(reversed(self.registry.channels(self.name)), None)
        if last is not None and (had_earlier or self.is_named):
            channels.add(last)
        for channel in sorted(channels):
            asked = {each.window.start: each for each in served if each.channel == channel}
            before = channel == last and (had_earlier or self.is_named)
            for window in windows:
                before = before or window.start in asked
                holder = self._holder(channel, window)
                if before and window.is_over and window.start not in asked and holder is not None:
                    yield silent_window(
                        self.model, holder, channel, window, self._unreadable + self._unread.get(window.start, ())
                    )

    def _holder(self, channel: str, window: Window) -> str | None:
        """Return the version that a channel held when a window ended, as the history has it; None for no channel."""
        if is_version(channel):
            return channel
        moves = [move for move in self._moves if move.channel == channel]
        earlier = [move for move in moves if (when := parse_moment(move.time)) is not None and when < window.end]
        if earlier:
            return earlier[-1].after
        return self.registry.channels(self.name).get(channel)

    @cached_property
    def _moves(self) -> Sequence[Move]:
        """The moves of the channels of the model, oldest first; reading Git's history takes a while."""
        return self.registry.history(self.name).moves


def chunk_start(windows: Sequence[Window]) -> str:
    """Return the day on which windows begin."""
    return windows[0].start.strftime("%Y-%m-%d")


def _with_unserved(
    counted: Sequence[Counted],
    unserved: Mapping[tuple[str, int], Seen],
    chunk: Chunk,
    holder: Callable[[str, Window], str | None],
) -> Iterator[Counted]:
    """Yield what was counted, with the requests that none could answer where most others of the channel went."""
    places: dict[tuple[str, datetime], list[int]] = defaultdict(list)
    for number, each in enumerate(counted):
        if each.role == "served":
            places[each.channel, each.window.start].append(number)
    given: dict[int, Seen] = {}
    for (channel, window), seen in unserved.items():
        numbers = places.get((channel, chunk.windows[window].start), [])
        if numbers:
            given[max(numbers, key=lambda number: counted[number].rows.rows)] = seen
        elif (version := holder(channel, chunk.windows[window])) is not None:
            yield Counted(version=version, channel=channel, role="served", window=chunk.windows[window], unserved=seen)
    for number, each in enumerate(counted):
        yield replace(each, unserved=given[number]) if number in given else each
