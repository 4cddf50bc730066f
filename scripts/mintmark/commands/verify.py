"""`mintmark verify`: prove that every version can be fetched and matches its record (R9). Changes nothing."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from mintmark.core import layout
from mintmark.core.finding import Finding
from mintmark.core.records import StoredFile, VersionRecord, format_pointer
from mintmark.core.reference import is_name
from mintmark.core.version import parse_version
from mintmark.core.words import numbers
from mintmark.errors import InvalidRegistryError, MintmarkError, UsageError
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.files import unix_lines
from mintmark.registry.stored.store import Store
from mintmark.registry.tree import GitTree, read_each
from mintmark.terminal import unescaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

_AT_ONCE = 4  # objects read at a time: hashing takes the cores, a server takes the waiting


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A stored file of one version, and the text of its record to find lines in."""

    record: VersionRecord
    file: StoredFile
    path: str

    @property
    def pointer(self) -> str:
        """The path of its .dvc file."""
        return layout.pointer_path(self.record.model, str(self.record.version), self.file.name)


def verify(
    root: Path,
    references: list[str],
    *,
    at: str | None,
    as_json: bool,
    signature: Path | None = None,
    key: Path | None = None,
    identity: str | None = None,
    issuer: str | None = None,
) -> int:
    """Check versions (`model@1.4.2`, `model@production`, every version of `model`; all when none is named).

    Prints every fault; returns 0 when there is none and 1 when there is. With `signature`, checks that folder alone.
    """
    if signature is not None:
        if references or at is not None:
            raise UsageError("--signature checks one folder; leave out REF and --at")
        from mintmark.commands.delivery.sign import verify_signature

        return verify_signature(signature, key=key, identity=identity, issuer=issuer, as_json=as_json)
    if key is not None or identity is not None or issuer is not None:
        raise UsageError("--key, --identity and --issuer say who signed a folder; name it with --signature FOLDER")
    found = verify_versions(ClonedRegistry(root, at=at), references)
    if as_json:
        report = {"versions": found.versions, "files": found.files, "bytes": found.size}
        listed = [asdict(finding) for finding in found.findings]
        print(json.dumps({**report, "findings": listed}, indent=2, ensure_ascii=False))
    else:
        for finding in found.findings:
            print(finding)
        print(_summary(found))
    return 1 if found.findings else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """How many versions and files were verified, the bytes of all that differ, and every fault in order."""

    versions: int
    files: int
    size: int
    findings: tuple[Finding, ...]


def verify_versions(registry: ClonedRegistry, references: Iterable[str] = ()) -> Verification:
    """Verify the versions that references mean, all of them where there is none; raise for a wrong reference."""
    registry.require_settings()
    findings: list[Finding] = []
    versions = list(_wanted_versions(registry, references, findings))
    objects = list(_stored_objects(registry, versions, findings))
    findings += _check_pointers(registry, objects)
    findings += _check_objects(registry, objects)
    return Verification(
        versions=len(versions),
        files=len(objects),
        size=sum({item.file.md5: item.file.size for item in objects}.values()),
        findings=tuple(sorted(findings, key=lambda finding: finding.sort_key)),
    )


def _summary(found: Verification) -> str:
    if not found.versions and not found.findings:
        return "there is no version to verify"
    files, versions = numbers.count(found.files, "file"), numbers.count(found.versions, "version")
    faults = len(found.findings)
    came = numbers.count(faults, "fault") if faults else "every one can be fetched and is as recorded"
    return f"verified {files} of {versions} ({numbers.size(found.size)}): {came}"


def _wanted_versions(
    registry: ClonedRegistry, references: Iterable[str], findings: list[Finding]
) -> Iterator[tuple[str, str]]:
    """Yield the versions meant, each once; a broken file on the way becomes a finding, a wrong reference raises."""
    seen: set[tuple[str, str]] = set()
    for reference in references or registry.models():
        try:
            wanted = _versions_of(registry, reference)
        except InvalidRegistryError as error:
            findings.extend(error.findings)
            continue
        for version in wanted:
            if version not in seen:
                seen.add(version)
                yield version


def _versions_of(registry: ClonedRegistry, reference: str) -> list[tuple[str, str]]:
    if not is_name(reference):
        model = reference.partition("@")[0]
        return [(model, str(registry.resolve_version(reference)))]
    versions = registry.versions(reference)
    if not versions and reference not in registry.models():
        registry.model(reference)  # says that there is no such model
    return [(reference, str(version)) for version in versions]


def _stored_objects(
    registry: ClonedRegistry, versions: list[tuple[str, str]], findings: list[Finding]
) -> Iterator[StoredObject]:
    if isinstance(registry.tree, GitTree) and len(versions) > 1:
        registry.tree.entries(layout.MODELS)  # one listing instead of one for each file
    paths = {layout.version_path(model, version): (model, version) for model, version in versions}
    documents = registry.read_many("version", list(paths))
    for path, (model, version) in paths.items():
        document = documents.get(path)
        if document is None:
            if parse_version(version) not in registry.versions(model):
                registry.record(model, version)  # says that there is no such version
            findings.append(Finding(path=path, message="is missing; git checkout brings it back", rule="R9"))
        elif document.data is None:
            findings.extend(document.findings)
        else:
            record = VersionRecord.from_dict(document.data)
            yield from (StoredObject(record, file, path) for file in record.stored_files)


def _check_pointers(registry: ClonedRegistry, objects: list[StoredObject]) -> Iterator[Finding]:
    """Yield a finding for each pointer that does not lead DVC to the bytes of the record."""
    contents, findings = _read_pointers(registry, [item.pointer for item in objects])
    yield from findings
    for item in objects:
        expected, content = format_pointer(item.file), contents.get(item.pointer, b"")
        if content is None:
            message = f"is missing, so DVC cannot fetch {item.file.name}; git checkout brings it back"
            yield Finding(path=item.pointer, message=message, rule="R9")
        elif unix_lines(content) != expected.encode() and item.pointer in contents:
            yield _pointer_finding(item.pointer, content.decode("utf-8", "replace"), expected)


def _read_pointers(registry: ClonedRegistry, paths: list[str]) -> tuple[dict[str, bytes | None], list[Finding]]:
    """Return the text of each pointer (None: there is none), and the faults of those that are no plain files."""
    found, faults = read_each(registry.tree, paths) if paths else ({}, {})
    contents = {path: found.get(path) for path in paths if path not in faults}
    return contents, [Finding(path=path, message=fault, rule="R9") for path, fault in faults.items()]


def _pointer_finding(path: str, found: str, expected: str) -> Finding:
    lines, wanted = found.splitlines(), expected.splitlines()
    line = next((n for n, text in enumerate(wanted) if n >= len(lines) or lines[n] != text), len(wanted))
    want = f"; the record makes it: {wanted[line].strip()}" if line < len(wanted) else ""
    return Finding(path=path, line=line + 1, message=f"does not point to the bytes of version.yaml{want}", rule="R9")


def _check_objects(registry: ClonedRegistry, objects: list[StoredObject]) -> Iterator[Finding]:
    """Yield a finding for each stored file that no remote can give as its record says; equal ones are read once."""
    if not objects:
        return
    from concurrent.futures import ThreadPoolExecutor

    revision = registry.tree.commit if isinstance(registry.tree, GitTree) else None
    store = Store(registry.root, revision=revision)
    same: dict[tuple[str, str, int], list[StoredObject]] = {}
    for item in objects:
        same.setdefault((item.file.md5, item.file.sha256, item.file.size), []).append(item)

    def fault(item: StoredObject) -> str | None:
        try:
            store.check(item.file)
        except MintmarkError as error:
            return str(error).removeprefix(f"{item.file.name}: ")
        return None

    with ThreadPoolExecutor(_AT_ONCE) as pool, _progress(len(same)) as advance:
        try:
            for items, message in zip(same.values(), pool.map(fault, [i[0] for i in same.values()]), strict=True):
                advance()
                if message is not None:
                    yield from (_finding(registry, item, message) for item in items)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _finding(registry: ClonedRegistry, item: StoredObject, message: str) -> Finding:
    """Return the fault of an object at the line of its sha256 in version.yaml."""
    from mintmark.registry.yaml.text import Positions, parse_yaml

    where: tuple[str, ...] = ("files", item.file.name, "sha256")
    if item.file == item.record.artifact:
        where = ("artifact", "sha256")
    positions: Positions = {}
    parse_yaml(registry.tree.read(item.path) or b"", positions=positions)
    line, column = positions.get(where, (None, None))
    return Finding(path=item.path, line=line, column=column, where=".".join(where), message=message, rule="R9")


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """Show a bar on a terminal; elsewhere nothing."""
    if not sys.stderr.isatty() or total < 2:
        yield lambda: None
        return
    from tqdm import tqdm

    with tqdm(desc="verifying", total=total, leave=False, file=unescaped(sys.stderr)) as bar:
        yield lambda: bar.update() and None
