"""The kinds of pages that a site has, each with its address in the site of `lively`."""

from __future__ import annotations

from pathlib import Path

KINDS = {
    "home": "",
    "model": "models/iris/",
    "hostile model": "models/hostile/",
    "version": "models/iris/1.1.0/",
    "hostile version": "models/hostile/1.0.0/",
    "yanked version": "models/iris/1.2.0/",
    "withdrawn version": "models/iris/1.3.0/",
    "monitoring": "models/price/monitoring/",
    "hostile monitoring": "models/hostile/monitoring/",
    "compare": "compare/",
    "audit": "audit/",
    "lineage": "lineage/",
    "docs": "docs/how-to/roll-back/",
    "404": "404.html",
}


def addresses(site: Path) -> list[str]:
    """Every page of a built site, as its address from the root."""
    pages = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    return [page.removesuffix("index.html") for page in pages]
