"""Hold the metrics that a proposal claims against those that the judge measured (R7). Measures nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mintmark.core.judgement.grading import is_close

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Bounds = Mapping[str, float]

MOST_RESAMPLES = 100_000  # a claim of more would take the judge hours
MOST_CELLS = 2 * 10**9  # rows times resamples: some minutes
_PARTS = ("task", "rows", "confidence")
_NOTHING = "nothing"
_LONGEST_NUMBER = 1024  # bits: no float is larger


class Dispute(NamedTuple):
    """One claim that does not hold: the place in metrics.json, what it says, and what was found (None: nothing)."""

    place: str
    claimed: Any
    found: Any


def has_older_bounds(claimed: Mapping[str, Any], measured: Mapping[str, Any]) -> bool:
    """Whether the bounds of a metrics.json were computed by another method than today's, and cannot come out again."""
    return bool(claimed.get("intervals", 1) != measured["intervals"])


def dispute_claims(
    claimed: Mapping[str, Any], measured: Mapping[str, Any], primary: str, *, bounds: bool = True
) -> Iterator[Dispute]:
    """Yield each value of a metrics.json that is off by more than 1e-6 of its size, and what must not be left out.

    That is every slice, and the primary metric; a pipeline may measure fewer of the others, and fewer bounds. Near
    zero, 1e-9 is close enough. Without `bounds` only the values are held. `claimed` is a document
    that the schema of metrics.json accepts, `measured` what `evaluation.measure` gives for the same rows, resamples and
    seed. A metric that is said to be undefined must be, for the reason that it gives.
    """
    parts = ("value", "low", "high") if bounds else ("value",)
    for part in _PARTS:
        if claimed[part] != measured[part]:
            yield Dispute(part, _told(claimed[part]), measured[part])
    yield from _dispute_metrics("metrics", claimed["metrics"], measured["metrics"], primary, parts)
    for name in sorted(claimed["slices"].keys() | measured["slices"].keys()):
        place = f"slices.{name}"
        own, found = claimed["slices"].get(name), measured["slices"].get(name)
        if own is None or found is None:
            yield Dispute(place, _rows(own) or _NOTHING, _rows(found))
            continue
        if own["rows"] != found["rows"]:
            yield Dispute(f"{place}.rows", _told(own["rows"]), found["rows"])
        yield from _dispute_metrics(f"{place}.metrics", own["metrics"], found["metrics"], primary, parts)
    reasons = measured.get("undefined", {})
    for name, reason in sorted(claimed.get("undefined", {}).items()):
        if reason != reasons.get(name):
            yield Dispute(f"undefined.{name}", reason, reasons.get(name))


def _dispute_metrics(
    place: str, claimed: Mapping[str, Bounds], measured: Mapping[str, Bounds], primary: str, parts: Sequence[str]
) -> Iterator[Dispute]:
    if primary in measured and primary not in claimed:
        yield Dispute(f"{place}.{primary}", _NOTHING, measured[primary]["value"])
    for name, own in sorted(claimed.items()):
        found = measured.get(name)
        if found is None:
            yield Dispute(f"{place}.{name}", _told(own["value"]), None)
            continue
        for bound in parts:
            one, other = own.get(bound), found.get(bound)
            if one is not None and (other is None or not is_close(one, other)):
                yield Dispute(f"{place}.{name}.{bound}", _told(one), other)


def _rows(entry: Mapping[str, Any] | None) -> str | None:
    return None if entry is None else f"{_told(entry['rows'])} rows"


def _told(value: Any) -> Any:
    """Return a value that can be written in a sentence: JSON holds whole numbers of any length."""
    is_huge = isinstance(value, int) and value.bit_length() > _LONGEST_NUMBER
    return f"a number of {value.bit_length():,} bits" if is_huge else value
