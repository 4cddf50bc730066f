"""What monitoring found, in words: verdicts of windows, how a metric is known, and causes of alarms. Pure."""

from __future__ import annotations

from typing import Final

VERDICTS: Final = {
    "ok": "ok",
    "note": "note",
    "warning": "warning",
    "alarm": "alarm",
    "not-enough-data": "not enough data",
    "not-over": "not over",
}
HOW: Final = {"labels": "by labels", "estimate": "estimated"}
CAUSES: Final = {
    "silence": "no request",
    "errors": "errors",
    "refused": "refused requests",
    "dropped": "rows not logged",
    "conflicts": "conflicting answers",
    "latency": "no latency",
    "unreadable": "log cannot be read",
    "unknown-version": "unknown version",
    "missing": "missing values",
    "infinite": "infinite values",
    "constant": "one value only",
    "out-of-range": "out of range",
    "unseen": "unknown values",
    "drift": "drift",
    "prediction-drift": "drift of predictions",
    "estimate": "estimated metric",
    "performance": "metric",
    "not-enough-data": "not enough data",
    "not-over": "not over",
}


def cause(kind: str, about: str) -> str:
    """Return what an alarm is about in a few words: `worst area: out of range`."""
    words = CAUSES.get(kind, kind)
    return f"{about}: {words}" if about else words
