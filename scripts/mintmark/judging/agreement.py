"""Hold a proposed record against the dvc.lock beside it, and that against the files of the head. Runs no stage.

A record says which stages made its files; dvc.lock must say the same, and everything that dvc.lock names and that the
head holds must be what it says. DVC itself tells the latter, in a folder that holds just those files.
"""

from __future__ import annotations

import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from mintmark.artifacts.digest import digest_bytes
from mintmark.core import layout
from mintmark.core.finding import Finding
from mintmark.core.records import StageRecord
from mintmark.errors import InvalidRegistryError
from mintmark.judging.locked_inputs import unlike_lock
from mintmark.registry import git
from mintmark.registry.dvc import DvcError, run_dvc
from mintmark.registry.pipeline import LOCK, PIPELINE, model_stages, parse_lock, stage_reasons
from mintmark.registry.yaml.text import YamlFault, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mintmark.core.records import VersionRecord
    from mintmark.registry.clone import ClonedRegistry
    from mintmark.registry.pipeline import LockedFile, LockedStage

_CONFIG = "[core]\n    no_scm = true\n    analytics = false\n    check_update = false\n    autostage = false\n"
_NOTES = "    site_cache_dir = {}\n"  # or DVC keeps a folder for each folder that it was ever run in
_SECONDS = 60
_RULE: Final = "R7"


def begin_agreement(
    head: ClonedRegistry, record: VersionRecord, stored: Mapping[str, Path]
) -> Callable[[], list[Finding]]:
    """Begin to look where record, dvc.lock and files of the head disagree.

    `stored` has the record's files, verified. What this returns waits for DVC, which takes a second, and tells.
    """
    content = head.tree.read(LOCK)
    if content is None:
        missing = Finding(path=LOCK, message="is not there, so nothing tells what made this version; dvc repro")
        return lambda: [missing]
    stages = model_stages(parse_lock(content), record.model)
    findings = [*_compare_stages(record, stages), *_compare_files(head, record, stages), *_compare_links(stages)]
    return (lambda: findings) if findings else _ask_dvc(head, stages, record, stored)


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


def _ask_dvc(
    head: ClonedRegistry, stages: Mapping[str, LockedStage], record: VersionRecord, stored: Mapping[str, Path]
) -> Callable[[], list[Finding]]:
    """Lay the head's files out in an empty folder and ask `dvc status` what differs from dvc.lock there."""
    place = tempfile.TemporaryDirectory(prefix="mintmark-lock-")
    try:
        folder = Path(place.name)
        present = _lay_out(head, stages, folder)
        findings = list(_compare_sources(head, stages, set(present)))
        for file in record.stored_files:
            _write(folder, layout.candidate_path(record.model, file.name), stored[file.name].read_bytes())
    except BaseException:
        place.cleanup()
        raise
    pool = ThreadPoolExecutor(1)
    asked = pool.submit(run_dvc, "status", "--json", *stages, cwd=folder, timeout=_SECONDS)

    def tell() -> list[Finding]:
        with place, pool:
            try:
                output = asked.result()
            except DvcError as error:
                return [Finding(path=PIPELINE, message=f"DVC cannot read the pipeline: {error}", rule=_RULE)]
        return [*findings, *_read_status(output, stages, present, record)]

    return tell


def _read_status(
    output: str, stages: Mapping[str, LockedStage], present: Mapping[str, bytes], record: VersionRecord
) -> Iterator[Finding]:
    absent = _absent(stages, set(present), record)
    told = [(name, why) for name, faults in json.loads(output or "{}").items() for why in stage_reasons(faults)]
    # What dvc.yaml freezes or names no more is in dvc.lock all the same, and DVC says nothing of it.
    for stage, why in sorted({pair for pair in told if pair[1] not in absent}) or list(unlike_lock(stages, present)):
        yield Finding(
            path=LOCK, where=f"stages.{stage}", message=f"{why}; dvc repro {stage}, and commit both", rule=_RULE
        )


def _lay_out(head: ClonedRegistry, stages: Mapping[str, LockedStage], folder: Path) -> dict[str, bytes]:
    """Write what the stages read, as the head has it; return the files that it has."""
    _write(folder, ".dvc/config", (_CONFIG + _NOTES.format(json.dumps(str(folder / ".dvc" / "notes")))).encode())
    wanted = {PIPELINE, LOCK, "params.yaml", *_imported(head)}
    made = {out.path for stage in stages.values() for out in stage.outs}
    for stage in stages.values():
        wanted |= {dep.path for dep in stage.deps if dep.path not in made} | stage.params.keys()
    found = _blobs(head, [path for path in wanted if _is_inside(path)])
    for path, content in found.items():
        _write(folder, path, content)
    return found


def _compare_sources(head: ClonedRegistry, stages: Mapping[str, LockedStage], present: set[str]) -> Iterator[Finding]:
    """What the stages read and the head does not hold itself is behind a `.dvc` pointer that says the same."""
    made = {out.path for stage in stages.values() for out in stage.outs}
    sources = {dep.path: dep for stage in stages.values() for dep in stage.deps if dep.path not in made}
    for path, dep in sorted(sources.items()):
        if not _is_inside(path) or "://" in path or _holds(present, path):
            continue
        pointers = [f"{place}.dvc" for place in (PurePosixPath(path), *PurePosixPath(path).parents)]
        found = _blobs(head, pointers[:-1])
        if not found:
            message = f"{path} is read by the pipeline and is not in the repository; commit it, or dvc add {path}"
            yield Finding(path=LOCK, message=message, rule=_RULE)
        elif pointers[0] in found and (dep.md5 or "?").encode() not in found[pointers[0]]:
            message = f"{dep.hash} is not what {pointers[0]} points to; dvc repro, and commit both"
            yield Finding(path=LOCK, message=f"{path}: {message}", rule=_RULE)


def _holds(present: set[str], path: str) -> bool:
    return any(found == path or found.startswith(f"{path}/") for found in present)


def _imported(head: ClonedRegistry) -> set[str]:
    """Return the files from which dvc.yaml takes its variables; raise `InvalidRegistryError` where it is no plain YAML.

    DVC reads aliases, and a few lines of them stand for gigabytes.
    """
    try:
        data = parse_yaml(head.tree.read(PIPELINE) or b"")
    except YamlFault as fault:
        finding = Finding(path=PIPELINE, message=fault.message, line=fault.line, column=fault.column)
        raise InvalidRegistryError([finding]) from None
    variables = (data.get("vars") if isinstance(data, dict) else None) or []
    return {entry.partition(":")[0] for entry in variables if isinstance(entry, str)}


def _blobs(head: ClonedRegistry, paths: Iterable[str]) -> dict[str, bytes]:
    """Return the plain files at or below paths, at the head."""
    entries: dict[str, git.Entry] = {}
    for path in paths:
        entries |= git.list_tree(head.root, head.revision, f":(literal){path}")
    plain = {path: entry.oid for path, entry in entries.items() if entry.mode not in git.NO_FILES and _is_inside(path)}
    content = dict(git.read_blobs(head.root, set(plain.values())))
    return {path: content[oid] for path, oid in plain.items()}


def _absent(stages: Mapping[str, LockedStage], present: set[str], record: VersionRecord) -> set[str]:
    """Return what DVC says only because it was not laid out: a cache, outputs in no store, data behind a pointer."""
    kept = {layout.candidate_path(record.model, file.name) for file in record.stored_files}
    outs = {out.path for stage in stages.values() for out in stage.outs}
    deps = {dep.path for stage in stages.values() for dep in stage.deps}
    gone = (outs - kept) | {dep for dep in deps - kept if not _holds(present, dep)}
    return {f"{path} is deleted" for path in gone} | {f"{path} is not in cache" for path in outs}


def _is_inside(path: str) -> bool:
    """Whether a path of the head stays below the folder that it is written to."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and parts[0] not in (".dvc", ".git")


def _write(folder: Path, path: str, content: bytes) -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
