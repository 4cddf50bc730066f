"""The pipeline as DVC last ran it: dvc.lock as data, and what is not up to date. Runs no stage."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from mintmark.core.finding import Finding
from mintmark.core.judgement.carried import Sources
from mintmark.core.pipeline.forms import lock_faults, pipeline_faults
from mintmark.core.pipeline.grammar import path_fault, stage_name_fault
from mintmark.core.pipeline.templates import DEFAULT_PARAMETERS, TemplateFault, Templates, variable_files
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.registry.dvc import run_dvc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LOCK = "dvc.lock"
PIPELINE = "dvc.yaml"
PARAMS = "params.yaml"
_MOST = 20  # faults of form that are told of one file
_NO_STAGE = "add it to params.yaml and dvc repro, or mintmark register {} brings a model that is trained elsewhere"
_HASHES = ("md5", "etag", "checksum")


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedFile:
    """What dvc.lock says of a dependency or an output: `hash` is `md5:0123…`; `size` is in bytes where DVC knows it."""

    path: str
    hash: str
    size: int | None = None

    @property
    def md5(self) -> str | None:
        """The md5 (with `.dir` behind it for a folder), None where DVC keeps another hash."""
        kind, _, digest = self.hash.partition(":")
        return digest if kind == "md5" else None


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedStage:
    """One stage as it last ran, from dvc.lock."""

    name: str
    cmd: str | list[str]
    deps: tuple[LockedFile, ...] = ()
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    outs: tuple[LockedFile, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the entry that a version record holds for this stage."""
        entry: dict[str, Any] = {"cmd": self.cmd}
        if self.deps:
            entry["deps"] = {file.path: file.hash for file in self.deps}
        if self.params:
            entry["params"] = {path: dict(values) for path, values in self.params.items()}
        if self.outs:
            entry["outs"] = {file.path: file.hash for file in self.outs}
        return entry


def read_lock(root: Path) -> dict[str, LockedStage]:
    """Return the stages in the work tree's dvc.lock by name; none when there is no such file."""
    from mintmark.registry.files import read_text_file
    from mintmark.registry.yaml.text import MAX_LOCK_BYTES

    path = root / LOCK
    return parse_lock(read_text_file(path, limit=MAX_LOCK_BYTES)) if os.path.lexists(path) else {}


def parse_lock(content: bytes) -> dict[str, LockedStage]:
    """Return the stages in the text of a dvc.lock by name; raise `InvalidRegistryError` where it is none."""
    stages, faults = check_lock(content)
    if faults:
        raise InvalidRegistryError(faults)
    return stages


def check_lock(content: bytes, path: str = LOCK, *, form: bool = False) -> tuple[dict[str, LockedStage], list[Finding]]:
    """Return the stages in the text of a dvc.lock by name, and what is wrong with it, or with what it names.

    With `form`, where nothing else is wrong, also what is in it that DVC does not write.
    """
    from mintmark.registry.yaml.text import MAX_LOCK_BYTES, YamlFault, parse_yaml

    try:
        data = parse_yaml(content, limit=MAX_LOCK_BYTES, number_keys=True)
        entries = (data or {}).get("stages") or {}
        stages = {name: _locked_stage(name, entry) for name, entry in entries.items()}
    except YamlFault as fault:
        return {}, [Finding(path=path, message=fault.message, line=fault.line, column=fault.column)]
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}, [Finding(path=path, line=1, message="is not a dvc.lock of DVC 3; dvc repro writes it again")]
    faults = [fault for stage in stages.values() for fault in _stage_faults(stage, path)]
    if form and not faults:
        faults = [_form_fault(path, where, message) for where, message in islice(lock_faults(data), _MOST)]
    return stages, faults


def check_pipeline(content: bytes, before: bytes | None) -> list[Finding]:
    """Return what is wrong with the form of dvc.yaml, where it says something else than `before`."""
    from mintmark.registry.yaml.text import YamlFault, parse_yaml

    try:
        pipeline = parse_yaml(content)
    except YamlFault as fault:
        return [Finding(path=PIPELINE, message=fault.message, line=fault.line, column=fault.column)]
    try:
        known = parse_yaml(before or b"")
    except YamlFault:
        known = None
    return [_form_fault(PIPELINE, where, message) for where, message in islice(pipeline_faults(pipeline, known), _MOST)]


def _form_fault(path: str, where: str, message: str) -> Finding:
    return Finding(path=path, where=where, message=f"{message}; leave it out, or write it as DVC does", rule="R6")


def _stage_faults(stage: LockedStage, path: str) -> Iterator[Finding]:
    """Yield where a stage, or a file that it names, is not called as the grammar has it."""
    fault = stage_name_fault(stage.name)
    if fault:
        yield Finding(path=path, where="stages", message=f'"{stage.name}" {fault}', rule="R6")
    named = [*(file.path for file in (*stage.deps, *stage.outs)), *stage.params]
    for name in dict.fromkeys(named):
        fault = path_fault(name)
        if fault:
            message = f'"{name}" {fault}; a stage reads and writes files of the repository'
            yield Finding(path=path, where=f"stages.{stage.name}", message=message, rule="R6")


def _locked_stage(name: str, entry: Mapping[str, Any]) -> LockedStage:
    params = entry.get("params") or {}
    return LockedStage(
        name=name,
        cmd=entry["cmd"],
        deps=tuple(_locked_files(entry.get("deps") or ())),
        params={path: dict(values) for path, values in params.items()},
        outs=tuple(_locked_files(entry.get("outs") or ())),
    )


def _locked_files(entries: Any) -> Iterator[LockedFile]:
    for entry in entries:
        kind = next((kind for kind in _HASHES if kind in entry), None)
        if kind is not None:
            yield LockedFile(path=str(entry["path"]), hash=f"{kind}:{entry[kind]}", size=entry.get("size"))


def model_stages(stages: Mapping[str, LockedStage], model: str) -> dict[str, LockedStage]:
    """Return the stages that made a model's candidate: those that write below its folder, and what they depend on."""
    makers = {file.path: stage for stage in stages.values() for file in stage.outs}
    folder = f"models/{model}/candidate/"
    wanted: dict[str, LockedStage] = {}
    queue = [s for s in stages.values() if any(f"{file.path}/".startswith(folder) for file in s.outs)]
    while queue:
        stage = queue.pop()
        if stage.name not in wanted:
            wanted[stage.name] = stage
            queue += [makers[file.path] for file in stage.deps if file.path in makers]
    return {name: stages[name] for name in stages if name in wanted}


def making_stage(stages: Mapping[str, LockedStage], model: str) -> str:
    """Return what to name to `dvc repro` for a model's candidate: the stage that nothing else of the model reads.

    Empty where no stage makes one.
    """
    own = model_stages(stages, model)
    read = {file.path for stage in own.values() for file in stage.deps}
    ends = [name for name, stage in own.items() if read.isdisjoint(file.path for file in stage.outs)]
    return (ends or [*own] or [""])[-1]


def stage_sources(stages: Mapping[str, LockedStage]) -> Sources:
    """Return what stages read and no stage made: dependencies, and files of parameters."""
    made = [file.path for stage in stages.values() for file in stage.outs]
    read = [path for stage in stages.values() for path in (*(file.path for file in stage.deps), *stage.params)]
    return Sources.of(read, made)


def named_paths(*documents: bytes | None) -> Sources:
    """Return every text in dvc.yaml and params.yaml, as what a stage may come to read; none of what is no YAML."""
    from mintmark.registry.yaml.text import YamlFault, parse_yaml

    texts: list[str] = []
    for document in documents:
        try:
            texts += _texts(parse_yaml(document or b"", number_keys=True))
        except YamlFault:
            continue
    return Sources.of(word for text in texts for word in text.split())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def pipeline_status(root: Path, model: str) -> dict[str, list[str]]:
    """Return, for each stage of a model that is not up to date, why; empty when all are.

    DVC gets explicit stage names, so it walks no pointers: the time does not grow with the number of versions. It
    compares the files in the work tree with dvc.lock, so a candidate that was edited or deleted shows as well.
    """
    status = json.loads(run_dvc("status", "--json", *stage_targets(root, model), cwd=root) or "{}")
    return {stage: list(stage_reasons(faults)) for stage, faults in sorted(status.items())}


def stage_targets(root: Path, model: str) -> list[str]:
    """Return the stages of a model to name to DVC: those that dvc.yaml declares for it, and those in dvc.lock.

    Raises `MintmarkError` where there is none.
    """
    if not os.path.lexists(root / PIPELINE):
        raise MintmarkError(f"{PIPELINE} is not there, so there is no pipeline that makes {model}")
    pipeline = _read_yaml(root, PIPELINE)
    stages = (pipeline.get("stages") if isinstance(pipeline, dict) else None) or {}
    locked = [name for name in model_stages(read_lock(root), model) if name.partition("@")[0] in stages]
    declared = declared_stages(root, model, pipeline)
    if not declared and not locked:
        raise MintmarkError(f"{PIPELINE} has no stage for {model}; {_NO_STAGE.format(model)}")
    return list(dict.fromkeys([*declared, *locked]))


def declared_stages(root: Path, model: str, pipeline: Any = None) -> list[str]:
    """Return the stages that dvc.yaml repeats for a model, and those that write below its candidate.

    `pipeline` is its dvc.yaml, where that was read already. What only DVC can work out counts where it may be so.
    """
    if pipeline is None:
        pipeline = _read_yaml(root, PIPELINE) if os.path.lexists(root / PIPELINE) else {}
    stages = (pipeline.get("stages") if isinstance(pipeline, dict) else None) or {}
    try:
        paths = [path for path in (DEFAULT_PARAMETERS, *variable_files(pipeline)) if (root / path).is_file()]
        templates = Templates(pipeline, {path: _read_yaml(root, path, number_keys=True) for path in paths})
    except TemplateFault:
        return [f"{name}@{model}" for name, stage in stages.items() if _repeats_for(stage, model)]
    found = []
    for name, stage in stages.items():
        repeated = isinstance(stage, dict) and ("foreach" in stage or "matrix" in stage)
        if _is_declared(templates, f"{name}@{model}" if repeated else name, stage, model):
            found.append(f"{name}@{model}" if repeated else name)
    return found


def _is_declared(templates: Templates, name: str, stage: Any, model: str) -> bool:
    try:
        declared = templates.stage(name)
    except TemplateFault:
        return _repeats_for(stage, model)
    folder = f"models/{model}/candidate/"
    return declared is not None and ("@" in name or any(f"{path}/".startswith(folder) for path in declared.outs))


def _read_yaml(root: Path, path: str, *, number_keys: bool = False) -> Any:
    from mintmark.registry.files import read_text_file
    from mintmark.registry.yaml.text import YamlFault, parse_yaml

    try:
        return parse_yaml(read_text_file(root / path), number_keys=number_keys)
    except YamlFault as fault:
        finding = Finding(path=path, message=fault.message, line=fault.line, column=fault.column)
        raise InvalidRegistryError([finding]) from None


def _repeats_for(stage: Any, model: str) -> bool:
    """Whether a stage may be repeated for a model; a list that only DVC can work out (`${models}`) counts."""
    if not isinstance(stage, dict):
        return False
    axes = list(stage["matrix"].values()) if isinstance(stage.get("matrix"), dict) else [stage.get("foreach")]
    return len(axes) == 1 and (isinstance(axes[0], str) or model in (axes[0] or ()))


def stage_reasons(faults: Any) -> Iterator[str]:
    """Yield what `dvc status --json` says of one stage, as sentences.

    It says `[{"changed deps": {"a.csv": "modified"}}, "changed command"]`.
    """
    for fault in faults:
        if isinstance(fault, str):
            yield {"changed command": "its command changed", "always changed": "it always runs"}.get(fault, fault)
            continue
        for changes in fault.values():
            for path, change in changes.items():
                if isinstance(change, dict):
                    yield from (f"{path}: {name} is {how}" for name, how in change.items())
                else:
                    yield f"{path} is {change}"
