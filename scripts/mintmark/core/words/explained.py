"""What moves the answers of a model, in words: what is answered, where a value stands, which row is told. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mintmark.core.words.demands import value_in_words
from mintmark.core.words.numbers import number, share, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_AMONG: Final = {"lowest": "The lowest answer", "middle": "The answer in the middle", "highest": "The highest answer"}
HOW_CURVES_READ: Final = (
    "Partial dependence: the mean answer when every row takes the same value of one input and keeps its others. Dots "
    "are values that rows have, from the 5% quantile to the 95% one. It tells what the model does, not what the world "
    "does, and where inputs go together it averages over rows that do not exist."
)
HOW_ROWS_READ: Final = (
    "Contributions are Shapley values: they lead from the mean answer to the answer for one row, and add up. ± is the "
    "standard error of the sampling. They tell what the model used, not what causes the outcome."
)


def answered(by: str, label: Any, quote: Callable[[str], str]) -> str:
    """`prediction`, `probability of malignant`, `share answered malignant`."""
    if by == "prediction":
        return by
    told = value_in_words(label, quote)
    return f"probability of {told}" if by == "probability" else f"share answered {told}"


def standing(part: Mapping[str, Any]) -> str:
    """`above 93% of the rows`, `as 4% of the rows`, `missing`: where the value of an input stands."""
    if "below" in part:
        return f"above {share(part['below'])} of the rows"
    return f"as {share(part['same'])} of the rows" if "same" in part else "missing"


def contribution(part: Mapping[str, Any]) -> str:
    """`+0.0123 ± 0.002`; no error where there was one row to walk from, and nothing to tell it by."""
    return f"{signed(part['value'])} ± {number(part['error'], 2)}" if "error" in part else signed(part["value"])


def has_spread(importance: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether importances were measured by several shuffles, so that there is a deviation to tell.

    Records of one shuffle used to hold deviations of 0.
    """
    return any(found.get("std") for found in importance.values())


def row_told(row: Mapping[str, Any], by: str, quote: Callable[[str], str]) -> str:
    """`The highest answer: the probability of malignant is 0.98, and 0.37 on average`."""
    what = answered(by, row.get("class"), quote)
    return f"{_AMONG[row['row']]}: the {what} is {number(row['answer'])}, and {number(row['base'])} on average"


def background(explained: Mapping[str, Any]) -> str:
    """`Means are of 100 evaluation rows.`."""
    rows = explained["background"]
    return f"Means are of {rows:,} evaluation row{'' if rows == 1 else 's'}."
