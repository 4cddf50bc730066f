"""The message of a tag: a sentence for people, then what led to it as JSON. Reads no Git.

What a message says is said by whoever pushed the tag, so a reader checks it against history where that matters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from mintmark.core.finding import one_line

TagKind = Literal["register", "withdraw", "promote", "rollback", "close"]
_FORMAT = 1
_MOST_NUMBER = 999_999_999  # of a pull request; the site's database takes no number of any size
_KINDS = get_args(TagKind)
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Approved:
    """What a forge knows of the change that was merged: nothing, on a remote without one.

    `approvers` approved `head`, the commit that was merged, and `approved_before` an earlier commit of the request and
    not this one. `review` is the result of the review as JSON can hold it.
    """

    pull_request: int | None = None
    head: str | None = None
    approvers: tuple[str, ...] = ()
    approved_before: tuple[str, ...] = ()
    review: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TagMessage:
    """What a tag tells: what happened, to which version in which channel, the commit that did it, and who approved.

    `version` is the one that the tag is on; `before` and `after` are what the channel pointed to.
    """

    sentence: str
    kind: TagKind
    model: str
    version: str
    commit: str
    subject: str
    time: str
    channel: str | None = None
    before: str | None = None
    after: str | None = None
    approved: Approved = field(default_factory=Approved)


def format_message(message: TagMessage) -> str:
    """Return the text that `parse_message` reads back; nobody's own text gets out of the JSON."""
    approved = message.approved
    data = {
        "mintmark": _FORMAT,
        "kind": message.kind,
        "model": message.model,
        "version": message.version,
        **({"channel": message.channel, "before": message.before, "after": message.after} if message.channel else {}),
        "cause": {"commit": message.commit, "subject": message.subject, "time": message.time},
        "pull_request": approved.pull_request,
        "head": approved.head,
        "approvers": list(approved.approvers),
        "approved_before": list(approved.approved_before),
        "review": approved.review,
    }
    return f"{one_line(message.sentence)}\n\n{json.dumps(data, indent=2)}\n"


def parse_message(text: str) -> TagMessage | None:
    """Return what the message of a tag tells, None where it is not one that `format_message` writes."""
    sentence, _, rest = text.partition("\n\n")
    try:
        data, _ = json.JSONDecoder().raw_decode(rest)  # a signature may follow
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or data.get("mintmark") != _FORMAT or data.get("kind") not in _KINDS:
        return None
    cause = data.get("cause")
    needed = [data.get("model"), data.get("version"), *_texts(cause, "commit", "subject", "time")]
    channel = [data.get(name) for name in ("channel", "before", "after")]
    if not all(isinstance(value, str) for value in needed) or not all(isinstance(v, str | None) for v in channel):
        return None
    model, version, commit, subject, time = map(str, needed)
    return TagMessage(
        sentence=sentence,
        kind=data["kind"],
        model=model,
        version=version,
        commit=commit,
        subject=subject,
        time=time,
        channel=channel[0],
        before=channel[1],
        after=channel[2],
        approved=_approved(data),
    )


def _texts(data: object, *names: str) -> list[object]:
    return [data.get(name) if isinstance(data, dict) else None for name in names]


def _approved(data: Mapping[str, Any]) -> Approved:
    number, head, review = (data.get(name) for name in ("pull_request", "head", "review"))
    return Approved(
        pull_request=number if type(number) is int and 0 < number <= _MOST_NUMBER else None,
        head=head if isinstance(head, str) and _COMMIT.fullmatch(head) else None,
        approvers=_people(data.get("approvers")),
        approved_before=_people(data.get("approved_before")),
        review=review if isinstance(review, Mapping) else None,
    )


def _people(names: object) -> tuple[str, ...]:
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()
