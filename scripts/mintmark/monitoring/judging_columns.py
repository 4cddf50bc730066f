"""Hold the columns of a window against the profile: quality, and drift that means something. Pure.

Tests of drift are corrected for together (Holm), and so are tests of quality. What counts must be large and no chance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mintmark.core.finding import one_line, shorten
from mintmark.core.question import PROBABILITY
from mintmark.core.statistics.live.drift import (
    FALSE_ALARMS,
    QUALITY_FALSE_ALARMS,
    Distance,
    compare_buckets,
    compare_frequent,
    compare_levels,
    compare_ordered,
    compare_range,
    compare_shares,
    compare_unseen,
    judge,
)
from mintmark.core.statistics.live.spread import NO_SPREAD, spread_of
from mintmark.core.words import numbers
from mintmark.monitoring.column_counts import bins_of, outside
from mintmark.monitoring.measured import Column, Unseen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mintmark.core.model import Thresholds
    from mintmark.core.statistics.live.drift import Verdict
    from mintmark.core.statistics.live.spread import Spread
    from mintmark.monitoring.column_counts import ColumnCounts
    from mintmark.monitoring.documents import FindingKind
    from mintmark.monitoring.reference_columns import ReferenceColumn

_MOST_SHOWN: Final = 10  # values that the profile does not know, in a document
_IN_WORDS: Final = 3
_LONGEST_SHOWN: Final = 40
_ROUNDING: Final = 1e-9
_FIRST_SECOND, _LAST_SECOND = -6.2e10, 2.5e11  # since 1970, that a calendar has
_LEAST_REFERENCE: Final = 30  # rows with a value; of fewer nobody can tell how a column is spread
_UNLIKELY: Final = 1e-4  # that a column shows one value by chance


@dataclass(frozen=True, kw_only=True, slots=True)
class Raised:
    """Something about a column; `is_hard` of its values, which counts whatever the model makes of them."""

    kind: FindingKind
    column: str
    words: str
    is_hard: bool = True


@dataclass(slots=True)
class _Judged:
    """A column while it is judged: what was counted, the test of its drift and those of its quality."""

    name: str
    counts: ColumnCounts
    reference: ReferenceColumn | None
    is_watched: bool
    is_output: bool
    tests: dict[str, Distance] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    reason: str = ""
    is_thin: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedColumns:
    """The columns of a window as a document has them, and what is to be said of them."""

    columns: tuple[Column, ...]
    outputs: tuple[Column, ...]
    raised: tuple[Raised, ...]


def judge_columns(
    inputs: Mapping[str, tuple[ColumnCounts | None, ReferenceColumn | None]],
    outputs: Mapping[str, tuple[ColumnCounts | None, ReferenceColumn | None]],
    thresholds: Thresholds,
    *,
    watched: Sequence[str],
    hidden: Mapping[str, str],
    minimum_rows: int,
    with_drift: bool,
) -> JudgedColumns:
    """Return the columns of a window, judged; `hidden` says why some inputs are not in the log as they were given.

    Without `watched` all inputs are. A column that is not watched is judged by itself and raises nothing. `with_drift`
    is false for a window that is not over: to look again and again would find something by chance.
    """
    members = [
        _Judged(name, counts, reference, is_output or not watched or name in watched, is_output)
        for is_output, columns in ((False, inputs), (True, outputs))
        for name, (counts, reference) in columns.items()
        if counts is not None
    ]
    for each in members:
        _test(each, minimum_rows, with_drift=with_drift)
    for group in ([each for each in members if each.is_watched], [each for each in members if not each.is_watched]):
        _decide(group, thresholds)
    told = {(each.is_output, each.name): _column(each) for each in members}
    for name, why in hidden.items():
        told[False, name] = Column(name=name, kind="hidden", rows=0, watched=False, reason=why)
    return JudgedColumns(
        columns=tuple(told[False, name] for name in inputs if (False, name) in told),
        outputs=tuple(told[True, name] for name in outputs if (True, name) in told),
        raised=tuple(one for each in members if each.is_watched for one in _raised(each)),
    )


# -- tests -----------------------------------------------------------------------------------------------------------


def _test(each: _Judged, minimum_rows: int, *, with_drift: bool) -> None:
    counts, reference = each.counts, each.reference
    if reference is None:
        each.reason = "the profile of this version does not have the column"
        return
    if counts.rows < minimum_rows:
        each.reason = f"{numbers.count(counts.rows, 'row')}, and it takes {minimum_rows:,}"
        return
    each.tests["missing"] = compare_shares(reference.missing, reference.rows, counts.missing, counts.rows)
    each.tests["infinite"] = compare_shares(reference.infinite, reference.rows, counts.infinite, counts.rows)
    each.is_thin = present(counts) < minimum_rows
    if each.is_thin:
        pass  # too few values to say what is odd about them; that the others are missing is told by itself
    elif reference.singles is not None:
        each.tests["unseen"] = compare_unseen(
            reference.singles, reference.doubles, reference.present, counts.unseen_rows, present(counts)
        )
    elif reference.smallest is not None and not each.is_output:  # a share has its own range
        each.tests["out-of-range"] = compare_range(reference.present, *outside(counts), counts.finite)
    if not with_drift:
        each.reason = "the window is not over"
        return
    now = _drift_counts(counts, reference)
    if sum(now) < minimum_rows:
        with_value = numbers.count(sum(now), "row")
        each.reason = f"{with_value} with a value that can be held against the profile, and it takes {minimum_rows:,}"
        return
    if reference.present < _LEAST_REFERENCE:
        with_value = numbers.count(reference.present, "row")
        each.reason = f"the profile has {with_value} with a value, and it takes {_LEAST_REFERENCE}"
        return
    spread = spread_of(reference.windows, ordered=bool(reference.binned)) if reference.windows else NO_SPREAD
    if reference.binned:
        each.tests["drift"] = compare_ordered(reference.binned, now, spread)
    else:
        each.tests["drift"] = _compare_levels(counts, now, reference, spread)


def _compare_levels(counts: ColumnCounts, now: Sequence[int], reference: ReferenceColumn, spread: Spread) -> Distance:
    """Compare levels. Where a profile has all of its own, those that it does not know count like any other rare one."""
    before, rest = reference.levelled[:-1], (reference.levelled[-1], now[-1])
    if reference.singles is None:
        found = compare_frequent(before, now[:-1], rest, spread)
        if counts.buckets is None or len(counts.buckets) != len(reference.buckets):
            return found  # of an older profile, or of one that somebody else wrote
        return compare_buckets(found, reference.buckets, counts.buckets, spread)
    unknown = sorted(counts.unseen.counts.values())
    unnamed = max(0, now[-1] - sum(unknown))
    return compare_levels([*before, *[0] * len(unknown)], [*now[:-1], *unknown], spread, rest=(rest[0], unnamed))


def present(counts: ColumnCounts) -> int:
    """Return how many rows have a value that is finite."""
    return counts.rows - counts.missing - counts.infinite


def _drift_counts(counts: ColumnCounts, reference: ReferenceColumn) -> list[int]:
    """Return the rows of a window as drift is told from: in bins where there are some, else at levels."""
    return bins_of(counts, reference) if reference.binned else _at_levels(counts)


def _shown_counts(counts: ColumnCounts, reference: ReferenceColumn) -> tuple[int, ...]:
    """Return the rows of a window as a document has them: at levels where there are some, else in bins."""
    return tuple(_at_levels(counts) if reference.levels else bins_of(counts, reference))


def _at_levels(counts: ColumnCounts) -> list[int]:
    found: list[int] = [] if counts.levels is None else counts.levels.tolist()
    return found


def _decide(members: Sequence[_Judged], thresholds: Thresholds) -> None:
    least = {
        "missing": thresholds.missing,
        "infinite": thresholds.missing,
        "unseen": thresholds.unseen,
        "out-of-range": thresholds.out_of_range,
        "drift": thresholds.drift,
    }
    tests = [(each, kind) for each in members for kind in each.tests]
    for chance, some in (
        (FALSE_ALARMS, [(each, kind) for each, kind in tests if kind == "drift"]),
        (QUALITY_FALSE_ALARMS, [(each, kind) for each, kind in tests if kind != "drift"]),
    ):
        found, large = [each.tests[kind] for each, kind in some], [least[kind] for _, kind in some]
        for (each, kind), verdict in zip(some, judge(found, large, false_alarms=chance), strict=True):
            each.verdicts[kind] = verdict


# -- columns and words -----------------------------------------------------------------------------------------------


def _column(each: _Judged) -> Column:
    counts, reference = each.counts, each.reference
    told: dict[str, Any] = {"name": each.name, "kind": "number" if reference is None else reference.kind}
    if reference is not None:
        told |= {
            "edges": () if reference.levels else reference.edges,
            "levels": reference.levels,
            "counts": _shown_counts(counts, reference),
            "reference": reference.as_counts,
        }
        told["out_of_range"] = sum(outside(counts))
    drift, verdict = each.tests.get("drift"), each.verdicts.get("drift")
    if drift is not None and verdict is not None:
        told |= {
            "distance": drift.distance,
            "p_value": drift.p_value,
            "adjusted_p_value": verdict.adjusted,
            "drifted": verdict.is_drift,
        }
    return Column(
        **told,
        rows=counts.rows,
        missing=counts.missing,
        infinite=counts.infinite,
        lost=counts.lost,
        constant=counts.is_constant,
        unseen=_unseen(counts),
        watched=each.is_watched,
        reason=each.reason,
    )


def _unseen(counts: ColumnCounts) -> Unseen:
    named = sorted(counts.unseen.counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_SHOWN]
    others = max(0, counts.unseen_rows - sum(count for _, count in named))
    return Unseen(rows=counts.unseen_rows, levels=dict(named), others=others)


def _raised(each: _Judged) -> Iterable[Raised]:
    counts, reference = each.counts, each.reference
    if reference is None:
        return
    found = {kind for kind, verdict in each.verdicts.items() if verdict.is_drift}
    before, rows = reference, counts.rows
    if "missing" in found and _is_more(counts.missing, rows, before.missing, before.rows):
        yield Raised(kind="missing", column=each.name, words=_missing_words(each.name, counts, before))
    if "infinite" in found and _is_more(counts.infinite, rows, before.infinite, before.rows):
        words = f'"{each.name}" is infinite in {numbers.share(counts.infinite / rows)} of the rows.'
        yield Raised(kind="infinite", column=each.name, words=words)
    if each.tests and not each.is_thin and _is_stuck(counts, before):
        words = f'"{each.name}" has the same value in all rows: {_only_value(counts, before)}.'
        yield Raised(kind="constant", column=each.name, words=words)
    if "unseen" in found and _is_more(counts.unseen_rows, present(counts), before.singles or 0, before.present):
        yield Raised(kind="unseen", column=each.name, words=_unseen_words(each.name, counts))
    if "out-of-range" in found:
        ends = f"{_value(before.smallest, before)} to {_value(before.largest, before)}"
        share = f"{numbers.share(each.tests['out-of-range'].distance)} of {_rows_with(counts)}"
        words = f'"{each.name}" is outside of what the profile has seen ({ends}) in {share}.'
        yield Raised(kind="out-of-range", column=each.name, words=words)
    if each.is_output and each.name.startswith(PROBABILITY) and _is_no_share(counts):
        low, high = numbers.number(counts.smallest), numbers.number(counts.largest)
        words = f'"{each.name}" holds what is no probability: it goes from {low} to {high}.'
        yield Raised(kind="out-of-range", column=each.name, words=words)
    if "drift" in found:
        moved, chance = numbers.share(each.tests["drift"].distance), numbers.p_value(each.verdicts["drift"].adjusted)
        words = f'"{each.name}" has drifted: {moved} of the rows would have to lie elsewhere (p {chance}).'
        kind: FindingKind = "prediction-drift" if each.is_output else "drift"
        yield Raised(kind=kind, column=each.name, words=words, is_hard=False)


def _missing_words(name: str, counts: ColumnCounts, reference: ReferenceColumn) -> str:
    share, before = numbers.share(counts.missing / counts.rows), numbers.share(reference.missing / reference.rows)
    lost = f" ({counts.lost:,} because the log cannot hold it)" if counts.lost else ""
    return f'"{name}" has no value in {share} of the rows{lost}; in the profile in {before}.'


def _is_more(hits: int, rows: int, hits_before: int, before: int) -> bool:
    """Whether a share of rows is larger than before; less of a fault is none."""
    return hits * before > hits_before * rows


def _is_no_share(counts: ColumnCounts) -> bool:
    return counts.finite > 0 and (counts.smallest < -_ROUNDING or counts.largest > 1 + _ROUNDING)


def _is_stuck(counts: ColumnCounts, reference: ReferenceColumn) -> bool:
    """Whether a column shows one value where its profile says that chance would not do that."""
    seen = reference.levelled or reference.binned
    total = sum(seen)
    if (
        not counts.is_constant
        or not total
        or reference.distinct == 1
        or reference.smallest == reference.largest is not None
    ):
        return False
    return float(max(seen) / total) ** present(counts) < _UNLIKELY


def _only_value(counts: ColumnCounts, reference: ReferenceColumn) -> str:
    if counts.finite:
        return _value(counts.smallest, reference)
    if counts.unseen.counts:
        return _shown(next(iter(counts.unseen.counts)))
    return _shown(reference.levels[int(np.argmax(counts.levels))]) if counts.levels is not None else ""


def _value(value: float | None, reference: ReferenceColumn) -> str:
    """Return a number as people write it: of a column of times, its moment."""
    if reference.kind == "time" and value is not None and _FIRST_SECOND < value < _LAST_SECOND:
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M}"
    return numbers.number(value)


def _rows_with(counts: ColumnCounts) -> str:
    """Return which rows a share is of, where some have no value."""
    return "the rows" if present(counts) == counts.rows else "the rows that have a value"


def _shown(value: str) -> str:
    return f'"{shorten(one_line(value), _LONGEST_SHOWN)}"'


def _unseen_words(name: str, counts: ColumnCounts) -> str:
    rows = present(counts)
    most = sorted(counts.unseen.counts.items(), key=lambda item: (-item[1], item[0]))[:_IN_WORDS]
    named = ", ".join(f"{_shown(value)} ({numbers.share(count / rows)})" for value, count in most)
    share = f"{numbers.share(counts.unseen_rows / rows)} of {_rows_with(counts)}"
    return f'"{name}" has values that the profile does not know in {share}, the most frequent {named}.'
