"""Start the pipeline for alarms, once for each issue, whatever runs at the same time.

A run that wants to start it says so on the first of the issues, and looks who was first. That comment stands for the
issues whose numbers are in its key: no later run starts the pipeline for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mintmark.publishing.markdown import code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.forge.forge import Comment, Forge, Issue

WORKFLOW: Final = "retrain.yml"
_KEY: Final = "retrain"


def start_retraining(forge: Forge, model: str, *, branch: str, issues: Sequence[Issue]) -> bool:
    """Start the workflow for those of the issues for which none was started; return whether it was."""
    numbers = sorted({issue.number for issue in issues})
    done = {each for number in numbers for comment in forge.comments(number) for each in _started(comment)}
    fresh = [number for number in numbers if number not in done]
    if not fresh:
        return False
    claim = forge.add_comment(fresh[0], key=_key(fresh), body=_words(fresh))
    earlier = [each for each in forge.comments(fresh[0]) if each.number < claim.number]
    if {each for comment in earlier for each in _started(comment)} >= set(fresh):
        forge.withdraw_comment(claim, reason="Another run was faster.")
        return False
    try:
        forge.start_workflow(WORKFLOW, branch=branch, inputs={"model": model})
    except BaseException:
        forge.withdraw_comment(claim, reason=f"{code(WORKFLOW)} could not be started. The next run tries again.")
        raise
    for number in fresh[1:]:  # the first one may be over before them
        forge.add_comment(number, key=_key([number]), body=_words([number]))
    return True


def _key(numbers: Sequence[int]) -> str:
    return f"{_KEY}/{' '.join(map(str, numbers))}"


def _started(comment: Comment) -> list[int]:
    """Return the numbers of the issues for which a comment says that the pipeline is started."""
    kind, _, numbers = comment.key.partition("/")
    return [int(each) for each in numbers.split() if each.isdecimal()] if kind == _KEY else []


def _words(numbers: Sequence[int]) -> str:
    others = f", also for {', '.join(f'#{number}' for number in numbers[1:])}" if numbers[1:] else ""
    return f"{code(WORKFLOW)} is started for this{others}. If no run of it follows, start it by hand."
