"""Publish each version that is tagged and live as a release on the forge, with its bundle. Makes no tag."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.core.tags.grammar import VersionTag
from mintmark.errors import MintmarkError
from mintmark.publishing.release.bundle import SUMS, write_bundle
from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mintmark.forge.forge import Forge
    from mintmark.publishing.release.remote_tags import KnownTag
    from mintmark.publishing.release.tagging import Merged

CHECKSUMS = "checksums.txt"
_ABOUT = ("README.md", "CARD.md", "version.yaml", "requirements.txt", "sbom.cdx.json")  # attested with the archive


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """A version that has its release now, or (`fault`) why it has none."""

    reference: str
    fault: str | None = None


def publish_versions(
    merged: Merged, known: Sequence[KnownTag], forge: Forge, bundles: Path | None, *, as_draft: bool = False
) -> Iterator[Published]:
    """Publish the versions without a release, oldest tag first; `bundles` is where their files are kept afterwards.

    With `as_draft` they are filled and left for a later call to publish: what they hold is attested in between, so a
    run that is stopped leaves nothing unattested. A version that is withdrawn or yanked gets none. Where one cannot be
    bundled, the others are published.
    """
    registry = ClonedRegistry(merged.remote.root, at=merged.commit)
    there = {release.tag for release in forge.releases() if not release.draft}
    with TemporaryFolder("release") as temporary:
        for tag in known:
            if not isinstance(tag.tag, VersionTag) or tag.name in there or tag.tag.ends or tag.tag.number is not None:
                continue
            published = _publish(registry, tag, tag.tag, forge, bundles or temporary, as_draft=as_draft)
            if published is not None:
                yield published


def _publish(
    registry: ClonedRegistry, known: KnownTag, tag: VersionTag, forge: Forge, folder: Path, *, as_draft: bool
) -> Published | None:
    reference = f"{tag.model}@{tag.version}"
    try:
        live = {str(version) for version in registry.versions(tag.model)} - registry.yanked(tag.model)
        if tag.version not in live:
            return None
        if not _is_merged(registry, known):
            fault = f"its tag {known.name} is on no commit of the base branch; whoever made it takes it away"
            return Published(reference=reference, fault=f"the release of {reference}: {fault}")
        files = write_bundle(registry, reference, folder)
        latest = registry.latest(tag.model)
    except MintmarkError as error:
        return Published(reference=reference, fault=f"the release of {reference}: {error}")
    forge.publish_release(
        known.name,
        title=f"{tag.model} {tag.version}",
        body=_body(known, reference),
        files=files,
        latest=str(latest) == tag.version,
        as_draft=as_draft,
    )
    _note_digests(files, folder / CHECKSUMS)
    return Published(reference=reference)


def _is_merged(registry: ClonedRegistry, known: KnownTag) -> bool:
    """Whether a tag is on a commit of the base branch: a release shows the sources of that commit."""
    if known.commit is None:
        return False
    asked = ("merge-base", "--is-ancestor", known.commit, registry.revision)
    return git.ask_git(*asked, cwd=registry.root) is not None


def _note_digests(files: Iterable[Path], target: Path) -> None:
    """Add what is to be attested of a version: its archive and its bill of materials, its artifact and its metrics.

    The lines are those of `sha256sum`. Those of the artifact and of the metrics come from the archive's own sums, which
    were checked when it was written.
    """
    lines = []
    for file in files:
        lines.append(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n")
        if file.suffix == ".zip":
            with zipfile.ZipFile(file) as archive:
                sums = archive.read(f"{file.stem}/{SUMS}").decode().splitlines()
            inside = [line.split("  ", 1) for line in sums]
            lines += [f"{digest}  {file.stem}/{name}\n" for digest, name in inside if name not in _ABOUT]
    with target.open("a", encoding="utf-8") as stream:
        stream.writelines(lines)


def _body(known: KnownTag, reference: str) -> str:
    """Return what the page of a release says; nobody's own text is in it."""
    approved = known.told.approved if known.told is not None else None
    request = f" by #{approved.pull_request}" if approved is not None and approved.pull_request else ""
    return (
        f"`{reference}` was registered in {known.commit}{request}.\n\n"
        "The archive holds the model with its card, its metrics, its requirements and `SHA256SUMS`. "
        f"In a clone, `mintmark pull {reference}` fetches the model alone.\n"
    )
