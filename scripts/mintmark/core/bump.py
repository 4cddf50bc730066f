"""What changed between a parent version and a candidate, and which part of the number that moves. Reads no files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mintmark.core.provenance.inputs import is_code
from mintmark.core.provenance.pins import LOCK
from mintmark.core.version import Version, appearance, parse_version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from mintmark.core.records import Provenance
    from mintmark.core.version import Bump

ChangeKind = Literal["inputs or outputs", "data", "parameters", "code", "environment"]

FIRST_VERSION = Version(1, 0, 0)
_PARTS: Mapping[ChangeKind, Bump] = {
    "inputs or outputs": "major",
    "data": "minor",
    "parameters": "minor",
    "code": "minor",
    "environment": "patch",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """One kind of change and the names of what changed (columns, paths, parameters, packages), sorted."""

    kind: ChangeKind
    names: tuple[str, ...]


def changes_between(parent: Provenance, candidate: Provenance) -> list[Changed]:
    """Return what differs in what makes or describes a model, the gravest first.

    Metrics and artifacts are results, so they are not compared here.
    """
    views = {
        "inputs or outputs": _signature,
        "data": _data,
        "parameters": _parameters,
        "code": _code,
        "environment": _environment,
    }
    found = []
    for kind, view in views.items():
        old, new = dict(view(parent)), dict(view(candidate))
        names = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
        if names:
            found.append(Changed(kind=kind, names=tuple(sorted(names))))  # type: ignore[arg-type]
    return found


def default_bump(changes: list[Changed]) -> Bump:
    """Return the part of the number that moves: patch where only results or the environment changed."""
    parts = {_PARTS[change.kind] for change in changes}
    return "major" if "major" in parts else "minor" if "minor" in parts else "patch"


def next_version(parent: Version | None, part: Bump, used: Collection[str]) -> Version:
    """Return the next free number after the parent: those that were ever used, or pass for one, are skipped (R3)."""
    version = FIRST_VERSION if parent is None else parent.bump(part)
    taken = {appearance(number) for number in used}
    while appearance(str(version)) in taken:
        version = version.bump(part)
    return version


def parent_among(versions: Collection[str], yanked: Collection[str], wanted: Version | None) -> Version | None:
    """Return the version that a proposal goes on from, None where there is no version at all.

    That is the highest one; for a number below it (a patch of an older line) the highest below. A yanked version is
    nobody's parent, unless all are yanked.
    """
    usable = [name for name in versions if name not in yanked] or versions
    there = [parse_version(name) for name in usable]
    lower = [version for version in there if wanted is None or version < wanted]
    return max(lower or there, default=None)


def _signature(made: Provenance) -> Iterator[tuple[str, Any]]:
    signature = made.signature
    order = list(signature.inputs)
    yield from ((f"input {name}", (kind, order.index(name))) for name, kind in signature.inputs.items())
    yield from ((f"output {name}", about) for name, about in signature.outputs.items())
    yield "classes", signature.classes


def _data(made: Provenance) -> Iterator[tuple[str, Any]]:
    for source in made.data:
        yield f"{source.role} {source.path}", (source.hash, source.rows)
    yield from ((path, digest) for path, digest in _sources(made) if not is_code(path) and path != LOCK)


def _parameters(made: Provenance) -> Iterator[tuple[str, Any]]:
    yield from _flatten(made.parameters, "")
    for stage in made.stages.values():
        for values in stage.params.values():
            yield from _flatten({_own(name, made.model): value for name, value in values.items()}, "")


def _own(name: str, model: str) -> str:
    return name.removeprefix(f"models.{model}.")


def _code(made: Provenance) -> Iterator[tuple[str, Any]]:
    yield from ((f"command of {name}", stage.cmd) for name, stage in made.stages.items())
    yield from ((path, digest) for path, digest in _sources(made) if is_code(path))


def _environment(made: Provenance) -> Iterator[tuple[str, Any]]:
    yield "python", made.environment.python
    yield from made.environment.packages.items()
    yield LOCK, made.environment.lock


def _sources(made: Provenance) -> Iterator[tuple[str, str]]:
    """Yield what the stages read and no stage made."""
    stages = made.stages.values()
    outs = {path for stage in stages for path in stage.outs}
    for stage in stages:
        yield from ((path, digest) for path, digest in stage.deps.items() if path not in outs)


def _flatten(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flatten(inner, f"{name}.{key}" if name else str(key))
    else:
        yield name, value
