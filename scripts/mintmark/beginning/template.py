"""What `mintmark init` writes: the files of a new registry, made from this repository's own. Writes nothing.

The wheel carries the repository's files in `template/`. A checkout's are read where they are: there is one copy.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mintmark.core import layout
from mintmark.registry.files import format_yaml
from mintmark.registry.schemas import schema_folder

STAGES: Final = ("prepare.py", "tune.py", "train.py", "compress.py", "evaluate.py")
WORKFLOWS: Final = ("monitor.yml", "pages.yml", "pr-comment.yml", "pr.yml", "release.yml", "request.yml", "retrain.yml",
                    "rollback.yml", "verify.yml")  # fmt: skip
FORMS: Final = ("promote.yml", "propose.yml", "rollback.yml", "yank.yml")
EDITED: Final = (
    "model",
    "params",
    "registry",
)  # the kinds of file that people write, for whose editor a schema lies there
_AS_THEY_ARE: Final = (".dvc/.gitignore", ".dvc/config", ".dvcignore", "requirements.lock", "requirements-tool.lock")
_OWN_DEPS: Final = re.compile(r"^ +- scripts/mintmark/.*\n", re.M)
_PARAMS: Final = """\
# yaml-language-server: $schema=schemas/params.schema.json
# How each model is made. One section is one model; mintmark add writes the first draft of one.
schema: 1
models: {}
"""
_NEAR_HISTORY: Final = """\
# Text of the registry ends its lines in LF on every machine: digests and dvc.lock are about bytes.
/models/** text=auto eol=lf
/scripts/*.py text eol=lf
/dvc.* text eol=lf
/params.yaml text eol=lf
/*.lock text eol=lf
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a new registry is to be: its name, its base branch, where the tool is installed from, and where it lies.

    `prefix` is the folder in the Git repository, such as `ml/models`; empty, it is the whole repository. `is_new` says
    that the repository has no commit yet. `tool` is a line for pip, or empty where none is known.
    """

    name: str
    branch: str
    tool: str
    prefix: str = ""
    is_new: bool = True
    workflows: bool = True

    @property
    def answers(self) -> dict[str, Any]:
        """What `mintmark upgrade` has to know to write the same files again; the rest it finds out."""
        return {"name": self.name, "branch": self.branch, "is_new": self.is_new, "workflows": self.workflows}


def template_folder() -> Path:
    """Return where the repository's files lie: in the installed package, or around scripts/ in a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "template"
    return installed if installed.is_dir() else package.parent.parent


def render(wanted: Wanted) -> dict[str, bytes]:
    """Return every file of a new registry by its path below the registry's folder; `../` leads out of a subfolder."""
    texts = {path: _read(path) for path in _AS_THEY_ARE}
    texts |= {f"scripts/{name}": _read(f"scripts/{name}") for name in STAGES}
    texts |= {f"schemas/{kind}.schema.json": _schema(kind) for kind in EDITED}
    texts |= {
        "dvc.yaml": _pipeline(),
        "params.yaml": _PARAMS,
        "mintmark.mk": (Path(__file__).parent / "files" / "mintmark.mk").read_text("utf-8"),
        "mintmark.txt": _tool(wanted.tool),
        ".gitignore": _read(".gitignore"),
        ".gitattributes": _attributes(wanted),
        layout.REGISTRY: _settings(wanted),
    }
    if wanted.workflows:
        texts |= _on_github(wanted)
    return {
        path: text.encode() for path, text in sorted(texts.items(), key=lambda item: (item[0] == layout.REGISTRY, item))
    }


def _read(path: str) -> str:
    return (template_folder() / path).read_text("utf-8")


def _schema(kind: str) -> str:
    return (schema_folder() / f"{kind}.schema.json").read_text("utf-8")


def _pipeline() -> str:
    """Return the pipeline without what this repository alone has: the package as a dependency, and its models."""
    stages, _, _ = _read("dvc.yaml").partition("\n# What `dvc artifacts get")
    return _OWN_DEPS.sub("", stages)


def _tool(line: str) -> str:
    about = "# Where the workflows install Mintmark from: a line for pip, best with the commit that you trust.\n"
    example = "# BLANK: write one, such as mintmark-registry @ git+https://github.com/OWNER/mintmark@COMMIT\n"
    return about + (f"{line}\n" if line else example)


def _attributes(wanted: Wanted) -> str:
    """Return the line ends: of everything in a new repository; beside files that others brought, of our own alone."""
    text = _read(".gitattributes")
    if wanted.is_new:
        return text
    _, rule, rest = text.partition("* text=auto eol=lf\n")
    assert rule, "the rule for all text is the first of .gitattributes"
    return _NEAR_HISTORY + rest


def _settings(wanted: Wanted) -> str:
    head = format_yaml({"schema": 1, "name": wanted.name, "base_branch": wanted.branch},
                       schema="../schemas/registry.schema.json")  # fmt: skip
    _, mark, rest = _read(layout.REGISTRY).partition("\n# A version goes through these in this order")
    assert mark, "the channels follow this comment in models/registry.yaml"
    return head + mark + rest


def _on_github(wanted: Wanted) -> dict[str, str]:
    up = "../" * len(wanted.prefix.split("/")) if wanted.prefix else ""
    folder = f"{up}.github"
    found = {f"{folder}/workflows/{name}": _workflow(_read(f".github/workflows/{name}"), wanted) for name in WORKFLOWS}
    return found | {f"{folder}/ISSUE_TEMPLATE/{name}": _read(f".github/ISSUE_TEMPLATE/{name}") for name in FORMS}


_SETUP: Final = "run: make setup\n"
_GATE: Final = """\
          PYTHONPATH: scripts # the gate needs no package, so it waits for none
        run: python3 -P -m mintmark.cli gate --reports reports
"""
_GATE_STEP: Final = "      - name: Fetch the reports\n"


def _workflow(text: str, wanted: Wanted) -> str:
    """Return a workflow for a repository without the package: the tool comes from mintmark.txt."""
    branch = wanted.branch if re.fullmatch(r"[\w./-]+", wanted.branch) else json.dumps(wanted.branch)
    text = text.replace("branches: [main]", f"branches: [{branch}]")
    if _GATE in text:
        text = text.replace(_GATE, "        run: .venv/bin/mintmark gate --reports reports\n")
        text = text.replace(_GATE_STEP, f"      - name: Install the base's tool\n        {_SETUP}{_GATE_STEP}")
    text = text.replace(_SETUP, "run: make -f mintmark.mk setup\n")
    return _in_subfolder(text, wanted.prefix) if wanted.prefix else text


_RIGHTS: Final = "permissions: {}\n"
_ARTIFACT: Final = re.compile(r"^( +(?:path|subject-checksums): )(\S+)$", re.M)
_PLAIN: Final = re.compile(r"[\w./-]+", re.ASCII)  # what YAML takes without quotes


def _in_subfolder(text: str, prefix: str) -> str:
    """Return a workflow whose steps run in a subfolder; what actions of others take is told from the root."""
    assert text.count(_RIGHTS) == 1, "a workflow gives no rights at its top"
    quoted = json.dumps(prefix, ensure_ascii=False)
    defaults = f"{_RIGHTS}\ndefaults:\n  run:\n    working-directory: {quoted}\n"

    def inside(found: re.Match[str]) -> str:
        path = f"{prefix}/{found[2]}"
        return found[1] + (path if _PLAIN.fullmatch(path) else json.dumps(path, ensure_ascii=False))

    return _ARTIFACT.sub(inside, text).replace(_RIGHTS, defaults)
