"""Hear a judge out: what it yields is passed on, and an error that a user can mend becomes a check. Here alone.

A judge is a generator of opinions, so that what it found before an error still counts. What it returns is for the judge
that asked it. An error of another kind is a bug, and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, TypeVar

from mintmark.core.judgement.answers import AnswerFault
from mintmark.core.judgement.opinion import Opinion, found, found_faults
from mintmark.core.question import RecipeFault
from mintmark.errors import InvalidRegistryError, MintmarkError

if TYPE_CHECKING:
    from mintmark.core.judgement.checks import CheckName, CheckVerdict

T = TypeVar("T")
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


def _do(action: Callable[[], T]) -> Judging[T]:
    yield from ()
    return action()
