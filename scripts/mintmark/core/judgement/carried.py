"""What each kind of change may carry, as lists of paths: one table for `propose` and the review. Reads no files.

A path is what the registry's layout says, or part of the pipeline, or what a stage reads, or it governs: who judges,
what runs, what is installed. Whatever is none of these is code like any other.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mintmark.core import layout
from mintmark.core.judgement.names import look
from mintmark.core.layout import MODELS, REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterable

PIPELINE: Final = ("dvc.yaml", "dvc.lock", "params.yaml")
STORE: Final = ".dvc/store/"
KNOWN: Final = (
    *PIPELINE, MODELS, "scripts", "schemas", "docs", "data", "tests", "makefile", "pyproject.toml", "mkdocs.yml",
    ".dvc", ".dvcignore", ".git", ".github", ".gitignore", ".gitattributes", ".gitmodules",
)  # fmt: skip
"""Names at the root that tools look for, whether they are there or not: nothing may pass for one of them."""

_JUDGE: Final = "judges what is proposed"
_APPROVES: Final = "says who must approve"
_FIRST: Final = "is run by Python before anything else"
_INSTALLS: Final = "says what is installed"
_TOOLS: Final = "says what tools run"
_SETTINGS: Final = "is a setting of Git, DVC or another tool"
_COMPILED: Final = "is compiled code, which nobody can read"
_FOLDERS: Final = (("scripts/mintmark/", _JUDGE), ("schemas/", _JUDGE), (".github/", _TOOLS))
_NAMES: Final = {
    "codeowners": _APPROVES,
    **dict.fromkeys(("conftest.py", "sitecustomize.py", "usercustomize.py"), _FIRST),
    **dict.fromkeys(("pyproject.toml", "setup.py", "setup.cfg", "pipfile", "environment.yml", "uv.toml"), _INSTALLS),
    **dict.fromkeys(("makefile", "gnumakefile", "justfile", "dockerfile", "jenkinsfile", "procfile"), _TOOLS),
    **dict.fromkeys(("mkdocs.yml", "mkdocs.yaml", "package.json", "noxfile.py", "pytest.ini", "tox.ini"), _TOOLS),
}
_SUFFIXES: Final = {
    **dict.fromkeys((".pth", ".egg-link"), _FIRST),
    ".mk": _TOOLS,
    ".lock": _INSTALLS,
    **dict.fromkeys((".pyc", ".pyo", ".pyd", ".so", ".dll", ".dylib", ".exe"), _COMPILED),
}
_REQUIREMENTS: Final = re.compile(r"(requirements|constraints)[^/]*\.(txt|in)\Z")
_DOCUMENTS: Final = (".md", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp")
_IN_EVERY_FOLDER: Final = (".gitignore", ".gitkeep")
# At the root, where tools look for their settings, only these are none.
_PLAIN_AT_ROOT: Final = (".md", ".dvc", ".csv", ".tsv", ".parquet", ".jsonl")


def governs(path: str) -> str:
    """Return in what a path governs who judges or what runs, as the end of a sentence; empty where it does not.

    Whatever passes for such a path counts as well.
    """
    if path in PIPELINE or path.startswith(STORE):
        return ""
    if path.startswith(layout.OUTSIDE):
        return _governs_from_outside(path)
    parts = [look(part) for part in path.split("/")]
    seen, name = "/".join(parts), parts[-1]
    if seen == REGISTRY:
        return "holds the settings of the registry"
    if parts[0] == MODELS:
        return ""
    for folder, why in _FOLDERS:
        if seen.startswith(folder):
            return why
    if any(part.startswith(".") for part in parts) and not _is_plain_dotfile(parts):
        return _SETTINGS
    why = _NAMES.get(name) or _SUFFIXES.get(posixpath.splitext(name)[1]) or ""
    if not why and _REQUIREMENTS.match(name):
        why = _INSTALLS
    if not why and len(parts) == 1 and not (name.endswith(_PLAIN_AT_ROOT) or name.startswith(("license", "notice"))):
        why = "lies at the root, where tools look for their settings"
    return why if name not in _IN_EVERY_FOLDER else ""


def _governs_from_outside(path: str) -> str:
    """Return the same for a path outside of the folder of a registry: what the whole repository goes by."""
    seen = "/".join(look(part) for part in path.split("/") if part != "..")
    name = seen.rpartition("/")[2]
    if seen.startswith(".github/") or name == "codeowners":
        return _APPROVES if name == "codeowners" else _TOOLS
    return _SETTINGS if name in (".gitattributes", ".gitmodules") else ""


def _is_plain_dotfile(parts: list[str]) -> bool:
    return parts[-1] in _IN_EVERY_FOLDER and not any(part.startswith(".") for part in parts[:-1])


def is_documentation(path: str) -> bool:
    """Whether a path is a document: a page or a picture at the root or below docs/, which no model is made from."""
    if path.startswith("docs/"):
        return path.endswith(_DOCUMENTS) and not governs(path)
    return "/" not in path and (path.endswith(".md") or path in ("LICENSE", "NOTICE"))


@dataclass(frozen=True, slots=True)
class Sources:
    """What stages read in the repository, outside models/, and did not make themselves: files and folders."""

    paths: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()  # the .gitignore that `dvc add` writes for each

    @classmethod
    def of(cls, read: Iterable[str], made: Iterable[str] = ()) -> Sources:
        """Take them from what stages read and wrote."""
        written = {posixpath.normpath(path) for path in made}
        found = {posixpath.normpath(path) for path in read if path and "://" not in path} - written
        inside = {p for p in found if p not in (".", MODELS) and not p.startswith(("/", "..", "~", f"{MODELS}/"))}
        return cls(frozenset(inside), frozenset(f"{p.rpartition('/')[0]}/.gitignore".lstrip("/") for p in inside))

    def __or__(self, other: Sources) -> Sources:
        """Return both in one."""
        return Sources(self.paths | other.paths, self.beside | other.beside)

    def serves(self, path: str) -> str:
        """Return what a path is to the stages that read these; empty for nothing."""
        if path in self.paths:
            return "a stage reads it"
        if path.removesuffix(".dvc") in self.paths:
            return "it points to what a stage reads"
        if path in self.beside:
            return "it keeps what a stage reads out of Git"
        parts = path.split("/")
        folders = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
        return next((f"a stage reads {folder}/" for folder in folders if folder in self.paths), "")


NOTHING_READ: Final = Sources()


def belongs(path: str, sources: Sources) -> str:
    """Return why a version's proposal or withdrawal, or the description of a new model, may carry a path; else nothing.

    `sources` are what the stages of the model read. What governs is nobody's source, whatever a stage declares.
    """
    if path in PIPELINE:
        return "it is the pipeline"
    if path.partition("/")[0] == MODELS or path.startswith(STORE) or governs(path):
        return ""
    return sources.serves(path)
