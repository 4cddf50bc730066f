"""The result of a review as a tag keeps it, and as it is read back from what anybody may have written. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args

from mintmark.core.finding import one_line, shorten
from mintmark.core.judgement.checks import Check, CheckVerdict
from mintmark.core.judgement.review import BehaviourResult, Review, Verdict
from mintmark.core.records import Interval
from mintmark.core.statistics.results import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mintmark.core.judgement.review import Evaluation

_LONGEST: Final = 300
_MOST: Final = 60  # checks, and behaviour tests
_MOST_ROWS: Final = 10**12
_NOISE: Final = 1e-6  # far more than rounding, far less than a margin
_COMMIT: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?\Z")
_VERDICTS: Final = get_args(Verdict)
_CHECK_VERDICTS: Final = get_args(CheckVerdict)
_STANDINGS: Final = get_args(Standing)
_ORDER: Final[tuple[CheckVerdict, ...]] = ("fail", "decide", "warn", "pass")
_Judged = TypeVar("_Judged", Check, BehaviourResult)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptDifference:
    """The paired difference of the primary metric, in its own unit; `rows_needed` only where it is inconclusive."""

    value: float
    low: float | None
    high: float | None
    bound: float | None
    margin: float
    standing: Standing
    rows_needed: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptComparison:
    """The primary metric of the version and of what it was compared with, on `rows` rows; `against` names that."""

    metric: str
    maximize: bool
    against: str
    rows: int
    candidate: Interval
    champion: Interval | None = None
    difference: KeptDifference | None = None

    @property
    def can_be(self) -> bool:
        """Whether the standing may follow from the bounds of the difference, as `judge_difference` reads them."""
        test = self.difference
        if test is None:
            return True
        if test.bound is None or test.low is None or test.high is None:
            return test.standing == "inconclusive"
        lower, upper = (test.bound, test.high) if self.maximize else (-test.bound, -test.low)
        noise = _NOISE * max(1.0, abs(lower), abs(upper))
        match test.standing:
            case "better":
                return lower > -noise
            case "no worse":
                return lower >= -test.margin - noise
            case "worse":
                return lower < -test.margin + noise
        return lower < -test.margin + noise and upper >= -test.margin - noise


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptResult:
    """One check or behaviour test: its name, how it came out, and what was found; `share` only of behaviour tests."""

    name: str
    verdict: CheckVerdict
    message: str
    share: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptReview:
    """What a review came to: its verdict and why, what judged what, the comparison, checks and behaviour tests."""

    verdict: Verdict
    reason: str
    judge: str
    base: str
    head: str
    comparison: KeptComparison | None = None
    checks: tuple[KeptResult, ...] = ()
    behaviour: tuple[KeptResult, ...] = ()


def keep_review(review: Review, reference: str) -> dict[str, Any] | None:
    """Return what a tag keeps of a review, None where the review is not about this version.

    Of a long list the gravest are kept. `parse_kept_review` reads it back.
    """
    if reference not in {f"{subject.model}@{subject.version}" for subject in review.subjects}:
        return None
    own = [one for one in review.evaluations if one.candidate == reference]
    return {
        "verdict": review.verdict,
        "reason": _text(review.reason),
        "judge": _text(review.judge),
        "base": review.base,
        "head": review.head,
        "comparison": _comparison(own[0]) if own else None,
        "checks": [_result(check) for check in _gravest(review.checks)],
        "behaviour": [
            {**_result(one), "share": None if one.share is None else _number(one.share)}
            for one in _gravest(review.behaviour)
        ],
    }


def _gravest(results: Sequence[_Judged]) -> list[_Judged]:
    kept = sorted(range(len(results)), key=lambda number: _ORDER.index(results[number].verdict))[:_MOST]
    return [results[number] for number in sorted(kept)]


def _result(one: Check | BehaviourResult) -> dict[str, Any]:
    return {"name": _text(one.name), "verdict": one.verdict, "message": _text(one.message)}


def _comparison(found: Evaluation) -> dict[str, Any] | None:
    metric = next((one for one in found.metrics if one.primary), None)
    if metric is None:
        return None
    difference = metric.difference
    return {
        "metric": metric.name,
        "maximize": metric.maximize,
        "against": _text(found.champion),
        "rows": found.rows,
        "candidate": _interval(metric.candidate),
        "champion": None if metric.champion is None else _interval(metric.champion),
        "difference": None
        if difference is None
        else {
            **{name: _number(getattr(difference, name)) for name in ("value", "low", "high", "bound", "margin")},
            "standing": difference.standing,
            "rows_needed": None if difference.rows_needed is None else difference.rows_needed.rows,
        },
    }


def _interval(interval: Interval) -> dict[str, float | None]:
    return {"value": _number(interval.value), "low": _number(interval.low), "high": _number(interval.high)}


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _text(text: str) -> str:
    return shorten(one_line(text), _LONGEST)


# -- read back -------------------------------------------------------------------------------------------------------


def parse_kept_review(data: object) -> KeptReview | None:
    """Return what a tag says that a review came to, None where it is not what `keep_review` writes.

    Whoever may push tags may have written it: each text is one line of bounded length, each number finite.
    """
    try:
        return _review(_mapping(data))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _review(data: Mapping[str, Any]) -> KeptReview:
    comparison = data["comparison"]
    return KeptReview(
        verdict=_one_of(data["verdict"], _VERDICTS),
        reason=_read(data["reason"]),
        judge=_read(data["judge"]),
        base=_commit(data["base"]),
        head=_commit(data["head"]),
        comparison=None if comparison is None else _read_comparison(_mapping(comparison)),
        checks=tuple(_results(data["checks"])),
        behaviour=tuple(_results(data["behaviour"])),
    )


def _read_comparison(data: Mapping[str, Any]) -> KeptComparison:
    rows, maximize, champion, difference = (data[name] for name in ("rows", "maximize", "champion", "difference"))
    if type(maximize) is not bool:
        raise TypeError("maximize")
    return KeptComparison(
        metric=_read(data["metric"]),
        maximize=maximize,
        against=_read(data["against"]),
        rows=_whole(rows),
        candidate=_read_interval(data["candidate"]),
        champion=None if champion is None else _read_interval(champion),
        difference=None if difference is None else _read_difference(_mapping(difference)),
    )


def _read_difference(data: Mapping[str, Any]) -> KeptDifference:
    value, margin, needed = _finite(data["value"]), _finite(data["margin"]), data["rows_needed"]
    low, high, bound = (_optional(data[name]) for name in ("low", "high", "bound"))
    if margin < 0 or (low is not None and high is not None and low > high):
        raise ValueError("no interval")
    return KeptDifference(
        value=value,
        low=low,
        high=high,
        bound=bound,
        margin=margin,
        standing=_one_of(data["standing"], _STANDINGS),
        rows_needed=None if needed is None else _whole(needed),
    )


def _results(data: object) -> Iterable[KeptResult]:
    if not isinstance(data, list | tuple):
        raise TypeError("no list")
    for entry in map(_mapping, data[:_MOST]):
        share = _optional(entry.get("share"))
        if share is not None and not 0 <= share <= 1:
            raise ValueError("share")
        yield KeptResult(
            name=_read(entry["name"]),
            verdict=_one_of(entry["verdict"], _CHECK_VERDICTS),
            message=_read(entry["message"]),
            share=share,
        )


def _read_interval(data: object) -> Interval:
    entry = _mapping(data)
    return Interval(value=_finite(entry["value"]), low=_optional(entry["low"]), high=_optional(entry["high"]))


def _mapping(data: object) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise TypeError("no mapping")
    return data


def _read(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError("no text")
    return _text(text.encode("utf-8", "replace").decode())


def _commit(text: object) -> str:
    if not isinstance(text, str) or _COMMIT.match(text) is None:
        raise ValueError("no commit")
    return text


def _one_of(value: object, known: tuple[Any, ...]) -> Any:
    if not isinstance(value, str) or value not in known:
        raise ValueError("not one of them")
    return value


def _finite(value: object) -> float:
    if type(value) not in (int, float) or not math.isfinite(number := float(value)):  # type: ignore[arg-type]
        raise TypeError("no number")
    return number


def _optional(value: object) -> float | None:
    return None if value is None else _finite(value)


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value <= _MOST_ROWS:
        raise TypeError("no count")
    return value
