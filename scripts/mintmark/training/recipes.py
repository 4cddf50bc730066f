"""Read what a stage of the pipeline goes by: params.yaml and model.yaml, checked, and what the stages before made."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.core.finding import Finding
from mintmark.core.layout import model_path
from mintmark.core.question import KeyPath, Question, RecipeFault
from mintmark.core.statistics.metric_names import dispute_goal
from mintmark.errors import InvalidRegistryError, MintmarkError, UsageError
from mintmark.registry.documents import parse_document
from mintmark.registry.files import read_text_file, read_yaml
from mintmark.registry.schemas import accepts, explain
from mintmark.registry.yaml.text import Positions, parse_yaml
from mintmark.training.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

PARAMS = "params.yaml"


def read_recipe(model: str, root: Path = Path()) -> Recipe:
    """Return how a model is made.

    Raises `InvalidRegistryError` with the line of each fault, `UsageError` for no such model.
    """
    path = root / PARAMS
    document = read_yaml(path, number_keys=True)
    sections = document.get("models")
    if isinstance(sections, dict):
        if model not in sections:
            known = ", ".join(sorted(sections)) or "none"
            raise UsageError(f'{path}: models: there is no model "{model}" (there are: {known}); add a section for it')
        document = {**document, "models": {model: sections[model]}}  # another section's fault is not this model's
    if not accepts("params", document):
        raise InvalidRegistryError(explain("params", document, str(path), _positions(path)))
    with recipe_faults(model, root):
        return Recipe.from_dict(model, document["models"][model])


def read_question(model: str, root: Path = Path()) -> Question:
    """Return what a model answers, from its model.yaml; raise `InvalidRegistryError` with the line of each fault."""
    path = root / model_path(model)
    document = parse_document("model", read_text_file(path), str(path))
    if document.data is None:
        raise InvalidRegistryError(document.findings)
    with question_faults(model, root):
        wrong = dispute_goal(document.data["metric"])
        if wrong is not None:
            raise RecipeFault(("metric", "goal"), wrong)
        return Question.from_dict(document.data)


def read_both(model: str, root: Path = Path()) -> tuple[Recipe, Question]:
    """Return how a model is made and what it answers; raise one `InvalidRegistryError` with the faults of both."""
    try:
        recipe = read_recipe(model, root)
    except InvalidRegistryError as error:
        try:
            read_question(model, root)
        except InvalidRegistryError as other:
            raise InvalidRegistryError([*error.findings, *other.findings]) from None
        raise
    return recipe, read_question(model, root)


def read_output(path: str) -> bytes:
    """Return what an earlier stage wrote; raise `MintmarkError` where it is not there."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise MintmarkError(f"{path}: {error.strerror or error}; dvc repro makes what a stage reads") from None


@contextmanager
def recipe_faults(model: str, root: Path = Path()) -> Iterator[None]:
    """Turn `RecipeFault`s below the model's section into an error that names params.yaml and each line."""
    with _faults(root / PARAMS, ("models", model)):
        yield


@contextmanager
def question_faults(model: str, root: Path = Path()) -> Iterator[None]:
    """Turn a `RecipeFault` into an error that names model.yaml and the line."""
    with _faults(root / model_path(model), ()):
        yield


@contextmanager
def _faults(path: Path, above: KeyPath) -> Iterator[None]:
    try:
        yield
    except RecipeFault as fault:
        positions = _positions(path)
        found = [_locate(path, positions, (*above, *one.place), one.message) for one in fault.faults]
        raise InvalidRegistryError(list(dict.fromkeys(found))) from None


def _positions(path: Path) -> Positions:
    positions: Positions = {}
    parse_yaml(read_text_file(path), positions=positions, number_keys=True)
    return positions


def _locate(path: Path, positions: Positions, place: KeyPath, message: str) -> Finding:
    known = next(place[:n] for n in range(len(place), -1, -1) if place[:n] in positions or n == 0)
    line, column = positions.get(known, (1, 1))
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in place).lstrip(".")
    return Finding(path=str(path), line=line, column=column, where=where, message=message)
