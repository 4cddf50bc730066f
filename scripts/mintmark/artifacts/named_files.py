"""Whether a file is what the suffix of its name says (R8). The list of suffixes is closed; loads nothing."""

from __future__ import annotations

import io
import json
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from mintmark.artifacts.data_format import is_text
from mintmark.artifacts.formats import check_artifact
from mintmark.artifacts.parquet_footer import InvalidParquetError, parquet_columns
from mintmark.artifacts.pickles import describe_pickle
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
_TEXTS: Final = (".csv", ".tsv", ".txt", ".md", ".yaml", ".yml", ".jsonl")
_PACKED: Final = ".gz"
_MOST_UNPACKED: Final = 256 << 20
_GZIP: Final = 31  # what zlib calls the format
_GZIP_FLAGS: Final = 3  # the byte of its header that says what the header holds
_GZIP_EXTRAS: Final = 0x04 | 0x10  # fields of one's own, and a comment; a name may be there
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
        _check_suffix(data, suffix, PurePosixPath(name).with_suffix("").suffix.lower())
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


def _check_suffix(data: bytes, suffix: str, before: str) -> None:
    """Hold a file against its suffix; `before` is the one in front of it, which says what is packed."""
    if suffix == ".json":
        parse_bounded_json(data)
        _check_wrapped(data)
    elif suffix == ".parquet":
        table_columns(data)
    elif suffix in _TEXTS:
        _check_text(io.BytesIO(data), data[:512], len(data))
        _check_wrapped(data)
    elif suffix == _PACKED and before in _TEXTS:
        _check_suffix(_unpack(data), before, "")
    elif suffix in _ARRAYS:
        raise MisnamedError(f"holds no {suffix[1:]} data; write it again")
    else:
        packed = (f"{suffix}{_PACKED}" for suffix in _TEXTS)
        known = " ".join([*ARTIFACT_SUFFIXES, ".parquet", ".json", *_ARRAYS, *_TEXTS, *packed])
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


def _check_text(file: BinaryIO, head: bytes, size: int) -> None:
    refused = describe_refused(file, head, size)
    if refused is not None:
        raise MisnamedError(refused)
    if not is_text(file):
        raise MisnamedError("is no text in UTF-8; write it again")


def _check_wrapped(data: bytes) -> None:
    """Raise where a text carries a pickle, as base64."""
    found = describe_pickle("", data)
    if found:
        raise MisnamedError(found)


def _unpack(data: bytes) -> bytes:
    """Return what one gzip file holds, and it alone; raise for more than anybody can look at, in it or beside it."""
    if len(data) > _GZIP_FLAGS and data[_GZIP_FLAGS] & _GZIP_EXTRAS:
        raise MisnamedError("carries a comment or fields of its own, which nobody reads; gzip it again")
    stream = zlib.decompressobj(_GZIP)
    try:
        unpacked = stream.decompress(data, _MOST_UNPACKED + 1)
    except zlib.error:
        raise MisnamedError("cannot be unpacked; gzip it again") from None
    if len(unpacked) > _MOST_UNPACKED:
        raise MisnamedError(f"unpacks to more than {_MOST_UNPACKED >> 20} MB; split it")
    if not stream.eof:
        raise MisnamedError("breaks off; gzip it again")
    if stream.unused_data:
        raise MisnamedError("goes on behind what it unpacks to; gzip it again, as one file")
    return unpacked
