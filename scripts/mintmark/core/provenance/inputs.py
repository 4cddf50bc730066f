"""What a version was made from and measured on: files of data, code, packages. Reads no files.

The lineage of the site, the pages of versions, comparisons and drawings of a pipeline all take from here what is code.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

from mintmark.core.provenance.pins import LOCK
from mintmark.core.provenance.training import brought_artifact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Part = Literal["packages", "data", "scripts"]
# With the path, hash and role of data, the path and hash of code, the name and release of a package.
Input = tuple[Part, tuple[str, ...]]
_CODE: Final = re.compile(
    r"\.(py|pyi|pyx|ipynb|r|rmd|qmd|jl|sh|bash|sql|scala|java|kt|js|mjs|ts|c|cc|cpp|cu|h|hpp|rs|go|lua|pl|rb|stan)\Z",
    re.I,
)
# Folders and settings of code.
_BESIDE_CODE: Final = re.compile(r"(\.(cfg|ini|json|toml|txt|ya?ml)|(\A|/)[^./]*/?)\Z", re.I)
_CODE_FOLDERS: Final = ("scripts/", "src/")
_EVALUATION, _SOURCE = "evaluation", "source"


def is_code(path: str) -> bool:
    """Whether what a stage depends on is code, by its ending; folders and settings are where code lies."""
    lies_with_code = f"{path}/".startswith(_CODE_FOLDERS)
    return bool(_CODE.search(path) or (lies_with_code and _BESIDE_CODE.search(path)))


def code_of(record: Mapping[str, Any]) -> list[str]:
    """Return the paths of the code that any stage of a record depends on, in order."""
    return sorted(
        {path for stage in record.get("stages", {}).values() for path in stage.get("deps", {}) if is_code(path)}
    )


def inputs_of(record: Mapping[str, Any]) -> Iterator[Input]:
    """Yield what the record of a version names: data with its role, the code of its stages, its packages.

    A file that a stage reads and no stage writes is data too, by the digest that DVC knows. It was measured on if
    nothing that the artifact comes from reads it. What stages hand to each other is left out, unless the record names
    its path among its data.
    """
    roles: dict[str, dict[str, None]] = {}
    for entry in record.get("data", ()):
        roles.setdefault(entry["path"], {})[entry["role"]] = None
        yield "data", (entry["path"], entry["hash"], entry["role"])
    stages = record.get("stages", {})
    written = {path for stage in stages.values() for path in stage.get("outs", {})}
    brought = brought_artifact(record)
    making = set() if brought is not None else _making(record, stages)  # nothing here was read to make it
    read_for_making = {path for name in making for path in stages[name].get("deps", {})}
    for stage in stages.values():
        for path, digest in stage.get("deps", {}).items():
            if path in roles:
                yield from (("data", (path, digest, role)) for role in roles[path])
            elif is_code(path):
                yield "scripts", (path, digest)
            elif path not in written and path not in (LOCK, brought):
                yield "data", (path, digest, _SOURCE if path in read_for_making else _EVALUATION)
    yield from (("packages", pair) for pair in record.get("environment", {}).get("packages", {}).items())


def _making(record: Mapping[str, Any], stages: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Return the stages that the artifact comes from, all of them where none of them wrote it."""
    artifact = f"md5:{record.get('artifact', {}).get('md5')}"
    writers: dict[str, set[str]] = {}
    for name, stage in stages.items():
        for path in stage.get("outs", {}):
            writers.setdefault(path, set()).add(name)
    queue = [name for name, stage in stages.items() if artifact in stage.get("outs", {}).values()]
    found = set(queue)
    while queue:
        for path in stages[queue.pop()].get("deps", {}):
            new = {name for place in _places(path) for name in writers.get(place, ())} - found
            found |= new
            queue += new
    return found or set(stages)


def _places(path: str) -> Iterator[str]:
    """Yield a path and every folder that it lies in: a stage may write the folder."""
    yield path
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
