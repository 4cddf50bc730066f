"""What a model's process hands back, as JSON that is safe to read from a liar. Reads and writes no files.

Whole numbers and floats travel as base64 of 64-bit little-endian values, exact and with NaN and infinities; whatever
else a model may answer (text, booleans, a mixture) as plain JSON. Nothing here is ever unpickled.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mintmark.core.finding import one_line
from mintmark.core.judgement.answers import Answer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mintmark.core.question import Label

MAX_ERROR = 500
MAX_LABEL = 1000
COSTS = ("load_seconds", "latency_row_seconds", "latency_batch_seconds", "batch_rows")
_MAX_INTEGER = 1 << 63
_HALVES = re.compile("[\ud800-\udfff]")  # of characters: JSON may hold them, and no file can
_TYPES = {"float": "<f8", "integer": "<i8"}
_MARKS = 10_000  # brackets and commas that an answer may hold besides those of its rows
_MARKS_OF_A_ROW = 16


class AnswerError(ValueError):
    """Bytes that are no answer; the message completes a sentence that begins with what gave them."""


def format_answer(prediction: Any, probabilities: Any = None) -> dict[str, Any]:
    """Return what a model answered, array-likes of one and two dimensions, as values for JSON.

    Raises ValueError where they are of another form.
    """
    return {
        "prediction": _format_values(prediction),
        "probabilities": None if probabilities is None else _format_matrix(probabilities),
    }


def format_error(error: BaseException) -> dict[str, Any]:
    """Return what a model raised instead of an answer, as values for JSON."""
    return {"error": describe(error)}


def describe(error: BaseException | str) -> str:
    """Return an error as one printable line, such as `ValueError: Input X contains NaN`, of 500 characters at most."""
    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    return one_line(" ".join(text.split()))[:MAX_ERROR]


def format_labels(values: Any) -> list[Label]:
    """Return an array of one dimension as labels; raise ValueError where it is no such array or holds anything else."""
    import numpy as np

    labels = [label.item() if isinstance(label, np.generic) else label for label in _vector(values).tolist()]
    for label in labels:
        if not _is_label(label):
            raise ValueError(f"the model gives values that are neither text nor numbers ({type(label).__name__})")
    return labels


def parse_document(data: bytes, rows: int) -> dict[str, Any]:
    """Return the mapping in JSON, without using much more memory than the bytes take.

    Raises `AnswerError` where it is none, or holds more values than so many rows explain.
    """
    if data.count(b"[") + data.count(b"{") + data.count(b",") > _MARKS + _MARKS_OF_A_ROW * rows:
        raise AnswerError("holds more values than an answer has")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"is not JSON ({describe(error)[:100]})") from None
    if not isinstance(document, dict):
        raise AnswerError("is not a mapping")
    return document


def parse_answers(
    document: Mapping[str, Any], rows: Mapping[str, int]
) -> tuple[tuple[Label, ...], dict[str, Answer], dict[str, float]]:
    """Return classes, answers and cost; `rows` has the tables that were asked about.

    Answers may have any length: who judges them checks it. Raises `AnswerError` for anything that `format_answer` and
    the worker do not write.
    """
    try:
        if document.keys() != {"classes", "answers", "cost"} or document["answers"].keys() != rows.keys():
            raise AnswerError("has other parts than it was asked for")
        answers = {name: _parse_answer(document["answers"][name]) for name in rows}
        return tuple(_parse_labels(document["classes"])), answers, _parse_cost(document["cost"])
    except AnswerError:
        raise
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
        raise AnswerError(f"is not of the form that Mintmark writes ({describe(error)})") from None


def _format_values(values: Any) -> dict[str, Any]:
    array = _vector(values)
    if array.dtype.kind == "f":
        return {"float": _encode(array, "float")}
    if array.dtype.kind == "i":
        return {"integer": _encode(array, "integer")}
    return {"labels": format_labels(array)}


def _format_matrix(rows: Any) -> dict[str, Any]:
    import numpy as np

    array = np.asarray(rows, dtype=float)
    if array.ndim != 2:
        raise ValueError(f"the model gives probabilities of shape {array.shape}, not a row for each row")
    return {"width": array.shape[1], "float": _encode(array, "float")}


def _vector(values: Any) -> NDArray[Any]:
    import numpy as np

    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"the model gives values of shape {array.shape}, not one for each row")
    return array


def _encode(array: NDArray[Any], kind: str) -> str:
    return base64.b64encode(array.astype(_TYPES[kind]).tobytes()).decode("ascii")


def _parse_answer(entry: Any) -> Answer:
    if entry.keys() == {"error"}:
        return Answer(error=describe(_text(entry["error"])) or "an error without words")
    if entry.keys() != {"prediction", "probabilities"}:
        raise AnswerError("has an entry of unknown form")
    probabilities = entry["probabilities"]
    return Answer(
        prediction=_parse_values(entry["prediction"]),
        probabilities=None if probabilities is None else _parse_matrix(probabilities),
    )


def _parse_values(entry: Any) -> list[Label]:
    (kind,) = entry
    return _parse_labels(entry[kind]) if kind == "labels" else _decode(entry[kind], kind)


def _parse_matrix(entry: Any) -> list[list[float]]:
    if entry.keys() != {"width", "float"} or type(entry["width"]) is not int:
        raise AnswerError("has probabilities of unknown form")
    values, width = _decode(entry["float"], "float"), entry["width"]
    if not values:
        return []
    if width < 1 or len(values) % width:
        raise AnswerError(f"has {len(values)} probabilities in rows of {width}")
    return [values[start : start + width] for start in range(0, len(values), width)]


def _decode(text: Any, kind: str) -> list[Any]:
    import numpy as np

    values: list[Any] = np.frombuffer(base64.b64decode(_text(text), validate=True), dtype=_TYPES[kind]).tolist()
    return values


def _parse_labels(values: Any) -> list[Label]:
    if type(values) is not list or not all(map(_is_label, values)):
        raise AnswerError("has labels that are not text or numbers")
    return values


def _is_label(value: object) -> bool:
    if type(value) is str:
        return len(value) <= MAX_LABEL and (value.isascii() or not _HALVES.search(value))
    return type(value) in (bool, float) or (type(value) is int and -_MAX_INTEGER <= value < 2 * _MAX_INTEGER)


def _parse_cost(entry: Any) -> dict[str, float]:
    if not entry.keys() <= set(COSTS):
        raise AnswerError("has an unknown cost")
    if any(type(value) not in (int, float) or not 0 <= float(value) < math.inf for value in entry.values()):
        raise AnswerError("has a cost that is no number")
    return dict(entry)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise AnswerError("has something else where text belongs")
    return value
