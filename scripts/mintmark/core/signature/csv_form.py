"""How a CSV file is written: separator, decimal sign, encoding, and the words for nothing. Reads no files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.named_columns import recorded_sections

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# What stands for a missing number, where nothing is declared. Of text only an empty cell is missing.
MISSING_NUMBERS: Final = ("", "NA", "N/A", "n/a", "NaN", "nan", "-nan", "NULL", "null", "None", "<NA>", "#N/A")
# What a column may hold that is declared boolean.
TRUTHS: Final = {
    word: truth
    for truth, words in ((True, ("true", "yes", "1", "t", "y")), (False, ("false", "no", "0", "f", "n")))
    for each in words
    for word in (each, each.upper(), each.capitalize())
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CsvForm:
    """How a CSV file is written; `missing` None means the usual words for numbers, and empty cells for text."""

    separator: str = ","
    decimal: str = "."
    encoding: str = "utf-8"
    missing: Sequence[str] | None = None

    @property
    def no_number(self) -> frozenset[str]:
        """The words for a missing number."""
        return frozenset(MISSING_NUMBERS if self.missing is None else ("", *self.missing))

    @property
    def no_text(self) -> frozenset[str]:
        """The words for missing text."""
        return frozenset(("", *(self.missing or ())))


def recorded_form(model: str, params: Iterable[Mapping[str, Any] | None]) -> CsvForm:
    """Return how the source of a version is written, from the parameters of its stages; the usual form without any.

    What a record says there was checked by nobody, so what could be no option is left out.
    """
    for section in recorded_sections(model, params, "source"):
        known = {name: section[name] for name in ("separator", "decimal") if _is_sign(section.get(name))}
        if isinstance(section.get("encoding"), str):
            known["encoding"] = section["encoding"]
        if isinstance(section.get("missing"), list):
            known["missing"] = tuple(map(str, section["missing"]))
        return CsvForm(**known)
    return CsvForm()


def _is_sign(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 1 and value not in '\r\n"\0'
