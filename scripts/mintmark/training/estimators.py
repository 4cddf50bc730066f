"""Build scikit-learn estimators, however nested, from their description in params.yaml. Reads no files."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mintmark.artifacts.skops.types import ALLOWED, FUNCTION_KEYWORDS
from mintmark.core.question import KeyPath, RecipeFault, raise_faults
from mintmark.core.words.meant import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_NAMED = ("steps", "estimators", "transformer_list")
_KEYWORDS = ("kw_args", "inv_kw_args")
_BROKEN = object()  # stands for a value with a fault, which is told already
_TYPES = {
    "number": "number",
    "integer": "integer",
    "string": "str",
    "category": "str",  # a category is kept as text
    "boolean": "bool",
    "datetime": "datetime",
}
_SCORES = "sklearn.feature_selection._univariate_selection"  # mutual information draws at random, with no seed to give
_SELECTOR = "{dtype: number}, {exclude: number} or {pattern: ^pixel}"


def build(specification: Mapping[str, Any], *, seed: int, place: KeyPath = ("estimator",)) -> Any:
    """Return a new estimator; every `random_state` in it that is not set takes the seed.

    A mapping with `class` (and `parameters`) is an estimator, wherever it stands. `steps`, `estimators` and
    `transformer_list` may be mappings of name to estimator, `transformers` of name to `{transformer, columns}`.
    `{tuple: [...]}` is a tuple, `{mapping: [[key, value], ...]}` a mapping with keys of any kind, `{function: name}` a
    listed function and `{columns: {dtype: number}}` a column selector. Raises `RecipeFault` with the place of all that
    cannot be built.
    """
    builder = _Builder(specification.get("trusted", ()))
    estimator = builder.estimator(specification, place)
    raise_faults(builder.faults)
    return seeded(estimator, seed)


def build_value(value: Any, *, seed: int, trusted: Sequence[str], place: KeyPath, name: str = "") -> Any:
    """Return what a value in a search space stands for; `name` is the parameter's. Raises `RecipeFault`s."""
    builder = _Builder(trusted)
    built = builder.argument(name.rpartition("__")[2], value, place)
    raise_faults(builder.faults)
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
        name: build_value(value, seed=seed, trusted=trusted, place=("tune", "space", name), name=name)
        for name, value in parameters.items()
    }
    try:
        return seeded(estimator.set_params(**built), seed)
    except ValueError as error:
        raise RecipeFault(("tune", "space"), " ".join(str(error).split())) from None


def invalid_parameters(cls: Any, parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name of each parameter that scikit-learn's own rules for the class refuse, and what they say."""
    from sklearn.utils._param_validation import InvalidParameterError, validate_parameter_constraints

    declared: Any = getattr(cls, "_parameter_constraints", None)
    constraints: dict[str, Any] = declared if isinstance(declared, dict) else {}
    for name, value in parameters.items():
        if name not in constraints:
            continue
        try:
            validate_parameter_constraints({name: constraints[name]}, {name: value}, caller_name=cls.__name__)
        except InvalidParameterError as error:
            yield name, " ".join(str(error).split())


def hint(name: str, known: Iterable[str]) -> str:
    """Return a question after the name that was meant, empty where none is close."""
    told = did_you_mean(name, known)
    return f"; {told}" if told else ""


class _Builder:
    """Builds values and goes on after a fault, so that all of them are told at once."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted, self.faults = tuple(trusted), list[RecipeFault]()

    def _fault(self, place: KeyPath, message: str) -> Any:
        self.faults.append(RecipeFault(place, message))
        return _BROKEN

    def estimator(self, specification: Mapping[str, Any], place: KeyPath) -> Any:
        """Return the estimator that a mapping with `class` describes."""
        for name in sorted(set(specification) - {"class", "parameters", "trusted"}):
            self._fault(place, f'"{name}" is not a field of an estimator; put arguments under parameters:')
        given = specification.get("parameters") or {}
        if not isinstance(given, dict) or set(given) == {"mapping"}:
            return self._fault((*place, "parameters"), "must be a mapping of names to values")
        parameters = {name: self.argument(name, value, (*place, "parameters", name)) for name, value in given.items()}
        cls = self._class(specification["class"], (*place, "class"))
        if cls is _BROKEN:
            return _BROKEN
        known = cls._get_param_names()
        for name in sorted(set(parameters) - set(known)):
            self._fault((*place, "parameters", name), f'{cls.__name__} has no parameter "{name}"{hint(name, known)}')
        whole = {name: value for name, value in parameters.items() if name in known and value is not _BROKEN}
        for name, message in invalid_parameters(cls, whole):
            self._fault((*place, "parameters", name), message)
        for name in set(_KEYWORDS) & set(whole):
            self._keywords(whole[name], (*place, "parameters", name))
        if len(whole) < len(parameters):
            return _BROKEN
        try:
            return cls(**parameters)
        except TypeError as error:
            return self._fault((*place, "parameters"), f"{cls.__name__}: {error}")

    def _keywords(self, keywords: Any, place: KeyPath) -> None:
        """Refuse what would let a function write where it likes: a stored model may not have it either."""
        for keyword in sorted(set(keywords or {}) - FUNCTION_KEYWORDS, key=str):
            allowed = ", ".join(sorted(FUNCTION_KEYWORDS))
            self._fault(place, f'a function may not be given "{keyword}" (it may be given {allowed}); leave it out')

    def _class(self, name: Any, place: KeyPath) -> Any:
        from sklearn.base import BaseEstimator

        if not isinstance(name, str) or "." not in name:
            return self._fault(place, f'"{name}" is not the full name of a class, such as sklearn.linear_model.Ridge')
        if not name.startswith("sklearn.") and name not in self._trusted:
            return self._fault(
                place, f"{name} is not part of scikit-learn; if you trust it, list it under estimator: trusted:"
            )
        module, _, attribute = name.rpartition(".")
        try:
            found = importlib.import_module(module)
        except ImportError:
            return self._fault(place, f"there is no {name} in this environment")
        cls = getattr(found, attribute, None)
        if cls is None:
            return self._fault(place, f"there is no {name} in this environment{hint(attribute, dir(found))}")
        if not isinstance(cls, type) or not issubclass(cls, BaseEstimator):
            return self._fault(place, f"{name} is not an estimator class")
        return cls

    def argument(self, name: str, value: Any, place: KeyPath) -> Any:
        """Return what the value of a parameter stands for; some parameters are written as mappings of names."""
        if name in (*_NAMED, "transformers") and isinstance(value, dict) and not _is_notation(value):
            if name == "transformers":
                built = [self._transformer(step, inner, (*place, step)) for step, inner in value.items()]
                return _BROKEN if any(part is _BROKEN for part in built) else built
            return self._whole([(step, self.value(inner, (*place, step))) for step, inner in value.items()])
        return self.value(value, place)

    def _whole(self, pairs: list[tuple[str, Any]]) -> Any:
        return _BROKEN if any(value is _BROKEN for _, value in pairs) else pairs

    def _transformer(self, name: str, value: Any, place: KeyPath) -> Any:
        if not isinstance(value, dict) or set(value) != {"transformer", "columns"}:
            return self._fault(
                place, "write transformer: (an estimator, drop or passthrough) and columns: (a list of names, or "
                f"{_SELECTOR})",
            )  # fmt: skip
        columns = value["columns"]
        built = self.value(value["transformer"], (*place, "transformer"))
        if isinstance(columns, dict):
            columns = self._selector(columns, (*place, "columns"))
        return _BROKEN if built is _BROKEN or columns is _BROKEN else (name, built, columns)

    def value(self, value: Any, place: KeyPath) -> Any:
        """Return what a value stands for."""
        if isinstance(value, dict):
            return self._mapping(value, place)
        if isinstance(value, list):
            return self._items(value, place)
        return value

    def _items(self, values: Sequence[Any], place: KeyPath) -> Any:
        built = [self.value(item, (*place, i)) for i, item in enumerate(values)]
        return _BROKEN if any(item is _BROKEN for item in built) else built

    def _mapping(self, value: Mapping[str, Any], place: KeyPath) -> Any:
        if "class" in value:
            return self.estimator(value, place)
        if not _is_notation(value):
            built = {key: self.value(item, (*place, key)) for key, item in value.items()}
            return _BROKEN if any(item is _BROKEN for item in built.values()) else built
        ((kind, content),) = value.items()
        place = (*place, kind)
        if kind == "function":
            return self._function(content, place)
        if kind == "columns":
            return self._selector(content, place)
        items = self._items(content, place)
        if items is _BROKEN:
            return _BROKEN
        if kind == "tuple":
            return tuple(items)
        if not all(isinstance(pair, list) and len(pair) == 2 and _is_key(pair[0]) for pair in items):
            return self._fault(place, "write pairs of a key and a value: [[0, 1], [1, 4]]")
        # skops reads the key False back as True; to a class that is a boolean, 0 and 1 are the same keys
        return {int(key) if isinstance(key, bool) else key: value for key, value in items}

    def _function(self, name: str, place: KeyPath) -> Any:
        """Return a function on the list of what a stored model may hold: of one array, or one that scores columns."""
        listed = dict(_functions())
        if name not in listed:
            return self._fault(
                place, f"{name} is not on the list of functions, which are those of numpy and scipy.special that take "
                f"one array, such as numpy.log1p, and scores of sklearn.feature_selection{hint(name, listed)}",
            )  # fmt: skip
        module, _, attribute = listed[name].rpartition(".")
        function = getattr(importlib.import_module(module), attribute, None)
        is_score = module == _SCORES
        if not is_score and (getattr(function, "nin", 0), getattr(function, "nout", 0)) != (1, 1):
            return self._fault(place, f"{name} does not take one array and return one, as numpy.log1p does")
        return function

    def _selector(self, content: Mapping[str, Any], place: KeyPath) -> Any:
        """Return what chooses the columns of a ColumnTransformer by type and name when it is fitted."""
        from sklearn.compose import make_column_selector

        if not content or set(content) - {"dtype", "exclude", "pattern"}:
            return self._fault(place, f"write {_SELECTOR}, or two of them together")
        chosen: dict[str, Any] = {}
        for key in ("dtype", "exclude"):
            words = content.get(key, [])
            words = words if isinstance(words, list) else [words]
            for word in words:
                if word not in _TYPES:
                    self._fault((*place, key), f'"{word}" is not one of {", ".join(_TYPES)}{hint(str(word), _TYPES)}')
                    return _BROKEN
            chosen[key] = [_TYPES[word] for word in words] or None
        pattern = content.get("pattern")
        if pattern is not None and not isinstance(pattern, str):
            return self._fault((*place, "pattern"), "is not a regular expression, such as ^pixel")
        return make_column_selector(pattern, dtype_include=chosen["dtype"], dtype_exclude=chosen["exclude"])


def _is_notation(value: Mapping[str, Any]) -> bool:
    """Whether a mapping stands for something else than itself."""
    if len(value) != 1:
        return False
    ((kind, content),) = value.items()
    if kind == "function":
        return isinstance(content, str)
    if kind == "columns":
        return isinstance(content, dict)
    return kind in ("tuple", "mapping") and isinstance(content, list)


def _is_key(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _functions() -> Iterator[tuple[str, str]]:
    """Yield the name of each function on the list as people know it, and as it is found."""
    for name in ALLOWED["FunctionNode"]:
        module, _, attribute = name.rpartition(".")
        if module == "numpy":
            yield name, name
        elif module.startswith("scipy.special."):
            yield f"scipy.special.{attribute}", name
        elif module == _SCORES:
            yield f"sklearn.feature_selection.{attribute}", name
