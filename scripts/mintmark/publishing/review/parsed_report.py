"""The review that a report.json tells, read back from bytes that anybody may have written. Opens no files."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.judgement.checks import Check
from mintmark.core.judgement.review import (
    BehaviourResult,
    CarriedFile,
    CostResult,
    Evaluation,
    LineageStep,
    Reproduction,
    Review,
    SliceResult,
    Subject,
    Table,
    Uses,
)
from mintmark.core.records import Interval
from mintmark.core.statistics.results import CrossCheck, Curve, MetricResult, PairedDifference, RowsPlan
from mintmark.registry.files import parse_json
from mintmark.registry.schemas import accepts
from mintmark.registry.yaml.faults import YamlFault

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_FIELDS: Final = ("schema", "exit_code")
_PARTS: Final[Mapping[type, Mapping[str, type]]] = {
    Review: {
        "subjects": Subject,
        "checks": Check,
        "files": CarriedFile,
        "evaluations": Evaluation,
        "behaviour": BehaviourResult,
        "cost": CostResult,
        "tables": Table,
        "lineage": LineageStep,
        "uses": Uses,
        "reproduction": Reproduction,
    },
    Evaluation: {"metrics": MetricResult, "slices": SliceResult, "cross_checks": CrossCheck, "curves": Curve},
    MetricResult: {"candidate": Interval, "champion": Interval, "difference": PairedDifference},
    SliceResult: {"candidate": Interval, "champion": Interval, "difference": PairedDifference},
    PairedDifference: {"rows_needed": RowsPlan},
}
# Numbers that are always there; a report says null where JSON cannot hold one.
_NUMBERS: Final[Mapping[type, tuple[str, ...]]] = {
    Interval: ("value",),
    PairedDifference: ("value", "margin"),
    CrossCheck: ("p_value",),
    CostResult: ("value",),
    Curve: ("start", "end"),
}


def parse_report(content: bytes) -> Review:
    """Return the review in the bytes of a report; raise `ValueError` with a sentence where they are no report.

    The schema is held, names of checks are those that there are, and the exit code is that of the verdict. Everything
    else is what the report says: whoever shows it escapes it.
    """
    try:
        data = parse_json(content)
    except YamlFault as fault:
        raise ValueError(f"The report {fault.message}.") from None
    if not _is_report(data):
        raise ValueError("The report does not keep to schemas/review.schema.json.")
    review: Review = _made(Review, {name: value for name, value in data.items() if name not in _NOT_FIELDS})
    if review.exit_code != data["exit_code"]:
        raise ValueError(f"The report says {review.verdict} and the exit code {data['exit_code']}.")
    return review


def _is_report(data: Any) -> bool:
    try:
        return isinstance(data, dict) and accepts("review", data)
    except ValueError:  # a number beyond all floats
        return False


def _made(kind: type, data: Mapping[str, Any]) -> Any:
    parts, numbers = _PARTS.get(kind, {}), _NUMBERS.get(kind, ())
    fields = {name: _part(parts.get(name), value) for name, value in data.items()}
    if kind is Curve:
        fields["lines"] = [(label, [_number(value) for value in values]) for label, values in data["lines"]]
    return kind(**{name: _number(value) if name in numbers else value for name, value in fields.items()})


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _part(kind: type | None, value: Any) -> Any:
    if kind is None or value is None:
        return value
    return [_made(kind, entry) for entry in value] if isinstance(value, list) else _made(kind, value)
