"""The columns that model.yaml names, and those among them that its rows do not have. Reads no files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mintmark.core.words.meant import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mintmark.core.question import KeyPath

# A slice may be of a column that is no input: one that is carried beside the rows.
_MAY_BE_CARRIED = "slices"
_OF_THE_LOG = ("id", "row")  # columns of the prediction log, by which a label may find its row


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownColumns:
    """The inputs of a model, and the columns beside them in its rows; without `whole` there may be more of those."""

    inputs: frozenset[str]
    beside: frozenset[str] = frozenset()
    whole: bool = True


def named_columns(document: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield each column that a part of a valid model.yaml names, with its place."""
    for number, entry in enumerate(document.get("slices") or ()):
        yield ("slices", number, "where", "column"), entry["where"]["column"]
    for number, test in enumerate(document.get("behaviour") or ()):
        if "change" in test:
            yield ("behaviour", number, "change", "column"), test["change"]["column"]
        for case, given in enumerate(test.get("cases") or ()):
            for column in given["row"]:
                yield ("behaviour", number, "cases", case, "row", column), column
    watched = document.get("monitoring") or {}
    for number, column in enumerate(watched.get("columns") or ()):
        yield ("monitoring", "columns", number), column
    for number, column in enumerate((watched.get("labels") or {}).get("join") or ()):
        if column not in _OF_THE_LOG:
            yield ("monitoring", "labels", "join", number), column
    for column in document.get("personal") or {}:
        yield ("personal", column), column


def row_columns(document: Mapping[str, Any]) -> list[str]:
    """Return the columns that evaluation rows must have beside the inputs: target, entities and those of slices."""
    named = [document.get(key) for key in ("target", "entity_column")]
    named += [entry["where"]["column"] for entry in document.get("slices") or ()]
    return [name for name in dict.fromkeys(named) if name]


def unknown_columns(document: Mapping[str, Any], known: KnownColumns) -> Iterator[tuple[KeyPath, str]]:
    """Yield the place of each column that is none of the known ones, with what to write instead."""
    there = known.inputs | known.beside
    for place, column in named_columns(document):
        if column in there or (place[0] == _MAY_BE_CARRIED and not known.whole):
            continue
        hint = did_you_mean(column, there) or f"the model takes {_listed(known.inputs)}"
        yield place, f'there is no column "{column}"; {hint}'


def _listed(columns: frozenset[str]) -> str:
    names = sorted(columns)
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def recorded_columns(record: Mapping[str, Any]) -> KnownColumns:
    """Return the columns of the rows that a version was made from, as far as its record tells.

    What is carried stands in the parameters of the stage `prepare`; a team's own pipeline may have none such.
    """
    beside: set[str] = set()
    prepared = list(prepare_sections(record["model"], (stage.get("params") for stage in record["stages"].values())))
    for preparation in prepared:
        beside |= prepared_columns(preparation)
    return KnownColumns(inputs=frozenset(record["signature"]["inputs"]), beside=frozenset(beside), whole=bool(prepared))


def prepare_sections(model: str, params: Iterable[Mapping[str, Any] | None]) -> Iterator[Mapping[str, Any]]:
    """Yield the section `prepare` of a model in params.yaml, from the parameters of each stage that depends on it."""
    yield from recorded_sections(model, params, "prepare")


def recorded_sections(model: str, params: Iterable[Mapping[str, Any] | None], name: str) -> Iterator[Mapping[str, Any]]:
    """Yield a part of the section of a model in params.yaml, from the parameters of each stage that depends on it.

    A stage may depend on that part, or on all that params.yaml says of the model.
    """
    for of_stage in params:
        values = (of_stage or {}).get("params.yaml") or {}
        whole = values.get(f"models.{model}")
        section = values.get(f"models.{model}.{name}", whole.get(name) if isinstance(whole, dict) else None)
        if isinstance(section, dict):
            yield section


def prepared_columns(preparation: Mapping[str, Any]) -> set[str]:
    """Return the columns that a section `prepare` of params.yaml keeps beside the inputs."""
    split = preparation.get("split")
    named = [*(preparation.get("carry") or ()), *(preparation.get("types") or ())]
    named += [split["by"]] if isinstance(split, dict) and split.get("by") else []
    return {str(name) for name in named}
