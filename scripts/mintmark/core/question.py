"""What a model answers and how the answer is measured: the part of model.yaml that judges read. Reads no files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mintmark.core.statistics.metric_names import greater_is_better

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KeyPath = tuple[str | int, ...]
Task = Literal["regression", "binary-classification", "multiclass-classification"]
Label = str | int | float | bool

ROW = "row"  # the column of evaluation rows and predictions that numbers the rows
PROBABILITY = "probability_"  # and the class: a column of predictions
FILLED = "filled_columns"  # of a row: a JSON list of the columns that prepare filled, or nothing
EVALUATION, PREDICTIONS = "evaluation.parquet", "predictions.parquet"  # the rows of a version, its answers to them
TRAINING_ROWS = "training-rows.parquet"  # which rows a version was trained on (core/provenance/training_rows.py)
OF, DIGEST = "of", "digest"  # its columns


class RecipeFault(ValueError):  # noqa: N818 - a fault in data, which callers turn into a finding
    """A value in a recipe that cannot work; `place` is its path below the model's section (or from the top)."""

    def __init__(self, place: KeyPath, message: str) -> None:
        super().__init__(message)
        self.place, self.message = place, message

    @property
    def faults(self) -> tuple[RecipeFault, ...]:
        """Every fault that was found together with this one."""
        return (self,)


class RecipeFaults(RecipeFault):
    """Several values that cannot work, found together; place and message are those of the first."""

    def __init__(self, faults: Sequence[RecipeFault]) -> None:
        single = [one for fault in faults for one in fault.faults]
        super().__init__(single[0].place, single[0].message)
        self._faults = tuple(single)

    @property
    def faults(self) -> tuple[RecipeFault, ...]:
        """Every fault, in the order in which they were found."""
        return self._faults


def raise_faults(faults: Sequence[RecipeFault]) -> None:
    """Raise all of them as one, so that nobody mends one a run; do nothing where there is none."""
    if len(faults) > 1:
        raise RecipeFaults(faults)
    if faults:
        raise faults[0]


def is_stable_split(method: str, start: object) -> bool:
    """Whether a row keeps its side when the data grows; `start` is from when a time split evaluates, if it says so."""
    return method in ("hash", "group") or start is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """Which rows a slice means, by one column: those that are a value, one of some, or in a half-open range."""

    column: str
    equals: Label | None = None
    among: tuple[Label, ...] | None = None
    at_least: float | None = None
    below: float | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Condition:
        """Build it from the `where` of a slice."""
        return cls(
            column=data["column"],
            equals=data.get("equals"),
            among=tuple(data["in"]) if "in" in data else None,
            at_least=data.get("at_least"),
            below=data.get("below"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """A part of the evaluation rows that is judged by itself."""

    name: str
    where: Condition
    description: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Slice:
        """Build it from an entry of `slices`."""
        where = Condition.from_dict(data["where"])
        return cls(name=data["name"], where=where, description=data.get("description", ""))


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What a model answers and how the answer is measured: the part of model.yaml that the pipeline depends on.

    Raises `RecipeFault` where the target is missing.
    """

    task: Task
    target: str
    metric: str
    positive_class: Label | None = None
    entity_column: str | None = None
    slices: tuple[Slice, ...] = ()

    def __post_init__(self) -> None:
        if not self.target:
            raise RecipeFault(("target",), "the pipeline needs to know the column to predict; add target:")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Question:
        """Build it from a document that the schema of model.yaml accepts."""
        return cls(
            task=data["task"],
            target=data.get("target") or "",
            metric=data["metric"]["name"],
            positive_class=data.get("positive_class"),
            entity_column=data.get("entity_column"),
            slices=tuple(map(Slice.from_dict, data.get("slices") or ())),
        )

    @property
    def maximize(self) -> bool:
        """Whether more of the metric is better, as the metric itself has it."""
        return greater_is_better(self.metric)

    @property
    def is_classification(self) -> bool:
        """Whether the model predicts a class."""
        return self.task != "regression"
