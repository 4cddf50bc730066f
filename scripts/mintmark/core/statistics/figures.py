"""Numbers as they are written to files. Pure."""

from __future__ import annotations


def rounded(value: float, digits: int = 10) -> float:
    """Return a number with so many significant digits: the last bits of a sum vary by machine."""
    return float(f"{value:.{digits}g}")
