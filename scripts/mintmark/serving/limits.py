"""What one request may ask for, whatever protocol it speaks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one request may ask for, and how many rows may wait; seconds are until its answer."""

    bytes: int = 10_000_000
    rows: int = 10_000
    seconds: float = 30.0
    waiting: int = 20_000
