"""Addresses in GitHub's own editor that promote, roll back or propose. Opens none of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from mintmark.changing.channel_files import point_channel
from mintmark.core.layout import channel_path

if TYPE_CHECKING:
    from collections.abc import Mapping

FORM = "propose.yml"  # in .github/ISSUE_TEMPLATE
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_OTHERS = re.compile(r"gitlab|bitbucket|codeberg|gitea|forgejo|azure|visualstudio|sr\.ht", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class WriteLink:
    """A link that opens GitHub's editor or form.

    `text` is what the reader must put into `file` by hand, one line; both are None for a form, and `text` is None
    where the link itself carries the file's content.
    """

    label: str
    url: str
    text: str | None = None
    file: str | None = None


def promote_link(
    config: Mapping[str, Any], model: str, channel: str, version: str, *, exists: bool
) -> WriteLink | None:
    """Return the link that points `channel` to `version`; None without a GitHub address.

    `exists` tells whether the channel has a file. GitHub fills in a new file from the address; an existing one opens
    as it is, because its editor takes no text from an address, so the line to write comes along in `text`.
    """
    label = f"Promote {version} to {channel}"
    if exists:
        return _edit_link(config, model, channel, version, label)
    repository = github_repository(config)
    if repository is None:
        return None
    file = channel_path(model, channel)
    query = _query(filename=file, value=point_channel(None, version, file).decode())
    return WriteLink(label=label, url=f"{repository}/new/{_path(config['base_branch'])}?{query}", file=file)


def promote_another_link(config: Mapping[str, Any], model: str, channel: str) -> WriteLink | None:
    """Return the link that points `channel` to a version of the reader's choice; None without a GitHub address."""
    found = _edit_link(config, model, channel, "1.0.0", f"Promote another version to {channel}")
    return None if found is None else replace(found, text="version: VERSION")


def rollback_link(config: Mapping[str, Any], model: str, channel: str, version: str) -> WriteLink | None:
    """Return the link that points `channel` back to `version`; None without a GitHub address."""
    return _edit_link(config, model, channel, version, f"Roll {channel} back to {version}")


def propose_link(config: Mapping[str, Any], model: str | None) -> WriteLink | None:
    """Return the link that opens the form of a proposal; None without a GitHub address. No model: a new one."""
    repository = github_repository(config)
    if repository is None:
        return None
    label = f"Propose a version of {model}" if model else "Propose a model"
    filled = {"model": model, "title": f"Propose a version of {model}"} if model else {}
    return WriteLink(label=label, url=f"{repository}/issues/new?{_query(template=FORM, **filled)}")


def file_link(config: Mapping[str, Any], path: str, line: int) -> str:
    """Return the address of a line of a file on the base branch, an empty text without a GitHub address."""
    repository = github_repository(config)
    return f"{repository}/blob/{_path(config['base_branch'])}/{_path(path)}#L{line}" if repository else ""


def github_repository(config: Mapping[str, Any]) -> str | None:
    """Return the address of the repository, without a final slash, when it can be one on GitHub.

    A GitHub Enterprise server may have any name, so only hosts known to be something else are left out.
    """
    try:
        parts = urlsplit(config.get("repository") or "")
    except ValueError:
        return None
    names = parts.path.strip("/").removesuffix(".git").split("/")
    good = parts.scheme == "https" and _HOST.fullmatch(parts.netloc) and not _OTHERS.search(parts.netloc)
    if not good or len(names) != 2 or not all(_NAME.fullmatch(name) and name.strip(".") for name in names):
        return None
    return f"https://{parts.netloc}/{names[0]}/{names[1]}"


def _edit_link(config: Mapping[str, Any], model: str, channel: str, version: str, label: str) -> WriteLink | None:
    repository = github_repository(config)
    if repository is None:
        return None
    file = channel_path(model, channel)
    url = f"{repository}/edit/{_path(config['base_branch'])}/{_path(file)}"
    return WriteLink(label=label, url=url, text=_line(version, file), file=file)


def _line(version: str, file: str) -> str:
    """The one line of a channel file that moves; its comments stay as they are."""
    lines = point_channel(None, version, file).decode().splitlines()
    return next(line for line in lines if line.startswith("version:"))


def _path(path: str) -> str:
    return quote(path, safe="/")


def _query(**values: str) -> str:
    return urlencode(values, quote_via=quote, safe="")
