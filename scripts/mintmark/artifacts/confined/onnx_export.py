"""Write an estimator of scikit-learn as ONNX, with skl2onnx (the extra `convert`). For the process apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mintmark.artifacts.confined.model_answers import describe
from mintmark.artifacts.confined.onnx_trees import send_missing_values
from mintmark.errors import MintmarkError
from mintmark.extras import install_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

_NUMBERS: Final = "inputs"
_OPSET: Final = {"": 21, "ai.onnx.ml": 3}
# Without one, the operator that makes letters small wants en_US.UTF-8, and where that is missing no such graph loads.
_LOCALE: Final = "C.UTF-8"
# What scikit-learn takes for words, and skl2onnx for words without accents. Here so in the syntax of RE2.
_DEFAULT_WORDS: Final = r"(?u)\b\w\w+\b"
_WORDS: Final = r"[\p{L}\p{N}_]{2,}"
_HISTOGRAMS: Final = "HistGradientBoosting"
_THRESHOLD: Final = "skl2onnx leaves out the threshold that it decides by"
_NEIGHBOURS: Final = "its distances have 32 bits there, which finds other neighbours"
_NOT_CARRIED: Final = {
    "TunedThresholdClassifierCV": _THRESHOLD,
    "FixedThresholdClassifier": _THRESHOLD,
    "KNeighborsClassifier": _NEIGHBOURS,
    "KNeighborsRegressor": _NEIGHBOURS,
    "RadiusNeighborsClassifier": _NEIGHBOURS,
    "RadiusNeighborsRegressor": _NEIGHBOURS,
}


def export_onnx(model: Any, rows: pd.DataFrame) -> bytes:
    """Return a fitted estimator as ONNX, with text as text and each number in 32 bits.

    Raises `MintmarkError` for what skl2onnx does not carry, which says so and not what to do instead.
    """
    try:
        from skl2onnx import to_onnx
    except ModuleNotFoundError:
        raise MintmarkError(f"to write ONNX needs the extra `convert`: {install_line('convert')}") from None
    for part in _parts(model, set()):
        if type(part).__name__ in _NOT_CARRIED:
            why = _NOT_CARRIED[type(part).__name__]
            raise MintmarkError(f"a {type(part).__name__} cannot be written as ONNX: {why}")
    flat = [part for part in _parts(model, set()) if getattr(part, "flatten_transform", None) is True]
    try:
        for part in flat:  # which skl2onnx does not know of votes, and no prediction asks for
            part.flatten_transform = False
        made = to_onnx(model, initial_types=_types(model, rows), options=_options(model), target_opset=_OPSET)
    except MemoryError:
        raise
    except Exception as error:
        raise MintmarkError(f"a {_named(model)} cannot be written as ONNX ({_why(model, error)})") from None
    finally:
        for part in flat:
            part.flatten_transform = True
    send_missing_values(made.graph, [part.tree_ for part in _parts(model, set()) if hasattr(part, "tree_")])
    if not hasattr(model, "predict_proba"):
        del made.graph.output[1:]  # of a classifier these are scores, which would be taken for probabilities
    content: bytes = made.SerializeToString()
    return content


def _why(model: Any, error: Exception) -> str:
    """Return one clause; of HistGradientBoosting skl2onnx says what numbers its trees are of."""
    found = next((name for part in _parts(model, set()) if (name := type(part).__name__).startswith(_HISTOGRAMS)), None)
    return f"skl2onnx does not carry {found} with this scikit-learn" if found else describe(error)[:240]


def _options(model: Any) -> dict[int, dict[str, Any]]:
    """Return what skl2onnx is told of each part, by its id."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.svm import LinearSVC

    options: dict[int, dict[str, Any]] = {id(model): {"zipmap": False}} if hasattr(model, "predict_proba") else {}
    for part in _parts(model, set()):
        if isinstance(part, CountVectorizer):
            words = {"tokenexp": _WORDS} if (part.analyzer, part.token_pattern) == ("word", _DEFAULT_WORDS) else {}
            options[id(part)] = {"locale": _LOCALE, **words}
        elif isinstance(part, LinearSVC):
            options[id(part)] = {"nocl": False}  # or a pipeline gives it an option that it does not know
    return options


def _parts(thing: Any, seen: set[int]) -> Iterator[Any]:
    """Yield an estimator, and those that it holds."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, (list, tuple)):
        for each in thing:
            yield from _parts(each, seen)
    elif isinstance(thing, dict):
        yield from _parts(list(thing.values()), seen)
    elif hasattr(thing, "get_params"):
        yield thing
        yield from _parts(list(vars(thing).values()), seen)


def _types(model: Any, rows: pd.DataFrame) -> list[tuple[str, Any]]:
    """Return the inputs: one table of numbers, or a column each where some are text or taken by name."""
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    from mintmark.core.conversion.probes import is_text

    texts = [is_text(column) for _, column in rows.items()]
    if not any(texts) and not _takes_names(model):
        return [(_NUMBERS, FloatTensorType([None, rows.shape[1]]))]
    kinds = [StringTensorType if text else FloatTensorType for text in texts]
    return [(str(name), kind([None, 1])) for name, kind in zip(rows.columns, kinds, strict=True)]


def _takes_names(model: Any) -> bool:
    first = model
    while hasattr(first, "steps"):
        first = first.steps[0][1]
    return hasattr(first, "transformers")


def _named(model: Any) -> str:
    steps = [type(step).__name__ for _, step in getattr(model, "steps", ())]
    return " of ".join([type(model).__name__, ", ".join(steps)]) if steps else type(model).__name__
