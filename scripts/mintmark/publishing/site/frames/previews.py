"""What other programs read in the head of a page: title and description for previews, and where the feeds are. Pure."""

from __future__ import annotations

import html
import re
from typing import Final

from mintmark.publishing.site.frames.frame_places import LOCATIONS, MODEL, SITE_NAME

_TITLE: Final = re.compile(r"<title>(.*?)</title>", re.S)
_DESCRIPTION: Final = re.compile(r'<meta name="description" content="([^"]*)"')
_CANONICAL: Final = re.compile(r'<link rel="canonical" href="([^"]*)"')
# With a second word: for a link that is nothing but an alternate, the theme asks for a sitemap of another language.
_FEED: Final = '<link rel="alternate feed" type="application/atom+xml" title="{title}" href="{href}">'
_END: Final = "</head>"


def add_previews(page: str, location: str) -> str:
    """Return a finished page of the builder with these tags in its head; `location` is its path in the site.

    They repeat what the head says already, markers of frames among it. There is no picture that a preview could show.
    """
    title, end = _TITLE.search(page), page.find(_END)
    if title is None or end < 0:
        return page
    description, canonical = _DESCRIPTION.search(page), _CANONICAL.search(page)
    told = {
        "og:type": "website",
        "og:site_name": SITE_NAME,
        "og:title": html.escape(html.unescape(title[1].strip())),
        "og:description": description[1] if description else "",
        "og:url": canonical[1] if canonical else "",
    }
    tags = [f'<meta property="{name}" content="{value}">' for name, value in told.items() if value]
    tags.append('<meta name="twitter:card" content="summary">')
    return page[:end] + "\n".join([*tags, *_feeds(location)]) + "\n" + page[end:]


def _feeds(location: str) -> list[str]:
    """Return the links to feeds; the page of what is not there has none, as it stands at any address."""
    if not location.endswith("index.html"):
        return []
    top = "../" * location.count("/")
    found = [_FEED.format(title="What happens in this registry", href=f"{top}api/v1/feed.xml")]
    if location.removesuffix("index.html") in (LOCATIONS["model"], LOCATIONS["version"]):
        own = _FEED.format(title="What happens to this model", href=f"{top}api/v1/models/{MODEL}/feed.xml")
        found.insert(0, own)
    return found
