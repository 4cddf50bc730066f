"""Tell what an artifact is by its content, and refuse what is not of a known format (R8). Imports no numpy.

The set of formats is closed: what is not recognised as one of them is refused, whatever it is. This is a
rule about formats and not a scan for harm: a pickle is refused because it is a pickle.
"""

from __future__ import annotations

import io
import stat
from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias, get_args

from mintmark.artifacts.refusals import describe_refused
from mintmark.core.finding import Finding

ArtifactFormat: TypeAlias = Literal["skops", "onnx", "safetensors", "data"]
ARTIFACT_FORMATS: tuple[ArtifactFormat, ...] = get_args(ArtifactFormat)
MAX_ARTIFACT_SIZE = 2 << 30
_WHAT_TO_DO = "store skops, ONNX, safetensors or plain data (Parquet, CSV, JSON, numeric .npy)"
_CONVERT = "mintmark convert makes skops or ONNX of a pickled estimator"
_EXPORT = "export the model as ONNX: docs/how-to/bring-a-model.md shows how"


def detect_format(source: Path | bytes, *, name: str | None = None) -> ArtifactFormat | Finding:
    """The format of a file or of bytes, by its content alone; a finding where it is none of the known.

    `name` is what findings call it (default: the path). Reads a few blocks, and a text file to its end; a
    file that passes may still be broken, see `check_artifact`.
    """
    name = _named(source, name)
    opened = _open(source, name)
    if isinstance(opened, Finding):
        return opened
    with closing(opened) as file:
        return _detect(file, name)


def check_artifact(
    source: Path | bytes,
    *,
    name: str | None = None,
    declared_format: str | None = None,
    trusted: Collection[str] = (),
) -> list[Finding]:
    """Every fault that can be told without loading an artifact; none where it may be stored and loaded.

    The content decides what it is; `declared_format` (of its record) must agree. `trusted` holds the full
    names of further types that a skops file may hold. Time and memory are bounded by the size of the file.
    """
    name = _named(source, name)
    opened = _open(source, name)
    if isinstance(opened, Finding):
        return [opened]
    with closing(opened) as file:
        found = _detect(file, name)
        if isinstance(found, Finding):
            return [found]
        if declared_format is not None and declared_format != found:
            message = f"is {found}, but its record says {declared_format}; store the file that it describes"
            return [Finding(path=name, message=message, rule="R8")]
        if (size := _size(file)) > MAX_ARTIFACT_SIZE:
            message = f"is {size:,} bytes; at most {MAX_ARTIFACT_SIZE:,} can be checked; store a smaller model"
            return [Finding(path=name, message=message, rule="R8")]
        file.seek(0)
        return check_content(file.read(), found, name=name, trusted=trusted)


def canonical_artifact(
    content: bytes, *, name: str, declared_format: str, trusted: Sequence[str]
) -> tuple[bytes, list[Finding]]:
    """Return a model file as the registry stores it, with its faults (see `check_artifact`).

    A skops file comes in the one form of its content: what skops itself writes is never the same twice.
    """
    faults = check_artifact(content, name=name, declared_format=declared_format, trusted=trusted)
    if faults and declared_format == "skops":
        from mintmark.artifacts.skops.format import dump_canonical, load_trusted

        content = dump_canonical(load_trusted(content, trusted=trusted, name=name))
        faults = check_artifact(content, name=name, declared_format=declared_format, trusted=trusted)
    return content, faults


def check_content(
    data: bytes, artifact_format: ArtifactFormat, *, name: str, trusted: Collection[str] = ()
) -> list[Finding]:
    """The checks of one format, on bytes that were recognised as it."""
    if artifact_format == "skops":
        from mintmark.artifacts.skops.safety import inspect_canonical

        return inspect_canonical(data, path=name, trusted=trusted)
    if artifact_format == "onnx":
        from mintmark.artifacts.onnx_format import inspect_onnx

        return inspect_onnx(data, path=name, trusted=trusted)
    if artifact_format == "safetensors":
        from mintmark.artifacts.safetensors_format import inspect_safetensors

        return inspect_safetensors(data, path=name)
    from mintmark.artifacts.data_format import inspect_data

    return inspect_data(data, path=name)


def _named(source: Path | bytes, name: str | None) -> str:
    if name is not None:
        return name
    return "artifact" if isinstance(source, bytes) else str(source)


def _open(source: Path | bytes, name: str) -> BinaryIO | Finding:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        if not stat.S_ISREG(source.stat().st_mode):
            return Finding(path=name, message="is not a file; an artifact is one regular file", rule="R8")
        return open(source, "rb")
    except OSError as error:
        message = f"cannot be read ({error.strerror}); fetch or build it again"
        return Finding(path=name, message=message, rule="R9")


def _size(file: BinaryIO) -> int:
    return file.seek(0, io.SEEK_END)


def _detect(file: BinaryIO, name: str) -> ArtifactFormat | Finding:
    from mintmark.artifacts.data_format import looks_like_data
    from mintmark.artifacts.onnx_wire import looks_like_onnx
    from mintmark.artifacts.safetensors_format import looks_like_safetensors

    size = _size(file)
    file.seek(0)
    head = file.read(512)
    refused = describe_refused(file, head, size)
    if refused is None:
        if head.startswith(b"PK\x03\x04"):
            return "skops"
        if looks_like_safetensors(head, size):
            return "safetensors"
        if looks_like_data(file, head, size):
            return "data"
        if looks_like_onnx(file, size):
            return "onnx"
        refused = "is of no format that the registry knows"
    return Finding(path=name, message=f"{refused}; {_remedy(refused)}", rule="R8")


def _remedy(refused: str) -> str:
    if "PyTorch" in refused or "Keras" in refused:
        return _EXPORT
    return f"{_CONVERT}; otherwise {_WHAT_TO_DO}" if "pickle" in refused else _WHAT_TO_DO
