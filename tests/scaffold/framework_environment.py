"""Frameworks that train models, in environments of their own outside this checkout: Mintmark needs none of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scaffold.mlflow_environment import install
from tests.scaffold.npm_packages import cache_folder

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "boosters": ("lightgbm==4.7.0", "onnxmltools==1.16.0", "packaging==26.3", "skl2onnx==1.20.0", "xgboost-cpu==3.2.0"),
    "jax": ("jax==0.10.2", "jaxlib==0.10.2", "optax==0.2.8"),
}
EXTRAS = {"boosters": "registry,onnx", "jax": "jax"}
HEAVY = {
    "CatBoost": ("catboost==1.2.10", "pandas"),
    "PyTorch": ("torch==2.15.0", "onnxscript==0.7.2", "pandas"),  # 5 GB: on PyPI it brings CUDA
    "Keras and TensorFlow": ("tensorflow-cpu==2.21.0", "tf2onnx==1.17.0", "pandas"),  # 1.6 GB
}


def framework_programs(name: str) -> Path:
    """Return the folder of programs of an environment with frameworks and this checkout; skip where it cannot be had."""
    folder = cache_folder() / "frameworks" / name
    wanted, marker = "\n".join(PACKAGES[name]), folder / "packages.txt"
    if not marker.is_file() or marker.read_text() != wanted:
        install(folder, *PACKAGES[name], f"{ROOT}[{EXTRAS[name]}]")
        marker.write_text(wanted)
    install(folder, "--no-deps", f"{ROOT}")  # another checkout may have been there before
    return folder / "bin"


def heavy_python(name: str) -> Path:
    """Return the Python of an environment with a framework that is too heavy to be fetched for a test; skip without it.

    Somebody makes it once: `uv venv FOLDER`, and `uv pip install` with what `HEAVY` names.
    """
    folder = cache_folder() / "frameworks" / name.split(maxsplit=1)[0].lower()
    if not (folder / "bin/python").is_file():
        pytest.skip(f"{name} is not in {folder}; uv venv, and uv pip install {' '.join(HEAVY[name])}, put it there")
    return folder / "bin/python"
