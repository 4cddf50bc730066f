"""Judge a version that comes from another registry without evaluation rows: what can be held against nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.core import layout
from mintmark.core.judgement.opinion import Opinion, found, found_faults
from mintmark.core.judgement.record_claims import dispute_texts
from mintmark.core.question import EVALUATION

if TYPE_CHECKING:
    from mintmark.core.records import VersionRecord


def judge_said(record: VersionRecord, said_by: str, *, channel: str | None) -> Opinion:
    """R7: nobody here measured it, so it never passes by itself, and it enters no channel (R4)."""
    path = layout.version_path(record.model, str(record.version))
    texts = list(dispute_texts(record))
    if texts:
        return found_faults("record", texts)
    if record.stored_file(EVALUATION) is not None:
        message = f"metrics.json names who said its metrics, and there is an {EVALUATION} to measure them on"
        return found("evaluation data", "fail", f"{message}; leave said_by out, and propose what was measured", path)
    who = f"{record.reference}: its metrics are said by {said_by}, and it has no rows to measure them on"
    if channel is not None:
        return found("evaluation data", "fail", f"{who}, so it may not enter {channel}", path)
    return found("evaluation data", "decide", f"{who}. Approve it only as a record of what was", path)
