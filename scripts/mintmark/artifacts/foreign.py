"""What files of other tools are, and how their models get here where no pickle does. Loads and runs nothing."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Final

from mintmark.artifacts.refusals import OLD_PYTORCH

if TYPE_CHECKING:
    from pathlib import Path

_PAGE: Final = "docs/how-to/bring-a-model.md shows how"
_HDF5: Final = b"\x89HDF\r\n\x1a\n"
_ZIP: Final = b"PK\x03\x04"
_KERAS: Final = (
    f"is a Keras model, which may hold code; export it as ONNX with model.export(..., format='onnx'): {_PAGE}"
)
_PYTORCH: Final = f"is a PyTorch file; export the model as ONNX with torch.onnx.export: {_PAGE}"
# A class's module begins with this: its tool keeps a model in a form of its own, which no list of types can vouch for.
FRAMEWORKS: Final = {
    "catboost": "export it as ONNX with model.save_model(..., format='onnx')",
    "keras": "export it as ONNX with model.export(..., format='onnx')",
    "lightgbm": "export it as ONNX with onnxmltools.convert_lightgbm",
    "tensorflow": "export it as ONNX with tf2onnx",
    "torch": "export it as ONNX with torch.onnx.export",
    "xgboost": "export it as ONNX with onnxmltools.convert_xgboost",
}


def why_not_converted(path: Path) -> str | None:
    """Return what a file is that is known to hold no pickle of an estimator, with what to do; None for any other.

    The text completes a sentence that begins with the name of the file. Raises `OSError`.
    """
    with open(path, "rb") as file:
        head = file.read(512)
    if not head:
        return "is empty; save the model again"
    if head.startswith(_HDF5):
        return _KERAS
    if head.startswith(OLD_PYTORCH):
        return _PYTORCH
    if head.startswith(_ZIP):
        return _why_not_zip(path)
    text = head.lstrip()
    if text.startswith(b"tree\nversion="):
        return f"is LightGBM's own text; {FRAMEWORKS['lightgbm']}: {_PAGE}"
    if text.startswith(b'{"learner"') or head[:12].startswith(b"{L\x00\x00\x00\x00\x00\x00\x00\x07l"):
        return f"is XGBoost's own format; {FRAMEWORKS['xgboost']}: {_PAGE}"
    if head.startswith(b"CBM1"):
        return f"is CatBoost's own format; {FRAMEWORKS['catboost']}: {_PAGE}"
    return None


def why_not_framework(module: str) -> str | None:
    """Return what to do about a class of another framework, by the name of its module; None for any other."""
    name = module.partition(".")[0]
    advice = FRAMEWORKS.get(name)
    return None if advice is None else f"is a model of {name}, which skops does not hold; {advice}: {_PAGE}"


def _why_not_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeError, EOFError):
        return "is a broken zip; save the model again"
    if "schema.json" in names:
        return "is a skops file already; mintmark register takes it as it is"
    if any(name.endswith("data.pkl") for name in names):
        return _PYTORCH
    if names & {"config.json", "metadata.json", "model.weights.h5"}:
        return _KERAS
    if names and all(name.endswith(".npy") for name in names):
        return "is an .npz archive, which holds arrays and no model; save the estimator with joblib.dump"
    return "is a zip, and no pickle; save the estimator with joblib.dump"
