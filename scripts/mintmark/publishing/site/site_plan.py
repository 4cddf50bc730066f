"""What every page and document of one build is written with and into. Knows no page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mintmark.publishing.site.pages.texts import plain_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.core.records import StoredFile
    from mintmark.publishing.site.api.json_text import Document
    from mintmark.publishing.site.embedded_files import EmbeddedFiles
    from mintmark.publishing.site.frames.frame_places import FrameKind
    from mintmark.publishing.site.frames.frames import Frame
    from mintmark.publishing.site.output import SiteFolder
    from mintmark.registry.tree import BlobReader

API: Final = "api/v1"
_PREVIEW: Final = 200  # characters


@dataclass(slots=True)
class Written:
    """What was written of one model: files; pages, with their content and without a frame; the stored files looked at.

    Of a page it has kind, location, title, description and content. Of a stored file it has the place that a site has
    for it, and whether it was there.
    """

    files: list[tuple[str, bytes]] = field(default_factory=list)
    pages: list[tuple[FrameKind, str, str, str, str]] = field(default_factory=list)
    looked: list[tuple[StoredFile, str | None, bool]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class SitePlan:
    """What every model's part of a site is made with; small enough to be sent to another process.

    `written`, where there is one, notes what is written with it.
    """

    config: Document
    frames: Mapping[FrameKind, Frame]
    folder: SiteFolder
    blobs: BlobReader
    files: EmbeddedFiles
    publishes_all: bool  # the files of every version, and not only of those in use
    written: Written | None = None

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels in the order of the settings."""
        return tuple(rule["name"] for rule in self.config["channels"])

    def write(self, path: str, content: str) -> None:
        """Write a file."""
        data = content.encode("utf-8", "replace")
        if self.written is not None:
            self.written.files.append((path, data))
        self.folder.write(path, data)

    def write_page(self, kind: FrameKind, location: str, *, title: str, description: str, content: str) -> None:
        """Write a page at a location of the site; of `description`, a text of any length, its beginning is told."""
        if self.written is not None:
            self.written.pages.append((kind, location, title, description, content))
        page = self.frames[kind].fill(title=title, description=preview(description), content=content, location=location)
        self.folder.write(f"{location}index.html", page)

    def carry(self, file: StoredFile, place: str | None) -> bool:
        """Write a stored file that the tree has to its place on the site, if any; return whether it was there."""
        content = self.files.read(file)
        if self.written is not None:
            self.written.looked.append((file, place, content is not None))
        if content is not None and place is not None:
            self.folder.write(place, content)
        return content is not None


def preview(description: str) -> str:
    """Return the beginning of a text as one line without marks, for the head of a page and for the search."""
    return plain_text(description)[:_PREVIEW]
