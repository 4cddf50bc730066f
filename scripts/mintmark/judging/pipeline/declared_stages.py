"""What dvc.lock says of stages against what dvc.yaml declares, its templates worked out. Asks DVC nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mintmark.core.pipeline.templates import DEFAULT_PARAMETERS, TemplateFault, Templates
from mintmark.registry.yaml.text import YamlFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mintmark.core.pipeline.templates import DeclaredStage
    from mintmark.judging.pipeline.head_files import HeadFiles
    from mintmark.registry.pipeline import LockedStage


def read_templates(pipeline: Any, variable_files: Iterable[str], head: HeadFiles) -> Templates:
    """Return dvc.yaml with its variables; raise `TemplateFault` where they cannot be had."""
    files = {}
    for path in dict.fromkeys((DEFAULT_PARAMETERS, *variable_files)):
        if path in head:
            try:
                files[path] = head.values(path)
            except YamlFault as fault:
                raise TemplateFault(f"{path}: {fault.message}") from None
    return Templates(pipeline, files)


def unlike_declared(stages: Mapping[str, LockedStage], templates: Templates) -> Iterator[tuple[str, str]]:
    """Yield stages of dvc.lock that dvc.yaml declares otherwise, each with what differs."""
    for name, stage in sorted(stages.items()):
        try:
            declared = templates.stage(name)
        except TemplateFault as fault:
            yield name, f"dvc.yaml cannot be read here: {fault}"
            continue
        faults = ["dvc.yaml declares no such stage"] if declared is None else _differences(stage, declared)
        yield from ((name, fault) for fault in faults)


def _differences(stage: LockedStage, declared: DeclaredStage) -> Iterator[str]:
    if declared.always_runs:
        yield "it always runs"
    if declared.cmd != stage.cmd:
        yield "its command changed"
    for kind, paths, known in (("dep", declared.deps, stage.deps), ("out", declared.outs, stage.outs)):
        for path in sorted(paths - {file.path for file in known}):
            yield f"{path} is a new {kind}"
    for path, keys in sorted(declared.params.items()):
        locked = stage.params.get(path)
        if locked is None:
            yield f"{path} is new"
        else:
            yield from (f"{path}: {key} is new" for key in sorted((keys or frozenset()) - {str(key) for key in locked}))
    deps, outs = ([file.path for file in part] for part in (stage.deps, stage.outs))
    yield from (f"{left} (dvc commit --force)" for left in declared.leaves_out(deps, outs, stage.params))
