"""Hold a registry, or a change to it, against the rules R1 to R5 and R8 to R10. Runs no model and changes nothing."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from mintmark.core import layout
from mintmark.core.finding import Finding
from mintmark.core.judgement.names import twins
from mintmark.core.judgement.rules import check_change, check_state
from mintmark.core.layout import locate
from mintmark.core.named_columns import row_columns
from mintmark.core.records import StoredFile, VersionRecord
from mintmark.core.settings import Settings
from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.registry.documents import blob_oid
from mintmark.registry.git import in_background
from mintmark.registry.past.history import ModelHistory
from mintmark.registry.past.rule_past import RulePast, read_rule_past
from mintmark.registry.pipeline import LOCK, PIPELINE, check_lock, check_pipeline
from mintmark.registry.record_checks import check_models, check_records, check_versions
from mintmark.registry.repository.main_line import find_base
from mintmark.registry.snapshot import Snapshot, read_everything, read_snapshot, stray, with_lines
from mintmark.registry.stored.missing_objects import ObjectSizes
from mintmark.registry.tree import STORE, WATCHED, GitTree, WorkTree

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

    from mintmark.registry.clone import ClonedRegistry
    from mintmark.registry.past.branch_diff import BranchDiff


@dataclass(frozen=True, slots=True)
class Report:
    """What a validation found, and how much it looked at."""

    findings: tuple[Finding, ...]
    models: int
    versions: int

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not any(finding.severity == "error" for finding in self.findings)


def validate_tree(registry: ClonedRegistry) -> Report:
    """Validate everything; when nothing changed since the last time, that verdict is given again."""
    git.require_history(registry.root)
    if isinstance(registry.tree, WorkTree):
        registry.tree.watch()
    base = base_revision(registry)
    key = _verdict_key(registry, base)
    cache = registry.documents.cache
    remembered = cache.get("verdict", key) if key else None
    if remembered is not None and _is_committed(registry):
        findings, models, versions = json.loads(remembered)
        report = Report(tuple(Finding(**finding) for finding in findings), models, versions)
    else:
        report = _validate_everything(registry, base)
        if key and _is_committed(registry):
            rows = [asdict(finding) for finding in report.findings]
            cache.put_many("verdict", {key: json.dumps([rows, report.models, report.versions])})
    return replace(report, findings=(*report.findings, *_check_root(registry))) if base else report


def _validate_everything(registry: ClonedRegistry, base: str | None) -> Report:
    pasts = _start_past(registry.root, base)
    of_records: list[Finding] = []
    versions, sizes = 0, ObjectSizes(registry.root, registry.commit)

    def visit(part: Snapshot) -> None:
        nonlocal versions
        versions += _count_records(part)
        of_records.extend(check_versions(part))
        of_records.extend(_check_objects(registry, part, sizes))

    snapshot = read_everything(registry.tree, registry.documents, visit)
    findings = list(snapshot.findings)
    settings = _settings(snapshot, findings)
    if settings is not None:
        findings += of_records
        findings += check_models(snapshot, [rule.name for rule in settings.channels])
        for model in snapshot.models:
            findings += check_state(snapshot.state(model, pasts().get(model, RulePast())), settings.channels)
    findings += _check_lock(registry)
    return _report(registry, snapshot, findings, versions)


def _start_past(root: Path, base: str | None) -> Callable[[], dict[str, RulePast]]:
    """Read the past of every model while other processes parse the records."""
    if base is None:
        return dict
    wait = git.start_first_parent_log(root, base, [layout.MODELS])
    return in_background(lambda: read_rule_past(root, wait()))


def validate_change(registry: ClonedRegistry, change: BranchDiff, *, settings: Settings | None = None) -> Report:
    """Validate what this tree changes since it left a base; faults that were there before are left out.

    `settings` are those to judge by, where they are not this tree's own (R6).
    """
    from mintmark.artifacts.skops import safety as skops_safety  # noqa: F401 - most artifacts need it, and Git is still busy

    folders, changed = change.folders, change.paths
    after = read_snapshot(registry.tree, registry.documents, folders, changed)
    after.take(layout.REGISTRY, registry.read("registry", layout.REGISTRY))
    before = read_snapshot(GitTree(registry.root, change.start), registry.documents, folders, ())
    findings = list(after.findings)
    settings = settings or _settings(after, findings)
    if settings is not None:
        findings += check_records(after, [rule.name for rule in settings.channels])
        findings = [finding for finding in findings if _is_touched(finding, changed)]
        histories = change.histories()
        for model in (folder.partition("/")[2] for folder in folders):
            history = histories.get(model, ModelHistory())
            old, new = before.state(model, history), after.state(model, history)
            findings += check_change(old, new, settings.channels)
        findings += [*_check_above(registry, changed), *_check_root(registry, change.start)]
        findings += _check_objects(registry, after, ObjectSizes(registry.root, registry.commit))
        findings += _check_store(registry, change, after, settings)
        findings += _check_stored_files(registry, after, settings)
    findings += _check_pipeline(registry, GitTree(registry.root, change.start))
    return _report(registry, after, findings, _count_records(after))


def base_revision(registry: ClonedRegistry) -> str | None:
    """Return the commit whose past binds this tree: the base branch as the remote has it, or here.

    None in a repository without commits. A tree of the past (`--at`) is bound by its own past. Raises `MintmarkError`
    where the base branch is nowhere.
    """
    if isinstance(registry.tree, GitTree):
        return registry.tree.commit
    try:
        branch = registry.settings.base_branch
    except MintmarkError:
        branch = "main"
    base = find_base(registry.root, branch)
    return base.binding if base is not None else None


def _verdict_key(registry: ClonedRegistry, base: str | None) -> str | None:
    """Return what a verdict on the whole tree depends on as long as `_is_committed`; None without any commit."""
    commit = registry.tree.head if isinstance(registry.tree, WorkTree) else registry.revision
    if commit is None:
        return None
    top = git.list_folder(registry.root, commit, "")
    models, lock = top.get(layout.MODELS), top.get(LOCK, ("", ""))
    return f"{models[1]} {lock[1]} {base} {_store_stamp(registry, commit)}" if models else None


def _is_committed(registry: ClonedRegistry) -> bool:
    """Whether nothing that a verdict is about, records or embedded objects, differs from HEAD in the work tree."""
    tree, store = registry.tree, _embedded_store(registry)
    if isinstance(tree, WorkTree):
        if tree.changes(layout.MODELS) or git.changed_paths(registry.root, [LOCK]):
            return False
        if store in WATCHED:
            return not tree.changes(store)
    if isinstance(tree, GitTree):
        return True
    return store is None or not git.changed_paths(registry.root, [store])


def _embedded_store(registry: ClonedRegistry) -> str | None:
    from mintmark.registry.dvc import read_config

    remote = read_config(registry.root).default
    return remote.embedded_in(registry.root) if remote else None


def _store_stamp(registry: ClonedRegistry, commit: str) -> str:
    """Return a text that changes when objects come to a folder remote or leave it, whatever the number of objects."""
    from mintmark.registry.dvc import read_config

    embedded = _embedded_store(registry)
    if embedded is not None:
        parent, _, name = embedded.rpartition("/")
        return git.list_folder(registry.root, commit, parent).get(name, ("", "empty"))[1]
    remote = read_config(registry.root).default
    folder = remote.folder if remote else None
    if folder is None:
        return "elsewhere"
    try:
        with os.scandir(folder / "files" / "md5") as prefixes:
            return blob_oid(repr(sorted((p.name, p.stat().st_mtime_ns) for p in prefixes)).encode())
    except OSError:
        return "empty"


def _check_lock(registry: ClonedRegistry) -> list[Finding]:
    """R6: what dvc.lock names is a file of the repository."""
    content = registry.tree.read(LOCK)
    return [] if content is None else check_lock(content)[1]


def _check_pipeline(registry: ClonedRegistry, before: GitTree) -> list[Finding]:
    """R6: the same of dvc.yaml and dvc.lock where they say something else than before, in the form that DVC reads."""
    findings: list[Finding] = []
    lock, pipeline = registry.tree.read(LOCK), registry.tree.read(PIPELINE)
    if lock is not None and lock != before.read(LOCK):
        findings += check_lock(lock, form=True)[1]
    old = before.read(PIPELINE)
    if pipeline is not None and pipeline != old:
        findings += check_pipeline(pipeline, old)
    return findings


def _settings(snapshot: Snapshot, findings: list[Finding]) -> Settings | None:
    """Return the settings; without them no rule about channels can be held, and a finding says so."""
    data = snapshot.facts.get(layout.REGISTRY)
    if data is not None:
        settings = Settings.from_dict(data)
        findings.extend(_check_order(settings))
        return settings
    if not any(finding.path == layout.REGISTRY for finding in findings):
        findings.append(Finding(path=layout.REGISTRY, message="is missing; the tutorial shows how to write it"))
    return None


def _check_order(settings: Settings) -> Iterator[Finding]:
    names = [rule.name for rule in settings.channels]
    for number, rule in enumerate(settings.channels):
        if rule.name in names[:number]:
            message = f'the channel "{rule.name}" is there twice'
            yield Finding(path=layout.REGISTRY, where=f"channels[{number}].name", message=message)
        if rule.after is not None and rule.after not in names[:number]:
            earlier = ", ".join(names[:number]) or "none"
            message = f'"{rule.after}" is no channel before {rule.name}; write one of {earlier}'
            yield Finding(path=layout.REGISTRY, where=f"channels[{number}].after", message=message)


def _is_touched(finding: Finding, changed: Collection[str]) -> bool:
    folder = finding.path.rpartition("/")[0] + "/" if "/versions/" in finding.path else finding.path
    return any(path.startswith(folder) for path in changed) or finding.path == layout.REGISTRY


def _check_objects(registry: ClonedRegistry, snapshot: Snapshot, sizes: ObjectSizes) -> Iterator[Finding]:
    """R9, the quick half: every object of the records that were read is in the store, with its size."""
    owners: dict[str, tuple[str, str]] = {}
    files = []
    for path, facts in snapshot.facts.items():
        for name, (md5, size) in facts.get("stored", {}).items():
            owners[md5] = (path, name)
            files.append(StoredFile(name=name, md5=md5, sha256="", size=size))
    for md5, sentence in sizes.faults(files).items():
        path, name = owners[md5]
        where = "artifact" if name not in _other_files(registry, path) else "files"
        yield Finding(path=path, where=where, message=f"{name}: {sentence}", rule="R9")


def _other_files(registry: ClonedRegistry, path: str) -> Collection[str]:
    document = registry.read("version", path)
    return document.data["files"] if document is not None and document.data is not None else ()


def _check_store(
    registry: ClonedRegistry, change: BranchDiff, snapshot: Snapshot, settings: Settings
) -> Iterator[Finding]:
    """R8 and R9 for the embedded store, where the change touches it."""
    if any(path == STORE or path.startswith(f"{STORE}/") for path in change.paths):
        from mintmark.registry.stored.embedded import check_store

        yield from check_store(registry, change.start, snapshot, settings)


def _check_stored_files(registry: ClonedRegistry, snapshot: Snapshot, settings: Settings) -> Iterator[Finding]:
    """R8 and R9 for new records: the bytes are there, match their digests, and are what the record calls them."""
    from mintmark.artifacts.named_files import check_artifact_file
    from mintmark.registry.stored.contents import check_stored_file
    from mintmark.registry.stored.store import Store
    from mintmark.registry.stored.streams import ObjectError

    store = Store(registry.root, revision=registry.commit)
    for path in sorted(path for path in snapshot.facts if locate(path).kind == "version"):
        document = registry.read("version", path)
        if document is None or document.data is None:
            continue
        record = VersionRecord.from_dict(document.data)
        further = row_columns(snapshot.facts.get(layout.model_path(record.model), {}))
        for file in record.stored_files:
            pointer = f"{path.rpartition('/')[0]}/{file.name}{layout.POINTER_SUFFIX}"
            try:
                store.check(file, pointer=pointer)
                local = store.fetch(file, pointer=pointer)
            except ObjectError as error:
                yield Finding(path=path, where="artifact", message=str(error), rule="R9")
                continue
            if file is record.artifact:
                trusted = settings.trusted_names
                yield from check_artifact_file(local, file.name, record.format, path=path, trusted=trusted)
            else:
                yield from check_stored_file(local, file.name, record.document["signature"], further, path=path)


def _check_above(registry: ClonedRegistry, changed: Iterable[str]) -> Iterator[Finding]:
    """R8: in models/ itself lie folders and registry.yaml, and nothing takes the place of a folder."""
    above = sorted(path for path in changed if path.count("/") < 2 and path.startswith(layout.MODELS))
    for path in above:
        folder, _, name = path.rpartition("/")
        known = path == layout.REGISTRY or layout.is_placeholder(path)
        if not known and name in registry.tree.names(folder):
            yield stray(path)


def _check_root(registry: ClonedRegistry, start: str | None = None) -> Iterator[Finding]:
    """R8: nothing at the root passes for models/, where it would be read on macOS or Windows and is not here.

    With `start`, only what was not there in that commit.
    """
    found = _pass_for_models(registry.root, registry.revision)
    for name in sorted(found - _pass_for_models(registry.root, start) if found and start else found):
        message = f'passes for "{layout.MODELS}", which macOS, Windows or a reader cannot keep apart from it; git mv it'
        yield Finding(path=name, message=message, rule="R8")


def _pass_for_models(root: Path, revision: str) -> set[str]:
    return {name for name, _ in twins(git.list_folder(root, revision, ""), [layout.MODELS])}


def _count_records(snapshot: Snapshot) -> int:
    return sum(locate(path).kind == "version" for path in snapshot.facts)


def _report(registry: ClonedRegistry, snapshot: Snapshot, findings: Iterable[Finding], versions: int) -> Report:
    placed = sorted(set(with_lines(findings, registry.tree)), key=lambda finding: finding.sort_key)
    return Report(tuple(placed), len(snapshot.models), versions)
