"""The report that a run of a pull request's checks left, read from its artifact, which anybody may have written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mintmark.errors import ArtifactError
from mintmark.publishing.review.parsed_report import parse_report
from mintmark.publishing.review.words import REPORT_FILE

if TYPE_CHECKING:
    from mintmark.core.judgement.review import Review
    from mintmark.forge.forge import Forge

_MOST_BYTES: Final = 20_000_000  # of all the files of an artifact
_ARTIFACTS: Final = ("reproduction", "review")  # as pr.yml names them; one with a reproduction says more


def read_report(forge: Forge, run: int, number: int = 0) -> Review | str | None:
    """Return a report that a run left, why it cannot be read, or None where there is none.

    A run that judges several commits of a change leaves one for each, by `number`. Raises `ForgeError`.
    """
    for name in _ARTIFACTS:
        try:
            content = forge.artifact(run, f"{name}-{number}", most_bytes=_MOST_BYTES).get(REPORT_FILE)
            if content is not None:
                return parse_report(content)
        except (ArtifactError, ValueError) as error:
            return str(error)
    return None
