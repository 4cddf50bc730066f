"""What `explanation` of metrics.json cannot mean, and whose names it may use. Pure.

The numbers stay the author's: they depend on the rows that the pipeline drew. What is checked is that they fit
the signature and one another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mintmark.core.records import Signature

_ROUNDED: Final = 1e-4  # of the largest number: what rounding may leave when contributions are added up
_FAR: Final = 1e150


def explanation_faults(explained: Mapping[str, Any], signature: Signature) -> Iterator[tuple[str, str]]:
    """Yield each place in metrics.json that cannot be, with what is wrong there."""
    known = [_same(label) for label in signature.classes or ()]
    if (explained["by"] == "prediction") is bool(known):
        yield "explanation.by", f"is {explained['by']}, which a model {'with' if known else 'without'} classes has not"
    for number, curve in enumerate(explained["curves"]):
        where = f"explanation.curves[{number}]"
        yield from _class_faults(where, curve, known)
        if curve["input"] not in signature.inputs:
            yield f"{where}.input", "is no input of the model"
        if len(curve["values"]) != len(curve["answers"]):
            yield f"{where}.answers", "has another length than values"
        if len({_kind(value) for value in curve["values"]}) > 1:
            yield f"{where}.values", "mixes numbers and levels"
        elif curve["values"] != sorted(set(curve["values"])):
            yield f"{where}.values", "is not in order, or has a value twice"
        yield from _share_faults(f"{where}.answers", explained["by"], curve["answers"])
    for number, row in enumerate(explained["rows"]):
        where = f"explanation.rows[{number}]"
        yield from _class_faults(where, row, known)
        yield from _share_faults(where, explained["by"], (row["answer"], row["base"]))
        yield from (
            (f"{where}.inputs", f"{name} is no input") for name in row["inputs"] if name not in signature.inputs
        )
        if not _adds_up(row):
            yield where, "has contributions that do not lead from its base to its answer"


def _class_faults(where: str, part: Mapping[str, Any], known: list[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    if ("class" in part) is not bool(known) or ("class" in part and _same(part["class"]) not in known):
        yield f"{where}.class", "is none of the classes of the model"


def _share_faults(where: str, by: str, values: Any) -> Iterator[tuple[str, str]]:
    if any(abs(value) > _FAR for value in values):
        yield where, "holds a number that cannot be drawn"
    elif by != "prediction" and any(not -_ROUNDED <= value <= 1 + _ROUNDED for value in values):
        yield where, f"is a {by} that is not between 0 and 1"


def _adds_up(row: Mapping[str, Any]) -> bool:
    parts = [part["value"] for part in row["inputs"].values()] + ([row["others"]["value"]] if "others" in row else [])
    if any(abs(value) > _FAR for value in (row["base"], row["answer"], *parts)):
        return False
    largest = max(map(abs, (row["base"], row["answer"], *parts)))
    return bool(abs(row["base"] + sum(parts) - row["answer"]) <= _ROUNDED * largest)


def _same(label: Any) -> tuple[str, Any]:
    return _kind(label), label


def _kind(value: Any) -> str:
    return "truth" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
