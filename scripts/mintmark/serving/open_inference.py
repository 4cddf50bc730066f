"""The Open Inference Protocol (v2) over REST: metadata, requests and the binary data extension.

See https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mintmark.about import __version__
from mintmark.core.signature.inputs import InputFault
from mintmark.serving.identity import check_id
from mintmark.serving.requests import parse_json
from mintmark.serving.tensors import bind, describe_inputs, describe_outputs, from_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mintmark.serving.rows import BoundRows
    from mintmark.serving.served_version import ServedVersion

VERSION: Final = __version__
SERVER: Final = {"name": "mintmark", "version": __version__, "extensions": ["binary_tensor_data"]}
LENGTH: Final = b"inference-header-content-length"
_KEYS: Final = {"id", "parameters", "inputs", "outputs"}
_REPEATED: Final = {"model_name", "model_version"}  # KServe's client says again what its address says


@dataclass(frozen=True, slots=True)
class Inference:
    """A request: its rows, and by the name of each wanted output whether it comes as binary data."""

    rows: BoundRows
    outputs: Mapping[str, bool]
    id: str


def describe(version: ServedVersion, name: str) -> dict[str, Any]:
    """Return the metadata of a model, under the name that was asked for."""
    return {
        "name": name,
        "versions": [version.version],
        "platform": f"mintmark_{version.record.format}",
        "inputs": describe_inputs(version.signature),
        "outputs": describe_outputs(version.signature),
    }


def read_inference(body: bytes, length: bytes | None, version: ServedVersion) -> Inference:
    """Return what a body asks for; `length` is that of its JSON where binary data follows. Raises `InputFault`."""
    binary: memoryview | None = None
    if length is not None:
        if not length.isdigit() or int(length) > len(body):
            raise InputFault(["Inference-Header-Content-Length is no length within the body"])
        binary = memoryview(body)[int(length) :]
        body = body[: int(length)]
    asked = parse_json(body)
    if not isinstance(asked, dict) or not isinstance(asked.get("inputs"), list):
        raise InputFault(['the body has no "inputs"; they are a list of tensors'])
    if not asked.keys() <= _KEYS and not _repeats(asked, version):
        unknown = sorted(asked.keys() - _KEYS - _REPEATED) or ["model_name"]
        raise InputFault([f"{json.dumps(unknown[0])[:100]} is not known; there are {', '.join(sorted(_KEYS))}"])
    tensors = []
    for entry in asked["inputs"]:
        tensor, taken = from_json(entry, binary)
        binary = binary[taken:] if binary is not None else None
        tensors.append(tensor)
    if binary is not None and len(binary):
        raise InputFault([f"{len(binary):,} bytes of binary data are left, which no input names"])
    identity = asked.get("id")
    identity = "" if identity is None else identity
    if not isinstance(identity, str):
        raise InputFault(["id is no text"])
    return Inference(bind(tensors, version.binding), wanted_outputs(asked, version), check_id(identity))


def _repeats(asked: Mapping[str, Any], version: ServedVersion) -> bool:
    """Whether further keys say again who is asked; raises `InputFault` where they name another version.

    A name is not held against the address: what is in between may have served the model under another one.
    """
    number = asked.get("model_version")
    if not asked.keys() <= _KEYS | _REPEATED or not isinstance(asked.get("model_name"), (str, type(None))):
        return False
    if number not in (None, "", version.version):
        raise InputFault([f"model_version is {json.dumps(number)[:100]}, and {version.reference} answers"])
    return True


def wanted_outputs(asked: Mapping[str, Any], version: ServedVersion) -> dict[str, bool]:
    """Return the outputs that are wanted, all where none is named, and of each whether as binary data."""
    if not asked.get("outputs") and not asked.get("parameters"):
        return version.all_outputs
    parameters = asked.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise InputFault(["parameters is no object"])
    by_default = parameters.get("binary_data_output") is True
    entries = asked.get("outputs") or [{"name": name} for name in version.signature.outputs]
    if not isinstance(entries, list):
        raise InputFault(["outputs is no list"])
    names = check_outputs([entry.get("name") if isinstance(entry, dict) else None for entry in entries], version)
    wanted = {}
    for name, entry in zip(names, entries, strict=True):
        own = entry.get("parameters") or {}
        wanted[name] = bool(own.get("binary_data", by_default)) if isinstance(own, dict) else by_default
    return wanted


def check_outputs(names: Sequence[Any], version: ServedVersion) -> Sequence[str]:
    """Return the outputs that are wanted, all where none is named; raise `InputFault` for one that there is not."""
    for place, name in enumerate(names):
        if not isinstance(name, str) or name not in version.signature.outputs:
            known = ", ".join(version.signature.outputs)
            raise InputFault([f"there is no output {json.dumps(name)[:100]}; there are {known}"])
        if name in names[:place]:
            raise InputFault([f"the output {json.dumps(name)} is wanted twice"])
    return names or list(version.signature.outputs)
