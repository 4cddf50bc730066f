"""Whether a file is what the suffix of its name says (R8). The list of suffixes is closed; loads nothing."""

from __future__ import annotations

import io
import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from mintmark.artifacts.data_format import is_text
from mintmark.artifacts.formats import check_artifact
from mintmark.artifacts.parquet_footer import InvalidParquetError, parquet_columns
from mintmark.artifacts.refusals import describe_refused
from mintmark.core.finding import Finding, one_line, shorten

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from mintmark.artifacts.formats import ArtifactFormat

ARTIFACT_SUFFIXES: Final[dict[str, ArtifactFormat]] = {
    ".skops": "skops",
    ".onnx": "onnx",
    ".safetensors": "safetensors",
}
_ARRAYS: Final = {".npy": b"\x93NUMPY", ".arrow": b"ARROW1", ".feather": b"ARROW1"}
_TEXTS: Final = (".csv", ".tsv", ".txt", ".md", ".yaml", ".yml")
_MAX_JSON = 16 << 20
_MOST_BRACKETS = 200_000
_MOST_ITEMS = 2_000_000
_LONGEST = 80


class MisnamedError(ValueError):
    """A file is not what its name says; the message goes on after the name."""


def check_named(data: bytes, name: str, *, path: str, trusted: Collection[str] = ()) -> list[Finding]:
    """Return what is wrong with a file that goes by `name`; findings are told of `path`."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in ARTIFACT_SUFFIXES:
        return check_artifact(data, name=path, declared_format=ARTIFACT_SUFFIXES[suffix], trusted=trusted)
    if suffix in _ARRAYS and data.startswith(_ARRAYS[suffix]):
        return check_artifact(data, name=path, declared_format="data")
    try:
        _check_suffix(data, suffix)
    except MisnamedError as error:
        return [Finding(path=path, message=f"{_called(name)} {error}", rule="R8")]
    return []


def check_artifact_file(
    source: Path, name: str, artifact_format: str, *, path: str, trusted: Collection[str] = ()
) -> list[Finding]:
    """Return what is wrong with the artifact of a record, which says its name and its format."""
    faults = check_artifact(source, name=path, declared_format=artifact_format, trusted=trusted)
    if faults or artifact_format == "data":
        return faults or check_named(source.read_bytes(), name, path=path)
    if ARTIFACT_SUFFIXES.get(PurePosixPath(name).suffix.lower()) == artifact_format:
        return []
    suffix = next(suffix for suffix, known in ARTIFACT_SUFFIXES.items() if known == artifact_format)
    message = f"{_called(name)} is {artifact_format}, and the name of such a file ends in {suffix}"
    return [Finding(path=path, message=message, rule="R8")]


def _called(name: str) -> str:
    return one_line(shorten(PurePosixPath(name).name, _LONGEST))


def _check_suffix(data: bytes, suffix: str) -> None:
    if suffix == ".json":
        parse_bounded_json(data)
    elif suffix == ".parquet":
        table_columns(data)
    elif suffix in _TEXTS:
        _check_text(data)
    elif suffix in _ARRAYS:
        raise MisnamedError(f"holds no {suffix[1:]} data; write it again")
    else:
        known = " ".join([*ARTIFACT_SUFFIXES, ".parquet", ".json", *_ARRAYS, *_TEXTS])
        raise MisnamedError(f"is of a kind that the registry does not store; it stores {known}")


def parse_bounded_json(data: bytes) -> Any:
    """Return the value in a JSON text; raise `MisnamedError` for one that is broken, ambiguous or without measure."""
    if len(data) > _MAX_JSON or data.count(b"{") + data.count(b"[") > _MOST_BRACKETS or data.count(b",") > _MOST_ITEMS:
        raise MisnamedError("is JSON with more in it than a record of figures needs")
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise MisnamedError(f"is not JSON ({shorten(one_line(str(error)), 100)}); write it again") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def table_columns(data: bytes) -> list[str]:
    """Return the names of the columns of a Parquet table; raise `MisnamedError` where it is none."""
    try:
        names = parquet_columns(data)
    except InvalidParquetError as error:
        raise MisnamedError(f"is no Parquet table ({error}); write it again") from None
    if len(set(names)) != len(names):
        raise MisnamedError("has a column twice")
    return names


def _check_text(data: bytes) -> None:
    refused = describe_refused(io.BytesIO(data), data[:512], len(data))
    if refused is not None:
        raise MisnamedError(refused)
    if not is_text(io.BytesIO(data)):
        raise MisnamedError("is no text in UTF-8; write it again")
