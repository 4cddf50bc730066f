"""Names of files as file systems and eyes take them: which no clone could hold, and which pass for another. Opens none.

A name that is fine on Linux may be impossible on Windows, or be another file's name on macOS: then a clone there is not
what was judged here.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FORBIDDEN: Final = frozenset('<>:"|?*\\')  # by Windows
_DEVICES: Final = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
)
_SHORT: Final = re.compile(r"[^.]{1,6}~[0-9]{1,6}(\.[^.]{1,3})?\Z")  # what Windows calls a longer name by
# What is drawn as nothing at all, though it counts as a letter or a mark.
_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
# Letters of other scripts that are drawn like Latin ones.
_DRAWN_LIKE: Final = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u04cf\u051b\u051d\u043c"
    "\u03bf\u03b1\u03c1\u03bd\u03b9\u03ba\u03c5\u03c4\u0131\u0261",
    "aeopcyxijshdlqwmoapvikutig",
)


def look(name: str) -> str:
    """Return what people and file systems see of a name: two of the same look pass for one another.

    Letter case, Unicode form, invisible characters and a dot or space at the end do not count.
    """
    if name.isascii() and name.isprintable():
        return name.lower().rstrip(" .")
    text = unicodedata.normalize("NFKC", name).casefold()
    text = _BLANK.sub("", "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc", "Mn")))
    return unicodedata.normalize("NFKC", text.translate(_DRAWN_LIKE)).rstrip(" .")


def name_fault(name: str) -> str:
    """Return what keeps a name from being the same file in every clone, as the end of a sentence; empty for none."""
    if not name.isascii():
        if any("\ud800" <= c <= "\udfff" for c in name):
            return "is not UTF-8"
        if unicodedata.normalize("NFC", name) != name:
            return "is not in the Unicode form NFC, which macOS would make of it"
    if _BLANK.search(name) or any(c != " " and unicodedata.category(c)[0] in "CZ" for c in name):
        return "holds characters that nobody sees"
    if name != name.strip(" ") or name.endswith("."):
        return "begins or ends in a space, or ends in a dot, which Windows drops"
    if _FORBIDDEN.intersection(name):
        return f"holds {' '.join(sorted(_FORBIDDEN.intersection(name)))}, which Windows has in no name"
    if name.partition(".")[0].rstrip(" ").lower() in _DEVICES:
        return "is the name of a device on Windows"
    return "is the short name of another file on Windows" if _SHORT.match(name) else ""


def twins(added: Iterable[str], there: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each added name that passes for another one in the same folder, with that one."""
    known: dict[str, list[str]] = {}
    for name in sorted(set(there)):
        known.setdefault(look(name), []).append(name)
    for name in sorted(set(added)):
        other = next((other for other in known.get(look(name), ()) if other != name), None)
        if other is not None:
            yield name, other
