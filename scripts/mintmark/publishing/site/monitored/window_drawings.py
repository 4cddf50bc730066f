"""Draw what a channel's windows tell over time: traffic, the metric beside the registered one, who served, alarms.

Each drawing has the same axis of time. The table of windows says the same in words.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from mintmark.core.words import numbers
from mintmark.core.words.monitoring import HOW, cause
from mintmark.publishing.site.drawing.axes import Axis, is_drawn, round_axis, short
from mintmark.publishing.site.drawing.svg import LINE, opening, plain
from mintmark.publishing.site.monitored.model_windows import metric_by, registered_metric
from mintmark.publishing.site.monitored.time_axis import LEFT, RIGHT, WIDTH, TimeAxis

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mintmark.core.records import Interval
    from mintmark.monitoring.alarms import Alarm
    from mintmark.monitoring.documents import WindowDocument
    from mintmark.monitoring.measured import Measured
    from mintmark.publishing.site.monitored.model_windows import How

MOST_ALARMS: Final = 8  # lanes of a drawing; the newest
_HINTED: Final = 60  # points; with more, the table is the place to look
_BAD: Final = "var(--mm-bad)"
_PAPER: Final = "var(--mm-raised)"
_LETTER: Final = 7.2
_LANE: Final = 26.0


def draw_traffic(windows: Sequence[WindowDocument]) -> str:
    """Return the rows of each window as bars, the requests that failed in another colour, silence as a cross."""
    axis = TimeAxis.of(windows)
    top, bottom = 12.0, 112.0
    up = round_axis([0.0, *(float(each.traffic.requests) for each in windows)], bottom, top, most=4)
    bars, failed, silent = [], [], []
    for each in windows:
        left, right = axis.place(each.window.start), axis.place(each.window.end)
        gap = min(2.0, (right - left) / 5)
        box = f"M{short(left + gap)} {short(bottom)}V{{}}H{short(right - gap)}V{short(bottom)}z"
        if each.traffic.silent:
            silent.append(f"M{short(axis.middle(each))} {short(bottom - 8)}m-5-5l10 10m0-10l-10 10")
        elif each.traffic.requests:
            bars.append(box.format(short(up.place(each.traffic.requests))))
            if each.traffic.failed:
                failed.append(box.format(short(min(up.place(each.traffic.failed), bottom - 2))))
    total = sum(each.traffic.requests for each in windows)
    faults, quiet = sum(each.traffic.failed for each in windows), len(silent)
    said = f"{numbers.capital(numbers.count(total, 'request'))} in {numbers.count(len(windows), 'window')}"
    said += f", {f'{faults:,}' if faults else 'none'} of them failed, {numbers.count(quiet, 'silent window')}."
    marks = f'<path d="{"".join(bars)}" fill="{LINE}" opacity=".75"/>'
    marks += f'<path d="{"".join(failed)}" fill="{_BAD}"/>' if failed else ""
    marks += f'<path d="{"".join(silent)}" fill="none" stroke="{_BAD}" stroke-width="2"/>' if silent else ""
    keys = [(f'<rect width="12" height="10" y="-9" fill="{LINE}" opacity=".75"/>', "requests")]
    keys += [(f'<rect width="12" height="10" y="-9" fill="{_BAD}"/>', "failed")] if failed else []
    keys += [(f'<path d="M1-9l9 9m0-9l-9 9" stroke="{_BAD}" stroke-width="2"/>', "no request")] if silent else []
    return _drawing("Requests by window", said, 154, _grid(up), marks, axis.days(bottom + 16), _keys(keys, 146))


def draw_metric(windows: Sequence[WindowDocument], name: str, *, maximize: bool) -> str:
    """Return a metric of each window with its interval, and the registered interval as a band.

    What labels say is a filled mark, what is estimated a hollow one. Empty where no window has a value.
    """
    points = [
        (each, how, measured)
        for each in windows
        for how in HOW
        if (measured := metric_by(each, _how(how), name)) is not None
    ]
    points = [point for point in points if is_drawn(point[2].value)]
    if not points:
        return ""
    axis, bands = TimeAxis.of(windows), list(_bands(windows, name))
    values = [value for _, _, each in points for value in (each.value, each.low, each.high)]
    values += [value for _, _, each in bands for value in (each.value, each.low, each.high)]
    top, bottom = 26.0, 196.0
    up = round_axis([float(value) for value in values if value is not None and is_drawn(value)], bottom, top)
    drawn = "".join(_band(axis, up, *each) for each in bands)
    hints = len(points) <= _HINTED
    drawn += "".join(_points(axis, up, [point for point in points if point[1] == how], how, hints=hints) for how in HOW)
    last, how, measured = points[-1]
    said = f"{name} of {numbers.count(len({each.path for each, _, _ in points}), 'window')}. "
    said += f"The last, of {last.window.start:%Y-%m-%d}, {HOW[how]}: {numbers.interval(*_bounds(measured))}."
    keys = [
        (_mark(6, -4, is_estimate=how == "estimate"), HOW[how])
        for how in HOW
        if any(known == how for _, known, _ in points)
    ]
    keys += [(f'<rect width="14" height="10" y="-9" fill="{LINE}" opacity=".18"/>', "registered")] if bands else []
    caption = (
        f'<text x="2" y="14"><tspan font-weight="700">{plain(name, 30)}</tspan>, '
        f"{numbers.better(maximize=maximize)}</text>"
    )
    body = (caption, _grid(up), drawn, axis.days(bottom + 16), _keys(keys, 232))
    return _drawing(f"{name} by window", said, 240, *body)


def draw_served(windows: Sequence[WindowDocument], alarms: Sequence[Alarm]) -> str:
    """Return which version served when, and below it how long each of the newest alarms lasted."""
    axis = TimeAxis.of(windows)
    shown = sorted(alarms, key=lambda each: (each.since, each.fingerprint))[-MOST_ALARMS:]
    boxes, texts = [], []
    for version, start, end in _spans(windows):
        left, right = axis.place(start), axis.place(end)
        boxes.append(
            f'<rect x="{short(left)}" y="4" width="{short(max(right - left, 2))}" height="18" '
            f'fill="var(--mm-good-soft)" stroke="var(--mm-good)"><title>{plain(version)}</title></rect>'
        )
        if len(version) * _LETTER + 10 < right - left:
            texts.append(f'<text x="{short(left + 5)}" y="17">{plain(version)}</text>')
    for number, alarm in enumerate(shown, start=1):
        boxes.append(_alarm_bar(axis, alarm, windows, 4 + number * _LANE))
    height = 4 + (len(shown) + 1) * _LANE + 16
    versions = dict.fromkeys(version for version, _, _ in _spans(windows))
    said = f"{', '.join(list(versions)[:10])} served. {numbers.capital(numbers.count(len(alarms), 'alarm'))}, "
    said += f"{sum(each.is_open for each in alarms):,} of them open."
    names = '<g text-anchor="end" opacity=".85"><text x="54" y="17">served</text>'
    names += f'<text x="54" y="{short(17 + _LANE)}">{"alarms" if len(shown) > 1 else "alarm"}</text>' if shown else ""
    return _drawing("Who served, and alarms", said, height, f"{names}</g>", *boxes, *texts, axis.days(height - 4))


# -- parts -----------------------------------------------------------------------------------------------------------


def _drawing(title: str, said: str, height: float, *parts: str) -> str:
    label = f' role="img" aria-label="{plain(f"{title}. {said}", 400)}"'
    return f"{opening('mm-chart mm-windows', WIDTH, height, attributes=label)}{''.join(parts)}</svg>"


def _grid(up: Axis) -> str:
    lines = "".join(f"M{short(LEFT)} {short(y)}H{short(RIGHT)}" for y, _ in up.labels())
    texts = "".join(f'<text x="{short(LEFT - 6)}" y="{short(y + 4)}">{label}</text>' for y, label in up.labels())
    return (
        f'<path d="{lines}" stroke="currentColor" opacity=".15"/>'
        f'<g text-anchor="end" font-size="12" opacity=".85">{texts}</g>'
    )


def _keys(keys: Sequence[tuple[str, str]], y: float) -> str:
    x, parts = LEFT, []
    for mark, label in keys:
        parts.append(f'<g transform="translate({short(x)} {short(y)})">{mark}<text x="18">{label}</text></g>')
        x += 40 + len(label) * _LETTER
    return "".join(parts)


def _how(how: str) -> How:
    return "labels" if how == "labels" else "estimate"


def _bounds(measured: Measured) -> tuple[float | None, float | None, float | None]:
    return measured.value, measured.low, measured.high


def _bands(windows: Sequence[WindowDocument], name: str) -> Iterator[tuple[datetime, datetime, Interval]]:
    """Yield the registered interval of the versions, each from its first window to its last one in a row."""
    current: tuple[datetime, datetime, Interval] | None = None
    for each in windows:
        known = registered_metric(each, name)
        if current is not None and (known is None or known != current[2]):
            yield current
            current = None
        if known is not None:
            start = each.window.start if current is None else current[0]
            current = (start, each.window.end, known)
    if current is not None:
        yield current


def _band(axis: TimeAxis, up: Axis, start: datetime, end: datetime, known: Interval) -> str:
    left, right = axis.place(start), axis.place(end)
    parts = []
    if known.low is not None and known.high is not None and is_drawn(known.low) and is_drawn(known.high):
        top, bottom = up.place(known.high), up.place(known.low)
        parts.append(
            f'<rect x="{short(left)}" y="{short(top)}" width="{short(right - left)}" '
            f'height="{short(max(bottom - top, 1))}" fill="{LINE}" opacity=".18"/>'
        )
    if is_drawn(known.value):
        line = f"M{short(left)} {short(up.place(known.value))}H{short(right)}"
        parts.append(f'<path d="{line}" stroke="{LINE}" opacity=".6" stroke-dasharray="6 4"/>')
    return "".join(parts)


def _points(
    axis: TimeAxis, up: Axis, points: Sequence[tuple[WindowDocument, str, Measured]], how: str, *, hints: bool
) -> str:
    """Return the marks of one kind, with their intervals in one path: there may be many of them."""
    is_estimate = how == "estimate"
    bars: list[str] = []
    marks: list[str] = []
    worse: list[str] = []
    for window, _, measured in points:
        width = axis.place(window.window.end) - axis.place(window.window.start)
        x = short(axis.middle(window) + min(4.0, width / 5) * (1 if is_estimate else -1))
        low, high = measured.low, measured.high
        if low is not None and high is not None and is_drawn(low) and is_drawn(high):
            bars.append(f"M{x} {short(up.place(high))}V{short(up.place(low))}")
        hint = f"{window.window.start:%Y-%m-%d}, {HOW[how]}: {numbers.interval(*_bounds(measured))}"
        circle = f'<circle cx="{x}" cy="{short(up.place(measured.value or 0.0))}" r="4"'
        told = f"{circle}><title>{plain(hint)}</title></circle>" if hints else f"{circle}/>"
        (worse if measured.worse else marks).append(told)
    dash = ' stroke-dasharray="3 2"' if is_estimate else ""
    drawn = f'<path d="{"".join(bars)}" stroke="{LINE}" stroke-width="1.5" opacity=".7"{dash}/>' if bars else ""
    for circles, colour in ((marks, LINE), (worse, _BAD)):
        fill = _PAPER if is_estimate else colour
        drawn += f'<g fill="{fill}" stroke="{colour}" stroke-width="1.5">{"".join(circles)}</g>' if circles else ""
    return drawn


def _mark(x: float, y: float, *, is_estimate: bool) -> str:
    fill = _PAPER if is_estimate else LINE
    return f'<circle cx="{short(x)}" cy="{short(y)}" r="4" fill="{fill}" stroke="{LINE}" stroke-width="1.5"/>'


def _spans(windows: Sequence[WindowDocument]) -> list[tuple[str, datetime, datetime]]:
    """Return which version answered from when to when; one that shares a window with another keeps its own span."""
    spans: list[tuple[str, datetime, datetime]] = []
    for each in sorted(windows, key=lambda each: (each.window.start, each.version)):
        if spans and spans[-1][0] == each.version and spans[-1][2] >= each.window.start:
            spans[-1] = (each.version, spans[-1][1], max(spans[-1][2], each.window.end))
        else:
            spans.append((each.version, each.window.start, each.window.end))
    return spans


def _alarm_bar(axis: TimeAxis, alarm: Alarm, windows: Sequence[WindowDocument], y: float) -> str:
    last = next((each.window.end for each in reversed(windows) if each.window.start == alarm.last), alarm.last)
    left, right = axis.place(alarm.since), axis.place(alarm.ended or max(last, alarm.last))
    right = max(right, left + 6)
    about = alarm.column or alarm.slice or alarm.metric
    label = cause(alarm.kind, about[:40])
    state = "open" if alarm.is_open else "over"
    edge = "" if alarm.is_open else ' stroke-dasharray="4 2"'
    box = (
        f'<rect x="{short(left)}" y="{short(y)}" width="{short(right - left)}" height="18" '
        f'fill="var(--mm-bad-soft)" stroke="{_BAD}"{edge}><title>{plain(f"{label}, {state}")}</title></rect>'
    )
    text = f"{label}, {state}"
    room = len(text) * _LETTER + 10
    if room < right - left:
        return f'{box}<text x="{short(left + 5)}" y="{short(y + 13)}">{plain(text, 80)}</text>'
    if right + room < RIGHT:
        return f'{box}<text x="{short(right + 5)}" y="{short(y + 13)}">{plain(text, 80)}</text>'
    return f'{box}<text x="{short(left - 5)}" y="{short(y + 13)}" text-anchor="end">{plain(text, 80)}</text>'
