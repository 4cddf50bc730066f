"""What files of other tools are, and how their models get here where no pickle does. Loads and runs nothing."""

from __future__ import annotations

import re
import zipfile
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from mintmark.artifacts.pickled_names import named_classes
from mintmark.artifacts.refusals import OLD_PYTORCH

if TYPE_CHECKING:
    from pathlib import Path

_PAGE: Final = "docs/how-to/bring-a-model.md shows how"
_HDF5: Final = b"\x89HDF\r\n\x1a\n"
_ZIP: Final = b"PK\x03\x04"
_MOST: Final = 64 << 20  # bytes of a file of arrays in which the signs of its tool are looked for
_KERAS_EXPORT: Final = "export it as ONNX with model.export(..., format='onnx')"
_KERAS: Final = f"is a Keras model, which may hold code; {_KERAS_EXPORT}: {_PAGE}"
_TORCH_EXPORT: Final = "export the model as ONNX with torch.onnx.export"
_TENSORFLOW_EXPORT: Final = "load it in Keras, and export it as ONNX"
_TITLES: Final = {
    "catboost": "CatBoost",
    "keras": "Keras",
    "lightgbm": "LightGBM",
    "tensorflow": "TensorFlow",
    "tf_keras": "Keras",
    "torch": "PyTorch",
    "xgboost": "XGBoost",
}
# A class's module begins with this: its tool keeps a model in a form of its own, which no list of types can vouch for.
FRAMEWORKS: Final = {
    "catboost": "export it as ONNX with model.save_model(..., format='onnx')",
    "keras": _KERAS_EXPORT,
    "lightgbm": "export it as ONNX with onnxmltools.convert_lightgbm",
    "tensorflow": _TENSORFLOW_EXPORT,
    "tf_keras": _KERAS_EXPORT,
    "torch": _TORCH_EXPORT,
    "xgboost": "export it as ONNX with onnxmltools.convert_xgboost",
}
_EXPORTED: Final = "/models/model.json"
_NETWORKS: Final = frozenset({"keras", "tensorflow", "tf_keras", "torch"})  # whose classes are in no estimator
_BUILDERS: Final = frozenset({"builtins", "__builtin__", "copyreg", "copy_reg"})  # which only put others together


def why_not_converted(path: Path) -> str | None:
    """Return what a file is that is known to hold no pickle of an estimator, with what to do; None for any other.

    The text completes a sentence that begins with the name of the file. Raises `OSError`.
    """
    if path.is_dir():
        return _why_not_folder(path)
    with open(path, "rb") as file:
        head = file.read(512)
    if not head:
        return "is empty; save the model again"
    if head.startswith(_HDF5):
        return _why_not_hdf5(path)
    if head.startswith(OLD_PYTORCH):
        return f"is a PyTorch file; {_TORCH_EXPORT}: {_PAGE}"
    if head.startswith(_ZIP):
        return _why_not_zip(path)
    return _why_not_own_format(head) or _why_not_pickle(path)


def why_not_framework(module: str) -> str | None:
    """Return what to do about a class of another framework, by the name of its module; None for any other."""
    name = module.partition(".")[0]
    advice = FRAMEWORKS.get(name)
    return None if advice is None else f"holds a model of {_TITLES[name]}, which skops does not take; {advice}: {_PAGE}"


def _why_not_folder(path: Path) -> str:
    if (path / "saved_model.pb").exists():
        return f"is a SavedModel of TensorFlow; {_TENSORFLOW_EXPORT}: {_PAGE}"
    return "is a folder; name the model file in it"


def _why_not_own_format(head: bytes) -> str | None:
    text = head.lstrip()
    if text.startswith(b"tree\nversion="):
        return f"is LightGBM's own text; {FRAMEWORKS['lightgbm']}: {_PAGE}"
    if text.startswith((b'{"name":"tree"', b'{"name": "tree"')):
        return f"is LightGBM's own JSON; {FRAMEWORKS['lightgbm']}: {_PAGE}"
    if text.startswith(b'{"learner"') or head[:12].startswith(b"{L\x00\x00\x00\x00\x00\x00\x00\x07l"):
        return f"is XGBoost's own format; {FRAMEWORKS['xgboost']}: {_PAGE}"
    if head.startswith(b"CBM1") or re.match(rb'\{\s*"features_info"\s*:', text):
        return f"is CatBoost's own format; {FRAMEWORKS['catboost']}: {_PAGE}"
    if head[4:8] == b"TFL3":
        return f"is a file of TensorFlow Lite; export the model that it was made from as ONNX: {_PAGE}"
    return None


def _why_not_hdf5(path: Path) -> str:
    with open(path, "rb") as file:
        content = file.read(_MOST)
    if b"keras" in content or b"layers" in content:
        return _KERAS
    return f"is HDF5, which holds arrays and no model; export the model as ONNX where it was trained: {_PAGE}"


def _why_not_pickle(path: Path) -> str | None:
    """Return what is said of a pickle that names classes of a framework: of a network, or of what is not here."""
    first = True
    for module, _ in named_classes(path):
        name = module.partition(".")[0]
        if name in FRAMEWORKS and (first or name in _NETWORKS or find_spec(name) is None):
            return f"is a pickle, and {why_not_framework(module)}"
        first = first and name in _BUILDERS
    return None


def _why_not_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeError, EOFError):
        return "is a broken zip; save the model again"
    if "schema.json" in names:
        return "is a skops file already; mintmark register takes it as it is"
    if any(name.endswith("constants.pkl") for name in names):
        return f"is TorchScript; load it with torch.jit.load, and {_TORCH_EXPORT}: {_PAGE}"
    if any(name.endswith("data.pkl") for name in names):
        return f"is a PyTorch file; {_TORCH_EXPORT}: {_PAGE}"
    if any(name.endswith((_EXPORTED, "serialized_exported_program.json")) for name in names):
        return f"is a program that torch.export saved; {_TORCH_EXPORT}: {_PAGE}"
    if names & {"config.json", "metadata.json", "model.weights.h5"}:
        return _KERAS
    if names and all(name.endswith(".npy") for name in names):
        return "is an .npz archive, which holds arrays and no model; save the estimator with joblib.dump"
    return "is a zip, and no pickle; save the estimator with joblib.dump"
