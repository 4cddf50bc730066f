"""A version as the zip that SAS Model Manager imports. Brings no score code, for SAS's would be a pickle's.

Its files: https://github.com/sassoftware/python-sasctl, `pzmm.JSONFiles`.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.events import person_name
from mintmark.core.signature.column_types import kind_of
from mintmark.errors import MintmarkError
from mintmark.publishing.exchange.exported import Files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mintmark.core.question import Label
    from mintmark.publishing.exchange.exported import ExportedVersion

_FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can tell
_LONGEST_TEXT: Final = 1024  # of a description
_LONGEST_VALUE: Final = 512  # of a property
_STRING: Final = 256  # a signature says of no text how long it may be


def sas_files(version: ExportedVersion) -> Files:
    """Return the zip, in which the artifact has the role of a score resource.

    Raises `MintmarkError` where nobody says which columns go in, or which classes come out.
    """
    record = version.record
    _require_signature(version)
    roles = [
        {"role": "inputVariables", "name": "inputVar.json"},
        {"role": "outputVariables", "name": "outputVar.json"},
        {"role": "scoreResource", "name": record.artifact.name},
        {"role": "documentation", "name": "CARD.md"},
    ]
    parts = {
        "ModelProperties.json": _json(_properties(version)),
        "inputVar.json": _json([_variable(name, kind) for name, kind in record.signature.inputs.items()]),
        "outputVar.json": _json(list(_outputs(version))),
        "fileMetadata.json": _json(roles),
        "CARD.md": version.card.encode(),
        record.artifact.name: version.artifact.read_bytes(),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _FIRST_DAY), content)
    return Files(texts={f"{record.model}-{record.version}.zip": packed.getvalue()})


def _require_signature(version: ExportedVersion) -> None:
    signature, task = version.record.signature, version.model.document["task"]
    lacking = "" if signature.inputs else "which columns it takes"
    if not signature.classes and task != "regression":
        lacking = lacking or "which classes it tells apart"
    if lacking:
        message = f"{version.record.reference}: nobody says {lacking}, and Model Manager asks for that"
        raise MintmarkError(f"{message}; mintmark import or mintmark register with --data makes a version that says it")


def _properties(version: ExportedVersion) -> dict[str, Any]:
    record, model = version.record, version.model
    classes = record.signature.classes
    positive = model.document.get("positive_class")
    event = str(positive if positive is not None else classes[-1]) if len(classes) == 2 else ""
    own = {"mintmark_reference": record.reference, "mintmark_sha256": record.artifact.sha256}
    return {
        "name": f"{record.model}-{record.version}",
        "description": model.purpose[:_LONGEST_TEXT],
        "scoreCodeType": "python",
        "trainTable": next((each.path for each in record.data if each.role == "training"), ""),
        "trainCodeType": "Python",
        "algorithm": _algorithm(record.parameters),
        "function": "classification" if classes else "prediction",
        "targetVariable": str(model.document.get("target", "")),
        "targetEvent": event,
        "targetLevel": {0: "Interval", 2: "Binary"}.get(len(classes), "Nominal"),
        "eventProbVar": f"P_{event}" if event else "",
        "modeler": person_name(record.author),
        "tool": "Python 3",
        "toolVersion": record.environment.python,
        "properties": [
            {"name": name, "value": value[:_LONGEST_VALUE], "type": "string"}
            for name, value in {**own, **_nominal(classes)}.items()
        ],
    }


def _nominal(classes: tuple[Label, ...]) -> Mapping[str, str]:
    if len(classes) < 3:
        return {}
    names = [str(each) for each in classes]
    probabilities = ", ".join(f"P_{name}" for name in names)
    return {"multiclass_target_events": ", ".join(names), "multiclass_proba_variables": probabilities}


def _algorithm(parameters: Mapping[str, Any]) -> str:
    estimator = parameters.get("estimator", "")
    named = estimator.get("class", "") if isinstance(estimator, dict) else estimator
    return str(named).rpartition(".")[2]


def _variable(name: str, kind: str) -> dict[str, Any]:
    if kind_of(kind) in ("numbers", "booleans"):
        return {"name": name, "level": "interval", "type": "decimal", "length": 8}
    return {"name": name, "level": "nominal", "type": "string", "length": _STRING}


def _outputs(version: ExportedVersion) -> Iterator[dict[str, Any]]:
    signature = version.record.signature
    if not signature.classes:
        yield _variable("EM_PREDICTION", "float64")
        return
    yield _variable("EM_CLASSIFICATION", "str")
    for name in signature.classes:
        yield _variable(f"P_{name}", "float64")


def _json(data: Any) -> bytes:
    return json.dumps(data, indent=4, ensure_ascii=False).encode()
