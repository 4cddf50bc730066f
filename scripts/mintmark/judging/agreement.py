"""Hold a proposed record against the dvc.lock beside it, and that against dvc.yaml and the head. Runs no stage.

A record says which stages made its files; dvc.lock must say the same, and everything that dvc.lock names and that the
head holds must be what it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mintmark.artifacts.digest import digest_bytes
from mintmark.core import layout
from mintmark.core.finding import Finding
from mintmark.core.pipeline.grammar import MOST_FILES, MOST_STAGES
from mintmark.core.pipeline.templates import DEFAULT_PARAMETERS, TemplateFault, variable_files
from mintmark.core.records import StageRecord
from mintmark.judging.pipeline.declared_stages import read_templates, unlike_declared
from mintmark.judging.pipeline.head_files import HeadFiles
from mintmark.judging.pipeline.locked_inputs import pointers_to, sources, unlike_head
from mintmark.registry.pipeline import LOCK, PIPELINE, model_stages, parse_lock
from mintmark.registry.yaml.text import YamlFault, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mintmark.core.records import VersionRecord
    from mintmark.registry.clone import ClonedRegistry
    from mintmark.registry.pipeline import LockedFile, LockedStage

_RULE: Final = "R7"


def check_agreement(head: ClonedRegistry, record: VersionRecord) -> list[Finding]:
    """Return where record, dvc.lock, dvc.yaml and the files of the head disagree; the record's bytes are verified."""
    content = head.tree.read(LOCK)
    if content is None:
        return [Finding(path=LOCK, message="is not there, so nothing tells what made this version; dvc repro")]
    stages = model_stages(parse_lock(content), record.model)
    too_many = list(_count(stages, record.model))
    if too_many:
        return too_many
    findings = [*_compare_stages(record, stages), *_compare_files(head, record, stages), *_compare_links(stages)]
    return findings or list(_compare_head(head, stages))


def _compare_stages(record: VersionRecord, stages: Mapping[str, LockedStage]) -> Iterator[Finding]:
    path = layout.version_path(record.model, str(record.version))
    recorded = record.stages
    for name in [*recorded, *(name for name in stages if name not in recorded)]:
        ours, locked = recorded.get(name), StageRecord.from_dict(stages[name].to_dict()) if name in stages else None
        if ours != locked:
            fault = "names no such stage" if locked is None else "the record leaves this stage out"
            if ours is not None and locked is not None:
                parts = ("cmd", "deps", "params", "outs")
                differing = [part for part in parts if getattr(ours, part) != getattr(locked, part)]
                fault = f"says something else of {' and '.join(differing)}"
            message = f"{LOCK} {fault}; dvc repro, and mintmark propose {record.model} again"
            yield Finding(path=path, where=f"stages.{name}", message=message, rule=_RULE)


def _compare_files(head: ClonedRegistry, record: VersionRecord, stages: Mapping[str, LockedStage]) -> Iterator[Finding]:
    """The artifact and its companions are what the stages wrote, and so is metrics.json."""
    made = {out.path: out for stage in stages.values() for out in stage.outs}
    version = str(record.version)
    for file in record.stored_files:
        out = made.get(layout.candidate_path(record.model, file.name))
        if out is None or out.md5 != file.md5:
            says = f"{LOCK} has {out.hash}" if out else f"{LOCK} knows no such output"
            where = "artifact" if file is record.artifact else f"files.{file.name}"
            message = f"md5:{file.md5} is not what the pipeline made ({says}); dvc repro, and propose what it makes"
            path = layout.version_path(record.model, version)
            yield Finding(path=path, where=where, message=message, rule=_RULE)
        elif out.size != file.size:
            message = f"{out.path} has {out.size} bytes, and the record says {file.size}; dvc repro"
            yield Finding(path=LOCK, where="stages", message=message, rule=_RULE)
    path = layout.metrics_path(record.model, version)
    content, out = head.tree.read(path), made.get(layout.candidate_path(record.model, layout.METRICS_RECORD))
    if content is not None and (out is None or out.md5 != digest_bytes(content).md5):
        message = "is not the file that the evaluation wrote; dvc repro, and propose what it makes"
        yield Finding(path=path, message=message, rule=_RULE)


def _compare_links(stages: Mapping[str, LockedStage]) -> Iterator[Finding]:
    """What one stage wrote is what the next one read, and no other stage wrote it as well."""
    made: dict[str, LockedFile] = {}
    for stage in stages.values():
        for out in stage.outs:
            if made.setdefault(out.path, out) is not out:
                message = f"{out.path} is there twice, so nothing tells which of them it is; dvc repro"
                yield Finding(path=LOCK, where=f"stages.{stage.name}", message=message, rule=_RULE)
    for stage in stages.values():
        for dep in stage.deps:
            if dep.path in made and made[dep.path].hash != dep.hash:
                message = f"{dep.path} was read with other content ({dep.hash}) than was written; dvc repro"
                yield Finding(path=LOCK, where=f"stages.{stage.name}", message=message, rule=_RULE)


def _compare_head(head: ClonedRegistry, stages: Mapping[str, LockedStage]) -> Iterator[Finding]:
    """What dvc.lock says of the stages is what dvc.yaml declares and what the files of the head hold."""
    try:
        pipeline = parse_yaml(head.tree.read(PIPELINE) or b"")
        variables = variable_files(pipeline)
        named = [path for stage in stages.values() for path in (*(dep.path for dep in stage.deps), *stage.params)]
        pointers = (pointer for _, dep in sources(stages) for pointer in pointers_to(dep.path))
        files = HeadFiles(head, [DEFAULT_PARAMETERS, *variables, *named, *pointers])
        templates = read_templates(pipeline, variables, files)
    except YamlFault as fault:
        yield Finding(path=PIPELINE, message=fault.message, line=fault.line, column=fault.column, rule=_RULE)
    except TemplateFault as fault:
        yield Finding(path=PIPELINE, message=str(fault), rule=_RULE)
    else:
        found = [*unlike_declared(stages, templates), *unlike_head(stages, files)]
        for stage, why in sorted(set(found)):
            message = f"{why}; dvc repro {stage}, and commit both"
            yield Finding(path=LOCK, where=f"stages.{stage}", message=message, rule=_RULE)


def _count(stages: Mapping[str, LockedStage], model: str) -> Iterator[Finding]:
    """A review ends in time only where there is an end to what it looks at."""
    files = sum(len(stage.deps) + len(stage.outs) + sum(map(len, stage.params.values())) for stage in stages.values())
    for number, most, what in ((len(stages), MOST_STAGES, "stages"), (files, MOST_FILES, "files and parameters")):
        if number > most:
            message = f"{number:,} {what} make {model}, and at most {most:,} are looked at; make it in fewer"
            yield Finding(path=LOCK, message=message, rule=_RULE)
