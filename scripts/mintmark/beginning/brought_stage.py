"""The stage of dvc.yaml that measures a model which was trained elsewhere, as text. Opens no file."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.layout import candidate_path, model_path
from mintmark.core.question import EVALUATION, PREDICTIONS
from mintmark.errors import MintmarkError
from mintmark.registry.files import format_yaml
from mintmark.registry.yaml.text import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What metrics follow from; a key that model.yaml does not have is none that DVC could watch.
_KEYS: Final = ("task", "target", "positive_class", "entity_column", "metric", "slices")
_MADE: Final = (EVALUATION, PREDICTIONS, "profile.json", "signature.json", "data.json", "metrics.json")
_STAGES: Final = re.compile(r"^stages:[ \t]*(?:\{[ \t]*\}|null|~)?[ \t]*(#.*)?$\n?", re.M)


def stage_name(model: str) -> str:
    """Return what the stage of a model is called."""
    return f"register-{model}"


def brought_folder(model: str) -> str:
    """Return the folder that holds what was brought: the artifact, its evaluation rows and its own predictions."""
    return f"data/{model}"


def brought_stage(
    model: str,
    artifact: str,
    *,
    identity: Mapping[str, Any],
    predictions: str | None = None,
    classes: Sequence[object] = (),
    carried: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the stage as data; `artifact` and `predictions` are names of files in the folder of what was brought."""
    words = ["mintmark", "register", model, "--measure"]
    for option, values in (("--class", classes), ("--carry", carried)):
        words += [word for value in values for word in (option, str(value))]
    folder = brought_folder(model)
    return {
        "cmd": shlex.join(words),
        "deps": [f"{folder}/{name}" for name in (artifact, EVALUATION, predictions) if name is not None],
        "params": [{model_path(model): [key for key in _KEYS if key in identity]}],
        "outs": [candidate_path(model, name) for name in (artifact, *_MADE)],
        "metrics": [candidate_path(model, "scores.json")],
    }


def with_stage(pipeline: str, model: str, stage: Mapping[str, Any]) -> str:
    """Return dvc.yaml with the stage of a model, new or in place of the former one, and the rest as it is.

    Raises `MintmarkError` where the file is written in a way that has no place for it.
    """
    name = stage_name(model)
    text = "".join(f"  {line}" if line.strip() else line for line in format_yaml({name: stage}).splitlines(True))
    before = parse_yaml(pipeline.encode(), number_keys=True) if pipeline.strip() else {}
    stages = before.get("stages") if isinstance(before, dict) else None
    if name in (stages or {}):
        grown = _replaced(pipeline, name, text)
    elif _STAGES.search(pipeline) is None:
        grown = f"{pipeline.rstrip()}\nstages:\n{text}".lstrip()
    else:
        grown = _STAGES.sub(lambda found: f"stages:{' ' + found[1] if found[1] else ''}\n{text}", pipeline, count=1)
    wanted = {**before, "stages": {**(stages or {}), name: dict(stage)}} if isinstance(before, dict) else None
    try:
        written = parse_yaml(grown.encode(), number_keys=True)
    except ValueError:
        written = None
    if written is None or written != wanted:
        raise MintmarkError(f"dvc.yaml: has no place below stages: that a stage could be added to; add it:\n{text}")
    return grown


def _replaced(pipeline: str, name: str, text: str) -> str:
    """Put text in the place of a stage: its line, and all behind it that lies deeper."""
    lines = pipeline.splitlines(keepends=True)
    start = next((i for i, line in enumerate(lines) if re.match(rf"  {re.escape(name)}:", line)), None)
    if start is None:
        return pipeline
    end = start + 1
    while end < len(lines) and (lines[end].startswith("   ") or not lines[end].strip()):
        end += 1
    while end > start + 1 and not lines[end - 1].strip():  # a gap belongs to what follows
        end -= 1
    return "".join([*lines[:start], text, *lines[end:]])
