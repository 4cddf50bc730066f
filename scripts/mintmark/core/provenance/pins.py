"""The pins of a requirements.lock, and what a record may say of them. Reads no files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.markers import Marker

LOCK: Final = "requirements.lock"
ALWAYS: Final = ("joblib", "numpy", "pandas", "scikit-learn", "scipy", "skops")
BY_FORMAT: Final[Mapping[str, tuple[str, ...]]] = {"onnx": ("onnx", "onnxruntime"), "safetensors": ("safetensors",)}
_PYTHON: Final = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}(?:\.[0-9]{1,4})?\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """One entry of the lock: its line, package and version (None: not pinned), its marker and its hashes."""

    line: int
    name: str
    version: str | None
    marker: Marker | None = None
    hashes: tuple[str, ...] = ()

    def applies(self, where: Mapping[str, str]) -> bool:
        """Whether its marker holds where the variables of markers have these values."""
        return self.marker is None or self.marker.evaluate(dict(where))


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


def is_python(text: str) -> bool:
    """Whether a text is the version of a Python that markers can be held against, such as `3.11.9`."""
    return _PYTHON.match(text) is not None


def marker_environment(python: str, platform: str) -> dict[str, str]:
    """Return every variable that a marker may ask for, so that none is taken from the Python that runs this.

    `python` is such as `3.11.9`, `platform` such as `Linux x86_64`.
    """
    system, _, machine = platform.partition(" ")
    return {
        "implementation_name": "cpython",
        "implementation_version": python,
        "os_name": "nt" if system == "Windows" else "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": system,
        "platform_version": "",
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "sys_platform": {"Windows": "win32"}.get(system, system.lower()),
        "extra": "",
    }
