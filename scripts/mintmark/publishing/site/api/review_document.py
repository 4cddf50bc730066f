"""What the tag of a version says of its review, for the version's document: held to a form, and not believed. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from mintmark.core.finding import one_line, shorten
from mintmark.core.tags.kept_review import parse_kept_review
from mintmark.registry.past.approvals import registration_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.publishing.site.api.json_text import Document
    from mintmark.registry.past.approvals import ToldTag

_LONGEST_NAME = 100
_MOST_APPROVERS = 50
_LONGEST_ADDRESS = 500


def review_document(tags: Sequence[ToldTag], version: str, commit: str, *, alone: bool) -> Document | None:
    """Return what the tag of a version tells of its review, None where there is no such tag.

    `commit` registered the version; `alone` says that it brought no other version of the model.
    """
    found = registration_of(tags, version, commit, alone=alone)
    if found is None:
        return None
    told = found.approved.review or {}
    report = parse_kept_review(told["report"]) if told.get("report") is not None else None
    fault = found.fault
    if not fault and report is None and told.get("report") is not None:
        fault = "the report in its message is not one that mintmark release writes"
    return {
        "tag": found.tag,
        "fault": fault or None,
        "pull_request": found.approved.pull_request,
        "approvers": _names(found.approved.approvers),
        "approved_before": _names(found.approved.approved_before),
        "outcome": _optional(told.get("conclusion"), _LONGEST_NAME),
        "run": _optional(told.get("url"), _LONGEST_ADDRESS),
        "report": None if report is None else asdict(report),
    }


def _names(people: Sequence[str]) -> list[str]:
    return [_text(name, _LONGEST_NAME) for name in people[:_MOST_APPROVERS]]


def _optional(value: object, most: int) -> str | None:
    return _text(value, most) if isinstance(value, str) else None


def _text(text: str, most: int) -> str:
    return shorten(one_line(text.encode("utf-8", "replace").decode()), most)
