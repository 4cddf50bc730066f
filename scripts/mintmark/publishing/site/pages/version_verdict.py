"""What the review of a version came to, as its tag says: verdict, paired difference, checks, behaviour tests. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from markupsafe import Markup

from mintmark.core.behaviour_tests import behaviour_test
from mintmark.core.tags.kept_review import parse_kept_review
from mintmark.core.words.demands import as_it_is, behaviour, prediction
from mintmark.core.words.events import approvers_text
from mintmark.core.words.numbers import count, difference, estimate, interval, share, written
from mintmark.publishing.review.words import VERDICTS, worst_first
from mintmark.publishing.site.drawing.difference_drawing import difference_chart
from mintmark.publishing.site.pages.templating import address, pull_request_link

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.core.records import Interval
    from mintmark.core.statistics.results import Standing
    from mintmark.core.tags.kept_review import KeptComparison, KeptResult, KeptReview

    Document = Mapping[str, Any]

LOOKS: Final[Mapping[Standing, str]] = {  # the colour that belongs to the word of a paired test
    "better": "better",
    "no worse": "same",
    "worse": "worse",
    "inconclusive": "unsure",
}
_KINDS: Final = {"pass": "good", "fail": "bad", "decide": "warn"}
_SIGNS: Final = {"pass": "✓ held", "warn": "! to note", "decide": "? open", "fail": "✗ failed"}
_CHECK_SIGNS: Final = {**_SIGNS, "pass": "✓ passed"}


class ShownResult(NamedTuple):
    """One check or behaviour test as a row; `kind` is the class of its colour."""

    name: str
    kind: str
    word: str
    message: str


class ShownTest(NamedTuple):
    """One behaviour test: what it asks, in sentences, and how it came out."""

    name: str
    about: str
    description: str
    asks: list[str]
    result: ShownResult | None
    share: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What the tag says; `title` is empty where it keeps no report, and `missing` says then what is not known and why.

    `judged` are the sentences of the comparison, `warning` says where the tag does not agree with itself.
    """

    tag: str = ""
    request: Markup | str = ""
    approvers: str = ""
    outcome: str = ""
    run: str = ""
    kind: str = ""
    title: str = ""
    reason: str = ""
    judge: str = ""
    judged: tuple[str, ...] = ()
    standing: Standing | Literal[""] = ""
    drawing: Markup | str = ""
    open_checks: tuple[ShownResult, ...] = ()
    passed_checks: tuple[ShownResult, ...] = ()
    missing: str = ""
    warning: str = ""

    @property
    def look(self) -> str:
        """The colour of the standing, which a paired test decided; none where it did not."""
        return LOOKS[self.standing] if self.standing else "unsure"


def verdict_of(config: Document, version: Document) -> Verdict:
    """Return what is to be said of the review of a version: what its tag says, and nothing beyond."""
    told = version["review"]
    if told is None:
        return Verdict(missing="No review kept: no tag tells of this version. mintmark release makes one.")
    if told["fault"] and told["report"] is None and told["outcome"] is None:
        return Verdict(missing=f"No review kept: the tag {told['tag']} is not believed, as {told['fault']}.")
    report = parse_kept_review(told["report"]) if told["report"] is not None else None
    url, repository = address(told["run"]), address(config["repository"])
    said: dict[str, Any] = {
        "tag": told["tag"],
        "request": pull_request_link(told["pull_request"], config),
        "approvers": approvers_text(told["approvers"], told["approved_before"]),
        "outcome": told["outcome"] or "",
        "run": url if repository and url.startswith(f"{repository.rstrip('/')}/") else "",
    }
    if report is None:
        why = f": {told['fault']}" if told["fault"] else ""
        return Verdict(
            **said, missing=f"No review kept: the tag {told['tag']} names the change and holds no report{why}."
        )
    return Verdict(**said, **_of_report(report), warning=_warning(report, told["outcome"]))


@dataclass(frozen=True, kw_only=True, slots=True)
class ShortVerdict:
    """What the first block of a model's page says of a review; `title` is empty where none is kept.

    `difference` is that of the paired test against `against`, with `standing` in words; both are empty without a test.
    """

    title: str = ""
    kind: str = ""
    difference: str = ""
    standing: str = ""
    look: str = ""
    against: str = ""
    more: str = ""
    warning: str = ""


def short_verdict(told: Document | None) -> ShortVerdict:
    """Return what the tag of a version says of its review in one line."""
    report = parse_kept_review(told["report"]) if told is not None and told["report"] is not None else None
    if told is None or report is None:
        return ShortVerdict()
    said: dict[str, Any] = {
        "title": VERDICTS[report.verdict],
        "kind": _KINDS[report.verdict],
        "warning": _warning(report, told["outcome"]),
    }
    found = report.comparison
    if found is None:
        return ShortVerdict(**said)
    if found.champion is None or found.difference is None:
        more = "there was nothing to compare it with" if found.champion is None else "no paired test was made"
        return ShortVerdict(**said, more=f"{more}, on {count(found.rows, 'row')}")
    test = found.difference
    needed = "" if test.rows_needed is None else f"; some {estimate(test.rows_needed)} rows would decide it"
    return ShortVerdict(
        **said,
        difference=difference(test.value, test.low, test.high),
        standing=test.standing,
        look=LOOKS[test.standing],
        against=found.against,
        more=f"by a paired test on {count(found.rows, 'row')}, margin {written(test.margin)}{needed}",
    )


def _of_report(report: KeptReview) -> dict[str, Any]:
    found = report.comparison
    checks = worst_first(report.checks)
    return {
        "kind": _KINDS[report.verdict],
        "title": VERDICTS[report.verdict],
        "reason": report.reason,
        "judge": report.judge,
        "judged": () if found is None else tuple(_judged(found)),
        "standing": found.difference.standing if found is not None and found.difference is not None else "",
        "drawing": "" if found is None else _drawing(found),
        "open_checks": tuple(_row(check, _CHECK_SIGNS) for check in checks if check.verdict != "pass"),
        "passed_checks": tuple(_row(check, _CHECK_SIGNS) for check in checks if check.verdict == "pass"),
    }


def _judged(found: KeptComparison) -> list[str]:
    own, theirs = _interval(found.candidate), _interval(found.champion)
    rows = count(found.rows, "row")
    said = [f"{found.metric} {own} beside {theirs} of {found.against}, on {rows}"]
    test = found.difference
    if found.champion is None:
        return [f"{found.metric} {own} on {rows}. There was nothing to compare it with"]
    if test is not None:
        said.append(f"Paired difference {difference(test.value, test.low, test.high)}, margin {written(test.margin)}")
        if test.rows_needed is not None:
            said.append(f"Some {estimate(test.rows_needed)} rows would decide it")
    return said


def _interval(found: Interval | None) -> str:
    return interval(None) if found is None else interval(found.value, found.low, found.high)


def _drawing(found: KeptComparison) -> Markup:
    test = found.difference
    if test is None:
        return Markup("")
    drawn = difference_chart(
        test.value,
        test.low,
        test.high,
        margin=test.margin,
        maximize=found.maximize,
        metric=found.metric,
        against=found.against,
    )
    return Markup(drawn)  # noqa: S704 - our own drawing


def _warning(report: KeptReview, outcome: str | None) -> str:
    found = report.comparison
    if outcome is not None and (outcome == "success") != (report.verdict != "fail"):
        why = f"the check ended with {outcome}, and its report says {report.verdict}"
    elif found is not None and found.difference is not None and not found.can_be:
        why = f'it says "{found.difference.standing}", which does not follow from the difference that it gives'
    elif report.verdict == "pass" and found is not None and found.difference and found.difference.standing == "worse":
        why = "its report says pass, and its paired test says worse"
    else:
        return ""
    return f"The tag does not agree with itself: {why}."


def _row(result: KeptResult, signs: Mapping[str, str]) -> ShownResult:
    kind = {"pass": "met", "fail": "unmet"}.get(result.verdict, "open")
    return ShownResult(result.name, kind, signs[result.verdict], result.message)


def behaviour_results(model: Document, version: Document) -> list[ShownTest]:
    """Return the behaviour tests that model.yaml declares, and those that a review ran, with how they came out."""
    told = version["review"] or {}
    report = parse_kept_review(told.get("report"))
    results = {result.name: result for result in report.behaviour} if report is not None else {}
    looked_at = prediction(model["task"], model.get("positive_class"), as_it_is)
    declared = [
        ShownTest(
            name=test["name"],
            about=test["kind"].replace("-", " "),
            description=test.get("description", ""),
            asks=behaviour(behaviour_test(test), looked_at, as_it_is),
            **_outcome(results.pop(test["name"], None)),
        )
        for test in model.get("behaviour", ())
    ]
    gone = [
        ShownTest(name=name, about="no longer declared", description="", asks=[], **_outcome(result))
        for name, result in results.items()
    ]
    return [*declared, *gone]


def _outcome(result: KeptResult | None) -> dict[str, Any]:
    if result is None:
        return {"result": None, "share": ""}
    return {"result": _row(result, _SIGNS), "share": "" if result.share is None else share(result.share)}
