"""Which labels of a window are newer: those of this run, or those that are published. Pure.

Runs may come in any order, each with whatever file of labels somebody gave it. Labels that have times say it
themselves. Without them it is told from when the file was changed, and from what was replaced before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mintmark.monitoring.documents import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mintmark.monitoring.measured import Labels

_MOST_REPLACED: Final = 50  # digests that a document keeps
_REMEDY: Final = "let monitoring.labels.time in model.yaml name the column that says when each was known"


def older_labels(labels: Labels | None, published: Labels | None) -> str:
    """Return why labels are older than those that are published, an empty text where they are not."""
    if published is None:
        return ""
    labelled = 0 if labels is None else labels.labelled
    if labelled < published.labelled:
        return f"there are {labelled:,} of the {published.labelled:,} labels that were known before"
    if labels is None or not _differ(labels, published):
        return ""
    if labels.newest is not None and published.newest is not None and labels.newest != published.newest:
        return _earlier("the newest label is of", labels.newest, published.newest)
    if labels.digest in published.replaced:
        return f"these labels were replaced by others before, and no time says that they are right again; {_REMEDY}"
    if labels.changed is not None and published.changed is not None and labels.changed < published.changed:
        return _earlier("the file of labels was changed", labels.changed, published.changed) + f" ({_REMEDY})"
    return ""


def doubtful_labels(labels: Labels | None, published: Labels | None) -> Iterator[str]:
    """Yield that labels replace others, as many as there were, and that nothing of their own says which are newer."""
    if labels is None or published is None or not published.digest or not _differ(labels, published):
        return
    if labels.labelled > published.labelled:
        return
    if labels.newest is None or published.newest is None or labels.newest == published.newest:
        yield f"other labels count now, because their file was changed or read later; {_REMEDY}"


def follow_labels(labels: Labels | None, published: Labels | None) -> Labels | None:
    """Return labels that follow those that are published: they keep what came before them."""
    if labels is None or published is None:
        return labels
    if not _differ(labels, published):
        return replace(labels, changed=published.changed, replaced=published.replaced)
    replaced = [*published.replaced, published.digest] if published.digest else published.replaced
    return replace(labels, replaced=tuple(dict.fromkeys(replaced))[-_MOST_REPLACED:])


def _differ(labels: Labels, published: Labels) -> bool:
    return labels.digest != published.digest


def _earlier(what: str, mine: datetime, published: datetime) -> str:
    if mine >= published:
        return ""
    return f"{what} {format_time(mine)}, and what is published is of {format_time(published)}"
