"""The texts of a new model: its model.yaml, whose blanks are marked, and its section in params.yaml. Opens no file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.model import BLANK_LICENCE, BLANK_OWNER, BLANK_TEXT, blanks_in
from mintmark.errors import MintmarkError
from mintmark.registry.files import format_yaml
from mintmark.registry.yaml.text import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.core.question import Question

_NO_MODELS: Final = re.compile(r"^models:[ \t]*(?:\{[ \t]*\}|null|~)?[ \t]*(?:#.*)?$\n?", re.M)


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a person has said of a model already; the rest stays blank."""

    owners: tuple[str, ...] = ()
    purpose: str | None = None
    licence: str | None = None


def identity(name: str, question: Question, said: Said, *, margin: float) -> dict[str, Any]:
    """Return a model.yaml as a mapping; what nobody but a person can know, and nobody said, is a blank."""
    return {
        "schema": 1,
        "name": name,
        "task": question.task,
        "owners": list(said.owners) or [BLANK_OWNER],
        "purpose": said.purpose or f"{BLANK_TEXT} Say in a sentence or two what this model is for.",
        "licence": said.licence or BLANK_LICENCE,
        "target": question.target,
        "positive_class": question.positive_class,
        "entity_column": question.entity_column,
        "metric": {"name": question.metric},
        "gates": {"margin": margin},
        "slices": [],
    }


def notes(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the comments of a new model.yaml: what is blank, and what to look at."""
    entity = "no column looks like one"
    if document["entity_column"] is not None:
        entity = "all of them stay on one side of the split"
    found = {
        "task": "Worked out from the data. Look at it: task, positive_class, entity_column, metric and margin.",
        "entity_column": f"Which rows are of one entity, such as a patient: {entity}.",
        "gates": "How much worse than the champion still counts as no worse, in the unit of the metric.",
    }
    return found | {key: f"BLANK: {remedy}." for key, remedy in blanks_in(document)}


def format_identity(data: Mapping[str, Any]) -> str:
    """Return the text of a new model.yaml, with a comment above each key that a person has to look at."""
    above = notes(data)
    lines = ["# yaml-language-server: $schema=../../schemas/model.schema.json\n"]
    for key, value in data.items():
        if key in above:
            lines.append(f"# {above[key]}\n")
        lines.append(format_yaml({key: value}))
    return "".join(lines)


def add_section(params: str, model: str, section: Mapping[str, Any]) -> str:
    """Return params.yaml with one section more, the rest as it is.

    Raises `MintmarkError` where the file is written in a way that has no place for it.
    """
    text = "".join(f"  {line}" if line.strip() else line for line in format_yaml({model: section}).splitlines(True))
    empty = _NO_MODELS.search(params)
    data = parse_yaml(params.encode(), number_keys=True)
    models = data.get("models") if isinstance(data, dict) else None
    if empty is not None and not models:
        grown = params[: empty.start()] + "models:\n" + text + params[empty.end() :]
    else:
        grown = _behind_the_last(params, text)
    again = parse_yaml(grown.encode(), number_keys=True)
    if again != {**data, "models": {**(models or {}), model: dict(section)}}:
        raise MintmarkError(
            "params.yaml: has no place below models: that a section could be added to; add it by hand:\n" + text
        )
    return grown


def _behind_the_last(params: str, text: str) -> str:
    """Put text at the end of the block `models:`, before what follows it."""
    lines = params.splitlines(keepends=True)
    start = next((i for i, line in enumerate(lines) if re.match(r"models:[ \t]*(#.*)?$", line)), None)
    if start is None:
        return params
    inside = (i for i in range(start + 1, len(lines)) if lines[i].strip() and not lines[i].startswith((" ", "#")))
    end = next(inside, len(lines))
    while end > start + 1 and not lines[end - 1].startswith(" "):  # comments and gaps belong to what follows
        end -= 1
    if lines[end - 1][-1:] != "\n":
        lines[end - 1] += "\n"
    return "".join([*lines[:end], "\n" if end > start + 1 else "", text, *lines[end:]])
