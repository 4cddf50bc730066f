"""The behaviour tests that model.yaml declares, as values. Asks no model and judges nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.core.question import Label

ChangeVerb = Literal["add", "multiply", "set", "noise"]
MalformedInput = Literal["missing-column", "nan", "wrong-type", "no-rows"]
_VERBS: tuple[ChangeVerb, ...] = ("add", "multiply", "set", "noise")


@dataclass(frozen=True, kw_only=True, slots=True)
class InputChange:
    """What a test does to one column of its rows: `add 5`, or `set` to a value, which may be None."""

    column: str
    verb: ChangeVerb
    value: Label | None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> InputChange:
        """Build it from the `change` of a test."""
        verb = next(verb for verb in _VERBS if verb in data)
        return cls(column=data["column"], verb=verb, value=data[verb])


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpectedCase:
    """One given row and what is expected of its prediction: a value, bounds, or both."""

    row: Mapping[str, Label | None]
    expect: Label | None = None
    at_least: float | None = None
    at_most: float | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ExpectedCase:
        """Build it from one of the `cases` of a test."""
        bounds = {"at_least": data.get("at_least"), "at_most": data.get("at_most")}
        return cls(row=data["row"], expect=data.get("expect"), **bounds)


@dataclass(frozen=True, kw_only=True, slots=True)
class MinimumFunctionality:
    """Rows that any version answers as expected."""

    kind: ClassVar[Literal["minimum-functionality"]] = "minimum-functionality"
    name: str
    cases: tuple[ExpectedCase, ...]
    description: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Invariance:
    """A change that moves the prediction by at most `tolerance`, in at least `share` of the rows."""

    kind: ClassVar[Literal["invariance"]] = "invariance"
    name: str
    change: InputChange
    tolerance: float
    share: float
    description: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Direction:
    """A change that moves the prediction one way, or not at all, in at least `share` of the rows."""

    kind: ClassVar[Literal["direction"]] = "direction"
    name: str
    change: InputChange
    expect: Literal["increase", "decrease"]
    share: float
    description: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Malformed:
    """Inputs that are not as the signature says, and how the model takes them."""

    kind: ClassVar[Literal["malformed"]] = "malformed"
    name: str
    inputs: tuple[MalformedInput, ...]
    expect: Literal["error", "prediction"]
    description: str = ""


BehaviourTest = MinimumFunctionality | Invariance | Direction | Malformed


def behaviour_test(data: Mapping[str, Any]) -> BehaviourTest:
    """Build a test from an entry of model.yaml that its schema accepts."""
    about = {"name": data["name"], "description": data.get("description", "")}
    match data["kind"]:
        case "minimum-functionality":
            return MinimumFunctionality(cases=tuple(map(ExpectedCase.from_dict, data["cases"])), **about)
        case "malformed":
            return Malformed(inputs=tuple(data["inputs"]), expect=data["expect"], **about)
        case "direction":
            change = InputChange.from_dict(data["change"])
            return Direction(change=change, expect=data["expect"], share=data["share"], **about)
    change = InputChange.from_dict(data["change"])
    return Invariance(change=change, tolerance=data["tolerance"], share=data["share"], **about)
