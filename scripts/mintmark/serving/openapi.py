"""The server's addresses as OpenAPI 3.1, with the real columns of each model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mintmark.about import __version__
from mintmark.core.signature.column_types import kind_of
from mintmark.serving.identity import LONGEST_ID
from mintmark.serving.tensors import DTYPES

if TYPE_CHECKING:
    from mintmark.serving.limits import Limits
    from mintmark.serving.served_version import ServedVersion
    from mintmark.serving.slots import Slots

_FAULTS = {
    "400": "The rows do not fit; the answer names the column.",
    "404": "Nothing of that name is served.",
    "413": "The body or its number of rows is too large.",
    "415": "The body is compressed.",
    "429": "Too many rows wait; try again after Retry-After.",
    "500": "The model raised an error.",
    "503": "No version is ready.",
    "504": "The answer took too long.",
}


def describe_api(slots: Slots, limits: Limits, *, needs_token: bool) -> dict[str, Any]:
    """Return the OpenAPI document of what is served now."""
    paths: dict[str, Any] = {
        "/live": _shown("Whether the server runs", "live"),
        "/ready": _shown("Whether every model has a version that answers", "ready", {"503": "Not ready."}),
        "/status": _shown("What is served, since when and from which commit", "status"),
        "/models": _shown("The models that are served", "models"),
    }
    schemas: dict[str, Any] = {"Fault": _FAULT}
    for slot in slots:
        version = slot.current
        if version is None:
            continue
        key = slot.name.replace("@", "-at-")
        schemas |= {f"{key}-row": _row(version), f"{key}-answer": _answer(version)}
        paths[f"/models/{slot.name}"] = _shown(f"What {slot.name} takes and gives", f"describe-{key}")
        paths[f"/models/{slot.name}/predict"] = {"post": _predict(key, version, limits)}
        paths[f"/v2/models/{slot.name}/infer"] = {"post": _infer(key, version)}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Models served by Mintmark", "version": __version__},
        "paths": paths,
        "components": {"schemas": schemas},
    }
    if needs_token:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
        for operation in (operation for path in paths.values() for operation in path.values()):
            operation["responses"]["401"] = _fault("No token, or a wrong one.")
    return document


_TIME = "2026-06-01T09:30:00"
_WITHOUT_ZONE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?$"
_FAULT: dict[str, Any] = {
    "type": "object",
    "required": ["error", "id"],
    "properties": {"error": {"type": "string"}, "id": {"type": "string"}},
}


def _shown(summary: str, operation: str, faults: dict[str, str] | None = None) -> dict[str, Any]:
    answers: dict[str, Any] = {"200": {"description": "OK", "content": {"application/json": {"schema": {}}}}}
    for code, words in (faults or {}).items():
        answers[code] = {"description": words, "content": {"application/json": {"schema": {}}}}
    return {"get": {"summary": summary, "operationId": operation, "responses": answers}}


def _predict(key: str, version: ServedVersion, limits: Limits) -> dict[str, Any]:
    rows = {"type": "array", "maxItems": limits.rows, "items": {"$ref": f"#/components/schemas/{key}-row"}}
    body = {"type": "object", "required": ["rows"], "properties": {"rows": rows}, "additionalProperties": False}
    example = {"rows": [_example(version)]}
    answer = {"application/json": {"schema": {"$ref": f"#/components/schemas/{key}-answer"}}}
    return {
        "summary": f"Predict rows with {version.model}",
        "operationId": f"predict-{key}",
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": body, "example": example},
                "text/csv": {"schema": {"type": "string"}},
            },
        },
        "responses": {"200": {"description": "OK", "content": answer}, **_faults()},
    }


def _infer(key: str, version: ServedVersion) -> dict[str, Any]:
    tensor = {
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
        "properties": {
            "name": {"type": "string"},
            "shape": {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 0}},
            "datatype": {"enum": list(DTYPES)},
            "data": {"type": "array"},
            "parameters": {"type": "object"},
        },
        "additionalProperties": False,
    }
    body = {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": ["string", "null"], "maxLength": LONGEST_ID},
            "model_name": {"type": ["string", "null"]},
            "model_version": {"enum": [version.version, "", None]},
            "parameters": {"type": ["object", "null"]},
            "inputs": {"type": "array", "minItems": 1, "items": tensor},
            "outputs": {"type": ["array", "null"], "items": {"type": "object", "required": ["name"]}},
        },
        "additionalProperties": False,
    }
    return {
        "summary": f"Predict rows with {version.model}, in the Open Inference Protocol",
        "operationId": f"infer-{key}",
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {"description": "OK", "content": {"application/json": {"schema": {"type": "object"}}}},
            **_faults(),
        },
    }


def _faults() -> dict[str, Any]:
    return {code: _fault(words) for code, words in _FAULTS.items()}


def _fault(words: str) -> dict[str, Any]:
    return {
        "description": words,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Fault"}}},
    }


def _row(version: ServedVersion) -> dict[str, Any]:
    inputs = version.signature.inputs
    properties = {name: _column(wanted) for name, wanted in inputs.items()}
    return {"type": "object", "required": list(inputs), "properties": properties}


def _column(wanted: str) -> dict[str, Any]:
    described: dict[str, Any] = {"type": [_json_type(wanted), "null"]}
    if kind_of(wanted) == "times":
        described |= {"format": "date-time"} if "," in wanted else {"pattern": _WITHOUT_ZONE}
    if described["type"][0] == "integer":
        limits = np.iinfo(wanted.lower())
        described |= {"minimum": limits.min, "maximum": limits.max}
    return described


def _json_type(wanted: str) -> str:
    kind = kind_of(wanted)
    if kind == "booleans":
        return "boolean"
    if kind == "numbers":
        return "integer" if "int" in wanted.lower() else "number"
    return "string"


def _example(version: ServedVersion) -> dict[str, Any]:
    return {name: _example_value(wanted) for name, wanted in version.signature.inputs.items()}


def _example_value(wanted: str) -> Any:
    if kind_of(wanted) == "times":
        return f"{_TIME}Z" if "," in wanted else _TIME
    return {"boolean": True, "integer": 1, "number": 1.0, "string": "text"}[_json_type(wanted)]


def _answer(version: ServedVersion) -> dict[str, Any]:
    prediction: dict[str, Any] = {"enum": version.classes} if version.classes else {"type": ["number", "null"]}
    row: dict[str, Any] = {"type": "object", "required": ["prediction"], "properties": {"prediction": prediction}}
    if "probabilities" in version.signature.outputs:
        shares = {name: {"type": "number", "minimum": 0, "maximum": 1} for name in version.class_names}
        row["properties"]["probabilities"] = {"type": "object", "required": version.class_names, "properties": shares}
    names = ("model", "version", "commit", "id")
    return {
        "type": "object",
        "required": [*names, "predictions"],
        "properties": {**{name: {"type": "string"} for name in names}, "predictions": {"type": "array", "items": row}},
    }
