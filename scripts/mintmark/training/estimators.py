"""Build scikit-learn estimators, however nested, from their description in params.yaml. Reads no files."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mintmark.core.question import KeyPath, RecipeFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAMED = ("steps", "estimators", "transformer_list")


def build(specification: Mapping[str, Any], *, seed: int, place: KeyPath = ("estimator",)) -> Any:
    """Return a new estimator; every `random_state` in it that is not set takes the seed.

    A mapping with `class` (and `parameters`) is an estimator, wherever it stands. `steps`, `estimators` and
    `transformer_list` may be mappings of name to estimator, `transformers` of name to `{transformer, columns}`;
    `{tuple: [...]}` is a tuple. Raises `RecipeFault` with the place of what cannot be built.
    """
    estimator = _build(specification, tuple(specification.get("trusted", ())), place)
    return seeded(estimator, seed)


def build_value(value: Any, *, seed: int, trusted: Sequence[str], place: KeyPath) -> Any:
    """Return what a value in a search space stands for: an estimator for a mapping with `class`, else the value."""
    built = _value(value, tuple(trusted), place)
    return seeded(built, seed) if hasattr(built, "get_params") else built


def seeded(estimator: Any, seed: int) -> Any:
    """Set every `random_state` that is None, at any depth, to the seed, and return the estimator."""
    parameters = estimator.get_params(deep=True)
    unset = {
        name: seed for name, value in parameters.items() if value is None and name.split("__")[-1] == "random_state"
    }
    return estimator.set_params(**unset)


def set_parameters(estimator: Any, parameters: Mapping[str, Any], *, seed: int, trusted: Sequence[str]) -> Any:
    """Return the estimator with the parameters that a search found (`step__name`; values as in params.yaml)."""
    built = {
        name: build_value(value, seed=seed, trusted=trusted, place=("tune", "space", name))
        for name, value in parameters.items()
    }
    try:
        return seeded(estimator.set_params(**built), seed)
    except ValueError as error:
        raise RecipeFault(("tune", "space"), " ".join(str(error).split())) from None


def _build(specification: Mapping[str, Any], trusted: tuple[str, ...], place: KeyPath) -> Any:
    unknown = set(specification) - {"class", "parameters", "trusted"}
    if unknown:
        raise RecipeFault(place, f'"{min(unknown)}" is not a field of an estimator; put arguments under parameters:')
    cls = _find_class(specification["class"], trusted, (*place, "class"))
    given = specification.get("parameters") or {}
    parameters = {name: _argument(name, value, trusted, (*place, "parameters", name)) for name, value in given.items()}
    try:
        return cls(**parameters)
    except TypeError as error:
        raise RecipeFault((*place, "parameters"), f"{cls.__name__}: {error}") from None


def _find_class(name: Any, trusted: tuple[str, ...], place: KeyPath) -> Any:
    from sklearn.base import BaseEstimator

    if not isinstance(name, str) or "." not in name:
        raise RecipeFault(place, f'"{name}" is not the full name of a class, such as sklearn.linear_model.Ridge')
    if not name.startswith("sklearn.") and name not in trusted:
        raise RecipeFault(
            place, f"{name} is not part of scikit-learn; if you trust it, list it under estimator: trusted:"
        )
    module, _, attribute = name.rpartition(".")
    try:
        cls = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError):
        raise RecipeFault(place, f"there is no {name} in this environment") from None
    if not isinstance(cls, type) or not issubclass(cls, BaseEstimator):
        raise RecipeFault(place, f"{name} is not an estimator class")
    return cls


def _argument(name: str, value: Any, trusted: tuple[str, ...], place: KeyPath) -> Any:
    if name in _NAMED and isinstance(value, dict):
        return [(step, _value(inner, trusted, (*place, step))) for step, inner in value.items()]
    if name == "transformers" and isinstance(value, dict):
        return [_transformer(step, inner, trusted, (*place, step)) for step, inner in value.items()]
    return _value(value, trusted, place)


def _transformer(name: str, value: Any, trusted: tuple[str, ...], place: KeyPath) -> tuple[str, Any, Any]:
    if not isinstance(value, dict) or set(value) != {"transformer", "columns"}:
        raise RecipeFault(
            place, "write transformer: (an estimator, drop or passthrough) and columns: (a list of names)"
        )
    return name, _value(value["transformer"], trusted, (*place, "transformer")), value["columns"]


def _value(value: Any, trusted: tuple[str, ...], place: KeyPath) -> Any:
    if isinstance(value, dict):
        if "class" in value:
            return _build(value, trusted, place)
        if set(value) == {"tuple"} and isinstance(value["tuple"], list):
            return tuple(_value(item, trusted, (*place, "tuple", i)) for i, item in enumerate(value["tuple"]))
        return {key: _value(item, trusted, (*place, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_value(item, trusted, (*place, i)) for i, item in enumerate(value)]
    return value
