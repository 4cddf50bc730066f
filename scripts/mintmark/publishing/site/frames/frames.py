"""Take a builder's empty pages apart at their markers, so that filling one in is a join. Renders no content."""

from __future__ import annotations

import html
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from mintmark.errors import MintmarkError
from mintmark.publishing.markdown import visible
from mintmark.publishing.site.frames.frame_places import (
    CONTENT,
    DESCRIPTION,
    LOCATIONS,
    MODEL,
    SHARED_FOLDER,
    TITLE,
    FrameKind,
)

if TYPE_CHECKING:
    from pathlib import Path

_LOCATION = "mintmark-frame-location"
_MARKERS = {TITLE: "title", DESCRIPTION: "description", CONTENT: "content", _LOCATION: "location", MODEL: "model"}
_SPLIT = re.compile("|".join(map(re.escape, _MARKERS)))
_CANONICAL = re.compile(r'(<(?:link rel="canonical" href|meta property="og:url" content)="[^"]*?)"')
_SCRIPT = re.compile(r"(<script\b.*?</script>)", re.S)
# What only the page that compares needs is not loaded by all others.
_COMPARING = re.compile(r'<(?:link|script)\b[^>]*\bassets/compare\.(?:css|js)"[^>]*>(?:</script>)?')
# Each of these scripts works on one kind of page; a reader of another need not load it.
_OWN_SCRIPT = re.compile(r'<script\b[^>]*\bsrc="[^"]*/?assets/(home|version|compare)\.js"[^>]*></script>')
_BREAKS = re.compile(r"\s*\n\s*")
_NO_SKIP = re.compile(r'(<div data-md-component="skip">)\s*(</div>)')  # a page without headings gets none of the theme
_SKIP = r'\1\n<a href="#mm-content" class="md-skip">Skip to content</a>\n\2'
_MAIN = '<main class="md-main"'
_TAB = '<li class="md-tabs__item">'
_ACTIVE_TAB = '<li class="md-tabs__item md-tabs__item--active">'


@dataclass(frozen=True, slots=True)
class Frame:
    """A finished page of the site builder without its content: constant parts, and what stands between them."""

    parts: tuple[str, ...]
    slots: tuple[str, ...]

    def fill(self, *, title: str, description: str, content: str, location: str) -> str:
        """Return the page at `location` of the site; `content` is finished HTML, all else plain text."""
        texts = {
            "title": html.escape(visible(title)),
            "description": html.escape(visible(description)),
            "content": content,
            "location": html.escape(quote(location, safe="/+")),
            "model": html.escape(quote(location.split("/")[1])) if "/" in location else "",
        }
        pieces = [self.parts[0]]
        for slot, part in zip(self.slots, self.parts[1:], strict=True):
            pieces += (texts[slot], part)
        return "".join(pieces)


def read_frames(output: Path) -> dict[FrameKind, Frame]:
    """Return the frames in a built site and remove those of models and versions, which are no pages of their own.

    Raises `MintmarkError` when a page lacks one of its markers, so that no page goes out without its content.
    """
    frames = {kind: _read_frame(output / location / "index.html", kind) for kind, location in LOCATIONS.items()}
    shutil.rmtree(output / SHARED_FOLDER)
    return frames


def _read_frame(path: Path, kind: FrameKind) -> Frame:
    try:
        page = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _fault(kind, "is missing") from None
    return parse_frame(page, kind)


def parse_frame(page: str, kind: FrameKind) -> Frame:
    """Return the frame in the HTML that a builder made of an empty page."""
    location = LOCATIONS[kind]
    page = _OWN_SCRIPT.sub(lambda match: match[0] if match[1] == kind else "", _without_indentation(page))
    page = _CANONICAL.sub(lambda match: f'{match[1].removesuffix(location)}{_LOCATION}"', page)
    if kind != "compare":
        page = _COMPARING.sub("", page)
    if kind == "home":  # its title is the registry's name already
        page = re.sub(rf"<title>{TITLE}.*?</title>", f"<title>{TITLE}</title>", page, count=1, flags=re.S)
        page = re.sub(rf'(property="og:title" content="){TITLE}[^"]*', rf"\g<1>{TITLE}", page, count=1)
    elif kind in ("model", "version"):  # they stand in no navigation, and belong to its first tab
        page = page.replace(_TAB, _ACTIVE_TAB, 1)
    page = _NO_SKIP.sub(_SKIP, page, count=1).replace(_MAIN, f'{_MAIN} id="mm-content"', 1)
    slots = tuple(_MARKERS[marker] for marker in _SPLIT.findall(page))
    for slot in ("title", "description", "content"):
        if slot not in slots:
            raise _fault(kind, f"holds no place for the {slot}")
    if slots.count("content") != 1:
        raise _fault(kind, "holds its content more than once")
    return Frame(tuple(_SPLIT.split(page)), slots)


def _without_indentation(page: str) -> str:
    """Return a page without indentation and blank lines, a third of it; scripts, whose hashes are known, stay."""
    pieces = _SCRIPT.split(page)
    pieces[::2] = [_BREAKS.sub("\n", piece) for piece in pieces[::2]]
    return "".join(pieces).strip() + "\n"


def _fault(kind: FrameKind, what: str) -> MintmarkError:
    return MintmarkError(
        f"the page of the site builder for “{kind}” {what}: this release of it is not known here; "
        "install the one that requirements.lock names"
    )
