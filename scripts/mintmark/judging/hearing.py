"""Hear a judge out: what it yields is passed on, and an error that a user can mend becomes a check. Here alone.

A judge is a generator of opinions, so that what it found before an error still counts. What it returns is for the judge
that asked it. An error of another kind is a bug: it ends the review, and `hear_out` has a check say so.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mintmark.core.finding import one_line, shorten
from mintmark.core.judgement.answers import AnswerFault
from mintmark.core.judgement.opinion import Opinion, found, found_faults
from mintmark.core.question import RecipeFault
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.extras import explain_missing
from mintmark.judging.deadline import OutOfTime, deadline

if TYPE_CHECKING:
    from mintmark.core.judgement.checks import CheckName, CheckVerdict

T = TypeVar("T")
_LONGEST = 300
_PACKAGE = Path(__file__).parent.parent
Judging = Generator[Opinion, None, T]


def heard(
    judging: Judging[T],
    name: CheckName,
    *,
    faults: CheckName | None = None,
    verdict: CheckVerdict = "fail",
    says: str = "",
    path: str = "",
) -> Judging[T | None]:
    """Pass on what a judge yields and returns; an error becomes a check of this name and verdict, and returns None.

    `says` stands before the error's own words. Without it, faults in files become one check each (`faults`: the name
    for those).
    """
    try:
        return (yield from judging)
    except (MintmarkError, AnswerFault, RecipeFault) as error:
        if isinstance(error, InvalidRegistryError) and not says:
            yield found_faults(faults or name, error.findings)
        else:
            yield found(name, verdict, says + "; ".join(str(error).splitlines()), path)
        return None


def attempt(
    action: Callable[[], T], name: CheckName, *, verdict: CheckVerdict = "fail", says: str = "", path: str = ""
) -> Judging[T | None]:
    """Do one thing and return what it gives, None where it ends in an error; see `heard`."""
    return heard(_do(action), name, verdict=verdict, says=says, path=path)


def hear_out(judging: Judging[object]) -> Opinion:
    """Return all that a judge finds, in time; what ends it, an error, a bug or the deadline, is a failed check."""
    opinion = Opinion()
    try:
        with deadline():
            for part in heard(judging, "review", faults="record"):
                opinion += part
    except BaseException as fault:
        if isinstance(fault, KeyboardInterrupt) or _is_missing_extra(fault):
            raise
        opinion += ended_by(fault)
    return opinion


def _is_missing_extra(fault: BaseException) -> bool:
    """Whether this installation lacks what judges, of which the command line tells in one sentence."""
    return isinstance(fault, ModuleNotFoundError) and explain_missing(fault, "mintmark review", "registry") is not fault


def ended_by(fault: BaseException) -> Opinion:
    """Return the failed check that says what ended a review; of a bug, the log has the traceback."""
    if isinstance(fault, InvalidRegistryError):
        return found_faults("record", fault.findings)
    if isinstance(fault, (MintmarkError, OutOfTime)):
        return found("review", "fail", "; ".join(str(fault).splitlines()))
    if isinstance(fault, MemoryError):
        return found("review", "fail", "there is not enough memory to look at this change; make it smaller")
    for line in "".join(traceback.format_exception(fault, limit=-20)).splitlines():
        print(one_line(line), file=sys.stderr)
    what = shorten(one_line(f"{type(fault).__name__}: {fault}"), _LONGEST)
    return found("review", "fail", f"a bug of Mintmark ended the review in {_place(fault)}: {what}; please report it")


def _place(fault: BaseException) -> str:
    """Return where in the package a fault arose: `judging/proposals.py:45`."""
    place = "another library"
    for frame in traceback.extract_tb(fault.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(_PACKAGE):
            place = f"{path.relative_to(_PACKAGE).as_posix()}:{frame.lineno}"
    return place


def _do(action: Callable[[], T]) -> Judging[T]:
    yield from ()
    return action()
