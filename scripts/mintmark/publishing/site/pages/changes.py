"""What can be asked for from the pages of a model: moves of its channels, a yank, a withdrawal, a proposal. Pure.

Each becomes a pull request. What is refused stands there with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mintmark.core.layout import version_folder
from mintmark.publishing.site.pages.write_links import (
    WriteLink,
    form_link,
    has_file,
    promote_link,
    rollback_link,
    withdraw_link,
    yank_link,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One change that somebody may want: `words` name it, and `refused` is why not, to be said after the version.

    `form` asks a workflow for it, `editor` opens the file, and `command` does it in a terminal.
    """

    words: str
    version: str
    refused: str | None = None
    form: WriteLink | None = None
    editor: WriteLink | None = None
    command: str = ""


def channel_changes(config: Document, index: Document) -> list[tuple[str, list[Change]]]:
    """Return, for each channel, the versions that it may be pointed to, and after them the others."""
    found = []
    for channel, entries in index["choices"].items():
        moves = [_move(config, index, channel, entry) for entry in entries]
        found.append((channel, sorted(moves, key=lambda move: move.refused is not None)))
    return found


def version_changes(config: Document, index: Document, version: Document) -> list[Change]:
    """Return what can be done with one version."""
    name, number = index["name"], version["version"]
    moves = [
        _move(config, index, channel, entry)
        for channel, entries in index["choices"].items()
        for entry in entries
        if entry["version"] == number
    ]
    holding = [channel for channel, held in index["channels"].items() if held["version"] == number]
    held = f"is in {' and '.join(holding)}; roll back first" if holding else None
    registered = version["registered"]
    request = registered["pull_request"] if registered else None
    yank = Change(
        words="Yank it",
        version=number,
        refused="is yanked" if version["status"] else held,
        form=form_link(config, "yank", f"Yank {name} {number}", model=name, version=number),
        editor=yank_link(config, name, number),
        command=f'mintmark yank {name}@{number} --reason "WHY"',
    )
    withdraw = Change(
        words="Withdraw it",
        version=number,
        refused=held,
        editor=withdraw_link(config, name, number, request),
        command=f"git rm -r {version_folder(name, number)}",
    )
    return [*moves, yank, withdraw]


def _move(config: Document, index: Document, channel: str, entry: Document) -> Change:
    name, version, kind = index["name"], entry["version"], entry["kind"]
    words = f"Roll {channel} back to {version}" if kind == "rollback" else f"Promote {version} to {channel}"
    if entry["refused"] is not None:
        held = index["channels"].get(channel, {}).get("version") == version
        return Change(words="" if held else words, version=version, refused=entry["refused"])
    if kind == "rollback":
        editor = rollback_link(config, name, channel, version)
        command = f"mintmark rollback {name} {channel} --to {version}"
    else:
        editor = promote_link(config, name, channel, version, exists=has_file(index, channel))
        command = f"mintmark promote {name}@{version} {channel}"
    return Change(
        words=words,
        version=version,
        form=form_link(config, kind, f"{words} ({name})", model=name, version=version, channel=channel),
        editor=editor,
        command=command,
    )
