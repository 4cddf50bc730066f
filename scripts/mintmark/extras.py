"""Optional packages: which extra brings each of them, and how to install it. Imports none of them."""

from __future__ import annotations

from mintmark.about import DISTRIBUTION
from mintmark.errors import MintmarkError

_LOAD = ("joblib", "numpy", "pandas", "scipy", "skops", "sklearn", "threadpoolctl")
# Each extra and the modules that come with it and that Mintmark imports; the order decides where several have one.
EXTRAS = {
    "load": _LOAD,
    "registry": (*_LOAD, "dvc", "fsspec", "packaging", "pyarrow", "requests", "urllib3"),
    "site": ("jinja2", "markdown_it", "markupsafe", "material", "mkdocs", "numpy", "pandas", "pyarrow"),
    "onnx": (*_LOAD, "onnx", "onnxruntime"),
    "dask": (*_LOAD, "dask", "distributed"),
    "safetensors": (*_LOAD, "safetensors"),
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
    import json
    from importlib import metadata
    from urllib.parse import unquote, urlsplit

    try:
        origin = json.loads(metadata.distribution(DISTRIBUTION).read_text("direct_url.json") or "{}")
    except metadata.PackageNotFoundError:
        return f'pip install ".[{extra}]" in a clone of Mintmark'
    url, target = origin.get("url", ""), f"{DISTRIBUTION}[{extra}]"
    if "dir_info" in origin:
        option = "--editable " if origin["dir_info"].get("editable") else ""
        return f'pip install {option}"{unquote(urlsplit(url).path)}[{extra}]"'
    if "vcs_info" in origin:
        vcs = origin["vcs_info"]
        return f'pip install "{target} @ {vcs["vcs"]}+{url}@{vcs["commit_id"]}"'
    return f'pip install "{target} @ {url}"' if url else f'pip install "{target}"'
