"""The report of a review as JSON, for programs. Reads and writes no files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.judgement.review import BehaviourResult
from mintmark.registry import files

if TYPE_CHECKING:
    from mintmark.core.judgement.review import Review

SCHEMA: Final = 1


def format_json(review: Review) -> str:
    """Return a document that schemas/review.schema.json accepts, its fields in the order of the dataclasses.

    A number that JSON cannot hold is null, half of a character is written out (`\\ud800`), and a value in a row of a
    behaviour test that is neither text, number nor truth is its text.
    """
    return files.format_json({"schema": SCHEMA, "exit_code": review.exit_code, **_fields(review)})


def _fields(value: Any) -> dict[str, Any]:
    data = {field.name: _plain(getattr(value, field.name)) for field in fields(value) if field.name != "failures"}
    if isinstance(value, BehaviourResult):
        data["failures"] = [{_text(name): _scalar(cell) for name, cell in row.items()} for row in value.failures]
    return data


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return _fields(value)
    if isinstance(value, Mapping):
        return {_text(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return _scalar(value)


def _scalar(value: Any) -> str | float | bool | None:
    if value is None or isinstance(value, bool):
        return value
    return _number(value) if isinstance(value, Real) else _text(str(value))


def _number(value: Real) -> float | None:
    try:
        finite = float(value)
    except OverflowError:
        return None
    if isinstance(value, Integral):
        return int(value)
    return finite if math.isfinite(finite) else None


def _text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
