"""Merge three versions of a YAML file by key, keeping comments and order. Opens no files.

A merge of lines cannot tell two new entries at the end of a file from two answers to one question. Here an entry is a
key of the outermost mapping, or of a mapping in it (`models.churn`, `stages.train@churn`): what one side alone changed
is taken as that side wrote it.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mintmark.registry.yaml.faults import MAX_LOCK_BYTES, YamlFault
from mintmark.registry.yaml.text import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_LEVELS = 2
_NO_ENTRY = ("#", "- ", "---", "...", "%", "}", "]")  # what begins a line that begins no entry, beside nothing at all


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """The merged text, and the keys that both sides changed, each in its own way: with one, the text is not whole."""

    text: bytes
    clashes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    """A key as one side has it: its lines, with the comments and blank lines above it, and what they say."""

    text: str
    value: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class _Side:
    """A mapping as one side has it: the lines before its entries, these in order, and the lines after them."""

    head: str
    entries: Mapping[str, _Entry]
    tail: str


def merge_yaml(ancestor: bytes, ours: bytes, theirs: bytes) -> Merged:
    """Return what two sides made of a file; one without an `ancestor` is new on both sides.

    Raises `YamlFault` where a side is no mapping of text, or is written in a way that has no entries in lines of
    their own.
    """
    values = [_mapping(text) for text in (ancestor, ours, theirs)]
    texts = [_lines(text) for text in (ancestor, ours, theirs)]
    sides = [_split("", text, value) for text, value in zip(texts, values, strict=True)]
    text, value, clashes = _merge(sides, (), _LEVELS)
    merged = text.encode()
    if not clashes and not _same(_mapping(merged), value):
        raise YamlFault("is written in a way that cannot be merged by key; merge it by hand")
    return Merged(text=merged, clashes=clashes)


def _mapping(text: bytes) -> dict[str, Any]:
    data = parse_yaml(text, limit=MAX_LOCK_BYTES, number_keys=True)
    if not isinstance(data, dict | None):
        raise YamlFault("must hold keys and values", 1)
    return data or {}


def _lines(text: bytes) -> list[str]:
    return _split_lines(text.decode().removeprefix("\ufeff"))


def _split_lines(text: str) -> list[str]:
    """Return the lines, each with its end; `str.splitlines` would also split inside a value."""
    return [f"{line}\n" for line in text.removesuffix("\n").split("\n")] if text else []


def _merge(sides: Sequence[_Side], path: tuple[str, ...], levels: int) -> tuple[str, dict[str, Any], tuple[str, ...]]:
    """Return the text of a merged mapping, what it says, and the keys that clash."""
    ancestor, ours, theirs = sides
    texts, values, clashes = [_take(*(side.head for side in sides))], {}, []
    for key in _order(ancestor.entries, ours.entries, theirs.entries):
        three = [side.entries.get(key) for side in sides]
        chosen = _choose(*three)
        if isinstance(chosen, _Entry):
            texts.append(chosen.text)
            values[key] = chosen.value
        elif chosen is not None:
            inner = _inner(three, key) if levels > 1 else None
            if inner is None:
                clashes.append(".".join((*path, key)))
                continue
            text, values[key], more = _merge(inner, (*path, key), levels - 1)
            texts.append(text)
            clashes += more
    return "".join([*texts, _take(*(side.tail for side in sides))]), values, tuple(clashes)


def _take(ancestor: str, ours: str, theirs: str) -> str:
    return theirs if ours == ancestor else ours


class _Clash:
    """Both sides changed an entry, each in its own way."""


def _choose(ancestor: _Entry | None, ours: _Entry | None, theirs: _Entry | None) -> _Entry | _Clash | None:
    """Return the entry to take, None where it goes; of what says the same, the one with comments that changed."""
    if _equal(ours, theirs):
        return theirs if ours is not None and ancestor is not None and ours.text == ancestor.text else ours
    if _equal(ours, ancestor):
        return theirs
    return ours if _equal(theirs, ancestor) else _Clash()


def _equal(one: _Entry | None, other: _Entry | None) -> bool:
    if one is None or other is None:
        return one is other
    return _same(one.value, other.value)


def _same(one: Any, other: Any) -> bool:
    """Whether two values are written alike: to a stage, 1 and 1.0 need not be."""
    return one is other or json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _inner(three: Sequence[_Entry | None], key: str) -> list[_Side] | None:
    """Return the mappings that a key holds on both sides; None where it holds another thing, or none in lines."""
    ancestor, ours, theirs = three
    if ancestor is not None and ancestor.value is None:
        ancestor = None
    if ours is None or theirs is None:
        return None
    if not all(isinstance(entry.value, dict) for entry in (ancestor, ours, theirs) if entry is not None):
        return None
    if not (ours.value and theirs.value):  # {} has no line that an entry could come after
        return None
    try:
        sides = [_split(key, _split_lines(entry.text), entry.value) for entry in (ours, theirs)]
        before = _split(key, _split_lines(ancestor.text), ancestor.value) if ancestor else None
    except YamlFault:
        return None
    return [before or _Side(head=sides[0].head, entries={}, tail=sides[0].tail), *sides]


def _split(key: str, lines: list[str], value: Mapping[str, Any]) -> _Side:
    """Take a mapping apart; with a `key`, the first line that is neither blank nor a comment is that key's own."""
    first = next((n for n, line in enumerate(lines) if _is_entry(line)), len(lines) - 1) + 1 if key else 0
    indents = [_indent(line) for line in lines[first:] if _is_entry(line)]
    indent = indents[0] if indents else 0
    starts = [n for n, line in enumerate(lines) if n >= first and _is_entry(line) and _indent(line) == indent]
    if len(starts) != len(value) or (key and starts and indent <= _indent(lines[first - 1])):
        raise YamlFault("is written in a way that cannot be merged by key; merge it by hand")
    if not starts:
        return _Side(head="".join(lines), entries={}, tail="")
    bounds = [_begin(lines, start, first, indent) for start in (*starts, len(lines))]
    texts = ["".join(lines[begin:end]) for begin, end in itertools.pairwise(bounds)]
    entries = {name: _Entry(text=text, value=value[name]) for name, text in zip(value, texts, strict=True)}
    return _Side(head="".join(lines[: bounds[0]]), entries=entries, tail="".join(lines[bounds[-1] :]))


def _begin(lines: Sequence[str], start: int, first: int, indent: int) -> int:
    """Return where the blank lines and the comments above an entry begin; a comment further in is of the one before."""
    begin = start
    while begin > first and (not lines[begin - 1].strip() or _is_comment(lines[begin - 1], indent)):
        begin -= 1
    return begin


def _is_comment(line: str, indent: int) -> bool:
    return line.lstrip(" ").startswith("#") and _indent(line) <= indent


def _is_entry(line: str) -> bool:
    bare = line.strip()
    return bool(bare) and bare != "-" and not bare.startswith(_NO_ENTRY)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _order(ancestor: Mapping[str, _Entry], ours: Mapping[str, _Entry], theirs: Mapping[str, _Entry]) -> Iterator[str]:
    """Yield every key: the ancestor's in its order, each with what the sides put behind it.

    Which side is ours does not matter, so that a merge and a rebase make the same file.
    """
    runs = [_new_behind(ancestor, side) for side in (ours, theirs)]
    seen = set(ancestor)
    for anchor in (None, *ancestor):
        if anchor is not None:
            yield anchor
        for run in sorted((side.get(anchor, []) for side in runs), key=lambda run: run[:1]):
            yield from (key for key in run if key not in seen)
            seen.update(run)


def _new_behind(ancestor: Mapping[str, _Entry], side: Mapping[str, _Entry]) -> dict[str | None, list[str]]:
    """Return the keys that a side added, by the key of the ancestor that they come after; None: before all of them."""
    found: dict[str | None, list[str]] = {}
    anchor: str | None = None
    for key in side:
        if key in ancestor:
            anchor = key
        else:
            found.setdefault(anchor, []).append(key)
    return found
