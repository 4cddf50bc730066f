"""The README of a bundle: how to check it, install what it needs, and load it. Reads nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from mintmark.publishing.card.blocks import block, code, literal, prose
from mintmark.publishing.markdown import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mintmark.core.model import Model
    from mintmark.core.records import VersionRecord
    from mintmark.publishing.release.requirements import Requirements, Source

ABOUT: Final[Mapping[str, str]] = {
    "CARD.md": "the model card: purpose, limits, metrics, inputs and outputs",
    "version.yaml": "the record of the version, as it was registered",
    "metrics.json": "every metric with its interval, on all rows and by slice",
    "requirements.txt": "the packages that load it, pinned with hashes",
    "sbom.cdx.json": "the bill of materials, CycloneDX 1.6",
    "SHA256SUMS": "the sha256 of every other file",
}
_INSTALL: Final[Mapping[Source, str]] = {
    "cut": "pip install --require-hashes -r requirements.txt",
    "whole": "pip install --require-hashes -r requirements.txt",
    "record": "pip install -r requirements.txt",
}
_READ: Final = """{imports}

data = Path("{name}").read_bytes()
if hashlib.sha256(data).hexdigest() != "{sha256}":
    raise SystemExit("{name} is not the file that was registered")
{load}"""
_IMPORTS: Final = "import hashlib\nfrom pathlib import Path"
_ROWS: Final = "# `model.predict(rows)` takes a pandas DataFrame with the inputs that CARD.md lists, in that order."


def format_readme(model: Model, record: VersionRecord, requirements: Requirements, types: Iterable[str]) -> str:
    """Return the README. `types` are all that a skops file holds: skops is to load no other."""
    python = ".".join(record.environment.python.split(".")[:2])
    files = {record.artifact.name: f"the model, {record.format}", **ABOUT}
    blocks = [
        f"# {record.model} {record.version}",
        prose(model.purpose),
        table(("file", "what it is"), [(code(name), literal(about)) for name, about in files.items()]),
        "## Check it",
        block("sha256sum -c SHA256SUMS", "sh"),
        "## Load it",
        f"It was made with Python {literal(python)}. Use the same.",
        block(_INSTALL[requirements.source], "sh"),
        block(loading_code(record, types), "python"),
        "In a clone of the registry, Mintmark checks the file again before it loads it:",
        block(f'import mintmark\n\nmodel = mintmark.load("{record.reference}")', "python"),
    ]
    return "\n\n".join([*blocks, ""])


def loading_code(record: VersionRecord, types: Iterable[str]) -> str:
    """Return the lines that load the artifact where they stand in its folder, with nothing of Mintmark installed."""
    match record.format:
        case "skops":
            listed = "".join(f"    {json.dumps(name)},\n" for name in sorted(types))
            imports = f"{_IMPORTS}\n\nfrom skops.io import loads"
            load = f"trusted = [\n{listed}]\nmodel = loads(data, trusted=trusted)\n{_ROWS}"
        case "onnx":
            imports = f"{_IMPORTS}\n\nimport onnxruntime"
            load = 'model = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])'
        case "safetensors":
            imports = f"{_IMPORTS}\n\nfrom safetensors.numpy import load"
            load = "arrays = load(data)"
        case _:
            imports, load = _IMPORTS, "# `data` holds what was registered: plain data, which needs no model."
    return _READ.format(imports=imports, name=record.artifact.name, sha256=record.artifact.sha256, load=load)
