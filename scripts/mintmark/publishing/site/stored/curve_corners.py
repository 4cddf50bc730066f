"""The corners of curves as the text of JSON. Reads no files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from mintmark.publishing.site.drawing.axes import are_drawn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mintmark.core.statistics.true_curves import TrueCurve

NO_CORNERS: Final = "[]"
_FORM: Final = "%.5g"  # of each place: a hundredth of what a drawing can show


def format_corners(curves: Iterable[TrueCurve]) -> str:
    """Return the curves of one version as a JSON list, without those that cannot be drawn.

    A text, since what is kept goes into a document as it is.
    """
    return f"[{','.join(_curve(curve) for curve in curves if _is_drawn(curve))}]"


def _is_drawn(curve: TrueCurve) -> bool:
    [(_, x, y)] = curve.lines
    ends = (curve.start, curve.end)
    return len(x) > 1 and curve.start < curve.end and all(map(are_drawn, (ends, x, y)))


def _curve(curve: TrueCurve) -> str:
    [(_, x, y)] = curve.lines
    named = {"title": curve.title, "x_label": curve.x_label, "y_label": curve.y_label}
    rest = {**named, "start": curve.start, "end": curve.end}
    text = json.dumps(rest, separators=(",", ":"), allow_nan=False)
    return f'{text[:-1]},"x":[{_short(x)}],"y":[{_short(y)}]}}'


def _short(places: Sequence[float]) -> str:
    """Return places as JSON writes numbers: all in one step, for there are hundreds of them."""
    return ",".join([_FORM] * len(places)) % tuple(places)
