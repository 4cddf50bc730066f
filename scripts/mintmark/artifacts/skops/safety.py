"""Check a skops file without loading anything: the zip, the schema, the types and the arrays. Reads no files.

Neither skops nor scikit-learn is imported, and nothing in the file decides what is. A file that passes is
safe to hand to skops, as far as that can be told from its bytes; what cannot is left to the sandbox that
evaluates models.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mintmark.artifacts.npy import InvalidArrayError, npy_shape
from mintmark.artifacts.skops.canonical import SCHEMA, TooLargeError, canonical_bytes
from mintmark.artifacts.skops.class_checks import object_faults
from mintmark.artifacts.skops.nodes import (
    PROTOCOL,
    MalformedNodeError,
    Node,
    child_slots,
    class_name,
    member_of,
    resolve,
)
from mintmark.artifacts.skops.objects import Objects
from mintmark.artifacts.skops.sparse import read_npz
from mintmark.artifacts.skops.types import ADVICE, ALLOWED
from mintmark.artifacts.zip_members import InvalidZipError, read_members
from mintmark.core.finding import Finding

MEMBER_NAMES = re.compile(r"schema\.json|[A-Za-z0-9-]{1,64}\.(npy|npz|bin)")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+!-]{0,39}")
MAX_SCHEMA = 32 << 20
MAX_BRACKETS = 2_000_000
MAX_ITEMS = 8_000_000
MAX_FINDINGS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class SkopsContent:
    """What a skops file holds after its checks: the resolved schema, the members and every type it names."""

    schema: Node
    members: Mapping[str, bytes]
    types: frozenset[str]


def inspect_skops(data: bytes, *, path: str, trusted: Collection[str] = ()) -> list[Finding]:
    """Every fault of a skops file that can be told without loading it; `path` names it in the findings.

    `trusted` holds full names of further types, as in `trusted_types` of registry.yaml.
    """
    result = read_skops(data, path=path, trusted=trusted)
    return result if isinstance(result, list) else []


def inspect_canonical(data: bytes, *, path: str, trusted: Collection[str] = ()) -> list[Finding]:
    """The same, and a finding for a file that is not in its one canonical form: what nobody reads may hide anything."""
    result = read_skops(data, path=path, trusted=trusted)
    if isinstance(result, list):
        return result
    try:
        if canonical_bytes(result.schema, result.members, most=len(result.members[SCHEMA])) == data:
            return []
    except TooLargeError:
        pass
    message = (
        "is not in the one form of its content: something in it is never read, or it was written by another tool; "
        "dump_canonical of mintmark.artifacts.skops.format writes it"
    )
    return [Finding(path=path, message=message, rule="R8")]


def read_skops(data: bytes, *, path: str, trusted: Collection[str] = ()) -> SkopsContent | list[Finding]:
    """The content of a skops file that passes every check, or its faults."""

    def finding(where: str, message: str) -> Finding:
        return Finding(path=path, where=_printable(where), message=_printable(message), rule="R8")

    try:
        members = read_members(data, names=MEMBER_NAMES)
        schema = _parse_schema(members)
        nodes = resolve(schema)
    except InvalidZipError as error:
        return [finding(where, message) for where, message in error.faults[:MAX_FINDINGS]]
    except MalformedNodeError as error:
        return [finding(_at(error.place), f"{error}; write the file again with skops.io.dump")]
    except RecursionError:
        return [finding("schema.json", "is nested too deep; write the file again with skops.io.dump")]
    checks = itertools.chain(_version_faults(schema), _type_faults(nodes, trusted), _node_faults(nodes, members))
    faults = list(itertools.islice(checks, MAX_FINDINGS))
    if not faults:
        faults = list(itertools.islice(object_faults(nodes, Objects(members), trusted), MAX_FINDINGS))
    if faults:
        return [finding(_at(place), message) for place, message in faults]
    types = frozenset(_type_names(nodes))
    return SkopsContent(schema=schema, members=members, types=types)


def _printable(text: str) -> str:
    """Names in a hostile file end up in terminals and workflow logs, where control characters are commands."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _at(place: str) -> str:
    return f"schema.json: {place.lstrip('.')[:200]}" if place else "schema.json"


def _parse_schema(members: Mapping[str, bytes]) -> Node:
    text = members.get("schema.json")
    if text is None:
        kind = "a PyTorch file or another zip" if members else "an empty zip"
        raise InvalidZipError([("", f"has no schema.json, so it is {kind} and not skops; write it with skops.io.dump")])
    if len(text) > MAX_SCHEMA:
        raise MalformedNodeError(f"is {len(text):,} bytes, more than {MAX_SCHEMA:,}")
    if text.count(b"{") + text.count(b"[") > MAX_BRACKETS or text.count(b",") > MAX_ITEMS:
        raise MalformedNodeError("holds more objects than a model needs")
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise MalformedNodeError(f"is not JSON ({str(error)[:100]})") from error
    if not isinstance(schema, dict):
        raise MalformedNodeError("is not a mapping")
    return schema


_Fault = tuple[str, str]


def _version_faults(schema: Node) -> Iterator[_Fault]:
    if type(schema.get("protocol")) is not int or schema["protocol"] != PROTOCOL:
        yield (
            "",
            f"has protocol {schema.get('protocol')!r:.40}, not {PROTOCOL}; write it with skops 0.16",
        )
    version = schema.get("_skops_version")
    if not isinstance(version, str) or _VERSION.fullmatch(version) is None:
        yield "", "has no _skops_version; write the file again with skops.io.dump"


def _type_faults(nodes: list[tuple[str, Node]], trusted: Collection[str]) -> Iterator[_Fault]:
    """Each type that is not on the allow-list, once, at its first place."""
    seen = set()
    for place, node in nodes:
        for name in _required_types(node):
            if name in trusted or name in ALLOWED.get(node["__loader__"], ()) or name in seen:
                continue
            seen.add(name)
            advice = ADVICE.get(
                name,
                "replace it, or after a review of its code add it to trusted_types in models/registry.yaml "
                "(of a model from a site: to trusted_types of mintmark.load)",
            )
            yield place, f"{name[:200]} is not on the list of types that may be loaded; {advice}"


def _required_types(node: Node) -> Iterator[str]:
    yield class_name(node)
    if node["__loader__"] == "MethodNode":
        yield f"{class_name(node)}.{node['content'].get('func')}"


def _type_names(nodes: list[tuple[str, Node]]) -> Iterator[str]:
    for _, node in nodes:
        yield from _required_types(node)


def _node_faults(nodes: list[tuple[str, Node]], members: Mapping[str, bytes]) -> Iterator[_Fault]:
    checked: set[tuple[str, str]] = set()
    for place, node in nodes:
        name = member_of(node)
        if name is not None and (node["__loader__"], name) not in checked:
            checked.add((node["__loader__"], name))
            yield from ((place, f"{name[:100]}: {fault}") for fault in _member_faults(node, name, members))
        check = _NODE_CHECKS.get(node["__loader__"])
        if check is not None and (message := check(node)) is not None:
            yield place, f"{message}; write the file again with skops.io.dump"


def _member_faults(node: Node, name: str, members: Mapping[str, bytes]) -> Iterator[str]:
    if name not in members:
        yield "is not in the zip; write the file again with skops.io.dump"
        return
    try:
        if node["__loader__"] == "NdArrayNode":
            shape = npy_shape(members[name])
            if class_name(node) != "numpy.ndarray" and shape != ():
                yield f"holds an array where one {node['__class__']} belongs; write the file again"
        elif node["__loader__"] == "SparseMatrixNode":
            read_npz(members[name])
    except InvalidArrayError as error:
        yield f"{error}; store arrays of numbers, booleans, text or dates, written by skops.io.dump"


def _json_fault(node: Node) -> str | None:
    try:
        value = json.loads(node["content"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return "does not hold a value"
    return None if value is None or isinstance(value, str | int | float) else "holds more than a plain value"


def _array_fault(node: Node) -> str | None:
    if node.get("type") == "numpy":
        return None if member_of(node) is not None else "names no member"
    if node.get("type") != "json":
        return f"is an array of the unknown kind {node.get('type')!r:.40}"
    if class_name(node) != "numpy.ndarray" or node["shape"]["__loader__"] != "TupleNode":
        return "is an array without a shape"
    return None


def _slice_fault(node: Node) -> str | None:
    content = node.get("content")
    if not isinstance(content, dict) or set(content) != {"start", "stop", "step"}:
        return "is not a slice"
    fine = all(value is None or type(value) is int for value in content.values())
    return None if fine else "is not a slice of whole numbers"


def _dict_fault(node: Node) -> str | None:
    kinds = node["key_types"]
    if kinds["__loader__"] != "ListNode" or len(kinds["content"]) != len(node["content"]):
        return "has other keys than key types"
    fine = all(kind["__loader__"] == "TypeNode" for kind in kinds["content"])
    return None if fine else "has keys without a type"


def _dtype_fault(node: Node) -> str | None:
    return None if node["content"]["__loader__"] == "NdArrayNode" else "is not the type of an array"


def _file_fault(node: Node) -> str | None:
    if node["__loader__"] == "SparseMatrixNode" and node.get("type") != "scipy":
        return "is a sparse matrix of an unknown kind"
    return None if member_of(node) is not None else "names no member"


def _partial_fault(node: Node) -> str | None:
    content = node["content"]
    if content["func"]["__loader__"] != "FunctionNode":
        return "is a partial of something other than a function"
    return None


def _loss_fault(node: Node) -> str | None:
    arguments: list[Any] = [container[key] for _, container, key in child_slots(node["__reduce__"]["args"])]
    if node["__reduce__"]["args"]["__loader__"] != "TupleNode" or any(
        argument["__loader__"] not in ("JsonNode", "NdArrayNode") for argument in arguments
    ):
        return "is a loss whose parameters are not numbers"
    content = node["content"]
    empty = content["__loader__"] in ("DictNode", "TupleNode") and not content["content"]
    return None if empty or content.get("content") == "null" else "is a loss with attributes"


_NODE_CHECKS = {
    "BytearrayNode": _file_fault,
    "BytesNode": _file_fault,
    "DTypeNode": _dtype_fault,
    "DictNode": _dict_fault,
    "JsonNode": _json_fault,
    "LossNode": _loss_fault,
    "NdArrayNode": _array_fault,
    "PartialNode": _partial_fault,
    "SliceNode": _slice_fault,
    "SparseMatrixNode": _file_fault,
}
