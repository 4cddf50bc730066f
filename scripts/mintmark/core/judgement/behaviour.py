"""Judge the behaviour tests of model.yaml by what a model answered. Runs no model; `behaviour_probes` asks for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mintmark.core.behaviour_tests import (
    BehaviourTest,
    Direction,
    ExpectedCase,
    Invariance,
    Malformed,
    MinimumFunctionality,
)
from mintmark.core.judgement.behaviour_answers import (
    Classes,
    Scores,
    plain_value,
    quoted,
    read_classes,
    read_scores,
)
from mintmark.core.judgement.behaviour_probes import BehaviourFault, check_fit, is_finite_number, probe_names, probes
from mintmark.core.judgement.review import BehaviourResult
from mintmark.core.words import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from mintmark.core.judgement.answers import Answer
    from mintmark.core.judgement.checks import CheckVerdict
    from mintmark.core.question import Label
    from mintmark.core.statistics.metrics import Codes, Floats

__all__ = ["judge_behaviour", "probes"]

MOST_FAILURES: Final = 5
SLACK: Final = 1e-9  # two predictions that are nearer than this are the same
_OUR_KEYS: Final = frozenset({"row", "case", "class", "expected", "predicted", "probability"})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Session:
    """Everything that was asked, and what came of it; `before` is the answer to the rows as they are, or its fault."""

    rows: pd.DataFrame
    asked: Mapping[str, pd.DataFrame]
    answers: Mapping[str, Answer]
    before: Scores | BehaviourFault
    classes: Classes


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pair:
    """A column before and after a change, and the answers to both tables."""

    column: str
    inputs: tuple[pd.Series, pd.Series]
    before: Scores
    after: Scores

    @property
    def moves(self) -> Floats:
        """After minus before, shape (n, k)."""
        with np.errstate(over="ignore"):
            return self.after.values - self.before.values

    @property
    def is_unchanged(self) -> bool:
        """Whether the change left every row as it was."""
        before, after = (list(map(plain_value, column)) for column in self.inputs)
        return before == after


def judge_behaviour(
    tests: Sequence[BehaviourTest],
    rows: pd.DataFrame,
    asked: Mapping[str, pd.DataFrame],
    answers: Mapping[str, Answer],
    unchanged: Answer,
    *,
    classes: Sequence[Label],
    positive: Label | None,
) -> list[BehaviourResult]:
    """Return one result for each test; whatever a model answers becomes a result, never an exception.

    `asked` is what `probes` gave for the same tests and rows, `answers` what the model answered by the same names,
    and `unchanged` its answer to `rows` themselves. `classes` is empty for a regression; of two classes and no
    `positive` the second one is it. Compared are the predictions of a regression, the probability of the positive
    class of two, and all probabilities of more; without probabilities, the label as a probability of 1.

    - minimum-functionality: every case holds.
    - invariance: the share of rows whose largest change is at most the tolerance reaches `share`. A warning where the
      change leaves every row as it is.
    - direction: the share of rows that do not move the wrong way reaches `share`, and at least one moves the right way.
    - malformed: every input ends in an error, or in as many finite predictions (or labels) as it has rows.
    """
    try:
        known = read_classes(classes, positive)
    except BehaviourFault as fault:
        return [_result(test, "fail", str(fault)) for test in tests]
    before = _read_unchanged(unchanged, len(rows), known)
    session = _Session(rows=rows, asked=asked, answers=answers, before=before, classes=known)
    return [_judge(number, test, session) for number, test in enumerate(tests)]


def _read_unchanged(unchanged: Answer, rows: int, classes: Classes) -> Scores | BehaviourFault:
    try:
        return read_scores(unchanged, rows, classes)
    except BehaviourFault as fault:
        return BehaviourFault(f"for the rows as they are, {fault}")


def _judge(number: int, test: BehaviourTest, session: _Session) -> BehaviourResult:
    try:
        check_fit(test, session.rows)
        return _judge_kind(number, test, session)
    except BehaviourFault as fault:
        return _result(test, "fail", str(fault))


def _judge_kind(number: int, test: BehaviourTest, session: _Session) -> BehaviourResult:
    match test:
        case MinimumFunctionality():
            return _judge_minimum(number, test, session)
        case Invariance():
            return _judge_invariance(number, test, session)
        case Direction():
            return _judge_direction(number, test, session)
        case Malformed():
            return _judge_malformed(number, test, session)


def _result(
    test: BehaviourTest,
    verdict: CheckVerdict,
    message: str,
    share: float | None = None,
    failures: Sequence[Mapping[str, Any]] = (),
) -> BehaviourResult:
    return BehaviourResult(
        name=test.name,
        kind=test.kind,
        verdict=verdict,
        message=message,
        description=test.description,
        share=share,
        failures=failures,
    )


# -- one changed column ----------------------------------------------------------------------------------------------


def _judge_invariance(number: int, test: Invariance, session: _Session) -> BehaviourResult:
    pair = _read_pair(number, test, session)
    distance = np.abs(pair.moves).max(axis=1)
    near = distance <= test.tolerance + SLACK
    share, passed = _share(near, test)
    message = f"{_of_rows(near)} stay within {numbers.written(test.tolerance)} {_needed(share, test)}"
    failures = list(_failures(pair, session.classes, _worst(distance, ~near)))
    if passed and pair.is_unchanged:
        return _result(test, "warn", "the change leaves every row as it is, so nothing was tested", share, failures)
    return _result(test, "pass" if passed else "fail", message, share, failures)


def _judge_direction(number: int, test: Direction, session: _Session) -> BehaviourResult:
    if len(session.classes.labels) > 2:
        raise BehaviourFault("direction is for numbers and for two classes; with more, write an invariance test")
    pair = _read_pair(number, test, session)
    right_way, wrong_way = ("rise", "fall") if test.expect == "increase" else ("fall", "rise")
    ahead = pair.moves[:, 0] if right_way == "rise" else -pair.moves[:, 0]
    fine, right = ahead >= -SLACK, ahead > SLACK
    share, passed = _share(fine, test)
    message = f"{_of_rows(fine)} do not {wrong_way} {_needed(share, test)}, {int(right.sum()):,} {right_way}"
    if not right.any():
        message += f': the model does not heed "{pair.column}"'
    wrong = ~fine if right.any() else ~right
    failures = list(_failures(pair, session.classes, _worst(-ahead, wrong)))
    return _result(test, "pass" if passed and right.any() else "fail", message, share, failures)


def _read_pair(number: int, test: Invariance | Direction, session: _Session) -> _Pair:
    rows, column, before = session.rows, test.change.column, session.before
    (name,) = probe_names(number, test)
    changed = session.asked.get(name)
    if changed is None:
        raise BehaviourFault("the model was not asked")
    if isinstance(before, BehaviourFault):
        raise before
    after = read_scores(session.answers.get(name), len(rows), session.classes)
    if before.has_probabilities != after.has_probabilities:
        raise BehaviourFault("the model gives probabilities for some tables and none for others")
    return _Pair(column=column, inputs=(rows[column], changed[column]), before=before, after=after)


def _share(good: NDArray[np.bool_], test: Invariance | Direction) -> tuple[float, bool]:
    share = int(good.sum()) / len(good)
    return share, share >= test.share


def _of_rows(good: NDArray[np.bool_]) -> str:
    return f"{int(good.sum()):,} of {numbers.count(len(good), 'row')}"


def _needed(share: float, test: Invariance | Direction) -> str:
    """`(98.5%, and at least 99% is required)`."""
    told, least = numbers.apart(share, test.share, numbers.share)
    return f"({told}, and at least {least} is required)"


def _worst(badness: Floats, wrong: NDArray[np.bool_]) -> Codes:
    """Return up to five of the rows that are wrong, the worst first."""
    rows = np.flatnonzero(wrong)
    return rows[np.argsort(-badness[rows], kind="stable")][:MOST_FAILURES]


def _failures(pair: _Pair, classes: Classes, rows: Codes) -> Iterator[dict[str, Any]]:
    """Yield for each row its position, the changed column and the prediction, both before and after.

    With probabilities also the class whose probability moved most, and by how much.
    """
    for row in map(int, rows):
        old, new = (plain_value(column.iloc[row]) for column in pair.inputs)
        told = {"row": row, f"{_key(pair.column)} before": old, f"{_key(pair.column)} after": new}
        told["predicted before"] = plain_value(pair.before.labels[row])
        told["predicted after"] = plain_value(pair.after.labels[row])
        if pair.before.has_probabilities:
            most = int(np.abs(pair.moves[row]).argmax())
            told["class"] = plain_value(classes.scored[most])
            told["probability before"] = float(pair.before.values[row, most])
            told["probability after"] = float(pair.after.values[row, most])
        yield told


def _key(column: str) -> str:
    return f"{column} (column)" if column in _OUR_KEYS else column


# -- given rows ------------------------------------------------------------------------------------------------------


def _judge_minimum(number: int, test: MinimumFunctionality, session: _Session) -> BehaviourResult:
    cases, classes = test.cases, session.classes
    (name,) = probe_names(number, test)
    scores = read_scores(session.answers.get(name), len(cases), classes)
    for case in cases:
        _check_case(case, scores, classes)
    failed = [place for place, case in enumerate(cases) if not _holds(case, place, scores, classes)]
    failures = [_failed_case(place, cases[place], scores, classes) for place in failed[:MOST_FAILURES]]
    held = len(cases) - len(failed)
    message = f"{held} of {numbers.count(len(cases), 'case')} {'holds' if held == 1 else 'hold'}"
    return _result(test, "fail" if failed else "pass", message, held / len(cases), failures)


def _check_case(case: ExpectedCase, scores: Scores, classes: Classes) -> None:
    if not classes.labels:
        return
    if case.expect is not None and case.expect not in classes.labels:
        raise BehaviourFault(f"a case expects {quoted(case.expect)}, which is not one of the model's classes")
    bounded = case.at_least is not None or case.at_most is not None
    if bounded and (classes.positive is None or not scores.has_probabilities):
        raise BehaviourFault("at_least and at_most are for numbers, and for two classes with probabilities")


def _holds(case: ExpectedCase, place: int, scores: Scores, classes: Classes) -> bool:
    label, score = scores.labels[place], float(scores.values[place, 0])
    least = -math.inf if case.at_least is None else case.at_least
    most = math.inf if case.at_most is None else case.at_most
    if not least <= score <= most:
        return False
    expected = case.expect
    if expected is None or classes.labels:
        return expected is None or bool(label == expected)
    return is_finite_number(expected) and math.isclose(score, expected, rel_tol=SLACK, abs_tol=SLACK)


def _failed_case(place: int, case: ExpectedCase, scores: Scores, classes: Classes) -> dict[str, Any]:
    told: dict[str, Any] = {"case": f"cases[{place}]"}
    told |= {_key(name): plain_value(value) for name, value in case.row.items()}
    told["expected"] = _expected(case)
    told["predicted"] = plain_value(scores.labels[place])
    if classes.positive is not None and scores.has_probabilities:
        told["class"] = plain_value(classes.scored[0])
        told["probability"] = float(scores.values[place, 0])
    return told


def _expected(case: ExpectedCase) -> Any:
    given = (("at least", case.at_least), ("at most", case.at_most))
    bounds = [f"{words} {quoted(bound)}" for words, bound in given if bound is not None]
    if not bounds:
        return plain_value(case.expect)
    return " and ".join([*([quoted(case.expect)] if case.expect is not None else []), *bounds])


# -- malformed inputs ------------------------------------------------------------------------------------------------


def _judge_malformed(number: int, test: Malformed, session: _Session) -> BehaviourResult:
    inputs, names = test.inputs, probe_names(number, test)
    came = {given: _came_of(name, test.expect, session) for given, name in zip(inputs, names, strict=True)}
    failures = [
        {"input": given, "expected": test.expect, "came": told} for given, told in came.items() if told is not None
    ]
    good = len(inputs) - len(failures)
    end = "an error" if test.expect == "error" else "predictions"
    message = f"{good} of {numbers.count(len(inputs), 'malformed input')} {'ends' if good == 1 else 'end'} in {end}"
    if failures:
        message += f", not {', '.join(failure['input'] for failure in failures)}"
    return _result(test, "fail" if failures else "pass", message, good / len(inputs), failures)


def _came_of(name: str, expect: str, session: _Session) -> str | None:
    """Return in words what came of a malformed input, None where that is what the test expects."""
    answer, table = session.answers.get(name), session.asked.get(name)
    if table is None:
        return "the model was not asked"
    if expect == "error" and answer is not None:
        return None if answer.error is not None else "the model answered"
    try:
        read_scores(answer, len(table), session.classes)
    except BehaviourFault as fault:
        return str(fault)
    return None
