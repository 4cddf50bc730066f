"""GitHub's own description of its API, cut to the paths in use, as a check of every request and answer."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema_rs
from tests.scaffold.npm_packages import cache_folder, npm_file

PACKAGE, VERSION, MEMBER = "@octokit/openapi", "23.0.2", "generated/api.github.com.json"
SHA256 = "829b4bebb19a53133289f7b0bc819f4f1118115821db2ca9f25e9ee995a7da2a"
Schema = dict[str, Any]
_OPEN = "+"  # ends the name of a schema that is one part of an object, and leaves the fields of the others alone
_PLAIN = {"integer": 0, "number": 0, "boolean": False, "string": ""}
_FORMATS = {"uri": "https://example.invalid/", "date-time": "2026-06-01T00:00:00Z"}


def fetch_contract(templates: Mapping[str, set[str]], scratch: Path) -> Contract:
    """Return the contract of these paths and methods; skip the test where there is no npm to fetch it with."""
    wanted = json.dumps({path: sorted(methods) for path, methods in sorted(templates.items())})
    own = sha256(Path(__file__).read_bytes()).hexdigest()
    kept = cache_folder() / f"github-contract-{sha256((SHA256 + own + wanted).encode()).hexdigest()[:16]}.json"
    if not kept.is_file():
        whole = json.loads(npm_file(PACKAGE, VERSION, MEMBER, SHA256, scratch).read_bytes())
        part = kept.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(_cut(whole, templates)))
        part.replace(kept)
    return Contract(json.loads(kept.read_bytes()))


def _cut(whole: Schema, templates: Mapping[str, set[str]]) -> Schema:
    """Return the operations in use with the components they need, as JSON Schema where a schema stands."""
    paths = {
        path: {method: _operation(whole, whole["paths"][path][method.lower()]) for method in methods}
        for path, methods in templates.items()
    }
    schemas: dict[str, Schema] = {}
    waiting = list(_references(paths))
    while waiting:
        name = waiting.pop()
        if name not in schemas:
            schema = whole["components"]["schemas"][name.removesuffix(_OPEN)]
            schemas[name] = _plain_schema(schema, is_open=name.endswith(_OPEN))
            waiting += _references(schemas[name])
    return {"paths": paths, "schemas": schemas}


def _operation(whole: Schema, operation: Schema) -> Schema:
    parameters = [_resolved(whole, one) for one in operation.get("parameters", [])]
    body = _resolved(whole, operation.get("requestBody", {})).get("content", {}).get("application/json", {})
    answers = {}
    for status, answer in operation["responses"].items():
        content = _resolved(whole, answer).get("content", {}).get("application/json", {})
        answers[status] = _plain_schema(content["schema"]) if content else None
    return {
        "query": {one["name"]: _plain_schema(one["schema"]) for one in parameters if one["in"] == "query"},
        "required": [one["name"] for one in parameters if one["in"] == "query" and one.get("required")],
        "body": _plain_schema(body["schema"]) if body else None,
        "answers": answers,
    }


def _resolved(whole: Schema, document: Schema) -> Schema:
    while "$ref" in document:
        _, _, kind, name = document["$ref"].split("/")
        document = whole["components"][kind][name]
    return document


def _references(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        if isinstance(document.get("$ref"), str):
            yield document["$ref"].rpartition("/")[2]
        for value in document.values():
            yield from _references(value)
    elif isinstance(document, list):
        for value in document:
            yield from _references(value)


def _plain_schema(schema: Any, *, is_open: bool = False) -> Any:
    """Return a schema of OpenAPI 3.0 as one of JSON Schema, in which an object has no field that is not described."""
    if not isinstance(schema, dict):
        return schema
    kept: Schema = {}
    if "$ref" in schema:
        return {"$ref": f"#/schemas/{schema['$ref'].rpartition('/')[2]}{_OPEN if is_open else ''}"}
    for name, value in schema.items():
        if name == "properties":
            kept[name] = {key: _plain_schema(inner) for key, inner in value.items()}
        elif name in ("items", "additionalProperties", "not"):
            kept[name] = _plain_schema(value)
        elif name in ("oneOf", "anyOf", "allOf"):
            word = "anyOf" if name == "oneOf" else name  # some of GitHub's alternatives overlap
            kept[word] = [
                _plain_schema(inner, is_open=is_open or name == "allOf" or "properties" in schema) for inner in value
            ]
        elif name in ("type", "enum", "required", "format", "minItems", "maxItems", "maxLength", "minimum", "maximum"):
            kept[name] = value
    if "properties" in kept and not is_open:
        kept.setdefault("additionalProperties", False)
    if schema.get("nullable"):
        kept.pop("nullable", None)
        return {"anyOf": [{"type": "null"}, kept]}
    return kept


@dataclass
class Contract:
    """What GitHub takes and answers at some paths."""

    document: Schema
    _validators: dict[str, Any] = field(default_factory=dict)

    def request_faults(self, method: str, template: str, query: Mapping[str, str], body: bytes) -> list[str]:
        """What is wrong with a request: unknown or missing parameters and fields, and values of another type."""
        operation, place = self.document["paths"][template][method], f"request {method} {template}"
        faults = [f"{place}: unknown parameter {name}" for name in query.keys() - operation["query"].keys()]
        faults += [f"{place}: missing parameter {name}" for name in operation["required"] if name not in query]
        for name in query.keys() & operation["query"].keys():
            allowed = operation["query"][name].get("enum")
            if allowed and query[name] not in allowed:
                faults.append(f"{place}: {name}={query[name]} is none of {allowed}")
        if operation["body"] is not None and body:
            faults += self._faults(place, operation["body"], json.loads(body))
        return faults

    def answer_faults(self, method: str, template: str, status: int, answer: Any) -> list[str]:
        """What is wrong with an answer."""
        answers, place = self.document["paths"][template][method]["answers"], f"answer {status} {method} {template}"
        if str(status) not in answers:
            return [f"{place}: GitHub answers {', '.join(answers)}"]
        schema = answers[str(status)]
        if schema is None:
            return [] if answer is None else [f"{place}: there is no body"]
        return self._faults(place, schema, answer)

    def complete(self, method: str, template: str, status: int, answer: Any) -> Any:
        """Return an answer with the fields that GitHub always sends and that nobody here looks at."""
        schema = self.document["paths"][template][method]["answers"].get(str(status))
        return answer if schema is None else self._filled(schema, answer)

    def _faults(self, place: str, schema: Schema, value: Any) -> list[str]:
        if place not in self._validators:
            needed: dict[str, Schema] = {}
            waiting = list(_references(schema))
            while waiting:
                name = waiting.pop()
                if name not in needed:
                    needed[name] = self.document["schemas"][name]
                    waiting += _references(needed[name])
            self._validators[place] = jsonschema_rs.validator_for({**schema, "schemas": needed})
        found = self._validators[place].iter_errors(value)
        return [f"{place}: {'/'.join(map(str, fault.instance_path))}: {fault.message[:300]}" for fault in found]

    def _options(self, schema: Schema) -> Iterator[Schema]:
        """The schemas that a schema stands for, itself and its alternatives."""
        if "$ref" in schema:
            yield from self._options(self.document["schemas"][schema["$ref"].rpartition("/")[2]])
            return
        yield schema
        for inner in (*schema.get("anyOf", []), *schema.get("allOf", [])):
            yield from self._options(inner)

    def _filled(self, schema: Schema, value: Any) -> Any:
        options = list(self._options(schema))
        if isinstance(value, list):
            items = [one["items"] for one in options if "items" in one]
            return [self._filled(items[0], item) for item in value] if items else value
        if not isinstance(value, dict):
            return value
        fields = [one for one in options if "properties" in one]
        if not fields:
            return value
        filled = dict(value)
        chosen = (
            fields if "allOf" in schema else [max(fields, key=lambda one: len(value.keys() & one["properties"].keys()))]
        )
        for one in chosen:
            for name in one.get("required", []):
                if name not in filled:
                    filled[name] = self._default(one["properties"].get(name, {}))
                elif name in one["properties"]:
                    filled[name] = self._filled(one["properties"][name], filled[name])
            for name in value.keys() & one["properties"].keys() - set(one.get("required", [])):
                filled[name] = self._filled(one["properties"][name], filled[name])
        return filled

    def _default(self, schema: Schema) -> Any:
        options = list(self._options(schema))
        if any(one.get("type") == "null" for one in options):
            return None
        for one in options:
            if one.get("enum"):
                return one["enum"][0]
            if one.get("type") in _PLAIN:
                return _FORMATS.get(one.get("format", ""), one.get("minimum", _PLAIN[one["type"]]))
            if one.get("type") == "array":
                return []
            if "properties" in one or one.get("type") == "object":
                return self._filled(schema, {})
        return None
