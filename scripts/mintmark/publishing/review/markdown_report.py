"""The report of a review as the comment of a pull request on GitHub, always short enough for one. Posts nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mintmark.publishing.review import context as review_context
from mintmark.publishing.review import evidence as review_evidence
from mintmark.publishing.review import findings as review_findings
from mintmark.publishing.review.words import REPORT_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mintmark.core.judgement.review import Review

MARKER: Final = "<!-- mintmark-review -->"  # by which a workflow finds its own comment
SHORTEST_LIMIT: Final = 10_000
_MOST_ITEMS: Final = 50
_FEW_ITEMS: Final = 5

# In the order of the report. Of two sections, the one with the higher rank is left out first; 0 always stays.
_SECTIONS: Final[tuple[tuple[str, int, Callable[[Review, int], str]], ...]] = (
    ("verdict", 0, review_findings.format_verdict),
    ("primary metric", 0, review_evidence.format_primary),
    ("checks", 0, review_findings.format_open_checks),
    ("passed checks", 9, review_findings.format_passed_checks),
    ("files", 4, review_findings.format_files),
    ("what the author says", 5, review_findings.format_summary),
    ("all metrics", 2, review_evidence.format_metrics),
    ("slices", 3, review_evidence.format_slices),
    ("behaviour tests", 3, review_findings.format_behaviour),
    ("cost", 6, review_evidence.format_cost),
    ("cross-checks", 7, review_evidence.format_cross_checks),
    ("curves", 8, review_evidence.format_curves),
    ("differences", 4, review_context.format_tables),
    ("lineage", 10, review_context.format_lineage_section),
    ("uses of the evaluation data", 6, review_context.format_uses),
    ("reproduction", 4, review_context.format_reproduction),
    ("isolation", 11, review_context.format_isolation),
    ("what to do next", 1, review_findings.format_next_steps),
)


@dataclass(slots=True)
class _Section:
    """One part of the report, with as many items of each list as it may show."""

    name: str
    rank: int
    render: Callable[[Review, int], str]
    most: int = _MOST_ITEMS
    text: str = field(default="")

    def draw(self, review: Review, most: int) -> None:
        """Write the text anew with at most so many items of each list."""
        self.most = most
        self.text = self.render(review, most)


def format_markdown(review: Review, *, limit: int = 60_000) -> str:
    """Return the report, of fewer characters than `limit` whatever the review holds.

    Lists are shortened first, the longest section before others; then sections are left out, the least important
    first, and named. Verdict, primary metric and failed checks stay. Raises `ValueError` for a limit under 10,000.
    """
    if limit < SHORTEST_LIMIT:
        raise ValueError(f"a report needs {SHORTEST_LIMIT:,} characters, not {limit:,}")
    sections = [_Section(name, rank, render) for name, rank, render in _SECTIONS]
    for section in sections:
        section.draw(review, _MOST_ITEMS)
    sections = [section for section in sections if section.text]
    dropped: list[str] = []
    while len(report := _assemble(review, sections, dropped)) >= limit:
        _make_shorter(review, sections, dropped)
    return report


def _make_shorter(review: Review, sections: list[_Section], dropped: list[str]) -> None:
    """Halve the lists of the longest section; when all are short, leave one out; at last, cut what must stay."""
    long = [section for section in sections if section.most > _FEW_ITEMS]
    spare = [section for section in sections if section.rank]
    if not long and spare:
        least = max(spare, key=lambda section: section.rank)
        sections.remove(least)
        dropped.append(least.name)
        return
    longest = max(long or [section for section in sections if section.most > 1], key=lambda section: len(section.text))
    longest.draw(review, max(longest.most // 2, _FEW_ITEMS if long else 1))


def _assemble(review: Review, sections: Sequence[_Section], dropped: Sequence[str]) -> str:
    parts = [MARKER, *(section.text for section in sections)]
    if dropped:
        parts.append(f"Left out to keep this short: {', '.join(dropped)}. `{REPORT_FILE}` has it all.")
    return "\n\n".join([*parts, review_context.format_footer(review)]) + "\n"
