"""An error that a user can mend becomes a check, in one function; what was found before it counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mintmark.core.finding import Finding
from mintmark.core.judgement.answers import AnswerFault
from mintmark.core.judgement.opinion import Opinion, found
from mintmark.core.question import RecipeFault
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.judging.deadline import OutOfTime
from mintmark.judging.hearing import Judging, attempt, hear_out, heard

BEFORE = found("bytes", "pass", "all there")
FAULTS = InvalidRegistryError(
    [Finding(path="a.yaml", message="is no mapping", line=3, rule="R8"), Finding(path="b.yaml", message="is missing")]
)


def _judge(error: BaseException | None) -> Judging[int]:
    yield BEFORE
    if error is not None:
        raise error
    return 7


def _outcome(judging: Judging[int | None]) -> tuple[Opinion, int | None]:
    opinion, result = Opinion(), None

    def drain() -> Iterator[Opinion]:
        nonlocal result
        result = yield from judging

    for part in drain():
        opinion += part
    return opinion, result


def test_without_an_error_everything_is_passed_on() -> None:
    assert _outcome(heard(_judge(None), "model")) == (BEFORE, 7)
    assert _outcome(attempt(lambda: 7, "model")) == (Opinion(), 7)


@pytest.mark.parametrize("error", [MintmarkError("m"), AnswerFault("m"), RecipeFault(("target",), "m")])
def test_an_error_becomes_a_check_and_what_came_before_it_stays(error: Exception) -> None:
    assert _outcome(heard(_judge(error), "model", path="x")) == (BEFORE + found("model", "fail", "m", "x"), None)


def test_faults_in_files_become_a_check_each() -> None:
    opinion, result = _outcome(heard(_judge(FAULTS), "review", faults="record"))
    told = [(check.name, check.verdict, check.path, check.line) for check in opinion.checks[1:]]
    assert (told, result) == ([("record R8", "fail", "a.yaml", 3), ("record", "fail", "b.yaml", None)], None)


def test_words_before_the_error_keep_it_in_one_check_of_one_line() -> None:
    opinion, _ = _outcome(heard(_judge(FAULTS), "champion", verdict="decide", says="iris 1.0.0 cannot be compared: "))
    assert opinion == BEFORE + found(
        "champion",
        "decide",
        "iris 1.0.0 cannot be compared: a.yaml:3: is no mapping [R8]; b.yaml: is missing",
    )


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(KeyError):
        _outcome(heard(_judge(KeyError("x")), "model"))


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (KeyError("x\x1b[2J"), r"KeyError: 'x\x1b[2J'"),
        (RecursionError("too deep"), "RecursionError: too deep"),
        (BrokenPipeError(32, "Broken pipe"), "BrokenPipeError"),
        (SystemExit(0), "SystemExit: 0"),
        (MemoryError(), "there is not enough memory"),
        (OutOfTime("the review was not done after 20 minutes"), "not done after 20 minutes"),
        (MintmarkError("git log: what Git says"), "git log: what Git says"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_whatever_ends_a_review_is_a_failed_check_of_it(
    fault: BaseException, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    opinion = hear_out(_judge(fault))
    assert opinion.checks[: len(BEFORE.checks)] == BEFORE.checks
    assert opinion.has_failed
    assert says in opinion.checks[-1].message
    assert "\x1b" not in capsys.readouterr().err


def test_ctrl_c_ends_the_command() -> None:
    with pytest.raises(KeyboardInterrupt):
        hear_out(_judge(KeyboardInterrupt()))


# Who else may catch an error in judging, and why it becomes no check there.
CATCHERS = {
    "agreement": "a dvc.yaml that cannot be read is a finding of the pipeline",
    "clean_rows": "rows that nobody can tell of are a finding for a person",
    "cases": "a question that model.yaml cannot ask gets its path",
    "evidence": "faults of pyarrow and pandas get the name of the table",
    "fetched": "a dvc.lock that cannot be read names no rows: a change may mend it",
    "hearing": "here errors become checks",
    "measuring": "rows that somebody brings get the name of the version",
    "pairing": "answers that cannot be compared get one sentence",
    "record_claims": "a profile that cannot be read is told where stored files are looked at",
    "stored_digests": "a profile that counts no entities is held against nothing",
    "worked_out": "a version that cannot be made again leaves its training rows unknown",
    "span": "a link in place of a channel file names no version; the rules report it",
}


def test_judges_let_errors_rise() -> None:
    folder = Path(heard.__code__.co_filename).parent
    found = {
        path.stem
        for path in (*folder.glob("*.py"), *folder.glob("trials/*.py"))
        if re.search(r"^\s+except (?!BaseException)", path.read_text(), re.M)
    }
    assert found == CATCHERS.keys()
