"""What the server says of what it serves: for its page, for people and for whoever asks whether it is well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mintmark.serving.following.follower import Follower
    from mintmark.serving.metrics import Metrics
    from mintmark.serving.served_version import ServedVersion
    from mintmark.serving.slots import Slot, Slots


def describe_status(slots: Slots, follower: Follower, metrics: Metrics) -> dict[str, Any]:
    """Return what is served, since when, from where, and what is degraded."""
    return {
        "registry": follower.source.label,
        "state": follower.seen,
        "unreachable": follower.unreachable,
        "degraded": [f"{slot.name}: {slot.fault}" for slot in slots if slot.fault],
        "serving": [_describe_slot(slot) | _speed(slot, metrics) for slot in slots],
    }


def _speed(slot: Slot, metrics: Metrics) -> dict[str, Any]:
    current = slot.current
    requests, median, slowest = metrics.speed(current.model, current.version) if current else (0, None, None)
    return {"requests": requests, "median": median, "slowest": slowest}


def _describe_slot(slot: Slot) -> dict[str, Any]:
    served = slot.served
    current, previous = served.current, served.previous
    return {
        "name": slot.name,
        "model": slot.model,
        "version": current.version if current is not None else None,
        "commit": current.commit if current is not None else None,
        "since": served.since.strftime("%Y-%m-%dT%H:%M:%SZ") if current is not None else None,
        "before": previous.version if previous is not None else None,
        "fault": slot.fault,
    }


def describe_all(slots: Slots) -> dict[str, Any]:
    """Return the names that can be asked, each with its version."""
    return {"models": [_describe_slot(slot) for slot in slots]}


def describe_model(version: ServedVersion) -> dict[str, Any]:
    """Return the columns that a version takes, what it gives, and where it comes from."""
    signature = version.signature
    return {
        "model": version.model,
        "version": version.version,
        "commit": version.commit,
        "summary": version.record.summary,
        "inputs": dict(signature.inputs),
        "outputs": list(signature.outputs),
        "classes": list(signature.classes),
    }
