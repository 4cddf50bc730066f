"""The text of channel and status files: what is written, and how the one movable line is moved. Opens no files."""

from __future__ import annotations

import re

from mintmark.core.finding import Finding
from mintmark.errors import InvalidRegistryError
from mintmark.registry.past.history import channel_target
from mintmark.registry.yaml.text import format_yaml

_LINE = re.compile(r"^(version:[ \t]*)([\"']?)([^\"'\s#]+)\2", re.MULTILINE)


def point_channel(content: bytes | None, version: str, path: str) -> bytes:
    """Return the text of a channel file that points to a version.

    Only the version itself is replaced: comments and quotes stay, so that moving there and back gives the same bytes.
    None gives a new file. Raises `InvalidRegistryError` for a file that has no such line.
    """
    if content is None:
        return format_yaml({"version": version}, schema="../../../schemas/channel.schema.json").encode()
    moved = _LINE.sub(rf"\g<1>\g<2>{version}\g<2>", content.decode("utf-8", "replace"), count=1).encode()
    if channel_target(moved) != version:
        raise InvalidRegistryError([Finding(path=path, message=f"has no line to move; write version: {version}")])
    return moved


def yanked_status(reason: str, replacement: str | None) -> bytes:
    """Return the text of the status file of a yanked version."""
    data = {"schema": 1, "state": "yanked", "reason": reason}
    if replacement is not None:
        data["replacement"] = replacement
    return format_yaml(data, schema="../../../schemas/status.schema.json").encode()
