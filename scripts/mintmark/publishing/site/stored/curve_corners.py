"""The corners of the curves of a model's versions as JSON, made once for each file of predictions. Draws nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.question import PREDICTIONS
from mintmark.core.records import StoredFile
from mintmark.publishing.site.drawing.axes import is_drawn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mintmark.core.statistics.true_curves import TrueCurve
    from mintmark.publishing.site.embedded_files import EmbeddedFiles
    from mintmark.publishing.site.model_source import ModelSource
    from mintmark.registry.derived_cache import DerivedCache

_KIND: Final = "corners"
_NOTHING: Final = "[]"
_DIGITS: Final = 5  # of each place: a hundredth of what a drawing can show


def read_corners(files: EmbeddedFiles, cache: DerivedCache, source: ModelSource) -> dict[str, str]:
    """Return the curves of each version as the text of a JSON list, for those whose predictions are here and have any.

    A text, since what is kept goes into a document as it is.
    """
    if files.is_empty or not source.identity:
        return {}
    question = source.identity["task"], source.identity.get("positive_class")
    asked = {}
    for version, record in source.records.items():
        entry = record["files"].get(PREDICTIONS)
        if entry is not None:
            own = *question, record["signature"].get("classes")
            file = StoredFile.from_dict(PREDICTIONS, entry)
            asked[version] = json.dumps([file.sha256, *own]), file, own
    known = cache.get_many(_KIND, (key for key, _, _ in asked.values()))
    fresh = {}
    for key, file, own in asked.values():
        content = None if key in known else files.read_anywhere(file)
        if content is not None:
            known[key] = fresh[key] = _corners(content, *own)
    cache.put_many(_KIND, fresh)
    return {version: known[key] for version, (key, _, _) in asked.items() if known.get(key, _NOTHING) != _NOTHING}


def _corners(content: bytes, task: Any, positive_class: Any, classes: Any) -> str:
    from mintmark.publishing.site.drawing.stored_curves import read_curves

    found = read_curves(content, task=task, positive_class=positive_class, classes=classes or ())
    return json.dumps([_curve(curve) for curve in found if _is_drawn(curve)], separators=(",", ":"), allow_nan=False)


def _is_drawn(curve: TrueCurve) -> bool:
    [(_, x, y)] = curve.lines
    return len(x) > 1 and curve.start < curve.end and all(map(is_drawn, (curve.start, curve.end, *x, *y)))


def _curve(curve: TrueCurve) -> dict[str, Any]:
    [(_, x, y)] = curve.lines
    named = {"title": curve.title, "x_label": curve.x_label, "y_label": curve.y_label}
    return {**named, "start": curve.start, "end": curve.end, "x": _short(x), "y": _short(y)}


def _short(places: Iterable[float]) -> list[float]:
    return [float(f"{place:.{_DIGITS}g}") for place in places]
