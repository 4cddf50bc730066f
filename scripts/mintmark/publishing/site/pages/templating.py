"""The Jinja environment of the site: escaping, and how sizes, numbers, days and commits are shown. Knows no page."""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import url_quote
from markupsafe import Markup

from mintmark.core.words import numbers
from mintmark.publishing.markdown import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jinja2 import Template

TEMPLATES: Final = Path(__file__).parent / "templates"
_ADDRESS: Final = re.compile(r"https?://[^\s\"'<>\\]+\Z", re.ASCII)
_LINE_ENDS: Final = re.compile(r"(\r\n|[\r\n\t])")
_SHORT: Final = 7
_METHODS: Final = frozenset(dir(dict))


class _Environment(Environment):
    """Finds the keys of documents at once; a key that a method of dict is called like gives way to it, as in Jinja."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict and attribute in obj and attribute not in _METHODS:
            return obj[attribute]
        return super().getattr(obj, attribute)


@cache
def environment() -> Environment:
    """Return the one environment: every value is escaped, and a name that is not there is an error."""
    made = _Environment(
        loader=FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_shown,
    )
    made.filters |= {
        "size": numbers.size,
        "lineage_search": lineage_search,
        "urlencode": lru_cache(maxsize=4096)(url_quote),
        "number": numbers.number,
        "bounds": numbers.bounds,
        "day": day,
        "moment": moment,
        "address": address,
        "commit_link": commit_link,
        "pull_request_link": pull_request_link,
        "count": numbers.count,
        "capital": numbers.capital,
    }
    return made


@cache
def template(name: str) -> Template:
    """Return a compiled template: looking one up costs more than a small page."""
    return environment().get_template(name)


def render(name: str, /, **values: Any) -> str:
    """Return a template filled with values."""
    return template(name).render(values)


_quoted = lru_cache(maxsize=4096)(json.JSONEncoder(ensure_ascii=False).encode)


def lineage_search(words: Iterable[str]) -> str:
    """Return what the search of the lineage page takes for exactly these words, each in quotes as JSON has them."""
    return " ".join(map(_quoted, words))


def shown(text: str) -> str:
    """Return a text with controls, invisible and turning characters written out; lines stay lines."""
    return text if text.isascii() and text.isprintable() else _written_out(text)


@lru_cache(maxsize=1024)
def _written_out(text: str) -> str:
    return "".join(part if part in ("\n", "\t") else visible(_plain_spaces(part)) for part in _lines(text))


def _lines(text: str) -> list[str]:
    return ["\n" if part in ("\r", "\r\n") else part for part in _LINE_ENDS.split(text)]


def _plain_spaces(text: str) -> str:
    """Return a text in which the spaces of typography (no-break, thin) are spaces, which they are to a reader."""
    return "".join(" " if c.isspace() and not c.isprintable() and c > "\x9f" else c for c in text)


def _shown(value: Any) -> Any:
    """Return what a template shows for a value. Called for each of hundreds of them on a page, so it is short."""
    if type(value) is str:
        return value if value.isascii() and value.isprintable() else _written_out(value)
    if isinstance(value, str) and not isinstance(value, Markup):
        return shown(str(value))
    if value is None:
        raise ValueError("a template shows None; say what is to be read instead")
    return value


@lru_cache(maxsize=4096)
def day(time: str | None) -> Markup:
    """Return a moment as its day; the browser adds how long ago that was (`data-age`)."""
    if time is None:
        return Markup("–")
    return Markup('<time datetime="{}" data-age>{}</time>').format(shown(time), shown(time)[:10])


@lru_cache(maxsize=4096)
def moment(time: str | None) -> Markup:
    """Return a moment to the minute: `2026-06-01 09:30 UTC`."""
    if time is None:
        return Markup("–")
    return Markup('<time datetime="{}">{} {} UTC</time>').format(shown(time), shown(time)[:10], shown(time)[11:16])


def address(text: str | None) -> str:
    """Return an address that a link may lead to (http and https), an empty text for any other."""
    return text if text and _ADDRESS.match(text) else ""


def commit_link(event: Mapping[str, Any], config: Mapping[str, Any]) -> Markup:
    """Return a commit as its short name, linked to the repository where that is known, with its pull request."""
    if event["commit"] is None:
        return Markup("no commit yet")
    short = Markup("<code>{}</code>").format(shown(event["commit"])[:_SHORT])
    repository = address(config["repository"])
    if repository:
        short = Markup('<a href="{}/commit/{}">{}</a>').format(repository, event["commit"], short)
    request = pull_request_link(event["pull_request"], config)
    return Markup("{} ({})").format(short, request) if request else short


def pull_request_link(request: int | None, config: Mapping[str, Any]) -> Markup:
    """Return `#12`, linked to the repository where that is known; nothing without a number."""
    if request is None:
        return Markup("")
    repository = address(config["repository"])
    if not repository:
        return Markup("#{}").format(request)
    return Markup('<a href="{}/pull/{}">#{}</a>').format(repository, request, request)
