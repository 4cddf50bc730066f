"""The table at the end of a run: how many hostile proposals of each family were tried, and how many got through."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print it, where any were tried."""
    rows: dict[str, tuple[int, int, float]] = {}
    for report in (*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")):
        for family, number, through, seconds in (value for name, value in report.user_properties if name == "hostile"):
            before = rows.get(family, (0, 0, 0.0))
            rows[family] = (before[0] + number, before[1] + through, max(before[2], seconds))
    if not rows:
        return
    tried, passed, longest = (list(column) for column in zip(*rows.values(), strict=True))
    terminalreporter.section("hostile proposals")
    terminalreporter.write_line(_line("family", "tried", "through", "longest s"))
    for family, (number, through, seconds) in sorted(rows.items()):
        terminalreporter.write_line(_line(family, number, through, f"{seconds:.1f}"))
    terminalreporter.write_line(_line(f"{len(rows)} families", sum(tried), sum(passed), f"{max(longest):.1f}"))


def _line(*cells: object) -> str:
    family, *figures = cells
    return f"{family:40}" + "".join(f"{figure:>10}" for figure in figures)
