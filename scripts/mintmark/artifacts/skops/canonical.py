"""Write skops files in one canonical form: the same state gives the same bytes. Imports no scikit-learn.

What skops writes differs from run to run: ids and member names hold memory addresses or random UUIDs,
identity of equal constants follows the interpreter's caches, sets follow the hash seed, zip entries carry
the time, and the padding inside records of a tree holds whatever was in memory. Here members and ids are
numbered in the order in which skops reads them, what it does not read is left out, equal members are stored
once, ids are kept only where a mutable object really occurs twice, sets are sorted and padding is zero.
Members are stored without compression, because the output of zlib differs between its implementations; Git
compresses what it stores and finds smaller deltas in plain bytes.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping

from mintmark.artifacts.npy import canonical_npy
from mintmark.artifacts.skops.nodes import INNER_FIELDS, Node, child_slots, fields_of, member_of

SCHEMA = "schema.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_SMALLEST = len('{"__class__":"","__loader__":"","__module__":""}')  # of a node
_HEADER = ("__class__", "__module__", "__loader__")

# Immutable values and plain arrays: whether two of them are one object is an accident of the process (small
# numbers, interned strings, worker processes), so identity is not part of their state.
_VALUE_LOADERS = frozenset(
    {
        "BytesNode",
        "DTypeNode",
        "FunctionNode",
        "JsonNode",
        "NdArrayNode",
        "SliceNode",
        "SparseMatrixNode",
        "TupleNode",
        "TypeNode",
    }
)


class TooLargeError(ValueError):
    """The canonical form would be longer than allowed: values that occur once in a file are written out each time."""


def canonical_bytes(schema: Node, members: Mapping[str, bytes], *, most: int | None = None) -> bytes:
    """A skops file in canonical form that loads to the same object. Arguments are not changed.

    `schema` is resolved (see `skops_nodes.resolve`); `members` maps the names it uses to their bytes. Raises
    KeyError where a member is missing, and TooLargeError where the schema would certainly have more than `most` bytes.
    """
    canon = _Canon(members, most)
    canon.count(schema)
    root = canon.rewrite(schema)
    canon.name_members(root)
    root["protocol"] = schema["protocol"]
    root["_skops_version"] = schema["_skops_version"]
    text = json.dumps(_sorted_keys(root), separators=(",", ":"))
    return _zipped({SCHEMA: text.encode("ascii"), **canon.written})


class _Canon:
    """The state of one rewriting: which nodes are shared, and the new names and numbers."""

    def __init__(self, members: Mapping[str, bytes], most: int | None) -> None:
        self.members, self.most, self.length = members, most, 0
        self.cleaned: dict[str, bytes] = {}
        self.occurrences: dict[int, int] = {}
        self.numbers: dict[int, int] = {}
        self.names: dict[tuple[str, bytes], str] = {}
        self.written: dict[str, bytes] = {}

    def count(self, node: Node) -> None:
        """Count how often each mutable object occurs."""
        self.length += _SMALLEST
        if self.most is not None and self.length > self.most:
            raise TooLargeError
        if node["__loader__"] not in _VALUE_LOADERS:
            self.occurrences[id(node)] = self.occurrences.get(id(node), 0) + 1
            if self.occurrences[id(node)] > 1:
                return
        for _, container, key in child_slots(node):
            self.count(container[key])

    def rewrite(self, node: Node) -> Node:
        """A copy of a node in which a repeated object is a reference to its first occurrence."""
        if id(node) in self.numbers:
            return {
                "__class__": node["__class__"],
                "__module__": node["__module__"],
                "__loader__": "CachedNode",
                "__id__": self.numbers[id(node)],
            }
        number = None
        if self.occurrences.get(id(node), 0) > 1:
            number = self.numbers[id(node)] = len(self.numbers) + 1
        copy = _shell(node)
        for (_, container, key), (_, new_container, _) in zip(child_slots(node), child_slots(copy), strict=True):
            new_container[key] = self.rewrite(container[key])
        if node["__loader__"] == "SetNode":
            copy["content"].sort(key=self._text)
        if number is not None:
            copy["__id__"] = number
        return copy

    def _text(self, node: Node) -> str:
        """What a set is sorted by: the whole of an item, with the bytes of members in place of their names."""
        copy = json.loads(json.dumps(node))
        stack = [copy]
        while stack:
            item = stack.pop()
            if (name := member_of(item)) is not None:
                item["file"] = repr(self.member(name))
            stack += [container[key] for _, container, key in child_slots(item)]
        return json.dumps(copy, sort_keys=True)

    def member(self, name: str) -> bytes:
        """The canonical bytes of a member that the schema uses."""
        if name not in self.cleaned:
            self.cleaned[name] = _canonical_member(name, self.members[name])
        return self.cleaned[name]

    def name_members(self, node: Node) -> None:
        """Name members in the order of reading; equal bytes get one name."""
        if (old := member_of(node)) is not None:
            suffix, data = old.rpartition(".")[2], self.member(old)
            if (suffix, data) not in self.names:
                name = self.names[suffix, data] = f"{len(self.names) + 1}.{suffix}"
                self.written[name] = data
            node["file"] = self.names[suffix, data]
        for _, container, key in child_slots(node):
            self.name_members(container[key])


def _shell(node: Node) -> Node:
    """A copy of a node's own containers with what its loader reads; the children in them are still the old ones."""
    copy = {key: node[key] for key in (*_HEADER, *fields_of(node)) if key in node}
    content = copy.get("content")
    if node["__loader__"] == "JsonNode":
        copy["content"] = json.dumps(json.loads(node["content"]))
    elif node["__loader__"] in INNER_FIELDS and isinstance(content, dict):
        copy["content"] = {key: content[key] for key in INNER_FIELDS[node["__loader__"]] if key in content}
    elif isinstance(content, list):
        copy["content"] = list(content)
    elif isinstance(content, dict):
        copy["content"] = dict(content)
    if "__reduce__" in copy:
        copy["__reduce__"] = {"args": copy["__reduce__"]["args"]}
    return copy


def _sorted_keys(node: Node) -> Node:
    """Sort what a node says about itself; the order of a dictionary's own keys is part of its state."""
    for _, container, key in child_slots(node):
        container[key] = _sorted_keys(container[key])
    return dict(sorted(node.items()))


def _canonical_member(name: str, data: bytes) -> bytes:
    if name.endswith(".npz"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _zipped({name: canonical_npy(archive.read(name)) for name in sorted(archive.namelist())})
    return canonical_npy(data) if name.endswith(".npy") else data


def _zipped(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3  # Unix, on every platform
            info.external_attr = 0o600 << 16
            archive.writestr(info, data)
    return buffer.getvalue()
