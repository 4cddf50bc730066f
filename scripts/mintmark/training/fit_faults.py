"""Say which part of params.yaml a library refused while it fitted, in its own words and with a remedy. Fits nothing."""

from __future__ import annotations

import re
import sys
import traceback
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from mintmark.core.finding import one_line, shorten
from mintmark.core.question import KeyPath, RecipeFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mintmark.training.recipe import Recipe

_LONGEST: Final = 300
_MOST_NAMED: Final = 5
_PARTS: Final = ("steps", "estimators", "transformer_list", "transformers")
_FRAME: Final = re.compile(r'^ *File "(?P<file>[^"]+)", line \d+, in (?P<function>\w+)$', re.MULTILINE)
_ENTRIES: Final = ("fit", "predict", "transform", "score", "decision")  # how the methods begin that are asked for work
# What a library says, and what to do about it.
_MISSING: Final = re.compile(r"contains NaN|missing values|[Ii]nput contains inf|contains infinity")
_TEXT: Final = re.compile(r"convert string to float|convert array of bytes/strings|must be numeric|numeric dtype")
_COLUMNS: Final = re.compile(r"not columns? of the dataframe|not a column of the dataframe|unexpected feature names")
_COMMA: Final = re.compile(r"\s*[+-]?\d*,\d+\s*")
_REMEDIES: Final = tuple(
    (re.compile(pattern), remedy)
    for pattern, remedy in (
        (
            r"(?i)number of classes has to be|only one class|contains 1 class|at least 2 classes|least two class",
            "the rows of a fold, or all of them, hold one class; write fewer folds, or bring more rows of the others",
        ),
        (
            r"(?i)negative|strictly positive",
            "put sklearn.preprocessing.MinMaxScaler before it, or take another estimator",
        ),
        (r"n_neighbors|n_samples_fit", "a fold fits on fewer rows than there are; write a smaller number"),
        (r"n_components|n_features_to_select", "write a smaller number"),
        (
            r"unknown categories",
            "let the encoder take those: handle_unknown: ignore, of an OrdinalEncoder use_encoded_value",
        ),
        (r"-fold cross-validation", "a fold has fewer rows of a class than that; write a smaller cv"),
        (
            r"no(?:ne of the following)? attributes?:? '?(?:predict_proba|decision_function)|predict_proba is not",
            "take a metric that needs no probabilities, or put sklearn.calibration.CalibratedClassifierCV around it",
        ),
        (
            r"(?i)supports only|is not supported|not support|unsupported set|combination",
            "change one of the two; a space that is a list of mappings keeps apart what does not go together",
        ),
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """An estimator in the recipe: its name (`model__estimator`, empty for the whole), and where it is written."""

    name: str
    estimator: Any
    place: KeyPath
    written: Mapping[str, Any]  # its arguments, as params.yaml has them


def parts_of(
    estimator: Any, written: Any, place: KeyPath, searched: Mapping[str, KeyPath] = MappingProxyType({}), name: str = ""
) -> Iterator[Part]:
    """Yield an estimator that `estimators.build` made of what is `written` at a place, and each one within.

    What the search put in its place is written where `searched` says.
    """
    own = written.get("parameters") if isinstance(written, dict) else None
    arguments = own if isinstance(own, dict) else {}
    yield Part(name=name, estimator=estimator, place=place, written=arguments)
    for inner, value in estimator.get_params(deep=True).items():
        if "__" not in inner and hasattr(value, "get_params") and not isinstance(value, type):
            full = f"{name}__{inner}" if name else inner
            found, where = _written(arguments, inner, (*place, "parameters"))
            if full in searched:
                found, where = None, searched[full]
            yield from parts_of(value, found, where, searched, full)


def _written(arguments: Mapping[str, Any], name: str, place: KeyPath) -> tuple[Any, KeyPath]:
    if name in arguments:
        return arguments[name], (*place, name)
    for group in _PARTS:
        held = arguments.get(group)
        if isinstance(held, dict) and name in held:
            inner = held[name]
            if group == "transformers" and isinstance(inner, dict):
                return inner.get("transformer"), (*place, group, name, "transformer")
            return inner, (*place, group, name)
    return None, place[:-1]


def recipe_fault(error: Exception, estimator: Any, recipe: Recipe, inputs: pd.DataFrame) -> RecipeFault:
    """Return what a library said of the estimator of a recipe, with the parameters that the search chose."""
    searched = recipe.tuning.places()
    parts = list(parts_of(estimator, recipe.estimator, ("estimator",), searched))
    return fit_fault(error, parts, searched, inputs, decimal=recipe.source.decimal)


def fit_fault(
    error: Exception,
    parts: Sequence[Part],
    searched: Mapping[str, KeyPath],
    inputs: pd.DataFrame,
    *,
    decimal: str = ".",
) -> RecipeFault:
    """Return what a library said while an estimator was fitted or asked, with the key of params.yaml that it is about.

    `searched` has the place of each parameter that the search sets. Where no part can be told, it is the whole
    estimator.
    """
    part = _part_of(error, parts)
    words = shorten(one_line(" ".join(str(error).split()) or type(error).__name__), _LONGEST).rstrip(".")
    if not isinstance(error, (ValueError, TypeError, AttributeError)):
        words = f"{type(error).__name__}: {words}"
    step = f' ("{part.name}")' if part.name else ""
    remedy = _remedy(str(error), inputs, decimal)
    message = f"{type(part.estimator).__name__}{step} fails: {words}{f'; {remedy}' if remedy else ''}"
    return RecipeFault(_key(part, str(error), searched), message)


def _part_of(error: Exception, parts: Sequence[Part]) -> Part:
    """Return the part whose code raised an error: the innermost frame of a method that only one of them has."""
    for file, function in _frames(error):
        if not function.startswith(_ENTRIES):
            continue
        owners = [part for part in parts if _is_method_of(type(part.estimator), file, function)]
        found = _only_one(owners) or _only_one(_named(owners, error))
        if found is not None and found.name:
            return found
    return _only_one(_named(parts, error)) or parts[0]


def _only_one(parts: Sequence[Part]) -> Part | None:
    """Return the one part that these are; a space may put it there in several ways."""
    return parts[0] if len({(part.name, type(part.estimator)) for part in parts}) == 1 else None


def _named(parts: Sequence[Part], error: Exception) -> list[Part]:
    return [part for part in parts if re.search(rf"\b{type(part.estimator).__name__}\b", str(error))]


def _frames(error: Exception) -> list[tuple[str, str]]:
    """Return file and function of each frame, the innermost first; of another process there is only the text of it."""
    remote = _FRAME.findall(str(error.__cause__)) if error.__cause__ is not None else []
    local = [(frame.filename, frame.name) for frame in traceback.extract_tb(error.__traceback__)]
    return [*reversed(remote), *reversed(local)]


def _is_method_of(cls: type, file: str, function: str) -> bool:
    """Whether a method of this name comes to a class from this file. Of scikit-learn's mixins, all classes have it."""
    return any(
        function in owner.__dict__
        and owner.__module__ != "sklearn.base"
        and getattr(sys.modules.get(owner.__module__), "__file__", None) == file
        for owner in cls.__mro__
    )


def _key(part: Part, message: str, searched: Mapping[str, KeyPath]) -> KeyPath:
    """Return the place of the parameter that a message names: one that is searched over, else one that is written."""
    own = part.estimator.get_params(deep=False)
    named = [name for name in own if re.search(rf"(?i)\b{re.escape(name)}\b", message)]
    named += [name for name, value in own.items() if isinstance(value, str) and re.search(rf"\b{value}\b", message)]
    prefix = f"{part.name}__" if part.name else ""
    for name in named:
        if prefix + name in searched:
            return searched[prefix + name]
    return next(((*part.place, "parameters", name) for name in named if name in part.written), part.place)


def _remedy(message: str, inputs: pd.DataFrame, decimal: str) -> str:
    if _MISSING.search(message):
        gaps = [name for name in inputs.columns if inputs[name].isna().any()]
        if not gaps:
            return "no input has a missing value, so a step before it made one"
        rule = "write another rule than keep under prepare: missing:, or put sklearn.impute.SimpleImputer before it"
        return f"{_listed(gaps)} {'has' if len(gaps) == 1 else 'have'} missing values; {rule}"
    texts = [name for name in inputs.columns if inputs[name].dtype == "str"]
    odd = {name: value for name in texts if (value := _no_number(inputs[name], decimal)) is not None}
    if _TEXT.search(message) and odd:
        name, value = next(iter(odd.items()))
        if _COMMA.fullmatch(value):
            return (
                f'{_listed(odd)} {"has" if len(odd) == 1 else "have"} a decimal comma; write decimal: "," under source:'
            )
        return f'"{name}" holds {value!r} among numbers; mend it, or name it under source: missing:'
    if _TEXT.search(message) and texts:
        holds = "holds" if len(texts) == 1 else "hold"
        return (
            f"{_listed(texts)} {holds} text; encode it with sklearn.preprocessing.OneHotEncoder in a "
            "ColumnTransformer, or write drop: for it"
        )
    if _COLUMNS.search(message):
        return f"the inputs are {_listed(inputs.columns)}"
    return next((remedy for pattern, remedy in _REMEDIES if pattern.search(message)), "")


def _no_number(column: pd.Series, decimal: str) -> str | None:
    """Return what makes text of a column of numbers: the first value that is none, or one with a decimal comma."""
    texts = column.dropna()
    written = texts
    if decimal != ".":
        written = texts.where(~texts.str.contains(".", regex=False), "").str.replace(decimal, ".", regex=False)
    odd = texts[pd.to_numeric(written, errors="coerce").isna()]
    if decimal == "." and len(odd) and odd.str.fullmatch(_COMMA).all():
        return str(odd.iloc[0])
    return str(odd.iloc[0]) if 0 < 2 * len(odd) < len(texts) else None


def _listed(names: Iterable[object]) -> str:
    known = [f'"{name}"' for name in names]
    return ", ".join(known[:_MOST_NAMED]) + (f" and {len(known) - _MOST_NAMED} more" * (len(known) > _MOST_NAMED))
