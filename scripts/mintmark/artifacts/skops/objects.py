"""See the attributes of objects in a resolved skops schema as plain values, without building the objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mintmark.artifacts.npy import read_npy
from mintmark.artifacts.skops.nodes import Node, class_name
from mintmark.artifacts.skops.sparse import Compressed, read_npz

if TYPE_CHECKING:
    from numpy.typing import NDArray


MAX_SCALAR = 10_000  # characters
FREE_READING = 1 << 30
MAX_READINGS = 8


class Missing(ValueError):  # noqa: N818 - reads as what it says: `raise Missing("nodes")`
    """An attribute is absent or not of the kind that scikit-learn writes; the message says which."""


class Objects:
    """The values behind the nodes of one file, whose members were checked."""

    def __init__(self, members: Mapping[str, bytes]) -> None:
        self._members = members
        self._arrays: dict[str, NDArray[Any]] = {}
        self._budget = FREE_READING + MAX_READINGS * sum(map(len, members.values()))

    def attributes(self, node: Node) -> Mapping[str, Node]:
        """The attributes of an object by name; empty where it has none."""
        content = node.get("content")
        if isinstance(content, dict) and content.get("__loader__") == "DictNode":
            return content["content"]  # type: ignore[no-any-return]
        return {}

    def array(self, node: Node | None, name: str) -> NDArray[Any]:
        """An array of plain values. Raises Missing."""
        if node is None or node["__loader__"] != "NdArrayNode" or node.get("type") != "numpy":
            raise Missing(f"{name} is not an array")
        self._spend(node["file"])
        if node["file"] not in self._arrays:
            self._arrays[node["file"]] = read_npy(self._members[node["file"]])
        return self._arrays[node["file"]]

    def sparse(self, node: Node | None, name: str) -> Compressed:
        """A sparse matrix. Raises Missing."""
        if node is None or node["__loader__"] != "SparseMatrixNode":
            raise Missing(f"{name} is not a sparse matrix")
        self._spend(node["file"])
        return read_npz(self._members[node["file"]])

    def _spend(self, name: str) -> None:
        """Bound the time for a file in which a hundred thousand trees share one large array."""
        self._budget -= len(self._members[name])
        if self._budget < 0:
            raise Missing(f"{name} is used too often")

    def integer(self, node: Node | None, name: str) -> int:
        """A whole number, Python's or numpy's. Raises Missing."""
        value = self.scalar(node, name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Missing(f"{name} is not a whole number")
        return value

    def scalar(self, node: Node | None, name: str) -> Any:
        """A plain value: text, number, boolean or None. Raises Missing."""
        if node is not None and node["__loader__"] == "JsonNode" and len(node["content"]) <= MAX_SCALAR:
            return json.loads(node["content"])
        if node is not None and node["__loader__"] == "NdArrayNode" and class_name(node) != "numpy.ndarray":
            return self.array(node, name).item()
        raise Missing(f"{name} is not a plain value")

    def items(self, node: Node | None, name: str) -> list[Node]:
        """The items of a list, a tuple or an array of objects. Raises Missing."""
        if node is not None and (
            node["__loader__"] in ("ListNode", "TupleNode")
            or (node["__loader__"] == "NdArrayNode" and node.get("type") == "json")
        ):
            return node["content"]  # type: ignore[no-any-return]
        raise Missing(f"{name} is not a list")

    def length(self, node: Node | None, name: str) -> int:
        """How long an array of one dimension is, of plain values or of objects such as text. Raises Missing."""
        if node is None or node["__loader__"] != "NdArrayNode" or node.get("type") != "json":
            return len(self.array(node, name))
        items = self.items(node, name)
        if [self.integer(size, name) for size in self.items(node.get("shape"), name)] != [len(items)]:
            raise Missing(f"{name} is not an array of one dimension")
        return len(items)

    def is_none(self, node: Node | None) -> bool:
        """Whether an attribute is absent or None."""
        return node is None or (node["__loader__"] == "JsonNode" and node.get("content") == "null")
