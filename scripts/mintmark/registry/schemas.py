"""Hold documents against their JSON Schema, and explain what is not accepted. Reads only the schemas."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.about import UPGRADE
from mintmark.core.finding import Finding, format_place
from mintmark.core.words.meant import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jsonschema_rs import Draft202012Validator, ValidationError

    from mintmark.registry.yaml.text import Positions

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
def _validator(kind: str) -> Draft202012Validator:
    import decimal  # noqa: F401 - which the next one needs; it panics when Ctrl-C comes while it imports that itself

    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(load_schema(kind))


def accepts(kind: str, data: Any) -> bool:
    """Whether a document keeps to its schema."""
    return _validator(kind).is_valid(data)


def explain(kind: str, data: Any, path: str, positions: Positions) -> list[Finding]:
    """Return a finding for each way in which a document breaks its schema, with its line and what to write instead."""
    if isinstance(data, dict):
        newer = _newer_format(kind, data, path, positions)
        if newer:
            return [newer]
    no_json = [
        _finding(path, place, positions, f"{value} is no number that JSON can hold; leave the value out")
        for place, value in _numbers(data)
        if not math.isfinite(value)
    ]
    errors = (_Error.of(error, load_schema(kind)) for error in _validator(kind).iter_errors(data))
    told = [finding for error in sorted(errors, key=_Error.order) for finding in _explain_one(error, path, positions)]
    taken = {finding.where for finding in no_json}  # the library reads those as null
    findings = [finding for finding in told if finding.where not in taken] + no_json
    return list(dict.fromkeys(findings))[:_MOST_FINDINGS]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Error:
    """One way in which a value breaks a schema."""

    keyword: str  # of the schema that is broken
    schema: Any  # which has that keyword
    place: tuple[str | int, ...]
    value: Any
    message: str
    missing: str  # the field, where one is required
    branches: tuple[tuple[_Error, ...], ...]  # how each alternative is broken, where there are some

    @classmethod
    def of(cls, error: ValidationError, root: Mapping[str, Any]) -> _Error:
        """Read what the library says. Where a field's name breaks the schema of names, it stands for a value."""
        about = error.kind.as_dict()
        if error.kind.name == "propertyNames":
            return cls.of(about["error"], root)
        *parents, keyword = error.schema_path
        branches = tuple(tuple(cls.of(inner, root) for inner in branch) for branch in about.get("context", ()))
        return cls(
            keyword=str(keyword),
            schema=_inside(root, parents),
            place=tuple(error.instance_path),
            value=error.instance,
            message=error.message,
            missing=about["property"] if keyword == "required" else "",
            branches=branches if all(branches) else (),  # one is empty where too many of them fit
        )

    def order(self) -> list[str]:
        return [str(part) for part in self.place]


def _inside(value: Any, place: Iterable[str | int]) -> Any:
    for key in place:
        value = value[key]
    return value


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
    if error.branches:
        for inner in _closest_branch(error):
            yield from _explain_one(inner, path, positions)
    elif error.keyword == "additionalProperties":
        for name in _unknown_fields(error):
            yield _finding(path, (*error.place, name), positions, _unknown_field_message(name, error.schema))
    elif error.missing:
        message = f'the field "{error.missing}" is missing; {_remedy(error.missing, error.schema)}'
        yield _finding(path, error.place, positions, message)
    else:
        yield _finding(path, error.place, positions, _message(error))


def _closest_branch(error: _Error) -> tuple[_Error, ...]:
    """Return the errors of the alternative that was meant: the one whose fixed values fit, then the fewest errors."""

    def distance(errors: tuple[_Error, ...]) -> tuple[int, int, int]:
        fixed = sum(e.keyword == "const" for e in errors)
        return fixed, sum(e.keyword == "required" for e in errors), len(errors)

    return min(error.branches, key=distance)


def _unknown_fields(error: _Error) -> list[str]:
    known = error.schema.get("properties", {})
    return [name for name in error.value if name not in known]


def _unknown_field_message(name: str, schema: Mapping[str, Any]) -> str:
    known = list(schema.get("properties", {}))
    told = did_you_mean(name, known)
    if told:
        return f"is not a field here; {told}"
    remedy = "; put what is your own under extra:" if "extra" in known else ""
    return f"is not a field here (the fields are {', '.join(known)}){remedy}"


def _message(error: _Error) -> str:
    value, schema = error.value, error.schema
    wanted = schema[error.keyword]
    shown = _shown(value)
    phrase = _what_to_write(schema)
    match error.keyword:
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
            return error.message if len(error.message) < 200 else f"{shown} does not fit ({error.keyword})"


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
