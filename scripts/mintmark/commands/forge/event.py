"""The event that started a workflow, as the forge wrote it into a file. What people wrote in it is hostile text."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mintmark.errors import MintmarkError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_BYTES = 32 * 1024 * 1024
_Value = TypeVar("_Value")


def read_event(path: Path | None) -> Mapping[str, Any]:
    """Return the event in a file, by default in the one that GITHUB_EVENT_PATH names."""
    named = path or os.environ.get("GITHUB_EVENT_PATH")
    if not named:
        raise UsageError("no event to read: GITHUB_EVENT_PATH is not set; --event FILE names a file that holds one")
    try:
        with Path(named).open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{named}: cannot be read: {error.strerror}") from None
    if len(content) > _MOST_BYTES:
        raise UsageError(f"{named}: is larger than {_MOST_BYTES:,} bytes, and no event is")
    try:
        event = json.loads(content)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        raise UsageError(
            f"{named}: is no event of GitHub: it does not hold a JSON object (GITHUB_EVENT_PATH, or --event)"
        )
    return event


def find(event: Mapping[str, Any], place: str, kind: type[_Value]) -> _Value | None:
    """Return the value at a place such as `issue.user.login`, None where there is none of that kind."""
    value: Any = event
    for name in place.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value if type(value) is kind else None


def require(event: Mapping[str, Any], place: str, kind: type[_Value]) -> _Value:
    """Return the value at a place; raise `MintmarkError` where the event has none of that kind."""
    value = find(event, place, kind)
    if value is None:
        raise MintmarkError(f"the event says no {place}, so it is not the kind of event that this command reads")
    return value
