"""The recorded stages of a version and the files between them, as the boxes of a drawing. Draws nothing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal

from mintmark.core.finding import shorten
from mintmark.publishing.mermaid import MOST_STAGES, stage_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_BOXES: Final = 24
MOST_NAMES: Final = 3
_MOST_LISTED: Final = 20
_LONGEST: Final = 120
_CODE: Final = (".py", ".ipynb", ".r", ".R", ".jl", ".sh")
_ROWS: Final = {"source": "", "training": "training, ", "evaluation": "evaluation, "}


@dataclass(frozen=True, slots=True)
class Stage:
    """One recorded stage: its name, what stands below the name, and what it is in full."""

    name: str
    below: str
    whole: str


@dataclass(frozen=True, slots=True)
class Box:
    """Files that one stage writes (None: no stage) and the same stages read; `lines` are what is shown of them."""

    kind: Literal["data", "file", "artifact"]
    writer: int | None
    readers: tuple[int, ...]
    lines: tuple[str, ...]
    whole: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """How a version was made. `more` says what is left out of it, if anything."""

    stages: tuple[Stage, ...]
    boxes: tuple[Box, ...]
    more: str


def read_lineage(record: Mapping[str, Any]) -> Lineage:
    """Return the lineage of a version's record, with no more stages and boxes than a drawing has room for.

    Code that no stage writes is counted with the stage that reads it; every other file is in a box.
    """
    documents = dict(islice(record["stages"].items(), MOST_STAGES))
    writers: dict[str, int] = {}
    readers: dict[str, dict[int, None]] = {}
    for number, stage in enumerate(documents.values()):
        for path in stage.get("outs", {}):
            writers.setdefault(path, number)
            readers.setdefault(path, {})
    for number, stage in enumerate(documents.values()):
        for path in stage.get("deps", {}):
            if path in writers or not _is_code(path):
                readers.setdefault(path, {})[number] = None
    notes = _note_data(record["data"], writers, readers)
    artifact = _artifact_path(record["artifact"], documents.values())
    if artifact not in readers:
        readers[artifact], writers[artifact] = {}, len(documents) - 1
    boxes = _boxes(writers, readers, notes, artifact)
    names = stage_names(list(documents))
    stages = tuple(_stage(name, stage, writers) for name, stage in zip(names, documents.values(), strict=True))
    return Lineage(stages, tuple(boxes[:MOST_BOXES]), _more(len(record["stages"]) - len(stages), len(boxes)))


def _is_code(path: str) -> bool:
    return path.endswith(_CODE)


def _name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2] or path


def _note_data(
    data: Sequence[Mapping[str, Any]], writers: Mapping[str, int], readers: dict[str, dict[int, None]]
) -> dict[str, str]:
    """Return what the record says of data files by path; a source that no stage names gets the first one as reader."""
    notes = {}
    made = (writers[entry["path"]] for entry in data if entry["role"] != "source" and entry["path"] in writers)
    first = next(made, 0)
    for entry in data[:_MOST_LISTED]:
        path = entry["path"]
        notes[path] = f"{_ROWS.get(entry['role'], '')}{entry['rows']:,} rows"
        if path not in readers and entry["role"] == "source":
            inside = [reader for known in list(readers) if _is_within(known, path) for reader in readers[known]]
            readers[path] = dict.fromkeys(inside or [first])
    return notes


def _is_within(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/") or folder.startswith(f"{path}/")


def _artifact_path(artifact: Mapping[str, Any], stages: Iterable[Mapping[str, Any]]) -> str:
    """Return the path of the output that became the artifact: by its hash, else by its name, else the name alone."""
    outs = [(path, digest) for stage in stages for path, digest in stage.get("outs", {}).items()]
    named = [path for path, _ in outs if _name(path) == artifact["path"]]
    hashed = [path for path, digest in outs if digest == f"md5:{artifact['md5']}"]
    found = [path for path in named if path in hashed] or hashed or named
    return found[0] if found else str(artifact["path"])


def _boxes(
    writers: Mapping[str, int], readers: Mapping[str, Mapping[int, None]], notes: Mapping[str, str], artifact: str
) -> list[Box]:
    """Return the files by who writes and who reads them, the artifact by itself and first: it is never left out."""
    groups: dict[tuple[str, int | None, tuple[int, ...]], list[str]] = {}
    for path in sorted(readers, key=lambda path: path != artifact):
        kind = "artifact" if path == artifact else "data" if path in notes and path not in writers else "file"
        groups.setdefault((kind, writers.get(path), tuple(readers[path])), []).append(path)
    return [
        Box(kind, writer, targets, tuple(_lines(paths, notes)), _list_paths(paths))  # type: ignore[arg-type]
        for (kind, writer, targets), paths in groups.items()
    ]


def _lines(paths: Sequence[str], notes: Mapping[str, str]) -> list[str]:
    """Return the first names, those with rows before others, each with its rows below it."""
    ordered = sorted(paths, key=lambda path: path not in notes)
    lines = []
    for path in ordered[:MOST_NAMES]:
        lines += [_name(path), *([f"  {notes[path]}"] if path in notes else [])]
    return lines + ([f"and {len(paths) - MOST_NAMES:,} more"] if len(paths) > MOST_NAMES else [])


def _list_paths(paths: Sequence[str]) -> str:
    """Return paths with the folder that all are in said once."""
    folders = [path.rpartition("/")[0] for path in paths]
    shared = min(folders, key=len)
    inside = len(paths) > 1 and all(folder == shared or folder.startswith(f"{shared}/") for folder in folders)
    folder = shared if inside else ""
    return f"{folder}: {_list([path[len(folder) + 1 :] for path in paths])}" if folder else _list(paths)


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_LISTED:,} more" if len(names) > _MOST_LISTED else ""
    return ", ".join(shorten(name, _LONGEST) for name in names[:_MOST_LISTED]) + more


def _stage(name: str, stage: Mapping[str, Any], writers: Mapping[str, int]) -> Stage:
    scripts = [_name(path) for path in stage.get("deps", {}) if _is_code(path) and path not in writers]
    parameters = sum(len(values or ()) for values in stage.get("params", {}).values())
    counts = [_count(len(scripts), "script"), _count(parameters, "parameter")]
    command = stage["cmd"] if isinstance(stage["cmd"], str) else " && ".join(map(str, stage["cmd"]))
    parts = [shorten(command, _LONGEST)]
    parts += [f"scripts: {_list(scripts)}"] if scripts else []
    return Stage(name, ", ".join(count for count in counts if count), "; ".join(parts))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}" if number else ""


def _more(stages: int, boxes: int) -> str:
    hidden = max(0, boxes - MOST_BOXES)
    files = f"more files in {_count(hidden, 'group')}" if hidden else ""
    return " and ".join(part for part in (_count(stages, "more stage"), files) if part)
