"""Check the functions and column selectors in a resolved skops schema: who calls them, with what. Loads nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mintmark.artifacts.skops.nodes import Node, child_slots, class_name
from mintmark.artifacts.skops.types import FUNCTION_KEYWORDS

if TYPE_CHECKING:
    from mintmark.artifacts.skops.objects import Objects

FUNCTION_TRANSFORMER = "sklearn.preprocessing._function_transformer.FunctionTransformer"
SELECTOR = "sklearn.compose._column_transformer.make_column_selector"
_OWNER = "sklearn.compose._column_transformer.ColumnTransformer"
_SELECTED_BY = frozenset({"pattern", "dtype_include", "dtype_exclude"})


def function_transformer_faults(objects: Objects, attributes: Mapping[str, Node]) -> Iterator[str]:
    """FunctionTransformer: its function is called with the keyword arguments that it keeps."""
    for name in ("kw_args", "inv_kw_args"):
        if not objects.is_none(attributes.get(name)):
            yield from keyword_faults(attributes[name], name)


def partial_faults(objects: Objects, node: Node) -> Iterator[str]:
    """A partial: an argument in front of the input could be the array that a function writes into."""
    del objects
    if node["content"]["args"].get("content"):
        yield "gives its function arguments in front of the input"
    yield from keyword_faults(node["content"]["kwds"], "its keywords")


def keyword_faults(node: Node, name: str) -> Iterator[str]:
    """Yield which keyword arguments are not on the list, or are no plain value."""
    content = node.get("content")
    if not content:
        return
    if node["__loader__"] != "DictNode" or not isinstance(content, dict):
        yield f"{name} is not a dictionary"
        return
    for keyword, value in content.items():
        if keyword not in FUNCTION_KEYWORDS:
            yield f"{name} has {keyword[:60]}, which is not on the list of what a function may be called with"
        elif not _is_plain(value):
            yield f"{name} has {keyword}, which is no plain value"


def _is_plain(node: Node) -> bool:
    """Whether a value is text, a number, a type or a list of those, and so nothing that could be written into."""
    if node["__loader__"] in ("ListNode", "TupleNode"):
        return all(_is_plain(item) for item in node["content"])
    return node["__loader__"] in ("DTypeNode", "JsonNode", "TypeNode")


def selector_faults(nodes: list[tuple[str, Node]]) -> Iterator[tuple[str, str]]:
    """A column selector can be called, so it may stand only where nothing but `fit` calls it.

    That is the place of the columns in `transformers` of a ColumnTransformer.
    """
    selectors = [(place, node) for place, node in nodes if class_name(node) == SELECTOR]
    if not selectors:
        return
    used: Counter[int] = Counter()
    fitting: Counter[int] = Counter()
    for _, node in nodes:
        used.update(id(container[key]) for _, container, key in child_slots(node))
        if class_name(node) == _OWNER:
            fitting.update(id(columns) for columns in _columns(node))
    for place, node in selectors:
        if used[id(node)] != 1 or fitting[id(node)] != 1:
            yield place, f"{SELECTOR} is not among the columns of a ColumnTransformer; save the whole estimator"
        yield from ((place, f"{SELECTOR}: {fault}; fit and save the model again") for fault in _contents(node))


def _columns(owner: Node) -> Iterator[Node]:
    content = owner.get("content")
    attributes = content.get("content") if isinstance(content, dict) else None
    transformers = attributes.get("transformers") if isinstance(attributes, dict) else None
    if transformers is None or transformers["__loader__"] != "ListNode":
        return
    for entry in transformers["content"]:
        if entry["__loader__"] == "TupleNode" and len(entry["content"]) == 3:
            yield entry["content"][2]


def _contents(node: Node) -> Iterator[str]:
    content = node.get("content")
    attributes = content.get("content") if isinstance(content, dict) else None
    if not isinstance(attributes, dict) or set(attributes) != _SELECTED_BY:
        yield "has other attributes than pattern, dtype_include and dtype_exclude"
        return
    for name, value in attributes.items():
        items = value["content"] if value["__loader__"] == "ListNode" else [value]
        if any(item["__loader__"] != "JsonNode" for item in items):
            yield f"{name} is no text"
