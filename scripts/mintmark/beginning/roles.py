"""What each column of a table is for, by its name and values: target, id, entity, input, or better left out. Pure.

It is a first guess, and a person can change it. Where names and values say nothing, a column is an input.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from mintmark.core.finding import shorten
from mintmark.core.question import FILLED, ROW, Task
from mintmark.training.recipe import UNNAMED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# The capital of customerId counts: paid and humid end in the same letters.
_ID: Final = re.compile(r"(?i:(?:.*[^a-z])?(?:id|uuid|guid|key|index|row|nr|no|number))|.*[a-z](?:Id|ID)")
_ENTITY: Final = re.compile(
    r"(?i:(?:.*[^a-z])?(?:id|patient|subject|person|customer|client|user|account|member|household|company|supplier"
    r"|employee|student|animal|device|machine|sensor|vehicle|product|store|shop|site|house|building|session)"
    r"(?:[^a-z]?(?:id|nr|no|number|key|code))?)|.*[a-z](?:Id|ID)"
)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?")
_OTHER_DAY: Final = re.compile(
    r"\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})(?:,?[T ]\d{1,2}:\d{2}.*)?|\d{4}[./]\d{1,2}[./]\d{1,2}.*"
)
_DIGITS: Final = r"[-+]?\d{1,3}(?:[ ,.'\u00a0\u202f]\d{3})+(?:[.,]\d+)?|[-+]?\d+(?:[.,]\d+)?"
_SIGN: Final = r"[^\w\s.,]{1,2}\s?|[^\W\d_]{1,3}\s"  # $, or CHF and a space: K0001 is a code
_UNIT: Final = r"\s?[^\w\s.,]{1,2}|\s?[^\W\d_]{1,3}"
_OTHER_NUMBER: Final = re.compile(rf"(?:{_SIGN})?(?:{_DIGITS})(?:{_UNIT})?")
_NEARLY_ALL: Final = 0.95
_MOST_CLASSES, _MOST_WHOLE_CLASSES = 50, 10
_MOST_LEVELS = 50  # of a text: more make as many columns, and tell rows apart rather than kinds
_LEAST_OF_A_CLASS = 10  # rows that each whole number needs on average to be taken for a class
_LEAST_ENTITIES = 10
_POSITIVE: Final = ("yes", "true", "y", "t", "1", "positive", "malignant", "bad", "fraud", "churned", "left", "default")


@dataclass(frozen=True, kw_only=True, slots=True)
class Roles:
    """Columns by what they are for; `left_out` says of each why, `times` are kept beside the data."""

    id: str | None
    entity: str | None
    numbers: tuple[str, ...]
    texts: tuple[str, ...]
    times: tuple[str, ...]
    left_out: dict[str, str]

    @property
    def inputs(self) -> tuple[str, ...]:
        """What the model sees."""
        return (*self.numbers, *self.texts)


def find_roles(frame: pd.DataFrame, target: str, *, entity: str | None = None) -> Roles:
    """Return what the columns besides the target are for; `entity` is the column that a person named."""
    others = [name for name in frame.columns if name != target]
    row_id = next(_ids(frame, [name for name in others if name != entity]), None)
    rest = [name for name in others if name != row_id]
    found = entity if entity is not None else next(_entities(frame, rest), None)
    numbers, texts, times, left_out = list[str](), list[str](), list[str](), dict[str, str]()
    for name in rest:
        if name == found:
            continue
        why = _why_left_out(name, frame[name])
        if why is not None:
            left_out[name] = why
        elif _are_times(frame[name]):
            times.append(name)
        elif pd.api.types.is_numeric_dtype(frame[name].dtype):
            numbers.append(name)
        else:
            texts.append(name)
    return Roles(
        id=row_id, entity=found, numbers=tuple(numbers), texts=tuple(texts), times=tuple(times), left_out=left_out
    )


def _ids(frame: pd.DataFrame, names: Iterable[str]) -> Iterator[str]:
    """Yield columns that hold another value in each row and are called like an id."""
    for name in sorted(names, key=lambda name: (name != ROW, name.lower() != "id")):
        column = frame[name]
        called = _ID.fullmatch(_bare(name)) is not None and not name.startswith(UNNAMED)
        if called and not pd.api.types.is_float_dtype(column.dtype) and column.is_unique and not column.isna().any():
            yield name


def _entities(frame: pd.DataFrame, names: Iterable[str]) -> Iterator[str]:
    """Yield columns that are called like an entity, and of whose values most are there more than once."""
    for name in names:
        column = frame[name]
        if not _ENTITY.fullmatch(_bare(name)) or column.isna().any() or pd.api.types.is_float_dtype(column.dtype):
            continue
        different = column.nunique()
        if _LEAST_ENTITIES <= different < len(column) and _tells_entities(column, different):
            yield name


def _bare(name: str) -> str:
    """Return a name without what stands behind its last word, as in "Customer no."."""
    return name.rstrip(" .:#)]")


def _tells_entities(column: pd.Series, different: int) -> bool:
    """Whether values are many enough for rows of one to be few: a kind of shop is no entity, a shop is."""
    return different > len(column) / 50 and not pd.api.types.is_bool_dtype(column.dtype)


def _why_left_out(name: str, column: pd.Series) -> str | None:
    if name in (ROW, FILLED) or name.startswith(UNNAMED):
        return "it numbers the rows" if name != FILLED else "Mintmark has a column of this name"
    present = column.dropna()
    if present.empty:
        return "it is empty"
    if present.nunique() == 1 and len(present) == len(column):
        return "it holds one value"
    if pd.api.types.is_float_dtype(column.dtype) and np.isinf(present).any():
        return "it holds infinite numbers"
    is_text = not pd.api.types.is_numeric_dtype(column.dtype) and not _are_times(column)
    if is_text and present.nunique() > min(_MOST_LEVELS, max(2, len(present) // 2)):
        return written_otherwise(present) or f"its {present.nunique():,} different texts tell rows apart, not kinds"
    return None


def written_otherwise(column: pd.Series) -> str | None:
    """Return that texts are dates or numbers in a form that nothing here reads, and how to write them; None else."""
    present = column.dropna().map(str).str.strip()
    if present.empty or pd.api.types.is_numeric_dtype(column.dtype):
        return None
    example = shorten(present.iloc[0], 30)
    if present.str.fullmatch(_OTHER_DAY).mean() >= _NEARLY_ALL:
        return f'its texts look like dates ("{example}"); written as 2026-01-31, they are times'
    plain = present.str.fullmatch(r"\d+")  # such as a code with zeros in front
    if not plain.all() and present.str.fullmatch(_OTHER_NUMBER).mean() >= _NEARLY_ALL:
        return f'its texts look like numbers ("{example}"); written as 1234.5, they are'
    return None


def _are_times(column: pd.Series) -> bool:
    """Whether a column holds times, or text that is a date in ISO 8601 throughout."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return True
    if pd.api.types.is_numeric_dtype(column.dtype):
        return False
    present = column.dropna().map(str)
    if present.empty or not present.str.fullmatch(_DAY).all():
        return False
    zoned = present.str.contains(r"(?:Z|[+-]\d{2}:?\d{2})$", regex=True)
    parsed = pd.to_datetime(present, format="ISO8601", utc=True, errors="coerce")
    return not parsed.isna().any() and (zoned.all() or not zoned.any())


def guess_task(truth: pd.Series) -> Task | None:
    """Return what kind of answer a column of answers asks for, None where it asks for none."""
    present = truth.dropna()
    different = present.nunique()
    if different < 2:
        return None
    if different == 2:
        return "binary-classification"
    if not pd.api.types.is_numeric_dtype(present.dtype):
        return "multiclass-classification" if different <= min(_MOST_CLASSES, len(present) // 2) else None
    whole = bool((present == present.round()).all()) and not np.isinf(present.astype("float64")).any()
    few = different <= min(_MOST_WHOLE_CLASSES, len(present) // _LEAST_OF_A_CLASS)
    return "multiclass-classification" if whole and few else "regression"


def positive_label(truth: pd.Series) -> str | int | float | bool:
    """Return the class of two that is looked for: one that is called so, else the rarer one."""
    labels = sorted(truth.dropna().unique().tolist(), key=str)
    named = [label for label in labels if str(label).removesuffix(".0").strip().lower() in _POSITIVE]
    counts = truth.value_counts()
    found: str | int | float | bool = named[0] if len(named) == 1 else min(labels, key=lambda label: int(counts[label]))
    return found
