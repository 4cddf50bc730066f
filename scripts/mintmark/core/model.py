"""What model.yaml says of a model, as values: its identity, gates, slices, tests and monitoring. Reads no files."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from mintmark.core.behaviour_tests import BehaviourTest, behaviour_test
from mintmark.core.question import Question, Slice
from mintmark.core.records import parse_size
from mintmark.core.statistics.metric_names import greater_is_better

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mintmark.core.question import Label, Task

LEAST_SLICE_ROWS = 50  # of fewer, 20 slices that are no worse raise an alarm in 11 to 15% of reviews, not in 5%
SIZE = "size"
# What `mintmark add` cannot know of a model, and a person has still to write.
BLANK_OWNER: Final = "@BLANK-"  # no login of GitHub ends in a hyphen
BLANK_LICENCE: Final = "LicenseRef-BLANK"
BLANK_TEXT: Final = "BLANK:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """The primary metric of a model."""

    name: str

    @property
    def maximize(self) -> bool:
        """Whether more of it is better, as the metric itself has it."""
        return greater_is_better(self.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gates:
    """What a candidate must reach; metrics are in their own units, `cost` in bytes (`size`) and seconds."""

    margin: float
    slice_margin: float
    slice_min_rows: int = LEAST_SLICE_ROWS
    leak_cap: float | None = None
    floors: Mapping[str, float] = field(default_factory=dict)
    cost: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Gates:
        """Build them from the `gates` of a document that the schema of model.yaml accepts.

        Without a margin of their own, slices have that of the primary metric. `slice_min_rows` below 50 counts as 50.
        """
        cost = dict(data.get("cost", {}))
        if SIZE in cost:
            cost[SIZE] = _size_limit(cost[SIZE])
        return cls(
            margin=data["margin"],
            slice_margin=data.get("slice_margin", data["margin"]),
            slice_min_rows=slice_rows_needed(data),
            leak_cap=data.get("leak_cap"),
            floors=data.get("floors", {}),
            cost=cost,
        )


def slice_rows_needed(gates: Mapping[str, Any]) -> int:
    """Return how many rows a slice needs before it is judged: what the gates of model.yaml ask for, and 50 at least."""
    asked: int = gates.get("slice_min_rows", LEAST_SLICE_ROWS)
    return max(asked, LEAST_SLICE_ROWS)


def _size_limit(asked: float | str) -> float:
    try:
        return parse_size(asked)
    except OverflowError:  # hundreds of digits, which no file reaches
        return math.inf


Treatment = Literal["drop", "hash"]  # of a personal input in the prediction log


@dataclass(frozen=True, kw_only=True, slots=True)
class Thresholds:
    """How large an effect must be before it counts, as shares of rows or requests; `drift` is a distance from 0 to 1.

    `performance` is in the unit of the metric; None stands for the margin of the gates.
    """

    drift: float = 0.1
    missing: float = 0.05
    unseen: float = 0.02
    out_of_range: float = 0.05
    errors: float = 0.05
    performance: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelSource:
    """Where labels come from and how long they take; without `join` they name the request."""

    address: str | None = None
    join: tuple[str, ...] = ()
    time: str | None = None
    delay: str | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LabelSource:
        """Build it from `monitoring.labels`."""
        return cls(**{**data, "join": tuple(data.get("join", ()))})


OnBreach = Literal["note", "issue", "propose-rollback", "retrain"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Monitoring:
    """What is watched in production, and what follows; spans are a number with `h`, `d` or `w`."""

    window: str = "1d"
    columns: tuple[str, ...] = ()
    minimum_rows: int = 100
    thresholds: Thresholds = Thresholds()
    labels: LabelSource = LabelSource()
    on_breach: OnBreach = "issue"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Monitoring:
        """Build it from `monitoring`."""
        return cls(
            window=data.get("window", "1d"),
            columns=tuple(data.get("columns", ())),
            minimum_rows=data.get("minimum_rows", 100),
            thresholds=Thresholds(**data.get("thresholds", {})),
            labels=LabelSource.from_dict(data.get("labels", {})),
            on_breach=data.get("on_breach", "issue"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """What model.yaml says; `document` is all of it, and is there to be shown as a whole, unknown fields included."""

    name: str
    task: Task
    owners: tuple[str, ...]
    purpose: str
    licence: str
    metric: Metric
    gates: Gates
    anchor: str | None = None
    title: str | None = None
    intended_use: str | None = None
    out_of_scope: str | None = None
    limitations: str | None = None
    ethics: str | None = None
    training_data: str | None = None
    tags: tuple[str, ...] = ()
    target: str | None = None
    positive_class: Label | None = None
    entity_column: str | None = None
    slices: tuple[Slice, ...] = ()
    behaviour: tuple[BehaviourTest, ...] = ()
    monitoring: Monitoring = Monitoring()
    personal: Mapping[str, Treatment] = field(default_factory=dict)
    reproduce: bool = False
    document: Mapping[str, Any] = field(repr=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Model:
        """Build a model from a document that its schema accepts."""
        return cls(
            name=data["name"],
            task=data["task"],
            owners=tuple(data["owners"]),
            purpose=data["purpose"],
            licence=data["licence"],
            metric=Metric(name=data["metric"]["name"]),
            anchor=data.get("anchor"),
            gates=Gates.from_dict(data["gates"]),
            title=data.get("title"),
            intended_use=data.get("intended_use"),
            out_of_scope=data.get("out_of_scope"),
            limitations=data.get("limitations"),
            ethics=data.get("ethics"),
            training_data=data.get("training_data"),
            tags=tuple(data.get("tags", ())),
            target=data.get("target"),
            positive_class=data.get("positive_class"),
            entity_column=data.get("entity_column"),
            slices=tuple(map(Slice.from_dict, data.get("slices", ()))),
            behaviour=tuple(map(behaviour_test, data.get("behaviour", ()))),
            monitoring=Monitoring.from_dict(data.get("monitoring", {})),
            personal=dict(data.get("personal", {})),
            reproduce=data.get("reproduce", False),
            document=data,
        )

    @property
    def says_what_is_watched(self) -> bool:
        """Whether model.yaml itself says something of what is watched in production."""
        return any((self.document.get("monitoring") or {}).values())

    @property
    def watched_margin(self) -> float:
        """How much worse than registered the primary metric may be in production, in its own unit."""
        asked = self.monitoring.thresholds.performance
        return self.gates.margin if asked is None else asked

    @property
    def question(self) -> Question:
        """What the model answers and how that is measured; raise `RecipeFault` where the target is missing."""
        return Question(
            task=self.task,
            target=self.target or "",
            metric=self.metric.name,
            positive_class=self.positive_class,
            entity_column=self.entity_column,
            slices=self.slices,
        )


def blanks_in(identity: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the keys of a model.yaml that are still blank, each with what to write there."""
    if BLANK_OWNER in identity["owners"]:
        yield "owners", "write who decides about the model, such as @ada or @acme/ml"
    if str(identity.get("purpose", "")).startswith(BLANK_TEXT):
        yield "purpose", "write what the model is for"
    if identity.get("licence") == BLANK_LICENCE:
        yield "licence", "write the licence of the model, such as Apache-2.0"
