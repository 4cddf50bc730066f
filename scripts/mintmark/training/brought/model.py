"""What somebody brings of a model that came ready, as values. Opens no file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mintmark.core.question import FILLED, ROW, Question

if TYPE_CHECKING:
    import pandas as pd

    from mintmark.core.question import Label

RUNNABLE: Final = ("skops", "onnx")


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """The rows that a model was trained on: where a stage wrote them, the digest of that file, and the table."""

    path: str
    hash: str
    rows: pd.DataFrame


@dataclass(frozen=True, kw_only=True, slots=True)
class Brought:
    """A model that came ready: its file, and what it is asked about.

    `name` is what the file is called in the candidate, `source` what the person calls it. `trusted` has the names of
    further types that it may hold. `labels` are the classes that the file names itself, `classes` those that a person
    named in the order of its probabilities. `carried` are columns of `rows` that it does not see. `predictions` are
    what it answered where it was trained, and `training` the rows that it was trained on, where stages of this
    repository made them.
    """

    model: str
    name: str
    source: str
    format: str
    artifact: bytes
    trusted: tuple[str, ...]
    labels: tuple[Label, ...]
    classes: tuple[Label, ...]
    rows: pd.DataFrame
    carried: tuple[str, ...]
    predictions: pd.DataFrame | None = None
    training: Training | None = None

    @property
    def runs_here(self) -> bool:
        """Whether something here can run a model of its format."""
        return self.format in RUNNABLE

    def inputs(self, question: Question) -> list[str]:
        """Return the columns that the model sees, in their order."""
        aside = {ROW, FILLED, question.target, question.entity_column, *self.carried}
        return [str(name) for name in self.rows.columns if name not in aside]
