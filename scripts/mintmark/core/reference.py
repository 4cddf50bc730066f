"""References, one grammar everywhere: `model@1.4.2`, `@production`, `@latest`, `@candidate`. Resolves none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mintmark.core.version import Version, format_version, parse_version

CANDIDATE = "candidate"
LATEST = "latest"

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
_LONGEST_NAME = 63


@dataclass(frozen=True, slots=True)
class Reference:
    """A model and which of its versions is meant: a `Version`, or the name of a channel, `latest` or `candidate`."""

    model: str
    selector: Version | str

    def __str__(self) -> str:
        return format_reference(self)


def is_name(text: str) -> bool:
    """Whether `text` can name a model or a channel: lower-case letters, digits and single hyphens, a letter first."""
    return len(text) <= _LONGEST_NAME and _NAME.match(text) is not None


def parse_reference(text: str) -> Reference:
    """Return the reference that `text` writes; raise `ValueError` with a sentence that says what to write."""
    model, at, selector = text.partition("@")
    if not at:
        raise ValueError(f'"{text}" names no version; write {text or "MODEL"}@1.4.2, @production or @latest')
    if not is_name(model):
        raise ValueError(
            f'"{model}" cannot be a model: names have lower-case letters, digits and single hyphens, a letter first'
        )
    if selector[:1].isdigit():
        return Reference(model, parse_version(selector))
    if not is_name(selector):
        raise ValueError(f'"{selector}" is neither a version such as 1.4.2 nor the name of a channel')
    return Reference(model, selector)


def format_reference(reference: Reference) -> str:
    """Return the text that `parse_reference` reads back."""
    selector = reference.selector
    return f"{reference.model}@{format_version(selector) if isinstance(selector, Version) else selector}"
