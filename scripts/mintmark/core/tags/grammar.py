"""The tags that tell what was merged, in the grammar of GTO, and what a set of them says. Reads no Git.

`breast-cancer@v1.4.2` registers a version, and `breast-cancer@v1.4.2!` takes it out again. `breast-cancer#production#7`
points a channel to the version whose commit the tag is on, and `breast-cancer#production!#8` takes that back. The
number counts over all channels of a model. See https://mlem.ai/doc/gto/user-guide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mintmark.core.reference import is_name
from mintmark.core.version import is_version

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_NUMBER = 900_000_000
_NUMBER = r"(?:#(?P<number>[1-9][0-9]{0,8}))"
_VERSION_TAG = re.compile(rf"(?P<model>[^@#]+)@v(?P<version>[^!#]+)(?P<ends>!?){_NUMBER}?\Z")
_CHANNEL_TAG = re.compile(rf"(?P<model>[^@#]+)#(?P<channel>[^!#]+)(?P<ends>!?){_NUMBER}\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionTag:
    """Registers a version, or takes it out (`ends`). A number tells a second one of the same version from the first."""

    model: str
    version: str
    ends: bool = False
    number: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelTag:
    """Points a channel to the version whose commit it is on, or takes that version out of the channel (`ends`)."""

    model: str
    channel: str
    number: int
    ends: bool = False


Tag = VersionTag | ChannelTag


def parse_tag(text: str) -> Tag | None:
    """Return what the name of a tag says, None where it is no name that `format_tag` writes."""
    match = _VERSION_TAG.match(text)
    if match and is_name(match["model"]) and is_version(match["version"]):
        number = int(match["number"]) if match["number"] else None
        return VersionTag(model=match["model"], version=match["version"], ends=bool(match["ends"]), number=number)
    match = _CHANNEL_TAG.match(text)
    if match and is_name(match["model"]) and is_name(match["channel"]):
        number = int(match["number"])
        return ChannelTag(model=match["model"], channel=match["channel"], ends=bool(match["ends"]), number=number)
    return None


def format_tag(tag: Tag) -> str:
    """Return the name that `parse_tag` reads back."""
    named = f"@v{tag.version}" if isinstance(tag, VersionTag) else f"#{tag.channel}"
    number = "" if tag.number is None else f"#{tag.number}"
    return f"{tag.model}{named}{'!' if tag.ends else ''}{number}"


def next_number(tags: Iterable[Tag], model: str) -> int:
    """Return the number of the next tag of a model: one more than the highest, over all of its channels."""
    return max((tag.number or 0 for tag in tags if tag.model == model), default=0) + 1
