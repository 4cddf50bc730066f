"""Optional packages: which extra brings each of them, and how to install it. Imports none of them."""

from __future__ import annotations

from typing import Any

from mintmark.about import DISTRIBUTION
from mintmark.errors import MintmarkError

_LOAD = ("joblib", "numpy", "pandas", "scipy", "skops", "sklearn", "threadpoolctl")
# Each extra and the modules that come with it and that Mintmark imports; the order decides where several have one.
EXTRAS = {
    "load": _LOAD,
    "registry": (*_LOAD, "dvc", "fsspec", "packaging", "pyarrow", "requests", "urllib3"),
    "site": ("jinja2", "markdown_it", "markupsafe", "material", "mkdocs", "numpy", "pandas", "pyarrow"),
    "serve": (
        *_LOAD,
        "fsspec",
        "google",
        "grpc",
        "grpc_reflection",
        "grpc_tools",
        "httptools",
        "orjson",
        "prometheus_client",
        "pyarrow",
        "uvicorn",
        "uvloop",
    ),
    "monitor": ("fsspec", "numpy", "pandas", "pyarrow", "scipy"),
    "onnx": (*_LOAD, "onnx", "onnxruntime"),
    "convert": (*_LOAD, "onnx", "onnxruntime", "skl2onnx"),
    "dask": (*_LOAD, "dask", "distributed"),
    "safetensors": (*_LOAD, "safetensors"),
    "mlflow": (*_LOAD, "mlflow"),
    "sign": (*_LOAD, "model_signing"),
}


class MissingExtraError(MintmarkError):
    """A package that only an extra brings is not installed."""


def explain_missing(error: ModuleNotFoundError, what: str, extra: str) -> Exception:
    """Return the sentence for a missing package; the error itself where no extra brings it, for then it is a bug.

    `what` needs the package, and `extra` is what it needs most; another is named where that one lacks the package.
    """
    from importlib.util import find_spec

    module = (error.name or "").partition(".")[0]
    bringing = [name for name in (extra, *EXTRAS) if module in EXTRAS.get(name, ())]
    if not bringing or find_spec(module) is not None:
        return error
    return MissingExtraError(
        f"{what} needs the extra `{bringing[0]}` ({module} is missing): {install_line(bringing[0])}"
    )


def install_line(extra: str) -> str:
    """Return the command that adds an extra, from the place that this copy was installed from."""
    from urllib.parse import unquote, urlsplit

    origin = _origin()
    if origin is None:
        return f'pip install ".[{extra}]" in a clone of Mintmark'
    if "dir_info" in origin:
        option = "--editable " if origin["dir_info"].get("editable") else ""
        return f'pip install {option}"{unquote(urlsplit(origin["url"]).path)}[{extra}]"'
    return f'pip install "{requirement(extra)}"'


def requirement(extra: str) -> str:
    """Return the line of a requirements file that brings this distribution with an extra, from the same place."""
    origin, target = _origin() or {}, f"{DISTRIBUTION}[{extra}]"
    url = origin.get("url", "")
    if "vcs_info" in origin:
        vcs = origin["vcs_info"]
        return f"{target} @ {vcs['vcs']}+{url}@{vcs['commit_id']}"
    return f"{target} @ {url}" if url else target


def _origin() -> dict[str, Any] | None:
    """Return where pip has this copy from (https://peps.python.org/pep-0610/), None where it was never installed."""
    import json
    from importlib import metadata

    try:
        found: dict[str, Any] = json.loads(metadata.distribution(DISTRIBUTION).read_text("direct_url.json") or "{}")
    except metadata.PackageNotFoundError:
        return None
    return found
