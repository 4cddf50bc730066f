"""What a model answers and how the answer is measured: the part of model.yaml that judges read. Reads no files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

KeyPath = tuple[str | int, ...]
Task = Literal["regression", "binary-classification", "multiclass-classification"]
Label = str | int | float | bool

ROW = "row"  # the column of evaluation rows and predictions that numbers the rows


class RecipeFault(ValueError):  # noqa: N818 - a fault in data, which callers turn into a finding
    """A value in a recipe that cannot work; `place` is its path below the model's section (or from the top)."""

    def __init__(self, place: KeyPath, message: str) -> None:
        super().__init__(message)
        self.place, self.message = place, message


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What a model answers and how the answer is measured: the part of model.yaml that the pipeline depends on.

    `slices` are the entries of model.yaml, each with `name` and `where`.
    """

    task: Task
    target: str
    metric: str
    maximize: bool
    positive_class: Label | None = None
    entity_column: str | None = None
    slices: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Question:
        """Build it from a document that the schema of model.yaml accepts.

        Raises `RecipeFault` where the target is missing.
        """
        if not data.get("target"):
            raise RecipeFault(("target",), "the pipeline needs to know the column to predict; add target:")
        return cls(
            task=data["task"],
            target=data["target"],
            metric=data["metric"]["name"],
            maximize=data["metric"]["goal"] == "maximize",
            positive_class=data.get("positive_class"),
            entity_column=data.get("entity_column"),
            slices=tuple(data.get("slices") or ()),
        )

    @property
    def is_classification(self) -> bool:
        """Whether the model predicts a class."""
        return self.task != "regression"
