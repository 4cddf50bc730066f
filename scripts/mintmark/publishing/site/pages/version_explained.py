"""What moves the answers of a version, as rows and drawings for its page. Reads no files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from markupsafe import Markup

from mintmark.core.words import explained as words
from mintmark.core.words.demands import as_it_is
from mintmark.core.words.numbers import capital
from mintmark.publishing.site.drawing.axes import are_drawn
from mintmark.publishing.site.drawing.dependence_chart import dependence_chart, shared_axis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BAR: Final = 200  # units of the drawing of a bar


class ContributionBar(NamedTuple):
    """What an input contributes to one answer; positions are in units of the drawing, 0 to 200."""

    name: str
    standing: str
    text: str
    start: float
    width: float
    zero: float


class ExplainedRow(NamedTuple):
    """One answer with the contributions that lead to it, the largest first."""

    title: str
    bars: list[ContributionBar]


def explained(measured: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page shows of `explanation` in metrics.json; `explained` is empty where that is not there."""
    found = measured.get("explanation")
    if not found:
        return {"explained": ""}
    names = [curve["input"] for curve in found["curves"]] or list(found["rows"][0]["inputs"] if found["rows"] else ())
    shown = " ".join([words.HOW_CURVES_READ, words.background(found)])
    return {
        "explained": f"by {names[0]} and others" if len(names) > 1 else f"by {names[0]}" if names else "none",
        "curves_read": shown,
        "dependences": _charts(found["curves"], found["by"]),
        "without_curve": [f"{name}: {reason}" for name, reason in sorted(found.get("left_out", {}).items())],
        "rows_read": words.HOW_ROWS_READ,
        "explained_rows": explained_rows(found),
    }


def _charts(curves: Sequence[Mapping[str, Any]], by: str) -> list[tuple[str, Markup]]:
    axis = shared_axis(curves)
    if axis is None:
        return []
    found = []
    for at, curve in enumerate(curves):
        answer = words.answered(by, curve.get("class"), as_it_is)
        svg = dependence_chart(curve, axis, answer=answer, prefix=f"dependence{at}")
        found += [(capital(f"mean {answer}"), Markup(svg))] if svg else []  # noqa: S704 - our own drawing
    return found


def explained_rows(found: Mapping[str, Any]) -> list[ExplainedRow]:
    """Return each answer with its contributions, all on one scale, so that rows can be compared."""
    rows = [row for row in found["rows"] if are_drawn([part["value"] for _, part in _parts(row)])]
    values = [part["value"] for row in rows for _, part in _parts(row)]
    low, high = min(values, default=0.0), max(values, default=0.0)
    low, high = min(low, 0.0), max(high, 0.0)
    scale = _BAR / (high - low) if high > low else 0.0
    return [_row(row, found["by"], low, scale) for row in rows]


def _parts(row: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [*row["inputs"].items(), *([("", row["others"])] if "others" in row else [])]


def _row(row: Mapping[str, Any], by: str, low: float, scale: float) -> ExplainedRow:
    order = sorted(_parts(row), key=lambda item: (-abs(item[1]["value"]), item[0]))
    bars = [
        ContributionBar(
            name=name or "all other inputs",
            standing=words.standing(part) if name else "",
            text=words.contribution(part),
            start=round((min(0.0, part["value"]) - low) * scale, 1),
            width=round(abs(part["value"]) * scale, 1),
            zero=round(-low * scale, 1),
        )
        for name, part in order
    ]
    told = words.row_told(row, by, as_it_is)
    return ExplainedRow(title=told, bars=bars)
