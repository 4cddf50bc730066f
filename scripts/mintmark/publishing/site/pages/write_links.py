"""Addresses in GitHub's own editor and forms that move a channel, yank, withdraw or propose. Opens none of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from mintmark.changing.channel_files import point_channel, yanked_status
from mintmark.core.layout import channel_path, model_path, status_path, version_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.core.request import Verb

NEW_MODEL = """\
# yaml-language-server: $schema=../../schemas/model.schema.json
# Write every value in capitals anew. docs/how-to/add-a-model.md says what comes next: a section in params.yaml.
schema: 1
name: new-model # as the folder is called
task: binary-classification # or multiclass-classification, or regression
owners: ["@OWNER"]
purpose: WHAT IT TELLS, AND FOR WHOM.
licence: LICENCE
target: COLUMN
positive_class: "VALUE" # null where the task has none
entity_column: null # the column that says whom a row is about
metric: {name: roc_auc, goal: maximize}
gates: {margin: 0.01}
slices: []
"""
_REASON = "WRITE WHY NOBODY SHOULD USE IT"
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


def has_file(index: Mapping[str, Any], channel: str) -> bool:
    """Whether a channel has a file, be it one that cannot be read: GitHub fills in only files that are not there."""
    return channel in index["channels"] or any(entry["channel"] == channel for entry in index["broken"])


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
    file = channel_path(model, channel)
    return _new_file(config, label, file, point_channel(None, version, file).decode())


def rollback_link(config: Mapping[str, Any], model: str, channel: str, version: str) -> WriteLink | None:
    """Return the link that points `channel` back to `version`; None without a GitHub address."""
    return _edit_link(config, model, channel, version, f"Roll {channel} back to {version}")


def form_link(config: Mapping[str, Any], verb: Verb, label: str, **filled: str) -> WriteLink | None:
    """Return the link that opens the issue form of a verb with these fields filled; None without a GitHub address.

    A workflow makes the pull request of it (`.github/workflows/request.yml`).
    """
    repository = github_repository(config)
    if repository is None:
        return None
    query = _query(template=f"{verb}.yml", title=label, **filled)
    return WriteLink(label=label, url=f"{repository}/issues/new?{query}")


def propose_link(config: Mapping[str, Any], model: str) -> WriteLink | None:
    """Return the link that opens the form of a proposal; None without a GitHub address."""
    return form_link(config, "propose", f"Propose a version of {model}", model=model)


def new_model_link(config: Mapping[str, Any]) -> WriteLink | None:
    """Return the link that opens a new model.yaml with its keys in it; None without a GitHub address."""
    return _new_file(config, "Add a model", model_path("new-model"), NEW_MODEL)


def yank_link(config: Mapping[str, Any], model: str, version: str) -> WriteLink | None:
    """Return the link that opens the status file of a yanked version, whose reason is to be written."""
    return _new_file(config, f"Yank {version}", status_path(model, version), _yanked())


@cache
def _yanked() -> str:
    return yanked_status(_REASON, None).decode()


def withdraw_link(config: Mapping[str, Any], model: str, version: str, pull_request: int | None) -> WriteLink | None:
    """Return the link to the pull request that registered a version, which has a button to revert it.

    Without a known request it is the folder, and `text` is the command that takes it away.
    """
    repository = github_repository(config)
    if repository is None:
        return None
    label, folder = f"Withdraw {version}", version_folder(model, version)
    if pull_request is not None:
        return WriteLink(label=label, url=f"{repository}/pull/{pull_request}")
    url = f"{repository}/tree/{_path(config['base_branch'])}/{_file(config, folder)}"
    return WriteLink(label=label, url=url, text=f"git rm -r {folder}", file=folder)


def file_link(config: Mapping[str, Any], path: str, line: int) -> str:
    """Return the address of a line of a file on the base branch, an empty text without a GitHub address."""
    repository = github_repository(config)
    return f"{repository}/blob/{_path(config['base_branch'])}/{_file(config, path)}#L{line}" if repository else ""


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


def _new_file(config: Mapping[str, Any], label: str, file: str, content: str) -> WriteLink | None:
    repository = github_repository(config)
    if repository is None:
        return None
    query = _query(filename=config.get("folder", "") + file, value=content)
    return WriteLink(label=label, url=f"{repository}/new/{_path(config['base_branch'])}?{query}", file=file)


def _edit_link(config: Mapping[str, Any], model: str, channel: str, version: str, label: str) -> WriteLink | None:
    repository = github_repository(config)
    if repository is None:
        return None
    file = channel_path(model, channel)
    url = f"{repository}/edit/{_path(config['base_branch'])}/{_file(config, file)}"
    return WriteLink(label=label, url=url, text=_line(version, file), file=file)


def _line(version: str, file: str) -> str:
    """The one line of a channel file that moves; its comments stay as they are."""
    lines = point_channel(None, version, file).decode().splitlines()
    return next(line for line in lines if line.startswith("version:"))


def _file(config: Mapping[str, Any], path: str) -> str:
    """Return the path of a file of the registry in its repository, for an address."""
    return _path(config.get("folder", "") + path)


def _path(path: str) -> str:
    return quote(path, safe="/")


def _query(**values: str) -> str:
    return urlencode(values, quote_via=quote, safe="")
