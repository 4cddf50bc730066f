"""Hold documents against their JSON Schema: jsonschema-rs to accept, jsonschema to explain. Reads only the schemas."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.about import UPGRADE
from mintmark.core.finding import Finding, format_place
from mintmark.core.words.meant import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mintmark.registry.yaml.text import Positions

_Error = Any  # jsonschema.exceptions.ValidationError, whose stubs call half of its attributes unset

_FORMATS = {"profile": 2}  # the newest format of a kind of document; of the others it is 1
_MOST_FINDINGS = 20
_LONGEST_VALUE = 60


def schema_folder() -> Path:
    """Return where the schemas lie: in the installed package, or beside scripts/ in a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "schemas"
    return installed if installed.is_dir() else package.parent.parent / "schemas"


API_PREFIX = "api-"


def schemas_digest() -> str:
    """Return a digest of every schema that is read by: what was accepted under one set may not be under another.

    Those of the static API are for documents that are written.
    """
    digest = hashlib.sha256()
    for path in sorted(schema_folder().glob("*.schema.json")):
        if path.name.startswith(API_PREFIX):
            continue
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@functools.cache
def load_schema(kind: str) -> dict[str, Any]:
    """Return the schema of one kind of document (`version`, `channel`, ...)."""
    data: dict[str, Any] = json.loads((schema_folder() / f"{kind}.schema.json").read_bytes())
    return data


@functools.cache
def _acceptor(kind: str) -> Callable[[Any], bool]:
    import decimal  # noqa: F401 - which the next one needs; it panics when Ctrl-C comes while it imports that itself

    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(load_schema(kind)).is_valid


def accepts(kind: str, data: Any) -> bool:
    """Whether a document keeps to its schema."""
    return _acceptor(kind)(data)


def explain(kind: str, data: Any, path: str, positions: Positions) -> list[Finding]:
    """Return a finding for each way in which a document breaks its schema, with its line and what to write instead."""
    if isinstance(data, dict):
        newer = _newer_format(kind, data, path, positions)
        if newer:
            return [newer]
    from jsonschema import Draft202012Validator

    errors = sorted(
        Draft202012Validator(_explaining_schema(kind)).iter_errors(data), key=lambda e: [str(p) for p in e.path]
    )
    findings = [finding for error in errors for finding in _explain_one(error, path, positions)]
    findings += [
        _finding(path, place, positions, f"{value} is no number that JSON can hold; leave the value out")
        for place, value in _numbers(data)
        if not math.isfinite(value)
    ]
    if not findings:  # the two libraries disagree: say the little that is known
        findings = [Finding(path=path, line=1, message=f"does not keep to schemas/{kind}.schema.json")]
    return list(dict.fromkeys(findings))[:_MOST_FINDINGS]


@functools.cache
def _explaining_schema(kind: str) -> dict[str, Any]:
    """Return the schema with each `$` as Python's `\\Z`: to Python, a `$` also matches before a last line break."""
    text = json.dumps(load_schema(kind))
    data: dict[str, Any] = json.loads(text, object_hook=_end_patterns)
    return data


def _end_patterns(part: dict[str, Any]) -> dict[str, Any]:
    pattern = part.get("pattern")
    return {**part, "pattern": pattern[:-1] + r"\Z"} if isinstance(pattern, str) and pattern.endswith("$") else part


def _numbers(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], float]]:
    if isinstance(value, float):
        yield place, value
    elif isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _numbers(inner, (*place, key))


def _newer_format(kind: str, data: Mapping[str, Any], path: str, positions: Positions) -> Finding | None:
    version, newest = data.get("schema"), _FORMATS.get(kind, 1)
    if isinstance(version, bool) or not isinstance(version, int) or version <= newest:
        return None
    line, column = positions.get(("schema",), (1, 1))
    message = f"is format {version}, and this mintmark reads up to {newest}; {UPGRADE}"
    return Finding(path=path, line=line, column=column, where="schema", message=message)


def _explain_one(error: _Error, path: str, positions: Positions) -> Iterator[Finding]:
    if error.validator in ("oneOf", "anyOf") and error.context:
        branch = _closest_branch(error)
        if branch:
            for inner in branch:
                yield from _explain_one(inner, path, positions)
            return
    place = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        for name in _unknown_fields(error):
            yield _finding(path, (*place, name), positions, _unknown_field_message(name, error.schema))
        return
    if error.validator == "required":
        for name in error.validator_value:
            if name not in error.instance:
                message = f'the field "{name}" is missing; {_remedy(name, error.schema)}'
                yield _finding(path, place, positions, message)
        return
    yield _finding(path, place, positions, _message(error))


def _closest_branch(error: _Error) -> list[_Error]:
    """Return the errors of the alternative that was meant: the one whose fixed values fit, then the fewest errors."""
    branches: dict[Any, list[_Error]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)

    def distance(errors: list[_Error]) -> tuple[int, int, int]:
        fixed = sum(e.validator == "const" for e in errors)
        return fixed, sum(e.validator == "required" for e in errors), len(errors)

    return min(branches.values(), key=distance)


def _unknown_fields(error: _Error) -> list[str]:
    known = error.schema.get("properties", {})
    return [name for name in error.instance if name not in known]


def _unknown_field_message(name: str, schema: Mapping[str, Any]) -> str:
    known = list(schema.get("properties", {}))
    told = did_you_mean(name, known)
    if told:
        return f"is not a field here; {told}"
    remedy = "; put what is your own under extra:" if "extra" in known else ""
    return f"is not a field here (the fields are {', '.join(known)}){remedy}"


def _message(error: _Error) -> str:
    value, wanted, schema = error.instance, error.validator_value, error.schema
    shown = _shown(value)
    phrase = _what_to_write(schema)
    match error.validator:
        case "enum":
            return f"{shown} is not one of {', '.join(str(option) for option in wanted)}"
        case "const":
            return f"{shown} is not {json.dumps(wanted)}; write {json.dumps(wanted)}"
        case "type":
            return f"{shown} is {_kind_of(value)}; write {phrase or _kinds(wanted)}"
        case "minLength" | "minItems" | "minProperties" if not value:
            return f"is empty; write {phrase or 'a value'}"
        case "pattern" | "format" if phrase:
            return f"{shown} is not {phrase}"
        case _ if phrase:
            return f"{shown}: {error.message if len(error.message) < 120 else 'does not fit'}; write {phrase}"
        case _:
            return error.message if len(error.message) < 200 else f"{shown} does not fit ({error.validator})"


def _remedy(field: str, schema: Mapping[str, Any]) -> str:
    about = schema.get("properties", {}).get(field, {})
    if "const" in about:
        return f"add {field}: {json.dumps(about['const'])}"
    if "enum" in about:
        return f"add {field}: with one of {', '.join(str(option) for option in about['enum'])}"
    phrase = _what_to_write(about)
    return f"add {field}: with {phrase}" if phrase else f"add {field}:"


def _what_to_write(schema: object) -> str | None:
    """Return the `title` of a key, which says what to write there. Its `description` says what the key does."""
    return schema.get("title") if isinstance(schema, dict) and "$id" not in schema else None


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping of keys and values",
    "null": "null",
}


def _kind_of(value: Any) -> str:
    kinds = {bool: "boolean", str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return _KINDS[kinds[type(value)]] if type(value) in kinds else "empty"


def _kinds(wanted: str | list[str]) -> str:
    names = [wanted] if isinstance(wanted, str) else wanted
    return " or ".join(_KINDS[name] for name in names)


def _finding(path: str, place: tuple[str | int, ...], positions: Positions, message: str) -> Finding:
    known = next((place[:n] for n in range(len(place), -1, -1) if place[:n] in positions), None)
    line, column = positions[known] if known is not None else (1, 1)
    return Finding(path=path, line=line, column=column, where=format_place(place), message=message)
