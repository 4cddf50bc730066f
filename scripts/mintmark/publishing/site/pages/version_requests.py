"""The requests that ask a version on a server, from its signature, as curl and as Python. Pure.

Two protocols: rows by name (`POST /models/NAME/predict`), and the Open Inference Protocol v2 with a tensor a column.
"""

from __future__ import annotations

import json
import math
import shlex
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mintmark.publishing.site.pages.templating import address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Document = Mapping[str, Any]

EXAMPLE_SERVER: Final = "http://localhost:8080"
_DATATYPES: Final = {
    "bool": "BOOL", "boolean": "BOOL", "float16": "FP16", "float32": "FP32", "float64": "FP64", "double": "FP64",
    **{f"{sign}int{bits}": f"{sign.upper()}INT{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}  # fmt: skip
_MOST_PRESETS: Final = 30


class Preset(NamedTuple):
    """One row to ask about: where it comes from, and what of it is not typical."""

    name: str
    values: dict[str, Any]


class Request(NamedTuple):
    """One request as a text to copy."""

    key: str
    label: str
    text: str


def datatype(kind: str) -> str:
    """Return the datatype of the Open Inference Protocol for a type of a signature: BYTES for all but numbers."""
    return _DATATYPES.get(kind.lower(), "BYTES")


def typical_row(version: Document) -> dict[str, Any]:
    """Return a value for each input: its median or most frequent category; a plain one where neither is known."""
    typical = version["typical"] or {}
    return {name: _typical(kind, typical.get(name)) for name, kind in version["record"]["signature"]["inputs"].items()}


def _typical(kind: str, found: Document | None) -> Any:
    wanted = datatype(kind)
    if found is not None and "median" in found:
        median = found["median"]
        return round(median) if "INT" in wanted else median
    if found is not None and found["categories"]:
        first = found["categories"][0]
        return first == "True" if wanted == "BOOL" else first
    return {"BYTES": "", "BOOL": False}.get(wanted, 0 if "INT" in wanted else 0.0)


def presets(model: Document, version: Document) -> list[Preset]:
    """Return the rows of the behaviour tests of model.yaml that are about inputs of this version."""
    inputs, typical = version["record"]["signature"]["inputs"], typical_row(version)
    found = [preset for test in model.get("behaviour", ()) for preset in _presets(test, typical)]
    fit = [preset for preset in found if preset.values.keys() <= inputs.keys()]
    return [Preset(name, {key: _plain(value) for key, value in values.items()}) for name, values in fit[:_MOST_PRESETS]]


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it: what is no finite number is missing."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _presets(test: Document, typical: Mapping[str, Any]) -> Iterator[Preset]:
    if test["kind"] == "minimum-functionality":
        for number, case in enumerate(test["cases"], start=1):
            yield Preset(f"{test['name']} {number}" if len(test["cases"]) > 1 else test["name"], dict(case["row"]))
    elif test["kind"] == "malformed":
        if "nan" in test["inputs"] and typical:
            yield Preset(f"{test['name']}: a missing value", {next(iter(typical)): None})
    else:
        change = test["change"]
        before = typical.get(change["column"])
        if "set" in change:
            yield Preset(test["name"], {change["column"]: change["set"]})
        elif isinstance(before, (int, float)) and not isinstance(before, bool) and "noise" not in change:
            after = before + change["add"] if "add" in change else before * change["multiply"]
            yield Preset(test["name"], {change["column"]: round(after, 10)})


def server_address(config: Document) -> str:
    """Return the address of the server in registry.yaml without a slash at its end, empty where there is none."""
    return address(config["server"]).rstrip("/")


def requests(config: Document, version: Document, row: Mapping[str, Any]) -> list[Request]:
    """Return the requests for one row, as curl and as Python."""
    server = server_address(config) or EXAMPLE_SERVER
    name = version["model"]
    bodies = (
        ("rows", "Rows by name", f"{server}/models/{name}/predict", {"rows": [dict(row)]}),
        ("v2", "Open Inference Protocol v2", f"{server}/v2/models/{name}/infer", tensors(version, [row])),
    )
    return [request for key, label, url, body in bodies for request in _texts(key, label, url, body)]


def tensors(version: Document, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a request of the Open Inference Protocol v2 with a tensor for each input."""
    inputs = version["record"]["signature"]["inputs"]
    return {
        "inputs": [
            {"name": name, "shape": [len(rows)], "datatype": datatype(kind), "data": [row[name] for row in rows]}
            for name, kind in inputs.items()
        ]
    }


def _texts(key: str, label: str, url: str, body: Document) -> Iterator[Request]:
    text = json.dumps(body, allow_nan=False)
    curl = f"curl -sS {shlex.quote(url)} -H 'Content-Type: application/json' -d {shlex.quote(text)}"
    yield Request(f"{key}-curl", f"{label}, curl", curl)
    lines = (
        "import json, urllib.request",
        "",
        f"body = json.dumps({_body(text)}).encode()",
        'kind = {"Content-Type": "application/json"}',
        f"request = urllib.request.Request({_python(url)}, body, kind)",
        "print(json.load(urllib.request.urlopen(request)))",
    )
    yield Request(f"{key}-python", f"{label}, Python", "\n".join(lines))


@lru_cache(maxsize=64)
def _body(text: str) -> str:
    """Return JSON as Python writes it; versions of a model often have one typical row."""
    return _python(json.loads(text))


def _python(value: Any) -> str:
    """Return a value of JSON as Python writes it, with texts in ASCII between double quotes."""
    if isinstance(value, str):
        if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
            return f'"{value}"'
        return '"' + "".join(_character(letter) for letter in value) + '"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_python(name)}: {_python(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_python, value)) + "]"
    return repr(value)


def _character(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if " " <= letter <= "~":
        return letter
    return f"\\U{ord(letter):08x}" if ord(letter) > 0xFFFF else f"\\u{ord(letter):04x}"
