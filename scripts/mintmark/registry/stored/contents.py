"""Whether the stored files of a version are what they are called: tables with their columns, a profile with its schema.

A judge reads these later, and so do people and monitoring. Loads no model and fetches nothing.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any, Final

from mintmark.artifacts.named_files import MisnamedError, check_named, parse_bounded_json, table_columns
from mintmark.core.finding import Finding, one_line, shorten
from mintmark.core.provenance.candidate import TRIAL_COLUMNS, TRIALS
from mintmark.core.question import DIGEST, EVALUATION, OF, PREDICTIONS, PROBABILITY, ROW, TRAINING_ROWS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path


PROFILE: Final = "profile.json"
_OF_PREDICTIONS = (ROW, "truth", "prediction")
_MD5 = re.compile(r"[0-9a-f]{32}\Z")
_MAX_LIST = 1 << 20
_LONGEST = 80


def check_stored_file(
    source: Path, name: str, signature: Mapping[str, Any], further: Iterable[str], *, path: str
) -> Iterator[Finding]:
    """Yield what is wrong with a stored file of a version, told of `path`.

    `signature` is that of its record, `further` are columns that its evaluation rows have beside the inputs.
    """
    data = source.read_bytes()
    faults = check_named(data, name, path=path)
    yield from faults
    if faults:
        return
    if name == PREDICTIONS:
        yield from _check_predictions(table_columns(data), signature, path)
    elif name == EVALUATION:
        wanted = [*signature.get("inputs", ()), *further]
        yield from _missing(name, wanted, table_columns(data), path)
    elif name == TRAINING_ROWS and table_columns(data) != [OF, DIGEST]:
        message = f"{name} has other columns than {OF} and {DIGEST}; dvc repro writes it again"
        yield Finding(path=path, message=message, rule="R8")
    elif name == PROFILE:
        yield from _check_profile(data, path)
    elif name == TRIALS:
        header = next(csv.reader([data.decode("utf-8").partition("\n")[0].rstrip("\r")]), [])
        yield from _missing(name, TRIAL_COLUMNS, header, path)


def _check_predictions(columns: Collection[str], signature: Mapping[str, Any], path: str) -> Iterator[Finding]:
    probabilities = [f"{PROBABILITY}{label}" for label in signature.get("classes", ())]
    given = "probabilities" in signature.get("outputs", ())
    yield from _missing(PREDICTIONS, [*_OF_PREDICTIONS, *(probabilities if given else ())], columns, path)
    for name in sorted(set(columns) - {*_OF_PREDICTIONS, *probabilities}):
        message = f'{PREDICTIONS} has a column "{_shown(name)}" that no predictions have; write it again without'
        yield Finding(path=path, message=message, rule="R8")


def _missing(file: str, wanted: Iterable[str], columns: Collection[str], path: str) -> Iterator[Finding]:
    for name in dict.fromkeys(wanted):
        if name not in columns:
            message = f'{file} has no column "{_shown(name)}"; dvc repro writes it again'
            yield Finding(path=path, message=message, rule="R8")


def _check_profile(data: bytes, path: str) -> Iterator[Finding]:
    from mintmark.registry.schemas import accepts, explain

    profile = parse_bounded_json(data)
    if not accepts("profile", profile):
        first = explain("profile", profile, PROFILE, {})[0]
        message = (
            f"{PROFILE}: {first.where or 'it'}: {first.message}; schemas/profile.schema.json says what may be there"
        )
        yield Finding(path=path, message=message, rule="R8")


def check_folder_list(data: bytes, *, path: str) -> Iterator[Finding]:
    """Yield what is wrong with the list of a folder (`<md5>.dir`), as DVC writes it."""
    entries = read_folder_list(data)
    if entries is None:
        message = "is no list of a folder: md5 and relpath of each file, in JSON; git rm it"
        yield Finding(path=path, message=message, rule="R8")


def read_folder_list(data: bytes) -> list[tuple[str, str]] | None:
    """Return address and path of each file in the list of a folder, None where it is no such list."""
    try:
        entries = parse_bounded_json(data) if len(data) <= _MAX_LIST else None
    except MisnamedError:
        return None
    if not isinstance(entries, list) or not all(map(_is_listed, entries)):
        return None
    return [(entry["md5"], entry["relpath"]) for entry in entries]


def _is_listed(entry: Any) -> bool:
    if not isinstance(entry, dict) or set(entry) != {"md5", "relpath"}:
        return False
    md5, path = entry["md5"], entry["relpath"]
    if not isinstance(md5, str) or not isinstance(path, str) or _MD5.match(md5) is None:
        return False
    return path.isprintable() and not {"", ".", ".."} & set(path.split("/")) and "\\" not in path


def _shown(name: str) -> str:
    return one_line(shorten(name, _LONGEST))
