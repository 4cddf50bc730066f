"""Blocks of Markdown for a model card, made from texts and numbers that nobody vouches for. Reads nothing."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

from mintmark.core import announcement
from mintmark.core.finding import one_line
from mintmark.core.layout import model_path
from mintmark.core.records import Interval, format_size
from mintmark.publishing import markdown

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST: Final = 20_000  # characters of one line; a card is for people, and files of the registry are for the rest
_BLANK: Final = "(blank)"
_LARGEST_SIZE: Final = 10**18


def literal(text: str) -> str:
    """Return a text as one line of Markdown that shows it as it is, in a table too."""
    return markdown.escape(" ".join(text.split()), most=_LONGEST)


def prose(text: str) -> str:
    """Return a long text as Markdown that shows it as it is: paragraphs stay paragraphs, lines stay lines."""
    paragraphs = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip())
    lines = ([literal(line) for line in part.split("\n") if line.strip()] for part in paragraphs)
    return "\n\n".join("<br>\n".join(part) for part in lines) or _BLANK


def code(text: str) -> str:
    """Return a name, a path or a command as code."""
    return markdown.code(text, most=_LONGEST) or _BLANK


def value(given: Any) -> str:
    """Return a scalar of YAML: a text as code, a number as people compare it, `true`, `null`."""
    if given is None or isinstance(given, bool):
        return {None: "null", True: "true", False: "false"}[given]
    return code(given) if isinstance(given, str) else number(given)


def number(given: float) -> str:
    """Return a number as people compare it, whatever its size."""
    return announcement.format_number(as_float(given))


def as_float(given: float) -> float:
    """Return a number as a float; a whole number beyond all floats is infinite."""
    try:
        return float(given)
    except OverflowError:
        return math.inf if given > 0 else -math.inf


def interval(data: Mapping[str, float]) -> str:
    """Return a metric of metrics.json: `0.9813 (0.95 to 0.99)`."""
    return announcement.format_interval(Interval(**{name: as_float(bound) for name, bound in data.items()}))


def share(given: float) -> str:
    """`0.99` is `99%`."""
    return f"{100 * given:.6g}%"


def size(given: float) -> str:
    """Return a size in bytes as people read it, whatever it is."""
    return format_size(int(given)) if given < _LARGEST_SIZE else f"{number(given)} B"


def seconds(given: float) -> str:
    """`0.0035 s`."""
    return f"{number(given)} s"


def condition(where: Mapping[str, Any]) -> str:
    """Return which rows a slice has: `` `age` is at least 55 ``."""
    column = code(where["column"])
    if "equals" in where:
        return f"{column} is {value(where['equals'])}"
    if "in" in where:
        return f"{column} is one of {', '.join(map(value, where['in']))}"
    bounds = (("at_least", "at least"), ("below", "below"))
    return f"{column} is " + " and ".join(f"{words} {number(where[key])}" for key, words in bounds if key in where)


def block(text: str, language: str) -> str:
    """Return a text as a block of code that nothing in it can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    shown = "\n".join(one_line(line) for line in text.rstrip("\n").split("\n"))
    return f"{ticks}{language}\n{shown}\n{ticks}"


def link(title: str) -> str:
    """Return a link to a section of the card, by the anchor that GitHub and the Hub give its heading."""
    return f"[{title}](#{re.sub(r'[^a-z0-9 -]', '', title.lower()).replace(' ', '-')})"


def unwritten(field: str, model: str) -> str:
    """Return the sentence that stands where model.yaml has nothing to say."""
    return f"Nobody has written this yet: add `{field}:` to `{model_path(model)}`."
