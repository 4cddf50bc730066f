"""The nodes of a skops schema, in the order in which skops reads them. Imports no scikit-learn.

A skops file is a zip of `schema.json` and members (`.npy`, `.npz`, `.bin`). The schema is a tree of nodes;
each names a class (`__module__`, `__class__`) and the loader that skops builds it with (`__loader__`). A
node whose `__id__` was seen before *is* that earlier object: skops ignores whatever else the later node
says, so the order matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

Node: TypeAlias = dict[str, Any]
Slot: TypeAlias = tuple[str, Any, Any]
"""A place that holds a child: a label, the container and the key of the child in it."""


MAX_DEPTH = 100  # nodes inside nodes; a stacking ensemble of pipelines needs about 30
MAX_NODES = 1_000_000  # shared nodes counted each time, which is what skops takes time for


class MalformedNodeError(ValueError):
    """A node does not have the shape that its loader reads; `place` says which."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message)
        self.place = place


def class_name(node: Node) -> str:
    """The full name of the class or function that a node stands for."""
    return f"{node['__module__']}.{node['__class__']}"


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MalformedNodeError(f"{what} is not a mapping")
    return value


def _listed(label: str, value: Any) -> Iterator[Slot]:
    if not isinstance(value, list):
        raise MalformedNodeError(f"{label or 'content'} is not a list")
    for index in range(len(value)):
        yield f"{label}[{index}]", value, index


def _keys(node: Node, *keys: str) -> Iterator[Slot]:
    content = _mapping(node.get("content"), "content")
    for key in keys:
        yield f".{key}", content, key


def _dict_slots(node: Node) -> Iterator[Slot]:
    yield "<key types>", node, "key_types"
    content = _mapping(node.get("content"), "content")
    for key in content:
        yield f".{key}", content, key


def _array_slots(node: Node) -> Iterator[Slot]:
    if node.get("type") == "json":
        yield from _listed("", node.get("content"))
        yield "<shape>", node, "shape"


def _object_slots(node: Node) -> Iterator[Slot]:
    if node.get("content") is not None:
        yield "", node, "content"


def _reduce_slots(node: Node) -> Iterator[Slot]:
    yield "", node, "content"
    yield "<arguments>", _mapping(node.get("__reduce__"), "__reduce__"), "args"


def _none(node: Node) -> Iterator[Slot]:
    del node
    return iter(())


# As of skops 0.16 (protocol 2): each loader's children in the order in which its `__init__` reads them.
_SLOTS: dict[str, Callable[[Node], Iterator[Slot]]] = {
    "BytearrayNode": _none,
    "BytesNode": _none,
    "CachedNode": _none,
    "ConstructorFromReduceNode": lambda node: iter([("<arguments>", node, "content")]),
    "DTypeNode": lambda node: iter([("", node, "content")]),
    "DefaultDictNode": lambda node: _keys(node, "main", "default_factory"),
    "DictNode": _dict_slots,
    "FunctionNode": _none,
    "JsonNode": _none,
    "ListNode": lambda node: _listed("", node.get("content")),
    "LossNode": _reduce_slots,
    "MaskedArrayNode": lambda node: _keys(node, "data", "mask"),
    "MethodNode": lambda node: _keys(node, "obj"),
    "NdArrayNode": _array_slots,
    "ObjectNode": _object_slots,
    "OperatorFuncNode": lambda node: iter([("<arguments>", node, "attrs")]),
    "PartialNode": lambda node: _keys(node, "func", "args", "kwds", "namespace"),
    "QuantileForestNode": _reduce_slots,
    "RandomGeneratorNode": lambda node: _keys(node, "bit_generator", "seed_seq"),
    "RandomStateNode": lambda node: iter([("", node, "content")]),
    "SetNode": lambda node: _listed("", node.get("content")),
    "SliceNode": _none,
    "SparseMatrixNode": _none,
    "TreeNode": _reduce_slots,
    "TupleNode": lambda node: _listed("", node.get("content")),
    "TypeNode": _none,
}
LOADERS = frozenset(_SLOTS)
# The fields that each loader reads, beside its class and its id; nothing else belongs in a node.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "BytearrayNode": ("file",),
    "BytesNode": ("file",),
    "CachedNode": (),
    "FunctionNode": (),
    "DictNode": ("content", "key_types"),
    "JsonNode": ("content", "is_json"),
    "LossNode": ("__reduce__", "content"),
    "OperatorFuncNode": ("attrs",),
    "QuantileForestNode": ("__reduce__", "content"),
    "SparseMatrixNode": ("file", "type"),
    "TreeNode": ("__reduce__", "content"),
    "TypeNode": (),
}
_CONTENT = ("content",)
# The same inside of those fields that are mappings with fixed keys.
INNER_FIELDS: Mapping[str, tuple[str, ...]] = {
    "DefaultDictNode": ("main", "default_factory"),
    "MaskedArrayNode": ("data", "mask"),
    "MethodNode": ("func", "obj"),
    "PartialNode": ("func", "args", "kwds", "namespace"),
    "RandomGeneratorNode": ("bit_generator", "seed_seq"),
    "SliceNode": ("start", "stop", "step"),
}


def fields_of(node: Node) -> tuple[str, ...]:
    """Return the fields of a node that its loader reads, beside its class and its id."""
    if node["__loader__"] == "NdArrayNode":
        return ("content", "shape", "type") if node.get("type") == "json" else ("file", "type")
    return FIELDS.get(node["__loader__"], _CONTENT)


PROTOCOL = 2


def child_slots(node: Node) -> list[Slot]:
    """Where a node's children are, in the order in which skops reads them. Raises MalformedNodeError."""
    return list(_SLOTS[node["__loader__"]](node))


def member_of(node: Node) -> str | None:
    """The name of the zip member that a node reads, if it reads one."""
    loader = node["__loader__"]
    if loader in ("BytesNode", "BytearrayNode", "SparseMatrixNode") or (
        loader == "NdArrayNode" and node.get("type") == "numpy"
    ):
        name = node.get("file")
        return name if isinstance(name, str) else None
    return None


def resolve(root: Node) -> list[tuple[str, Node]]:
    """Replace, in place, each node whose id was seen before by the node that skops takes for it.

    Returns every node once with its place, in the order in which skops reads them. Afterwards the schema is a
    graph without cycles in which sharing is sharing of Python objects. Raises MalformedNodeError.
    """
    resolver = _Resolver()
    resolver.visit(root, "", 0)
    return resolver.nodes


class _Resolver:
    """The state of one reading: what skops calls its memo, and what is being read right now."""

    def __init__(self) -> None:
        self.nodes: list[tuple[str, Node]] = []
        self.memo: dict[int, Node] = {}
        self.open: set[int] = set()
        self.sizes: dict[int, int] = {}

    def visit(self, node: Any, place: str, depth: int) -> Node:
        """The node that skops takes for `node`, with everything below it resolved."""
        _check_header(node, place)
        node_id = node.get("__id__")
        if node_id in self.memo:
            return self._seen(self.memo[node_id], place)
        if node["__loader__"] == "CachedNode":
            raise MalformedNodeError(f"refers to an object {node_id!r} that does not exist", place)
        if depth > MAX_DEPTH:
            raise MalformedNodeError(f"is nested more than {MAX_DEPTH} deep", place)
        if node_id:
            self.memo[node_id] = node
        self.nodes.append((place, node))
        self.open.add(id(node))
        self.sizes[id(node)] = self._visit_children(node, place, depth)
        self.open.discard(id(node))
        return node  # type: ignore[no-any-return]

    def _seen(self, node: Node, place: str) -> Node:
        if id(node) in self.open:
            raise MalformedNodeError("holds itself", place)
        return node

    def _visit_children(self, node: Node, place: str, depth: int) -> int:
        size = 1
        try:
            slots = child_slots(node)
        except MalformedNodeError as error:
            raise MalformedNodeError(str(error), place) from error
        for label, container, key in slots:
            if key not in container if isinstance(container, dict) else False:
                raise MalformedNodeError(f"has no {key}", place)
            child = self.visit(container[key], _below(place, label), depth + 1)
            container[key] = child
            size += self.sizes[id(child)]
            if size > MAX_NODES:
                raise MalformedNodeError(f"holds more than {MAX_NODES:,} objects", place)
        return size


def _below(place: str, label: str) -> str:
    """Where a child is; cut short, because a hostile file would make every name a megabyte."""
    return place + label if len(place) < 200 else place


def _check_header(node: Any, place: str) -> None:
    if not isinstance(node, dict):
        raise MalformedNodeError("is not a mapping", place)
    for key in ("__loader__", "__module__", "__class__"):
        if not isinstance(node.get(key), str):
            raise MalformedNodeError(f"has no {key}", place)
    if node["__loader__"] not in LOADERS:
        raise MalformedNodeError(f"names a loader that does not exist, {node['__loader__'][:60]!r}", place)
    node_id = node.get("__id__")
    if not (node_id is None or type(node_id) is int):
        raise MalformedNodeError("has an __id__ that is not a whole number", place)
