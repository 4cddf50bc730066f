"""Publish a release of a tag on GitHub in steps that can be taken up again: draft, upload, check, publish."""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

from mintmark.errors import ForgeError
from mintmark.forge import answers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mintmark.forge.forge import Release
    from mintmark.forge.rest import RestApi

_NAME = re.compile(r"[A-Za-z0-9_+-](?:[A-Za-z0-9._+-]*[A-Za-z0-9_+-])?")  # GitHub renames a file with another name
_MOST_BODY = 125_000


class Releases:
    """The releases of a repository. What is published is never touched: GitHub may have made it immutable."""

    def __init__(self, repository: str, api: RestApi) -> None:
        self._path = f"repos/{repository}"
        self._api = api

    def list(self) -> Sequence[Release]:
        """See `Forge.releases`."""
        self._listed = tuple(self._api.pages(f"{self._path}/releases"))
        return [answers.release(document) for document in self._listed]

    def publish(
        self, tag: str, *, title: str, body: str, files: Sequence[Path], latest: bool, as_draft: bool = False
    ) -> Release:
        """See `Forge.publish_release`."""
        contents = _read(files)
        published = self._published(tag)
        if published is not None:
            return _settled(published, tag, contents)
        self._require_tag(tag)
        body = body[:_MOST_BODY]
        draft = self._drafts.get(tag) or self._begin(tag, title, body)
        number = answers.release(draft).number
        self._fill(answers.Answer(draft, "release"), tag, contents)
        if as_draft:
            self._drafts[tag] = draft
            return answers.release(draft)
        changes = {"tag_name": tag, "name": title, "body": body, "draft": False, "make_latest": str(latest).lower()}
        try:
            done = self._api.send("PATCH", f"{self._path}/releases/{number}", changes)
        except ForgeError:
            winner = self._published(tag)  # another run was faster, or this answer was lost
            if winner is None:
                raise
            if answers.release(winner).number != number:
                self._api.delete(f"{self._path}/releases/{number}")
            done = winner
        self._drafts.pop(tag, None)
        return _settled(done, tag, contents)

    def _published(self, tag: str) -> object | None:
        return self._api.get(f"{self._path}/releases/tags/{quote(tag, safe='')}")

    def _require_tag(self, tag: str) -> None:
        """Raise where the tag is not pushed: GitHub would make one of its own, on the tip of the base branch."""
        if self._api.get(f"{self._path}/git/ref/tags/{quote(tag, safe='')}") is None:
            raise ForgeError(f"the tag {tag} is not on the forge, so it has no release yet; git push origin {tag}")

    @cached_property
    def _listed(self) -> tuple[object, ...]:
        """All releases as they were when they were last asked for: the list can be long."""
        return tuple(self._api.pages(f"{self._path}/releases"))

    @cached_property
    def _drafts(self) -> dict[str, object]:
        """The drafts by tag, the oldest of each."""
        found: dict[str, object] = {}
        for document in self._listed:
            one = answers.release(document)
            if one.draft and (one.tag not in found or one.number < answers.release(found[one.tag]).number):
                found[one.tag] = document
        return found

    def _begin(self, tag: str, title: str, body: str) -> object:
        document = {"tag_name": tag, "name": title, "body": body, "draft": True}
        return self._api.send("POST", f"{self._path}/releases", document)

    def _fill(self, draft: answers.Answer, tag: str, contents: Mapping[str, bytes]) -> None:
        """Upload what a draft lacks, replace what is not whole, and check each file as the forge has it."""
        there = {asset.text("name"): asset for asset in draft.items("assets")}
        if strange := sorted(there.keys() - contents.keys()):
            raise ForgeError(f"the draft of {tag} holds {strange[0]!r}, which is none of its files; delete it there")
        for name, content in contents.items():
            asset = there.get(name)
            if asset is not None and not _is_whole(asset, content):
                self._api.delete(f"{self._path}/releases/assets/{asset.number('id')}")
                asset = None
            if asset is None:
                address = draft.text("upload_url").partition("{")[0]
                asset = answers.Answer(self._api.upload(address, name, content), "file of a release")
            if asset.text("name") != name or not _is_whole(asset, content):
                raise ForgeError(f"the forge has other bytes of {name} than were sent for {tag}; run again")


def _read(files: Sequence[Path]) -> dict[str, bytes]:
    contents = {}
    for path in files:
        if not _NAME.fullmatch(path.name):
            raise ForgeError(f"{path.name!r} is no name for a file of a release: letters, digits and . _ + - alone")
        contents[path.name] = path.read_bytes()
    return contents


def _is_whole(asset: answers.Answer, content: bytes) -> bool:
    digest = asset.text("digest")  # GitHub has none for what was uploaded before June 2025
    same = not digest or digest == f"sha256:{hashlib.sha256(content).hexdigest()}"
    return asset.text("state") == "uploaded" and asset.number("size") == len(content) and same


def _settled(document: object, tag: str, contents: Mapping[str, bytes]) -> Release:
    """Return a published release that holds these files; raise where it holds others."""
    there = {asset.text("name"): asset for asset in answers.Answer(document, "release").items("assets")}
    other = [name for name, content in contents.items() if name not in there or not _is_whole(there[name], content)]
    if other:
        raise ForgeError(
            f"the release of {tag} is published already with another {other[0]}, and is not touched; "
            "a published release keeps its files, so publish the change as a new version"
        )
    return answers.release(document)
