"""What the MLmodel file of a version says: its flavours, its signature, and which file is the model. Reads no files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mintmark.beginning.importing.found import ImportRefused, Made, plain_path, text
from mintmark.registry.yaml.faults import YamlFault
from mintmark.registry.yaml.text import parse_yaml

MLMODEL: Final = "MLmodel"
_MOST_TEXT: Final = 1 << 20  # bytes of MLmodel and of a list of requirements
_MOST_EXAMPLE: Final = 20 << 20
_HOW_TO: Final = "docs/how-to/bring-a-model.md shows how to export it to ONNX where it was trained"
_REMEDIES: Final = {  # of flavours that Mintmark has no format for
    "xgboost": _HOW_TO,
    "lightgbm": _HOW_TO,
    "catboost": _HOW_TO,
    "pytorch": _HOW_TO,
    "keras": _HOW_TO,
    "tensorflow": _HOW_TO,
    "statsmodels": "nothing converts it; train it again as an estimator of scikit-learn",
    "spark": "nothing converts it; train it again as an estimator of scikit-learn",
    "transformers": "language models are none of Mintmark's tasks",
    "langchain": "language models are none of Mintmark's tasks",
}
_CODE: Final = "it is code of its own, which no format here can hold; register the model in it instead"
_TYPES: Final = {
    "long": "int64", "integer": "int32", "double": "float64", "float": "float32", "boolean": "bool", "string": "str",
    "datetime": "datetime64[us]",
}  # fmt: skip
_FORMS: Final = {"skops": "skops", "pkl": "pickle", "pickle": "pickle", "joblib": "pickle"}
_PIN: Final = re.compile(r"([A-Za-z0-9][\w.-]{0,80})(?:\[[^\]]*\])?==([\w.+!-]{1,60})")


@dataclass(frozen=True, kw_only=True, slots=True)
class MlmodelFile:
    """What an MLmodel file says; `example` is the path of the rows that the model was logged with."""

    path: str
    form: str
    signature: Mapping[str, Any] | None
    example: str | None
    python: str
    packages: Mapping[str, str]

    def made(self, content: bytes, requirements: bytes | None, example: bytes | None) -> Made:
        """Return how the version was saved, with what else could be read of it."""
        pins = {**self.packages, **_pins(requirements or b"")}
        return Made(path=self.path, form=self.form, signature=self.signature, example=example, python=self.python,
                    requirements=requirements or content, packages=pins)  # fmt: skip


def read_made(file: Callable[[str, int], bytes | None]) -> tuple[Made | None, str]:
    """Return how a model was saved, or why it cannot come; `file` reads a file of its folder, up to a size."""
    try:
        content = file(MLMODEL, _MOST_TEXT)
        if content is None:
            return None, "its files are not there any more; bring them back, or leave it out with --only"
        described = read_mlmodel(content)
        requirements = file("requirements.txt", _MOST_TEXT)
        example = file(described.example, _MOST_EXAMPLE) if described.example else None
    except ImportRefused as refused:
        return None, str(refused)
    return described.made(content, requirements, example), ""


def read_mlmodel(content: bytes) -> MlmodelFile:
    """Take an MLmodel file; raise `ImportRefused` that says what to do where its model cannot come."""
    try:
        data = parse_yaml(content, number_keys=True)
    except YamlFault as fault:
        raise ImportRefused(f"{MLMODEL}:{fault.line}: {fault.message}") from None
    flavours = data.get("flavors") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(flavours, dict):
        raise ImportRefused(f"{MLMODEL}: names no flavours; log the model again")
    own = {str(name): entry for name, entry in flavours.items() if isinstance(entry, dict)}
    path, form, packages = _model_file(own)
    general = own.get("python_function", {})
    example = data.get("saved_input_example_info")
    return MlmodelFile(
        path=path,
        form=form,
        signature=_signature(data.get("signature")),
        example=plain_path(example.get("artifact_path")) if isinstance(example, dict) else None,
        python=text(general.get("python_version") or "")[:60],
        packages=packages,
    )


def _model_file(flavours: Mapping[str, Mapping[str, Any]]) -> tuple[str, str, dict[str, str]]:
    """Return which file is the model, in which form, and the versions that its flavour names."""
    if "onnx" in flavours:
        if flavours["onnx"].get("external_data") or flavours["onnx"].get("onnx_external_data"):
            raise ImportRefused("its ONNX model keeps numbers in further files; save it with external_data=False")
        return _path(flavours["onnx"].get("data"), "onnx"), "onnx", {}
    if "sklearn" not in flavours:
        names = sorted(name for name in flavours if name != "python_function")
        known = next((name for name in names if name in _REMEDIES), None)
        remedy = _REMEDIES[known] if known else "bring it as ONNX" if names else _CODE
        shown = text(", ".join(names) or "python_function")[:100]
        raise ImportRefused(f"the flavour {shown} has no form here: {remedy}")
    flavour = flavours["sklearn"]
    path = _path(flavour.get("pickled_model") or flavour.get("data"), "sklearn")
    form = _FORMS.get(path.rpartition(".")[2], "")
    if flavour.get("serialization_format") in ("pickle", "cloudpickle"):
        form = "pickle"
    if not form:
        raise ImportRefused(f"{path}: is neither a pickle nor skops; log the model again")
    version = flavour.get("sklearn_version")
    return path, form, {"scikit-learn": text(version)[:60]} if version else {}


def _path(value: object, flavour: str) -> str:
    found = plain_path(value)
    if found is None:
        raise ImportRefused(f"the flavour {flavour} in {MLMODEL} names no file below it; log the model again")
    return found


def _signature(told: object) -> dict[str, Any] | None:
    """Return the signature of a record, None where MLflow has none whose columns have names and types."""
    if not isinstance(told, dict):
        return None
    inputs, outputs = (_columns(told.get(side)) for side in ("inputs", "outputs"))
    known = [entry for entry in inputs if isinstance(entry.get("name"), str) and entry["name"].isprintable()]
    named = {str(entry["name"]): _TYPES.get(str(entry.get("type"))) for entry in known}
    if not named or len(named) != len(inputs) or None in named.values():
        return None
    answers = {}
    for number, entry in enumerate(outputs):
        kind = _output(entry)
        if kind is not None:
            answers[str(entry.get("name") or (f"output-{number}" if number else "prediction"))] = kind
    return {"inputs": named, "outputs": answers} if answers else None


def _columns(told: object) -> list[dict[str, Any]]:
    try:
        columns = json.loads(told) if isinstance(told, str) else None
    except (ValueError, RecursionError):
        return []
    return [entry for entry in columns if isinstance(entry, dict)] if isinstance(columns, list) else []


def _output(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    tensor = entry.get("tensor-spec")
    if isinstance(tensor, dict):
        lengths = tensor.get("shape")
        if not isinstance(lengths, list) or not all(type(length) is int for length in lengths):
            return None
        kind = {"object": "str"}.get(str(tensor.get("dtype")), str(tensor.get("dtype")))
        return {"type": text(kind)[:40], "shape": [None if length < 0 else length for length in lengths]}
    known = _TYPES.get(str(entry.get("type")))
    return {"type": known, "shape": [None]} if known else None


def _pins(requirements: bytes) -> dict[str, str]:
    """Return the packages that a list of requirements pins."""
    found = {}
    for line in requirements.decode("utf-8", "replace").splitlines()[:500]:
        match = _PIN.fullmatch(line.partition(";")[0].strip())
        if match:
            found[match[1].lower().replace("_", "-")] = match[2]
    return found
