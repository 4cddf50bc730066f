"""The packages that one version needs, pinned with hashes: its lock, cut to them. Installs nothing."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from mintmark.core.provenance.pins import LOCK, is_python, marker_environment, read_pins
from mintmark.core.records import NOT_SAID
from mintmark.registry import git

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mintmark.core.provenance.pins import Pin
    from mintmark.core.records import VersionRecord

# What loads an artifact of each format, and takes the rows. A skops file may need more: see `_roots`.
_LOADS: Final[Mapping[str, tuple[str, ...]]] = {
    "skops": ("joblib", "numpy", "pandas", "scikit-learn", "scipy", "skops"),
    "onnx": ("numpy", "onnxruntime"),
    "safetensors": ("numpy", "safetensors"),
    "data": (),
}
# What each of them needs, over the versions of them that a lock may pin. A lock does not say who needs what, and what
# is installed says it of other versions. A test holds this against the metadata of what is installed.
_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "cloudpickle": (),
    "coloredlogs": ("humanfriendly",),
    "flatbuffers": (),
    "humanfriendly": ("pyreadline3",),
    "joblib": ("cloudpickle",),
    "mpmath": (),
    "narwhals": (),
    "numpy": (),
    "onnxruntime": ("coloredlogs", "flatbuffers", "numpy", "packaging", "protobuf", "sympy"),
    "packaging": (),
    "pandas": ("numpy", "python-dateutil", "pytz", "tzdata"),
    "prettytable": ("wcwidth",),
    "protobuf": (),
    "pyreadline3": (),
    "python-dateutil": ("six",),
    "pytz": (),
    "safetensors": (),
    "scikit-learn": ("joblib", "narwhals", "numpy", "scipy", "threadpoolctl"),
    "scipy": ("numpy",),
    "six": (),
    "skops": ("numpy", "packaging", "prettytable", "scikit-learn", "scipy"),
    "sympy": ("mpmath",),
    "threadpoolctl": (),
    "tzdata": (),
    "wcwidth": (),
}
_RECORDED: Final = {*_LOADS["skops"], "onnx", "onnxruntime", "safetensors"}  # what every record may name
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\Z")
_HASH: Final = re.compile(r"sha256:[0-9a-f]{64}\Z")
_LARGEST_LOCK: Final = 64 << 20

Source = Literal["cut", "whole", "record"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """One pinned package: its hashes (`sha256:...`), and the marker that says where it applies."""

    name: str
    version: str
    marker: str = ""
    hashes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirements:
    """The packages of a version, sorted by name.

    `source` tells where they come from: the version's lock cut to what it needs; all of that lock where a type is of a
    package whose own needs are not known here; or the record alone, without hashes, where no commit has that lock.
    """

    packages: tuple[Package, ...]
    source: Source

    def needs(self, name: str) -> Iterator[str]:
        """Yield the names of those among them that one of them needs."""
        names = {package.name for package in self.packages}
        yield from (needed for needed in _NEEDS.get(name, ()) if needed in names)

    def applying(self, python: str, platform: str) -> tuple[Package, ...]:
        """Return those that apply to a Python (`3.11.9`) on a platform (`Linux x86_64`); all for any other text."""
        from packaging.markers import Marker

        if not is_python(python):  # a record may say anything, and no marker can be held against that
            return self.packages
        where = marker_environment(python, platform)
        return tuple(p for p in self.packages if not p.marker or Marker(p.marker).evaluate(where))


def read_requirements(root: Path, commit: str, record: VersionRecord) -> Requirements:
    """Return what a version needs, from the lock that its record names, as the commits up to `commit` have it."""
    lock = _find_lock(root, commit, record.environment.lock)
    roots = _roots(record)
    if lock is None:
        recorded = record.environment.packages
        packages = [Package(name=name, version=recorded[name]) for name in sorted(roots & recorded.keys())]
        return Requirements(packages=tuple(p for p in packages if _is_exact(p)), source="record")
    pinned = [package for pin in read_pins(lock) if (package := _package(pin)) is not None]
    names = _closure(roots)
    kept = pinned if names is None else [package for package in pinned if package.name in names]
    return Requirements(packages=tuple(sorted(kept, key=_in_order)), source="whole" if names is None else "cut")


def _roots(record: VersionRecord) -> set[str]:
    """Return what loads the artifact, with the packages of types that the registry itself trusts."""
    loads = {*_LOADS[record.format]}
    return loads | (record.environment.packages.keys() - _RECORDED) if record.format == "skops" else loads


def _closure(roots: Iterable[str]) -> set[str] | None:
    """Return the packages with all that they need, None where that of one of them is not known."""
    names: set[str] = set()
    todo = [*roots]
    while todo:
        name = todo.pop()
        if name not in _NEEDS:
            return None
        if name not in names:
            names.add(name)
            todo += _NEEDS[name]
    return names


def _package(pin: Pin) -> Package | None:
    """Return a pin that pip takes with --require-hashes; None for whatever else a lock of an old commit may hold."""
    hashes = tuple(sorted(digest for digest in pin.hashes if _HASH.match(digest)))
    if pin.version is None or not hashes:
        return None
    package = Package(name=pin.name, version=pin.version, marker=str(pin.marker or ""), hashes=hashes)
    return package if _is_exact(package) else None


def _is_exact(package: Package) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        Version(package.version)
    except InvalidVersion:
        return False
    return _NAME.match(package.name) is not None


def _in_order(package: Package) -> tuple[str, str, str]:
    return package.name, package.version, package.marker


def _find_lock(root: Path, commit: str, digest: str) -> bytes | None:
    """Return the lock with a digest (`sha256:...`), the newest that the branch had up to a commit first."""
    log = git.start_first_parent_log(root, commit, [LOCK])()
    changes = [change for _, found in log for change in found if change.new_mode not in git.NO_FILES]
    oids = dict.fromkeys(change.new_oid for change in reversed(changes) if change.path == LOCK)
    for oid in oids:
        for _, content in git.read_blobs(root, [oid], limit=_LARGEST_LOCK):
            if f"sha256:{hashlib.sha256(content).hexdigest()}" == digest:
                return content
    return None


_SOURCES: Final[Mapping[Source, str]] = {
    "cut": "They are the part of that lock which loads the model.",
    "whole": "They are all of that lock: only pip knows what the package of a type in the model needs.",
    "record": "No commit has that lock, so they are as its record names them, without hashes.",
}
_UNSAID: Final = "They are as its record names them, without hashes."


def format_requirements(requirements: Requirements, record: VersionRecord) -> str:
    """Return the requirements file."""
    python, lock = _minor(record.environment.python), record.environment.lock
    made_with = "was\n# " + lock if lock != NOT_SAID else "is\n# not said"
    lines = [
        f"# What {record.reference} needs, with Python {python}. The {LOCK} that it was made with {made_with}.",
        f"# {_SOURCES[requirements.source] if lock != NOT_SAID else _UNSAID}",
    ]
    return "\n".join([*lines, *map(_format_package, requirements.packages), ""])


def _minor(python: str) -> str:
    match = re.match(r"[0-9]+\.[0-9]+", python)
    return match[0] if match else "3"


def _format_package(package: Package) -> str:
    marker = f" ; {package.marker}" if package.marker else ""
    hashes = (f" \\\n    --hash={digest}" for digest in package.hashes)
    return f"{package.name}=={package.version}{marker}{''.join(hashes)}"
