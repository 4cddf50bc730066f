"""The Python environment of a candidate: what requirements.lock pins, and whether that runs. Installs nothing."""

from __future__ import annotations

import hashlib
import platform
from importlib import metadata
from itertools import islice
from typing import TYPE_CHECKING, Any

from mintmark.core.finding import Finding
from mintmark.core.provenance.pins import ALWAYS, BY_FORMAT, LOCK, read_pins
from mintmark.registry.files import read_text_file, unix_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mintmark.core.provenance.pins import Pin

_REMEDY = "make lock writes the file again with == and hashes"
_MOST_FINDINGS = 5


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
    names = sorted({*ALWAYS, *BY_FORMAT.get(artifact_format, ()), *_packages_of(trusted)})
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
    from packaging.markers import default_environment

    here = {name: str(value) for name, value in default_environment().items()}
    pinned = {pin.name: pin for pin in pins if pin.applies(here)}
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
