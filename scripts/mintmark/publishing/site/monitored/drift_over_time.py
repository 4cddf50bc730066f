"""How far each column had drifted from window to window: drawn, in words and as a document. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mintmark.core.words import numbers
from mintmark.monitoring.documents import format_time
from mintmark.publishing.site.drawing.axes import short
from mintmark.publishing.site.drawing.svg import LINE, opening, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mintmark.monitoring.documents import WindowDocument
    from mintmark.monitoring.stored.drifts import ColumnDrift
    from mintmark.publishing.site.api.json_text import Document
    from mintmark.publishing.site.monitored.model_windows import ModelWindows

MOST_WINDOWS: Final = 90
MOST_COLUMNS: Final = 100  # of a document
_WIDTH, _HEIGHT = 320.0, 62.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 4.0, 316.0, 8.0, 42.0
_LEAST: Final = 0.2  # of what the highest bar may stand for, so that small distances look small
_BAD: Final = "var(--mm-bad)"
_NARROW: Final = 2.5  # of a bar, under which a dot above it would run into the next one


def one_for_each_time(windows: Iterable[WindowDocument]) -> list[WindowDocument]:
    """Return one of the documents of each window, that with the most rows: two versions may share one."""
    found: dict[float, WindowDocument] = {}
    for each in windows:
        start = each.window.start.timestamp()
        if start not in found or found[start].traffic.read < each.traffic.read:
            found[start] = each
    return [found[start] for start in sorted(found)]


def scale_of(columns: Iterable[ColumnDrift]) -> float:
    """Return the distance of the highest bar of drawings that are looked at together."""
    return max([_LEAST, *(each.largest for each in columns)])


def draw_drift(column: ColumnDrift, windows: Sequence[WindowDocument], scale: float) -> str:
    """Return a bar for the distance of a column in each window, those in which it had drifted red with a dot above.

    A window of which nothing can be said has a short mark below the line. Empty where nothing can be said at all.
    """
    if all(point.distance is None for point in column.points):
        return ""
    width = (_RIGHT - _LEFT) / len(windows)
    heights = [
        None if point.distance is None else max(1, round((_BOTTOM - _TOP) * point.distance / scale))
        for point in column.points
    ]
    drifted = [point.drifted for point in column.points]
    calm, red, dots, unknown = "", "", "", ""
    for place, height in enumerate(heights):
        x = short(place + 0.5)
        if height is None:
            unknown += f"M{x} 2v4"
        elif drifted[place]:
            red += f"M{x} 0v-{height}"
            dots += f"M{short(_LEFT + (place + 0.5) * width)} {short(_BOTTOM - height - 4)}h0"
        else:
            calm += f"M{x} 0v-{height}"
    bars = ((calm, f'stroke="{LINE}" opacity=".55"'), (red, f'stroke="{_BAD}"'))
    said = f"{column.name} over {numbers.count(len(windows), 'window')}: {drift_words(column, windows)}."
    label = f' role="img" aria-label="{plain(said, 300)}"'
    parts = [
        f'<path d="M{short(_LEFT)} {short(_BOTTOM)}H{short(_RIGHT)}" stroke="currentColor" opacity=".4"/>',
        f'<g transform="translate({short(_LEFT)} {short(_BOTTOM)}) scale({width:.4f} 1)" stroke-width=".75">',
        *(f'<path d="{path}" {how}/>' for path, how in bars if path),
        f'<path d="{unknown}" stroke="currentColor" stroke-width="{min(0.75, 1.5 / width):.2f}" opacity=".5"/>'
        if unknown
        else "",
        "</g>",
        f'<path d="{dots}" stroke="{_BAD}" stroke-width="4" stroke-linecap="round"/>'
        if dots and width > _NARROW
        else "",
        f'<g font-size="12" opacity=".85">{_ends(windows)}</g>',
    ]
    return f"{opening('mm-chart mm-drift', _WIDTH, _HEIGHT, attributes=label)}{''.join(parts)}</svg>"


def drift_words(column: ColumnDrift, windows: Sequence[WindowDocument]) -> str:
    """`at most 31% on 2026-03-07, drifted in 3 of 12 windows`."""
    told = [place for place, point in enumerate(column.points) if point.distance is not None]
    if not told:
        return "nothing can be said"
    most = max(told, key=lambda place: column.points[place].distance or 0.0)
    far = numbers.share(column.points[most].distance, 3)
    times = f"drifted in {column.times:,} of {numbers.count(len(told), 'window')}" if column.times else "never drifted"
    return f"at most {far} on {_day(windows[most])}, {times}"


def drift_document(seen: ModelWindows, channel: str) -> Document:
    """Return how far the columns of a channel went in its last windows, those that went farthest if they are many."""
    windows = one_for_each_time(seen.served(channel))[-MOST_WINDOWS:]
    return {
        "channel": channel,
        "windows": [{"start": format_time(each.window.start), "version": each.version} for each in windows],
        "columns": [each.to_dict() for each in seen.drift(windows, MOST_COLUMNS)],
    }


def _day(window: WindowDocument) -> str:
    is_days = window.window.span.endswith(("d", "w"))
    return f"{window.window.start:%Y-%m-%d}" + ("" if is_days else f" {window.window.start:%H:%M}")


def _ends(windows: Sequence[WindowDocument]) -> str:
    y = short(_BOTTOM + 17)
    first = f'<text x="{short(_LEFT)}" y="{y}">{_day(windows[0])}</text>'
    if len(windows) == 1:
        return first
    return f'{first}<text x="{short(_RIGHT)}" y="{y}" text-anchor="end">{_day(windows[-1])}</text>'
