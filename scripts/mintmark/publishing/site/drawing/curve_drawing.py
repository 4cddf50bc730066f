"""Curves and standings of a model's versions from the predictions that the tree carries, drawn once for each file."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from mintmark.core.comparison import basis_of
from mintmark.core.model import Gates
from mintmark.core.question import EVALUATION, PREDICTIONS, TRAINING_ROWS
from mintmark.publishing.site.stored.curve_corners import NO_CORNERS, format_corners

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.core.question import Question
    from mintmark.publishing.site.drawing.stored_curves import Line, Stored
    from mintmark.publishing.site.embedded_files import EmbeddedFiles
    from mintmark.publishing.site.model_source import ModelSource
    from mintmark.registry.derived_cache import DerivedCache

_DRAWN = "with their corners"  # how they are drawn: another way needs another key
_CAPTIONS = {
    "ROC curve": "ROC curve: the share of positives found against the share of false alarms.",
    "Precision and recall": "Precision and recall: how many of those called positive are, against how many are found.",
    "Errors": "Errors: the share of rows whose absolute error stays within a bound.",
}


class Drawn(NamedTuple):
    """The curves of one version: captions with finished SVG, and their corners as `format_corners` writes them."""

    charts: list[tuple[str, str]]
    corners: str


class CurveDrawing:
    """Draws for one model; what costs more than a look is kept in the cache of the repository.

    `counted` has what `count_classes` tells of each version whose predictions it read.
    """

    def __init__(
        self, files: EmbeddedFiles, cache: DerivedCache, source: ModelSource, champion: str | None = None
    ) -> None:
        self._files, self._cache, self._source, self._champion = files, cache, source, champion
        self.counted: dict[str, dict[str, Any] | None] = {}

    def curves(self) -> dict[str, Drawn]:
        """Return the curves of each version whose predictions are here."""
        if self._files.is_empty:
            return {}
        asked = [self._source.identity["task"], self._source.identity.get("positive_class")]
        keys = {}
        for version, record in self._source.records.items():
            file = self._source.stored(version, PREDICTIONS)
            if file is not None:
                own = [_DRAWN, file.sha256, version, *asked, record["signature"].get("classes"), self._under(version)]
                keys[version] = json.dumps(own)
        found = {}
        for version, text in self._cache.complete("curves", keys, self._draw).items():
            charts, corners = json.loads(text)
            found[version] = Drawn([(caption, svg) for caption, svg in charts], corners)
        return found

    def _under(self, version: str) -> list[Any] | None:
        """Return what tells the champion's curve, None where a version is not to be laid over it.

        Curves of other rows beside each other would be compared, and must not be.
        """
        if self._champion is None or self._champion == version:
            return None
        record = self._source.records[self._champion]
        file = self._source.stored(self._champion, PREDICTIONS)
        if file is None or basis_of(self._source.records[version], record) != "same rows":
            return None
        return [self._champion, file.sha256, record["signature"].get("classes")]

    @cached_property
    def _champion_line(self) -> Line | None:
        champion = self._champion or ""
        return self._line(champion, f"{champion}, the champion", self._read(champion))

    def _read(self, version: str) -> bytes | None:
        file = self._source.stored(version, PREDICTIONS)
        return self._files.read_anywhere(file) if file is not None else None

    def _line(self, version: str, name: str, content: bytes | None) -> Line | None:
        if content is None:
            return None
        from mintmark.publishing.site.drawing.stored_curves import read_line

        identity = self._source.identity
        return read_line(
            content,
            task=identity["task"],
            positive_class=identity.get("positive_class"),
            classes=self._source.records[version]["signature"].get("classes") or (),
            name=name,
        )

    def _draw(self, version: str) -> str | None:
        content = self._read(version)
        if content is None:
            return None
        from mintmark.publishing.site.drawing.charts import line_chart
        from mintmark.publishing.site.stored.class_counts import count_classes

        line = self._line(version, version, content)
        if line is None:
            return json.dumps([[], NO_CORNERS])
        self.counted[version] = count_classes(line.outcomes)
        under = self._champion_line if self._under(version) else None
        found = line.over(under) if under is not None else line.curves
        drawn = ((curve.title, line_chart(curve, prefix=f"curve{number}")) for number, curve in enumerate(found))
        charts = [(_CAPTIONS.get(title, title), svg) for title, svg in drawn if svg]
        return json.dumps([charts, format_corners(line.curves)])

    def standing(self, version: str | None, before: str | None) -> str | None:
        """Return how a version stands against the one before it, as a review would judge; None when it is unknown."""
        if version is None or before is None or self._files.is_empty:
            return None
        identity = self._source.identity
        asked = [
            [self._digests(side) for side in (version, before)],
            *(identity.get(name) for name in ("task", "metric", "gates", "positive_class", "entity_column", "target")),
        ]
        key = json.dumps(asked)
        known = self._cache.get("standing", key)
        if known is None:
            known = json.dumps(self._compare(version, before))
            self._cache.put_many("standing", {key: known})
        found: str | None = json.loads(known)
        return found

    def _digests(self, version: str) -> list[str | None]:
        files = (self._source.stored(version, name) for name in (PREDICTIONS, EVALUATION, TRAINING_ROWS))
        return [file.sha256 if file else None for file in files]

    def _compare(self, version: str, before: str) -> str | None:
        from mintmark.publishing.site.drawing.stored_curves import paired_standing

        sides = [self._side(version), self._side(before)]
        first, second = sides
        if first is None or second is None:
            return None
        identity = self._source.identity
        margin = Gates.from_dict(identity["gates"]).margin
        return paired_standing(first, second, _question(identity), margin=margin)

    def _side(self, version: str) -> Stored | None:
        from mintmark.publishing.site.drawing.stored_curves import Stored

        record = self._source.records[version]
        evaluation, training = (self._source.stored(version, name) for name in (EVALUATION, TRAINING_ROWS))
        content = self._read(version)
        if content is None or evaluation is None:
            return None
        return Stored(
            predictions=content,
            evaluation_sha256=evaluation.sha256,
            classes=record["signature"].get("classes") or (),
            evaluation=self._files.read_anywhere(evaluation),
            training_rows=self._files.read_anywhere(training) if training else None,
            inputs=list(record["signature"]["inputs"]),
            key=next((entry["hash"] for entry in record["data"] if entry["role"] == "training"), None),
        )


def _question(identity: Mapping[str, Any]) -> Question:
    """Return what the pipeline would ask; predictions that are stored need no target to be found in a table."""
    from mintmark.core.question import Question

    return Question.from_dict({"target": "target", **identity})
