"""What every drawing of the site has: opening tag, colours, texts without markup, links that stay in the site."""

from __future__ import annotations

import re
from html import escape
from typing import Final

from mintmark.core.finding import shorten
from mintmark.publishing.markdown import visible
from mintmark.publishing.site.drawing.axes import short

LINE: Final = "var(--md-typeset-a-color,#4051b5)"
# Colours of a drawing that is a file of its own; inside a page, which has a root of its own, these rules find nothing.
_ALONE: Final = (
    "<style>svg:root{color:#1f2328;background:#fff}"
    "@media(prefers-color-scheme:dark){svg:root{color:#e2e4e9;background:#1e2129;--md-typeset-a-color:#8c9eff}}"
    "text{font-family:system-ui,sans-serif}</style>"
)
# No scheme and no other host: what a browser reads as relative, and nothing that it would have to clean up first.
_RELATIVE: Final = re.compile(r"(?!/)[\w.~+%/-]+(?:\?[\w.~+%/=&-]*)?(?:#[\w.~+%/-]*)?\Z", re.ASCII)


def opening(
    kind: str,
    width: float,
    height: float,
    *,
    attributes: str = "",
    alone: bool = False,
) -> str:
    """Return the opening tag of a drawing that is as wide as there is room; `alone` is for a file of its own."""
    namespace = ' xmlns="http://www.w3.org/2000/svg"' if alone else ""
    return (
        f'<svg{namespace} class="{kind}" viewBox="0 0 {short(width)} {short(height)}" width="100%" '
        f'font-size="13" fill="currentColor"{attributes}>{_ALONE if alone else ""}'
    )


def plain(text: str, most: int = 200) -> str:
    """Return a text as one escaped line for between tags or quotation marks, cut to so many characters."""
    return escape(shorten(visible(text), most))


def is_relative(href: str) -> bool:
    """Whether an address leads to a page of this site, from wherever it is shown."""
    return _RELATIVE.match(href) is not None
