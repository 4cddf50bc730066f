"""Load an artifact: read it once, check digest and safety on those very bytes, then build the model."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mintmark.artifacts.formats import (
    ARTIFACT_FORMATS,
    MAX_ARTIFACT_SIZE,
    ArtifactFormat,
    check_content,
    detect_format,
)
from mintmark.core.finding import Finding
from mintmark.errors import InvalidRegistryError, MintmarkError


def load_artifact(
    path: Path,
    artifact_format: ArtifactFormat | str,
    *,
    trusted: Sequence[str] = (),
    sha256: str | None = None,
    name: str | None = None,
) -> Any:
    """The model in a file: an estimator (skops), an `OnnxModel`, or a dictionary of arrays (safetensors).

    `sha256` is compared with the bytes that are loaded, which are read once. `name` is what findings call the file
    (default: its path). Raises MintmarkError where
    they differ or the format cannot be loaded, InvalidRegistryError with every finding where a check fails.
    """
    if artifact_format not in ARTIFACT_FORMATS:
        raise MintmarkError(f"{path}: {artifact_format!r} is not one of {', '.join(ARTIFACT_FORMATS)}")
    if artifact_format == "data":
        raise MintmarkError(f"{path}: holds data and no model; read it with pandas or pyarrow")
    data = _read(path)
    if sha256 is not None and (actual := hashlib.sha256(data).hexdigest()) != sha256:
        raise MintmarkError(
            f"{path}: its sha256 is {actual}, the record says {sha256}; fetch it again with: mintmark pull"
        )
    found = detect_format(data, name=name or str(path))
    if isinstance(found, Finding):
        raise InvalidRegistryError([found])
    if found != artifact_format:
        raise MintmarkError(f"{path}: is {found}, not {artifact_format}; fetch the file that the record describes")
    return _build(data, found, name or str(path), trusted)


def _read(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size  # to ask for the most at once would allocate it, limits or not
            data = file.read(min(size, MAX_ARTIFACT_SIZE) + 1)
    except OSError as error:
        raise MintmarkError(f"{path}: cannot be read ({error.strerror}); fetch it with: mintmark pull") from error
    if len(data) > MAX_ARTIFACT_SIZE:
        raise MintmarkError(f"{path}: is larger than {MAX_ARTIFACT_SIZE:,} bytes; load it with its own library")
    return data


def _build(data: bytes, artifact_format: ArtifactFormat, name: str, trusted: Sequence[str]) -> Any:
    if artifact_format == "skops":
        from mintmark.artifacts.skops.format import load_trusted

        return load_trusted(data, trusted=trusted, name=name)
    if findings := check_content(data, artifact_format, name=name, trusted=trusted):
        raise InvalidRegistryError(findings)
    if artifact_format == "onnx":
        from mintmark.artifacts.onnx_format import OnnxModel

        return OnnxModel(data, path=name)
    from mintmark.artifacts.safetensors_format import read_safetensors

    return read_safetensors(data, path=name)
