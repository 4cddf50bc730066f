"""Write an estimator of scikit-learn as ONNX, with skl2onnx (the extra `convert`). For the process apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mintmark.artifacts.confined.model_answers import describe
from mintmark.errors import MintmarkError
from mintmark.extras import install_line

if TYPE_CHECKING:
    import pandas as pd

_NUMBERS: Final = "inputs"
_OPSET: Final = {"": 21, "ai.onnx.ml": 3}


def export_onnx(model: Any, rows: pd.DataFrame) -> bytes:
    """Return a fitted estimator as ONNX, with text as text and each number in 32 bits.

    Raises `MintmarkError` for what skl2onnx does not carry, which says so and not what to do instead.
    """
    try:
        from skl2onnx import to_onnx
    except ModuleNotFoundError:
        raise MintmarkError(f"to write ONNX needs the extra `convert`: {install_line('convert')}") from None
    options = {id(model): {"zipmap": False}} if hasattr(model, "predict_proba") else None
    try:
        made = to_onnx(model, initial_types=_types(model, rows), options=options, target_opset=_OPSET)
    except MemoryError:
        raise
    except Exception as error:
        raise MintmarkError(f"a {_named(model)} cannot be written as ONNX ({describe(error)[:240]})") from None
    if not hasattr(model, "predict_proba"):
        del made.graph.output[1:]  # of a classifier these are scores, which would be taken for probabilities
    content: bytes = made.SerializeToString()
    return content


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
