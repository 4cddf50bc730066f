"""Files that the stages of a model use and none declares: named in a command, or imported. Runs nothing."""

from __future__ import annotations

import ast
import posixpath
from typing import TYPE_CHECKING

from mintmark.core.judgement.carried import governs
from mintmark.core.pipeline.templates import DEFAULT_PARAMETERS, TemplateFault, Templates, variable_files
from mintmark.registry import git
from mintmark.registry.files import read_text_file
from mintmark.registry.pipeline import PIPELINE
from mintmark.registry.yaml.text import YamlFault, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mintmark.core.judgement.carried import Sources
    from mintmark.registry.pipeline import LockedStage

SCRIPTS = "scripts"
_MOST_BYTES = 1_000_000  # of a script that is read for its imports


def undeclared_files(root: Path, stages: Mapping[str, LockedStage], sources: Sources) -> dict[str, str]:
    """Return the files in the work tree that stages use without declaring them, each with who uses it.

    A script that is imported counts, wherever its import is written, and so does what that one imports.
    """
    made = {posixpath.normpath(out.path) for stage in stages.values() for out in stage.outs}
    used: dict[str, str] = {}
    for name, stage in stages.items():
        for path in _words(stage.cmd):
            if path not in made:
                used.setdefault(path, f"the stage {name} names it")
    used = {path: why for path, why in used.items() if _is_ours(root, path)}
    queue = [path for path in (*sources.paths, *used) if path.endswith(".py")]
    seen = set(queue)
    while queue:
        script = queue.pop()
        for path in _imported(root, script):
            if path not in seen and _is_ours(root, path):
                seen.add(path)
                queue.append(path)
                used.setdefault(path, f"{script} imports it")
    return {path: why for path, why in sorted(used.items()) if not sources.serves(path)}


def locked_and_undeclared(root: Path, stages: Mapping[str, LockedStage]) -> Iterator[tuple[str, str]]:
    """Yield each stage with what dvc.lock says that it read or made and dvc.yaml no longer declares.

    DVC leaves that there until the stage runs again. A pipeline that cannot be worked out is told of by the review.
    """
    try:
        pipeline = parse_yaml(read_text_file(root / PIPELINE))
        paths = [path for path in (DEFAULT_PARAMETERS, *variable_files(pipeline)) if (root / path).is_file()]
        templates = Templates(
            pipeline, {path: parse_yaml(read_text_file(root / path), number_keys=True) for path in paths}
        )
        for name, stage in stages.items():
            declared = templates.stage(name)
            if declared is not None:
                deps, outs = ([file.path for file in part] for part in (stage.deps, stage.outs))
                yield from ((name, left) for left in declared.leaves_out(deps, outs, stage.params))
    except (YamlFault, TemplateFault):
        return


def uncommitted(root: Path, paths: Mapping[str, str]) -> list[str]:
    """Return those paths that HEAD does not hold as they are."""
    if not paths:
        return []
    literally = [f":(literal){path}" for path in paths]
    listed = git.run_git("ls-files", "-z", "--", *literally, cwd=root).decode("utf-8", "surrogateescape").split("\0")
    pointed = {path for path in paths if (root / f"{path}.dvc").exists()}  # DVC has it
    return sorted(
        (set(paths) - set(listed) - pointed) | (set(paths) & git.changed_paths(root, literally, untracked=False))
    )


def left_out(root: Path, taken: set[str]) -> list[str]:
    """Return the new scripts that a proposal does not take along: nothing that a stage uses, as far as can be seen."""
    listing = ("ls-files", "-z", "--others", "--exclude-standard", "--", SCRIPTS)
    new = git.run_git(*listing, cwd=root).decode("utf-8", "surrogateescape").split("\0")[:-1]
    return sorted(set(new) - taken)


def _words(command: str | list[str]) -> Iterator[str]:
    for line in [command] if isinstance(command, str) else command:
        for word in line.replace("=", " ").split():
            path = posixpath.normpath(word.strip("\"';&|()<>"))
            if not path.startswith(("/", "..", "-")):
                yield path


def _is_ours(root: Path, path: str) -> bool:
    """Whether a path is a file of the team's: what governs, the judge's code among it, changes by itself anyway."""
    return (root / path).is_file() and not path.startswith("models/") and not governs(path)


def _imported(root: Path, script: str) -> Iterator[str]:
    """Yield the places where Python would look first for what a script imports: beside it."""
    try:
        content = (root / script).read_bytes()
        tree = ast.parse(content) if len(content) <= _MOST_BYTES else None
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    folder = posixpath.dirname(script)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module or ''}.{alias.name}".strip(".") for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            for depth in range(1, len(parts) + 1):
                place = posixpath.join(folder, *parts[:depth])
                yield from (f"{place}.py", f"{place}/__init__.py")
