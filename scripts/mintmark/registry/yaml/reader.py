"""The reader behind `yaml/text.py`: events of PyYAML's C parser into values. Imported only when something is parsed."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import yaml
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from mintmark.registry.yaml.faults import MAX_DEPTH, YamlFault
from mintmark.registry.yaml.plain import resolve_plain

if TYPE_CHECKING:
    from mintmark.registry.yaml.faults import Position, Positions

_MAY_BE_SPECIAL = frozenset("-+.0123456789~nNtTfF")


def read_document(text: bytes, positions: Positions | None, *, number_keys: bool = False) -> Any:
    """Return the one document in `text`, which is UTF-8; raise `YamlFault` where it breaks a rule."""
    try:
        return _read_document(CParser(text), positions, number_keys)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise YamlFault(f"is not valid YAML: {error.problem or error.context}", line, column) from None
    except yaml.reader.ReaderError as error:
        line = text.count(b"\n", 0, error.position) + 1
        raise YamlFault(f"is not valid YAML: the character 0x{error.character:02x} is not allowed", line) from None
    except yaml.YAMLError as error:
        raise YamlFault(f"is not valid YAML: {' '.join(str(error).split())}") from None


def _read_document(parser: Any, positions: Positions | None, number_keys: bool) -> Any:
    parser.get_event()  # the start of the stream
    event = parser.get_event()
    if type(event) is StreamEndEvent:
        return None
    data = _read_nodes(parser, positions, number_keys)
    parser.get_event()  # the end of the document
    event = parser.get_event()
    if type(event) is DocumentStartEvent:
        raise _fault(event, "holds a second document; keep one document in a file")
    return data


def _read_nodes(  # noqa: C901 - one loop over events, kept flat for speed
    parser: Any, positions: Positions | None, number_keys: bool
) -> Any:
    """Build the value of the next node, iteratively: a text must not choose how deep our stack goes."""
    get_event = parser.get_event
    stack: list[tuple[Any, str | None]] = []
    path: list[str | int] = []
    container: Any = None
    key: str | None = None
    while True:
        event = get_event()
        kind = type(event)
        if kind is ScalarEvent:
            value: Any = event.value
            if event.tag is not None or event.anchor is not None:
                raise _fault(event, _tag_or_anchor(event))
            if not event.style and (not value or value[0] in _MAY_BE_SPECIAL):
                value = resolve_plain(value)
            if type(container) is dict and key is None:
                key = _take_key(event, value, container, number_keys)
                if positions is not None:
                    positions[(*path, key)] = _position(event)
                continue
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            _check_start(event, container, key, len(stack))
            value = {} if kind is MappingStartEvent else []
            if stack or container is not None:
                path.append(key if key is not None else len(container))
            if positions is not None:
                positions.setdefault(tuple(path), _position(event))
            stack.append((container, key))
            container, key = value, None
            continue
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            value = container
            if number_keys and type(value) is dict:
                value = _pairs(value)
            container, key = stack.pop()
            if path:
                path.pop()
        elif kind is AliasEvent:
            raise _fault(event, f"*{event.anchor}: aliases are not allowed here; write the value out")
        else:  # pragma: no cover - the parser knows no other event inside a document
            raise _fault(event, "is not valid YAML")
        if container is None:
            return value
        if type(container) is dict:
            container[key] = value
            key = None
        else:
            if positions is not None:
                positions.setdefault((*path, len(container)), _position(event))
            container.append(value)


def _take_key(event: Any, value: Any, container: dict[Any, Any], number_keys: bool) -> Any:
    if number_keys and isinstance(value, int | float) and isfinite(value):
        first = next(iter(container), value)
        if isinstance(first, str):
            raise _fault(event, _mixed(first, event.value))
    elif not isinstance(value, str):
        raise _fault(event, f"the key {event.value or '(empty)'} is not text; put it in quotes")
    if value in container:
        raise _fault(event, f'the key "{value}" is there twice; keep one of them')
    if isinstance(value, str) and container and not isinstance(first := next(iter(container)), str):
        raise _fault(event, _mixed(first, f'"{value}"'))
    return value


def _mixed(first: Any, second: str) -> str:
    shown = f'"{first}"' if isinstance(first, str) else first
    return (
        f"the keys {shown} and {second} are text and number in one mapping, which DVC cannot store; "
        f"write {{mapping: [[{shown}, ...], [{second}, ...]]}}"
    )


def _pairs(value: dict[Any, Any]) -> dict[str, Any]:
    """Return a mapping with keys that are numbers as JSON can hold it: `{mapping: [[key, value], ...]}`, by key."""
    if not value or isinstance(next(iter(value)), str):
        return value
    return {"mapping": [[key, value[key]] for key in sorted(value)]}


def _check_start(event: Any, container: Any, key: str | None, depth: int) -> None:
    if event.tag is not None or event.anchor is not None:
        raise _fault(event, _tag_or_anchor(event))
    if type(container) is dict and key is None:
        raise _fault(event, "a key must be plain text, not a list or a mapping")
    if depth >= MAX_DEPTH:
        raise _fault(event, f"is nested more than {MAX_DEPTH} levels deep")


def _tag_or_anchor(event: Any) -> str:
    if event.anchor is not None:
        return f"&{event.anchor}: anchors are not allowed here; write the value out"
    return f"{event.tag}: tags are not allowed here; write the plain value"


def _position(event: Any) -> Position:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _fault(event: Any, message: str) -> YamlFault:
    return YamlFault(message, *_position(event))
