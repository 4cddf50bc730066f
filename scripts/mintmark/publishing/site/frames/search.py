"""Complete a built site's search index and its sitemap with pages that the site builder did not make."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mintmark.errors import MintmarkError
from mintmark.publishing.markdown import visible
from mintmark.publishing.site.frames.frame_places import is_frame

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_MKDOCS_INDEX = "search/search_index.json"
_ZENSICAL_INDEX = "search.json"
_SITEMAP = "sitemap.xml"
_LOCATION = re.compile(r"<loc>\s*(.*?)\s*</loc>")


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchEntry:
    """A page as the search finds it: where it is, relative to the site's root, and its plain text.

    One that is not `searched` is in the sitemap alone: of ten thousand versions most are found by their number.
    """

    location: str
    title: str
    text: str
    searched: bool = True


def add_entries(output: Path, entries: Iterable[SearchEntry]) -> None:
    """Add pages to the index of the search, and take those of the frames out of it."""
    if (output / _MKDOCS_INDEX).is_file():
        path, key, convert = output / _MKDOCS_INDEX, "docs", _mkdocs_entry
    elif (output / _ZENSICAL_INDEX).is_file():
        path, key, convert = output / _ZENSICAL_INDEX, "items", _zensical_entry
    else:
        raise MintmarkError(
            "the site builder wrote no search index that is known here; "
            "install the release that requirements.lock names"
        )
    index = json.loads(path.read_bytes())
    kept = [entry for entry in index[key] if not is_frame(entry["location"])]
    index[key] = [*(convert(entry) for entry in entries if entry.searched), *kept]
    path.write_text(json.dumps(index, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def write_sitemap(output: Path, site_url: str | None, locations: Iterable[str]) -> None:
    """Write the sitemap of the builder's pages and of those at `locations`; without an address there is none.

    It bears no dates: the builder would write the day of the build, and the same tree gives the same bytes.
    """
    path = output / _SITEMAP
    path.with_suffix(".xml.gz").unlink(missing_ok=True)
    listed = path.read_text(encoding="utf-8") if path.is_file() else ""
    path.unlink(missing_ok=True)
    if not site_url:
        return
    root = site_url.rstrip("/") + "/"
    built = [html.unescape(address).removeprefix(root) for address in _LOCATION.findall(listed)]
    addresses = {root + location for location in built if not is_frame(location)}
    addresses |= {root + quote(location, safe="/+") for location in locations}
    lines = (f"<url><loc>{html.escape(address)}</loc></url>" for address in sorted(addresses))
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        + "".join(f"{line}\n" for line in lines)
        + "</urlset>\n",
        encoding="utf-8",
    )


def _mkdocs_entry(entry: SearchEntry) -> dict[str, Any]:
    # Both are shown as HTML.
    return {
        "location": quote(entry.location, safe="/+"),
        "title": html.escape(visible(entry.title), quote=False),
        "text": html.escape(visible(entry.text), quote=False),
    }


def _zensical_entry(entry: SearchEntry) -> dict[str, Any]:
    return {**_mkdocs_entry(entry), "level": 1, "path": [html.escape(visible(entry.title), quote=False)], "tags": []}
