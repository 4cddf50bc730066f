"""Who names an object of the store: a record, dvc.lock, a `.dvc` file or the list of a folder. Judges nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from mintmark.core.layout import MODELS
from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.registry.pipeline import LOCK, parse_lock
from mintmark.registry.snapshot import read_snapshot
from mintmark.registry.stored.contents import read_folder_list
from mintmark.registry.tree import STORE, read_each
from mintmark.registry.yaml.text import YamlFault, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from mintmark.registry.clone import ClonedRegistry
    from mintmark.registry.snapshot import Snapshot

_MOST_POINTERS = 5_000
_MOST_FOLDERS = 500
_LIST = re.compile(r"[0-9a-f]{32}\.dir\Z")
_LONGEST_PATH = 1_000
_AT_ONCE = 200  # paths in one command line


class Naming(NamedTuple):
    """Something in the tree, `owner`, that calls an object by its address (the md5, `.dir` behind it) and a name."""

    address: str
    owner: str
    name: str


def find_names(registry: ClonedRegistry, snapshot: Snapshot, wanted: Collection[str]) -> dict[str, list[Naming]]:
    """Return who names each of these objects; one that nothing in the tree names is left out.

    The records of `snapshot` are asked first, then what takes longer, as long as there is one that nobody named.
    """
    found: dict[str, list[Naming]] = {}
    for source in (_in_records(snapshot), _in_lock(registry), _in_pointers(registry), _in_all_records(registry)):
        folders: list[Naming] = []
        for naming in source:
            if naming.address in wanted:
                found.setdefault(naming.address, []).append(naming)
            if _LIST.match(naming.address):
                folders.append(naming)
        if not found.keys() >= set(wanted):
            for naming in _in_folders(registry, folders[:_MOST_FOLDERS]):
                if naming.address in wanted:
                    found.setdefault(naming.address, []).append(naming)
        if found.keys() >= set(wanted):
            break
    return found


def _in_records(snapshot: Snapshot) -> Iterator[Naming]:
    for path, facts in snapshot.facts.items():
        for name, (md5, _) in facts.get("stored", {}).items():
            yield Naming(md5, path, name)


def _in_all_records(registry: ClonedRegistry) -> Iterator[Naming]:
    yield from _in_records(read_snapshot(registry.tree, registry.documents))


def _in_lock(registry: ClonedRegistry) -> Iterator[Naming]:
    try:
        content = registry.tree.read(LOCK)
        stages = parse_lock(content) if content is not None else {}
    except MintmarkError:  # who judges the pipeline says so
        return
    for stage in stages.values():
        for file in (*stage.outs, *stage.deps):
            if file.md5 is not None:
                yield Naming(file.md5, LOCK, file.path)


def _in_pointers(registry: ClonedRegistry) -> Iterator[Naming]:
    """Yield what `.dvc` files name; those in version folders say what their record says."""
    paths = [path for path in _pointer_paths(registry) if not (path.startswith(f"{MODELS}/") and "/versions/" in path)]
    for path, content in _read(registry, paths[:_MOST_POINTERS]):
        for entry in _entries(content):
            address, name = entry.get("md5"), entry.get("path")
            if isinstance(address, str) and isinstance(name, str):
                yield Naming(address, path, name)


def _read(registry: ClonedRegistry, paths: list[str]) -> Iterator[tuple[str, bytes]]:
    fitting = [path for path in paths if len(path) <= _LONGEST_PATH]
    for place in range(0, len(fitting), _AT_ONCE):
        contents, _ = read_each(registry.tree, fitting[place : place + _AT_ONCE])
        yield from contents.items()


def _pointer_paths(registry: ClonedRegistry) -> list[str]:
    arguments: tuple[str, ...]
    if registry.commit is None:
        arguments = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.dvc")
    else:
        arguments = ("ls-tree", "-r", "-z", "--name-only", registry.commit)
    output = git.run_git(*arguments, cwd=registry.root).decode("utf-8", "surrogateescape")
    return sorted({path for path in output.split("\0") if path.endswith(".dvc")})


def _entries(content: bytes) -> Iterator[dict[str, Any]]:
    try:
        data = parse_yaml(content)
    except YamlFault:
        return
    for part in ("outs", "deps") if isinstance(data, dict) else ():
        entries = data.get(part)
        yield from (entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()


def _in_folders(registry: ClonedRegistry, folders: Iterable[Naming]) -> Iterator[Naming]:
    """Yield what the lists of folders name, as far as the store of this tree has them."""
    known = {f"{STORE}/files/md5/{a[:2]}/{a[2:]}": name for a, name in ((n.address, n) for n in folders)}
    for path, content in _read(registry, sorted(known)):
        for address, relative in read_folder_list(content) or ():
            yield Naming(address, known[path].owner, f"{known[path].name}/{relative}")
