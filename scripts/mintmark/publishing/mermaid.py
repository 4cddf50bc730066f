"""Charts that GitHub draws by itself: Mermaid's text of curves and of a lineage. Draws nothing.

Labels hold letters, digits and spaces, and what stands between two of these in a file's name; every other character is
an entity of Mermaid (`#34;` is a quotation mark). So no label ends early, and none is read as HTML, Markdown, a
directive, an icon or a formula.
"""

from __future__ import annotations

import math
import re
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from mintmark.core.finding import shorten
from mintmark.core.provenance.inputs import is_code
from mintmark.publishing.markdown import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.core.judgement.review import LineageStep
    from mintmark.core.statistics.results import Curve

# Each has a contrast of 3 and more on white and on black.
COLOURS: Final = (("blue", "#2f81f7"), ("orange", "#db6d28"), ("purple", "#a371f7"), ("grey", "#7d8590"))
MOST_POINTS: Final = 41
MOST_STAGES: Final = 12
_MOST_BOXES: Final = 24
_MOST_NAMES: Final = 3
_LONGEST_LABEL: Final = 40
_DIGITS: Final = 4
_LARGEST: Final = 1e12  # Mermaid reads no powers of ten
_SMALLEST: Final = 1e-6
_MARK: Final = re.compile("ﬂ(?=°)|¶(?=ß)")  # what Mermaid makes of its own entities until it has drawn them
_JOINER: Final = "\u2060"
_ENTITY: Final = re.compile(r"(?<![0-9A-Za-z])[._/-]|[._/-](?![0-9A-Za-z])|(?i:(?<=www)\.)|[^0-9A-Za-z ._/-]")


def label(text: str) -> str:
    """Return a text for between quotation marks, cut to what a chart has room for."""
    shown = shorten(visible(text).strip(), _LONGEST_LABEL) or "(no name)"
    return _ENTITY.sub(lambda match: f"#{ord(match[0])};", _MARK.sub(f"\\g<0>{_JOINER}", shown))


def drawn_lines(curve: Curve) -> list[tuple[str, Sequence[float]]]:
    """Return the lines of a curve that are drawn, in the order of `COLOURS`: two points and more, each a number."""
    lines = ((name, values) for name, values in curve.lines if len(values) > 1 and all(map(_is_drawn, values)))
    return list(islice(lines, len(COLOURS)))


def format_curve(curve: Curve) -> str | None:
    """Return a curve as an `xychart-beta`; None where there is nothing to draw."""
    lines = drawn_lines(curve)
    if not lines or not _is_drawn(curve.start) or not _is_drawn(curve.end) or curve.end - curve.start < _SMALLEST:
        return None
    x, y = (curve.start, curve.end), _range([value for _, values in lines for value in values])
    start, end = (_decimal(bound, x) for bound in x)
    count = _count_points(float(start), float(end), max(len(values) for _, values in lines))
    chart = [
        *_settings(),
        "xychart-beta",
        f'  title "{label(curve.title)}"',
        f'  x-axis "{label(curve.x_label)}" {start} --> {end}',
        f'  y-axis "{label(curve.y_label)}" {_decimal(y[0], y)} --> {_decimal(y[1], y)}',
    ]
    # Lines without names: a legend, where Mermaid has one, is cut off on a narrow page.
    for _, values in lines:
        chart.append(f"  line [{', '.join(_decimal(value, y) for value in resample(values, count))}]")
    return "\n".join(chart)


def _settings() -> list[str]:
    # Mermaid's own first colour is all but white, and its dark background is not GitHub's.
    palette = ", ".join(colour for _, colour in COLOURS)
    return [
        "---",
        "config:",
        "  xyChart:",
        "    width: 480",
        "    height: 320",
        "  themeVariables:",
        "    xyChart:",
        '      backgroundColor: "transparent"',
        f'      plotColorPalette: "{palette}"',
        "---",
    ]


def _is_drawn(value: float) -> bool:
    return -_LARGEST < value < _LARGEST  # which no NaN is


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if low >= 0 and high <= 1:  # shares and probabilities
        return 0.0, 1.0
    return (low, high) if high - low >= _SMALLEST else (low - 1, high + 1)


def _decimal(value: float, span: tuple[float, float]) -> str:
    """Return a number with as many decimals as tell places on the axis apart."""
    digits = max(0, _DIGITS - 1 - math.floor(math.log10(span[1] - span[0])))
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if digits else text
    return "0" if text == "-0" else text


def _count_points(start: float, end: float, given: int) -> int:
    """Return how many points a line is drawn with.

    Up to 11.14 at least, Mermaid adds the steps up and loses the last point where rounding leads past the end of the
    axis (20 steps of 0.05 are more than 1), so that a number of steps is taken that does not.
    """
    wanted = min(given, MOST_POINTS)
    return next((count for count in (wanted, 33, 17) if _adds_up(start, end, count)), wanted)


def _adds_up(start: float, end: float, count: int) -> bool:
    step = (end - start) / (count - 1)
    place = start
    for _ in range(count - 1):
        place += step
    return place <= end


def resample(values: Sequence[float], count: int) -> list[float]:
    """Return `count` values at equal steps along the straight lines between the values."""
    if len(values) == count:
        return list(values)
    resampled = []
    for number in range(count):
        place = number * (len(values) - 1) / (count - 1)
        left = min(int(place), len(values) - 2)
        resampled.append(values[left] + (place - left) * (values[left + 1] - values[left]))
    return resampled


def format_lineage(steps: Sequence[LineageStep]) -> str | None:
    """Return the stages and the files between them as a `flowchart`; None where no stage is recorded.

    Files that come from one stage and go to the same ones share a box. Code is left out.
    """
    if not steps:
        return None
    steps = steps[:MOST_STAGES]
    lines = [
        f'  s{number}(["{label(name)}"])' for number, name in enumerate(stage_names([step.stage for step in steps]))
    ]
    arrows: list[str] = []
    for number, ((source, targets), paths) in enumerate(islice(_boxes(steps).items(), _MOST_BOXES)):
        lines.append(f'  f{number}["{_box_label(paths)}"]')
        arrows += [f"  s{source} --> f{number}"] if source is not None else []
        arrows += [f"  f{number} --> s{target}" for target in targets]
    return "\n".join(["flowchart LR", "  accTitle: How this version was made", *lines, *arrows])


def stage_names(names: Sequence[str]) -> list[str]:
    """Return the names of stages without the model (`@iris`) where all are about the same one."""
    parts = [name.rpartition("@") for name in names]
    shared = len({model for _, _, model in parts}) == 1 and all(stage for stage, _, _ in parts)
    return [stage if shared else name for (stage, _, _), name in zip(parts, names, strict=True)]


def _boxes(steps: Sequence[LineageStep]) -> dict[tuple[int | None, tuple[int, ...]], list[str]]:
    """Return the files by the stage that writes them (None: no stage) and the stages that read them."""
    writers = {path: number for number, step in enumerate(steps) for path, _ in step.outputs}
    readers: dict[str, dict[int, None]] = {path: {} for path in writers}
    for number, step in enumerate(steps):
        for path, _ in step.inputs:
            if path in writers or not is_code(path):
                readers.setdefault(path, {})[number] = None
    boxes: dict[tuple[int | None, tuple[int, ...]], list[str]] = {}
    for path, numbers in readers.items():
        boxes.setdefault((writers.get(path), tuple(numbers)), []).append(path)
    return boxes


def _box_label(paths: Sequence[str]) -> str:
    names = [label(PurePosixPath(path).name or path) for path in paths[:_MOST_NAMES]]
    more = len(paths) - len(names)
    return "<br/>".join([*names, *([f"and {more} more"] if more else [])])
