"""The Python environment of a candidate: what requirements.lock pins, and whether that runs. Installs nothing."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from importlib import metadata
from itertools import islice
from typing import TYPE_CHECKING, Any

from mintmark.core.finding import Finding
from mintmark.registry.files import read_text_file, unix_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from packaging.markers import Marker

LOCK = "requirements.lock"
_REMEDY = "make lock writes the file again with == and hashes"
_ALWAYS = ("joblib", "numpy", "pandas", "scikit-learn", "scipy", "skops")
_BY_FORMAT = {"onnx": ("onnx", "onnxruntime"), "safetensors": ("safetensors",)}
_MOST_FINDINGS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """One entry of the lock: its line, package and version (None: not pinned), its marker and its hashes."""

    line: int
    name: str
    version: str | None
    marker: Marker | None = None
    hashes: tuple[str, ...] = ()

    @property
    def applies(self) -> bool:
        """Whether its marker holds for this Python."""
        return self.marker is None or self.marker.evaluate()


def read_pins(content: bytes) -> list[Pin]:
    """Return the entries of a requirements file."""
    pins, start, text = [], 0, ""
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        stripped = line.partition(" #")[0].strip()
        if not text:
            start = number
        text += " " + stripped.removesuffix("\\") if not stripped.startswith("#") else ""
        if stripped.endswith("\\"):
            continue
        if text.strip():
            pins += _parse_entry(text.strip(), start)
        text = ""
    return pins


def _parse_entry(text: str, line: int) -> list[Pin]:
    from packaging.requirements import InvalidRequirement, Requirement

    entry, _, rest = text.partition(" --hash=")
    hashes = tuple(word.removeprefix("--hash=") for word in rest.split())
    if entry.startswith("-") and not entry.startswith(("-e", "--editable")):
        return []  # an option, such as --require-hashes
    try:
        requirement = Requirement(entry.strip())
    except InvalidRequirement:
        return [Pin(line=line, name=entry, version=None, hashes=hashes)]
    exact = [s.version for s in requirement.specifier if s.operator in ("==", "===") and "*" not in s.version]
    return [
        Pin(
            line=line,
            name=requirement.name.lower().replace("_", "-"),
            version=exact[0] if exact else None,
            marker=requirement.marker,
            hashes=hashes,
        )
    ]


def describe_environment(
    root: Path, artifact_format: str, trusted: Iterable[str]
) -> tuple[dict[str, Any], list[Finding]]:
    """Return what a version record holds of the environment, and what keeps it from being pinned.

    `trusted` are the registry's own trusted types: their packages matter as well.
    """
    if not (root / LOCK).is_file():
        message = f"is not there, so nobody could build this environment again; {_REMEDY}"
        return {}, [Finding(path=LOCK, message=message)]
    content = unix_lines(read_text_file(root / LOCK, limit=64 << 20))
    pins = read_pins(content)
    names = sorted({*_ALWAYS, *_BY_FORMAT.get(artifact_format, ()), *_packages_of(trusted)})
    installed = {name: version for name in names if (version := _installed(name)) is not None}
    findings = [*islice(_check_pins(pins), _MOST_FINDINGS), *_check_installed(pins, installed)]
    environment = {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": installed,
        "lock": f"sha256:{hashlib.sha256(content).hexdigest()}",
    }
    return environment, findings


def _check_pins(pins: list[Pin]) -> Iterator[Finding]:
    for pin in pins:
        if pin.version is None:
            yield Finding(path=LOCK, line=pin.line, message=f"{pin.name} is not pinned with ==; {_REMEDY}")
        elif not pin.hashes:
            yield Finding(path=LOCK, line=pin.line, message=f"{pin.name} has no hash; {_REMEDY}")


def _check_installed(pins: list[Pin], installed: dict[str, str]) -> Iterator[Finding]:
    pinned = {pin.name: pin for pin in pins if pin.applies}
    for name, version in installed.items():
        pin = pinned.get(name)
        if pin is None:
            yield Finding(path=LOCK, message=f"does not pin {name}, which this model needs; {_REMEDY}")
        elif pin.version is not None and pin.version != version:
            message = (
                f"pins {name} {pin.version}, and {version} is installed; "
                f"pip install --require-hashes -r {LOCK}, then dvc repro"
            )
            yield Finding(path=LOCK, line=pin.line, message=message)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _packages_of(types: Iterable[str]) -> set[str]:
    """Return the packages that hold types such as `xgboost.sklearn.XGBClassifier`."""
    modules = {name.partition(".")[0] for name in types}
    if not modules:
        return set()
    by_module = metadata.packages_distributions()
    return {package.lower().replace("_", "-") for module in modules for package in by_module.get(module, ())}
