"""Semantic versions: parse, format, order and bump. Knows no registry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Bump = Literal["major", "minor", "patch"]

_NUMBER = r"(?:0|[1-9][0-9]*)"
_IDENTIFIER = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SEMVER = re.compile(
    rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})"
    rf"(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?"
    r"(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?\Z"
)
_LONGEST = 64
_RUNS = re.compile(r"[a-z]+|[0-9]+")
_SAME_SHAPE = str.maketrans("oil", "011")  # O and 0, and I, l and 1, look the same in many fonts


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version as https://semver.org/spec/v2.0.0.html defines it; build metadata tells two apart but orders last."""

    major: int
    minor: int
    patch: int
    prerelease: tuple[str, ...] = ()
    build: tuple[str, ...] = ()

    @property
    def is_prerelease(self) -> bool:
        """Whether this version comes before the release of its number (`1.0.0-rc.1`)."""
        return bool(self.prerelease)

    def __str__(self) -> str:
        return format_version(self)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        return self.order < other.order

    @property
    def order(self) -> tuple[object, ...]:
        """What versions are sorted by (section 11): a pre-release before its release, numbers before words."""
        identifiers = tuple((not p.isdigit(), int(p) if p.isdigit() else 0, p) for p in self.prerelease)
        return (self.major, self.minor, self.patch, not self.prerelease, identifiers, self.build)

    def bump(self, part: Bump) -> Version:
        """Return the next release: `1.4.2` gives `2.0.0`, `1.5.0` or `1.4.3`; a pre-release gives its own release."""
        if self.prerelease:
            return Version(self.major, self.minor, self.patch)
        if part == "major":
            return Version(self.major + 1, 0, 0)
        if part == "minor":
            return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1)


def parse_version(text: str) -> Version:
    """Return the version that `text` writes; raise `ValueError` when it is not Semantic Versioning."""
    match = _SEMVER.match(text) if len(text) <= _LONGEST else None
    if match is None:
        raise ValueError(f'"{text[:80]}" is not a version as Semantic Versioning writes it, such as 1.4.2')
    major, minor, patch, prerelease, build = match.groups()
    return Version(int(major), int(minor), int(patch), _split(prerelease), _split(build))


def latest_release(names: Iterable[str]) -> str | None:
    """Return the highest of those names that are releases: versions, but no pre-releases."""
    releases = [name for name in names if "-" not in name.partition("+")[0] and is_version(name)]
    return max(releases, key=_release_order, default=None)


def _release_order(name: str) -> tuple[int, int, int, tuple[str, ...]]:
    number, _, build = name.partition("+")
    major, minor, patch = number.split(".")
    return int(major), int(minor), int(patch), _split(build)


def is_version(text: str) -> bool:
    """Whether `parse_version` accepts `text`."""
    return len(text) <= _LONGEST and _SEMVER.match(text) is not None


def appearance(number: str) -> tuple[str, ...]:
    """Return what people and file systems see of a number: two of the same appearance pass for one another.

    Build metadata, letter case and leading zeros do not count, nor does what stands between the letters and digits of a
    pre-release: `2.0.0-rc.1`, `2.0.0-RC1`, `2.0.0-rc-01` and `2.0.0-rc.l+linux` all look alike.
    """
    seen = number.partition("+")[0].lower().translate(_SAME_SHAPE)
    return tuple(run.lstrip("0") or "0" for run in _RUNS.findall(seen))


def format_version(version: Version) -> str:
    """Return the text that `parse_version` reads back."""
    text = f"{version.major}.{version.minor}.{version.patch}"
    if version.prerelease:
        text += "-" + ".".join(version.prerelease)
    if version.build:
        text += "+" + ".".join(version.build)
    return text


def _split(identifiers: str | None) -> tuple[str, ...]:
    return tuple(identifiers.split(".")) if identifiers else ()
