"""How many proposals were compared on the same evaluation rows: each look at a test set wears it out a little."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.core.judgement.checks import CheckVerdict
from mintmark.core.judgement.gates import MANY_USES
from mintmark.core.judgement.review import Uses
from mintmark.core.layout import POINTER_SUFFIX
from mintmark.core.question import EVALUATION
from mintmark.core.records import format_pointer
from mintmark.registry.documents import blob_oid

if TYPE_CHECKING:
    from mintmark.core.records import VersionRecord
    from mintmark.judging.span import Span

_LEVEL = 0.05


def count_uses(span: Span, record: VersionRecord, *, proposed: bool) -> tuple[Uses, ...]:
    """Return how often a version's evaluation rows were used by versions that reached the base, withdrawn ones too.

    With one comparison at a level of 5%, a model that is worse by the margin passes one time in twenty; with n of
    them, at least one passes with a probability of up to 1 - 0.95^n (Dwork et al. 2015, Science 349:636, on why a
    reused holdout wears out). Proposals that were never merged are not in Git and not in the count.
    """
    file = record.stored_file(EVALUATION)
    if file is None:
        return ()
    pointer = blob_oid(format_pointer(file).encode())
    released = span.history(record.model).released
    users = {version for version, files in released.items() if files.get(EVALUATION + POINTER_SUFFIX) == pointer}
    number = len(users | ({str(record.version)} if proposed else set()))
    chance = 1 - (1 - _LEVEL) ** number
    verdict: CheckVerdict = "warn" if number >= MANY_USES else "pass"
    advice = "; it is time for fresh rows" if number >= MANY_USES else ""
    unlucky = "a model" if number == 1 else f"one of {number} models"
    message = f"the chance that {unlucky} worse by the margin passes by luck is up to {chance:.0%}{advice}"
    return (Uses(sha256=file.sha256, proposals=number, verdict=verdict, message=message),)
