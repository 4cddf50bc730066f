"""Frameworks that train models, in environments of their own outside this checkout: Mintmark needs none of them."""

from __future__ import annotations

from pathlib import Path

from tests.scaffold.mlflow_environment import install
from tests.scaffold.npm_packages import cache_folder

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "boosters": ("lightgbm==4.7.0", "onnxmltools==1.16.0", "packaging==26.3", "skl2onnx==1.20.0", "xgboost-cpu==3.2.0"),
    "jax": ("jax==0.10.2", "jaxlib==0.10.2", "optax==0.2.8"),
}


def framework_programs(name: str) -> Path:
    """Return the folder of programs of an environment with frameworks and this checkout; skip where it cannot be had."""
    folder = cache_folder() / "frameworks" / name
    wanted, marker = "\n".join(PACKAGES[name]), folder / "packages.txt"
    if not marker.is_file() or marker.read_text() != wanted:
        install(folder, *PACKAGES[name], f"{ROOT}[registry,onnx]")
        marker.write_text(wanted)
    install(folder, "--no-deps", f"{ROOT}")  # another checkout may have been there before
    return folder / "bin"
