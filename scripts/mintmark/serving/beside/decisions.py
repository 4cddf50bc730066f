"""What is known of a request once it is answered: what the log keeps, and what a shadow is asked too."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mintmark.serving.rows import BoundRows
    from mintmark.serving.served_version import Answer, ServedVersion


class Decision(NamedTuple):
    """One request for predictions, with references to what it asked and got; nothing is copied on its path.

    `time` is when it came (seconds since 1970), `seconds` how long its answer took, and `status` how it ended, as a
    status of HTTP. `version` is None where none could answer, `rows` where they could not be bound, and `answer` where
    there is none. `size` is that of its body in bytes.
    """

    id: str
    time: float
    model: str
    channel: str
    version: ServedVersion | None
    rows: BoundRows | None
    answer: Answer | None
    seconds: float
    status: int
    error: str = ""
    size: int = 0
    shadow: bool = False
