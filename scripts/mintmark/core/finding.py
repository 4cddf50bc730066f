"""A fault in the data of a registry, as a value, and what its text may show. Prints nothing."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Sequence

Severity = Literal["error", "warning"]
# docs/reference/rules.md has a section for each; no message can name another one.
Rule = Literal["R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12"]
RULES: Final[tuple[Rule, ...]] = get_args(Rule)
_NON_JOINER: Final = "\u200c"
_JOINER: Final = "\u200d"
_EMOJI_STYLE: Final = "\ufe0f"
_VIRAMA: Final = 9  # the combining class of what takes the vowel from an Indic consonant


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One fault: where it is, what is wrong and what to do about it.

    `path` is relative to the root of the registry, `line` and `column` count from 1 (None: the file as a whole),
    `where` is the path inside the document (`metric.goal`), `rule` the rule that is broken (`R4`), empty where
    it is none of them.
    """

    path: str
    message: str
    line: int | None = None
    column: int | None = None
    where: str = ""
    rule: Rule | Literal[""] = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        """`models/iris/model.yaml:12:9: metric.goal: "max" is not one of maximize, minimize`."""
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)
        where = f"{self.where}: " if self.where else ""
        rule = f" [{self.rule}]" if self.rule else ""
        return one_line(f"{place}: {where}{self.message}{rule}")

    @property
    def sort_key(self) -> tuple[str, int, int, str]:
        """Findings are shown in the order of files and lines."""
        return (self.path, self.line or 0, self.column or 0, self.message)


def format_place(place: Sequence[str | int]) -> str:
    """Return the path of a value in its document as `where` holds it: `channels[0].name`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def shorten(text: str, most: int) -> str:
    """Return a text of at most so many characters, the last an ellipsis where it was longer."""
    return text if len(text) <= most else text[: most - 1] + "…"


def one_line(text: str) -> str:
    """Return a text without line breaks and terminal controls: names come from files that anybody may have written.

    A joiner stays where it shapes what is read, as in Persian, in Indic scripts and within an emoji.
    """
    if text.isprintable():
        return text
    return "".join(
        c
        if c.isprintable() or (c in (_JOINER, _NON_JOINER) and _shapes(text, place))
        else c.encode("unicode_escape").decode()
        for place, c in enumerate(text)
    )


def _shapes(text: str, place: int) -> bool:
    """Whether a joiner stands where Unicode gives it a meaning (UAX 31, 2.3): elsewhere nobody sees it."""
    if text[place] not in (_JOINER, _NON_JOINER):
        return False
    before, after = text[place - 1 : place] or " ", text[place + 1 : place + 2] or " "
    if unicodedata.combining(before) == _VIRAMA:
        return True
    if text[place] == _JOINER:
        return _is_pictured(before) and _is_pictured(after)
    return unicodedata.bidirectional(before) == unicodedata.bidirectional(after) == "AL"


def _is_pictured(character: str) -> bool:
    return character == _EMOJI_STYLE or unicodedata.category(character) in ("So", "Sk")


def without_credentials(address: str) -> str:
    """Return an address without the user and the password that somebody put into it."""
    return re.sub(r"//[^/@]*@", "//", address)
