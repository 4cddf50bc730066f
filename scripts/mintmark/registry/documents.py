"""Turn the bytes of records into data and findings, once for each blob. Knows no tree."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mintmark.about import __version__
from mintmark.core.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from mintmark.registry.derived_cache import DerivedCache
    from mintmark.registry.workers import Workers

_FORMAT = "3"
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, or the findings that tell why it says nothing; `data` is None when there are findings."""

    data: Mapping[str, Any] | None
    findings: tuple[Finding, ...] = ()


def blob_oid(content: bytes) -> str:
    """Return the id that Git gives to a blob with this content (SHA-1 repositories)."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def open_cache(git_folder: Path) -> DerivedCache:
    """Open the blob cache of a repository; what it holds depends on the schemas and on this version of Mintmark."""
    from mintmark.registry.derived_cache import DerivedCache
    from mintmark.registry.schemas import schemas_digest

    return DerivedCache(git_folder / "mintmark", f"{_FORMAT} {__version__} {schemas_digest()}")


def parse_document(kind: str, content: bytes, path: str) -> Document:
    """Parse the bytes of a record and hold them against its schema; `kind` is the schema's name."""
    from mintmark.registry.files import parse_json
    from mintmark.registry.schemas import accepts
    from mintmark.registry.yaml.text import YamlFault, parse_yaml

    try:
        data = parse_json(content) if kind == "metrics" else parse_yaml(content)
    except YamlFault as fault:
        finding = Finding(path=path, message=fault.message, line=fault.line, column=fault.column)
        return Document(None, (finding,))
    if accepts(kind, data):
        return Document(data)
    return Document(None, tuple(_explain(kind, data, content, path)))


def _explain(kind: str, data: Any, content: bytes, path: str) -> list[Finding]:
    from mintmark.registry.schemas import explain
    from mintmark.registry.yaml.text import Positions, YamlFault, parse_yaml

    if data is None:
        return [Finding(path=path, line=1, message="is empty; git checkout or git revert brings it back")]
    positions: Positions = {}
    try:
        parse_yaml(content, positions=positions)  # JSON is YAML: the same reader tells where each value stands
    except YamlFault:
        positions = {}
    return explain(kind, data, path, positions)


class Documents:
    """Parsed records by blob id, remembered in a cache between commands.

    `load` gives whole documents; `facts` gives what a `project` function makes of them, so that reading ten thousand
    records keeps only what is asked of them.
    """

    def __init__(self, cache: DerivedCache) -> None:
        self.cache = cache

    def load(self, kind: str, contents: Mapping[str, bytes]) -> dict[str, Document]:
        """Return the documents in contents (by path), each parsed at most once for the life of the cache."""
        oids = {path: blob_oid(content) for path, content in contents.items()}
        found = self.cache.get_many(kind, oids.values())
        fresh: dict[str, str] = {}
        for path, oid in oids.items():
            if oid not in found:
                found[oid] = fresh[oid] = _flatten(parse_document(kind, contents[path], path))
        self.cache.put_many(kind, fresh)
        return {path: _revive(found[oid], path) for path, oid in oids.items()}

    def facts(
        self,
        kind: str,
        oids: Mapping[str, str],
        project: Callable[[Mapping[str, Any]], Any],
        read: Callable[[list[str]], Iterable[tuple[str, bytes]]],
    ) -> dict[str, Document]:
        """Return the projected documents by path, given the blob id of each.

        `read` takes blob ids that the cache does not know and yields their bytes; `project` returns what JSON can hold.
        Both may run in another process, so both can be pickled.
        """
        from mintmark.registry.workers import Workers

        with Workers() as workers:
            return self.start_facts(kind, oids, project, read, workers)()

    def start_facts(
        self,
        kind: str,
        oids: Mapping[str, str],
        project: Callable[[Mapping[str, Any]], Any],
        read: Callable[[list[str]], Iterable[tuple[str, bytes]]],
        workers: Workers,
    ) -> Callable[[], dict[str, Document]]:
        """Begin `facts` in processes that take the next ones too, and return the function that waits for them."""
        label = f"{kind}:{project.__name__}"
        found = self.cache.get_many(label, oids.values())
        fresh = sorted({oid for oid in oids.values() if oid not in found})
        parse = _start_projecting(kind, project, read, fresh, workers)

        def wait() -> dict[str, Document]:
            parsed = {oid: text for rows in parse() for oid, text in rows}
            self.cache.put_many(label, parsed)
            known = found | parsed
            return {path: _revive(known[oid], path) for path, oid in oids.items() if oid in known}

        return wait


def _start_projecting(
    kind: str,
    project: Callable[[Mapping[str, Any]], Any],
    read: Callable[[list[str]], Iterable[tuple[str, bytes]]],
    oids: list[str],
    workers: Workers,
) -> Callable[[], Iterable[list[tuple[str, str]]]]:
    """Begin to parse blobs, few of them only once they are waited for and in this process."""
    if not oids:
        return tuple
    if len(oids) <= _CHUNK:
        return lambda: [_project_chunk(kind, project, read, oids)]
    chunks = (oids[start : start + _CHUNK] for start in range(0, len(oids), _CHUNK))
    return workers.begin(_project_chunk, ((kind, project, read, chunk) for chunk in chunks))


def _project_chunk(
    kind: str,
    project: Callable[[Mapping[str, Any]], Any],
    read: Callable[[list[str]], Iterable[tuple[str, bytes]]],
    oids: list[str],
) -> list[tuple[str, str]]:
    rows = []
    for oid, content in read(oids):
        document = parse_document(kind, content, "")
        if document.data is not None:
            document = Document(project(document.data))
        rows.append((oid, _flatten(document)))
    return rows


def _flatten(document: Document) -> str:
    rows = [[f.message, f.line, f.column, f.where, f.rule] for f in document.findings]
    return json.dumps([document.data, rows], separators=(",", ":"))


def _revive(text: str, path: str) -> Document:
    data, rows = json.loads(text)
    findings = (
        Finding(path=path, message=message, line=line, column=column, where=where, rule=rule)
        for message, line, column, where, rule in rows
    )
    return Document(data, tuple(findings))
