"""What was seen of one channel, for a page: its state in a sentence, alarms, drawings, windows in rows. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from mintmark.core.statistics.metric_names import greater_is_better
from mintmark.core.words import numbers
from mintmark.core.words.monitoring import HOW, VERDICTS
from mintmark.monitoring.documents import format_time
from mintmark.publishing.site.monitored.column_lines import DRAWN as DRAWN_COLUMNS
from mintmark.publishing.site.monitored.column_lines import ColumnLine, column_lines, course_lines
from mintmark.publishing.site.monitored.drift_over_time import one_for_each_time
from mintmark.publishing.site.monitored.model_windows import known_metric, other_metrics
from mintmark.publishing.site.monitored.window_drawings import draw_metric, draw_served, draw_traffic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mintmark.monitoring.alarms import Alarm
    from mintmark.monitoring.documents import Finding, WindowDocument
    from mintmark.monitoring.measured import MeasuredSlice
    from mintmark.monitoring.stored.drifts import ColumnDrift
    from mintmark.publishing.site.monitored.model_windows import ModelWindows

DRAWN: Final = 90  # windows of a drawing on the page of monitoring
DRAWN_SHORT: Final = 28  # on the page of the model
ROWS: Final = 30  # windows of a table
COURSES: Final = 4  # columns whose course the page of the model draws
_MOST_FINDINGS: Final = 20
_MOST_ALARMS: Final = 30
_MOST_SLICES: Final = 20
_MOST_METRICS: Final = 6  # drawings beside that of the primary one
_LOOKS: Final = {"ok": "good", "note": "note", "warning": "warn", "alarm": "bad"}


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmLine:
    """One alarm in words; `ended` is a moment, empty while it lasts."""

    version: str
    words: str
    since: str
    windows: str
    ended: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowLine:
    """One window in a row of a table."""

    start: str
    begins: str
    version: str
    requests: str
    rows: str
    failed: str
    latency: str
    labels: str
    metric: str
    how: str
    look: str
    verdict: str
    document: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SliceLine:
    """The metric of a slice in the last window that has labels, beside the registered one."""

    name: str
    rows: str
    metric: str
    registered: str
    worse: bool
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelSeen:
    """What a page shows of a channel: its state and findings are those of the version that was seen last."""

    name: str
    look: str
    state: str
    held: str
    span: str
    first: str
    end: str
    metric_name: str
    assumption: str
    alarms: list[AlarmLine]
    over: list[AlarmLine]
    findings: list[tuple[str, Finding]]
    more_findings: int
    traffic: Markup
    metric: Markup
    others: list[tuple[str, Markup]]
    served: Markup
    columns: list[ColumnLine]
    column_window: str
    independence: str
    slices: list[SliceLine]
    slices_how: str
    rows: list[WindowLine]
    more_rows: int


def channel_seen(seen: ModelWindows, channel: str, held: str | None, *, short: bool = False) -> ChannelSeen:
    """Return what was seen of a channel that has windows; `held` is the version in it now. `short` is for a summary."""
    windows = seen.served(channel)
    drawn = windows[-(DRAWN_SHORT if short else DRAWN) :]
    lasting = seen.open_alarms(channel)
    over = [each for each in reversed(seen.alarms) if each.channel == channel and not each.is_open]
    last = last_judged([each for each in windows if each.version == windows[-1].version])
    look, state = health(lasting, last)
    measured = next((each for each in reversed(windows) if known_metric(each)), None)
    estimates = [each.estimate for each in drawn if each.estimate is not None and each.estimate.metrics]
    with_columns = next((each for each in reversed(windows) if each.columns and each.traffic.rows), None)
    start = drawn[0].window.start
    during = [each for each in seen.alarms if each.channel == channel and (each.ended is None or each.ended > start)]
    sliced, how = _sliced(windows)
    times = one_for_each_time(drawn)
    independent = [each.performance.assumption for each in drawn if each.performance is not None]
    return ChannelSeen(
        name=channel,
        look=look,
        state=state,
        held=_held(windows, held),
        span=windows[-1].window.span,
        first=format_time(windows[0].window.start),
        end=format_time(windows[-1].window.end),
        metric_name=measured.metric if measured else "",
        assumption=estimates[-1].assumption if estimates else "",
        alarms=[_alarm_line(each) for each in lasting[:_MOST_ALARMS]],
        over=[] if short else [_alarm_line(each) for each in over[:_MOST_ALARMS]],
        findings=[] if short or last is None else _findings(last),
        more_findings=0 if last is None else max(0, len(last.findings) - _MOST_FINDINGS),
        traffic=Markup("" if short else draw_traffic(drawn)),  # noqa: S704 - our own drawing
        metric=_metric_drawing(drawn, measured.metric if measured else ""),
        others=[] if short else _other_drawings(drawn),
        served=Markup(draw_served(drawn, during)),  # noqa: S704 - our own drawing
        columns=_columns(with_columns, times, seen.drift(times) if len(times) > 1 else (), short=short),
        column_window="" if with_columns is None else format_time(with_columns.window.start),
        independence=independent[-1] if independent else "",
        slices=[] if short else sliced,
        slices_how=how,
        rows=[] if short else [_window_line(seen, each) for each in reversed(windows[-ROWS:])],
        more_rows=max(0, len(windows) - ROWS),
    )


def _columns(
    last: WindowDocument | None, times: Sequence[WindowDocument], courses: Sequence[ColumnDrift], *, short: bool
) -> list[ColumnLine]:
    """Return the columns of the last window that has some; in short, and where no window has some, courses alone."""
    if short:
        return course_lines(times, [each for each in courses if each.times], COURSES)
    return course_lines(times, courses, DRAWN_COLUMNS) if last is None else column_lines(last, times, courses)


def last_judged(windows: Sequence[WindowDocument]) -> WindowDocument | None:
    """Return the last window that could be judged, None where none could."""
    return next((each for each in reversed(windows) if each.verdict not in ("not-enough-data", "not-over")), None)


def health(lasting: Sequence[Alarm], last: WindowDocument | None) -> tuple[str, str]:
    """Return how a channel does as a look and in words: `unmet`, `2 alarms`; `met`, `no alarm`."""
    if lasting:
        return "unmet", numbers.count(len(lasting), "alarm")
    if last is None:
        return "aside", VERDICTS["not-enough-data"]
    if last.verdict == "warning":
        return "aside", VERDICTS["warning"]
    return "met", "no alarm"


def _held(windows: Sequence[WindowDocument], held: str | None) -> str:
    """Return what is to be said where the channel holds another version than the last that was watched."""
    last = windows[-1].version
    return f"{held} is in the channel now, and was not watched yet." if held is not None and held != last else ""


def _metric_drawing(windows: Sequence[WindowDocument], metric: str) -> Markup:
    drawing = draw_metric(windows, metric, maximize=greater_is_better(metric)) if metric else ""
    return Markup(drawing)  # noqa: S704 - our own drawing


def _other_drawings(windows: Sequence[WindowDocument]) -> list[tuple[str, Markup]]:
    """Return the other metrics that have a value in a window, by name, each with its drawing."""
    drawn = ((name, _metric_drawing(windows, name)) for name in other_metrics(windows))
    return [(name, drawing) for name, drawing in drawn if drawing][:_MOST_METRICS]


def _findings(window: WindowDocument) -> list[tuple[str, Finding]]:
    return [(_look(each.severity), each) for each in window.findings[:_MOST_FINDINGS]]


def _look(severity: str) -> str:
    return _LOOKS.get(severity, "aside")


def _alarm_line(alarm: Alarm) -> AlarmLine:
    return AlarmLine(
        version=alarm.version,
        words=alarm.words,
        since=format_time(alarm.since),
        windows=numbers.count(alarm.windows, "window"),
        ended="" if alarm.ended is None else format_time(alarm.ended),
        why=alarm.why,
    )


def _window_line(seen: ModelWindows, window: WindowDocument) -> WindowLine:
    traffic, labels, metric = window.traffic, window.labels, known_metric(window)
    measured = None if metric is None else metric[1]
    is_days = window.window.span.endswith(("d", "w"))
    return WindowLine(
        start=format_time(window.window.start),
        begins=f"{window.window.start:%Y-%m-%d}" + ("" if is_days else f" {window.window.start:%H:%M}"),
        version=window.version,
        requests=f"{traffic.requests:,}",
        rows=f"{traffic.rows:,}",
        failed=f"{traffic.failed:,}",
        latency=numbers.seconds(None if traffic.latency is None else traffic.latency.p95),
        labels=numbers.NOTHING if labels is None else _coverage(labels.coverage, matured=labels.matured),
        metric=numbers.NOTHING if measured is None else numbers.interval(measured.value, measured.low, measured.high),
        how="" if metric is None else HOW[metric[0]],
        look=_look(window.verdict),
        verdict=VERDICTS[window.verdict],
        document=seen.places[window.path],
    )


def _coverage(coverage: float, *, matured: bool) -> str:
    return f"{numbers.share(min(coverage, 1.0), 3)}{'' if matured else ' so far'}"


def _sliced(windows: Sequence[WindowDocument]) -> tuple[list[SliceLine], str]:
    """Return the slices of the last window that has some by labels, else of the last that estimates some."""
    for how in HOW:
        for window in reversed(windows):
            part = window.performance if how == "labels" else window.estimate
            if part is not None and part.slices:
                return list(_slice_lines(window.metric, part.slices)), f"{window.window.start:%Y-%m-%d}, {HOW[how]}"
    return [], ""


def _slice_lines(metric: str, slices: Mapping[str, MeasuredSlice]) -> Iterator[SliceLine]:
    for name, found in list(slices.items())[:_MOST_SLICES]:
        measured = found.metrics.get(metric)
        known = None if measured is None else measured.registered
        yield SliceLine(
            name=name,
            rows=f"{found.rows:,}",
            metric="" if measured is None else numbers.interval(measured.value, measured.low, measured.high),
            registered=numbers.NOTHING if known is None else numbers.interval(known.value, known.low, known.high),
            worse=bool(measured and measured.worse),
            reason=found.reason or (measured.reason if measured is not None else ""),
        )
