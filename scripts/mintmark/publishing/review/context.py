"""What stands around a review's measurements, in Markdown: differences, lineage, reproduction, isolation, footer."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from mintmark.core.words.numbers import count
from mintmark.publishing.markdown import bold, bullets, code, details, escape, escape_html, fence, table
from mintmark.publishing.mermaid import format_lineage
from mintmark.publishing.review.findings import SENTENCE, SIGNS, more_than
from mintmark.publishing.review.words import REPORT_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mintmark.core.judgement.review import LineageStep, Reproduction, Review, Table

_COMMIT: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?\Z")
_MOST_TABLES: Final = 12
_MOST_UNFOLDED_ROWS: Final = 8
_MOST_COLUMNS: Final = 6
_CELL: Final = 100


def format_tables(review: Review, most: int) -> str:
    """Return what differs, a table for each kind of difference; long ones are folded."""
    if not review.tables:
        return ""
    tables = min(most, _MOST_TABLES)
    blocks = [_table(entry, most) for entry in review.tables[:tables]]
    return "\n\n".join(["### Differences", *blocks]) + more_than(review.tables, tables, "tables")


def _table(entry: Table, most: int) -> str:
    width = min(_MOST_COLUMNS, max([len(entry.header), *(len(row) for row in entry.rows[:most])]))
    if not width:
        return f"{bold(entry.title, most=80)}: nothing differs."
    rows = [[escape(cell, most=_CELL) for cell in _as_wide(row, width)] for row in entry.rows[:most]]
    header = [escape(cell, most=_CELL) for cell in _as_wide(entry.header, width)]
    body = table(header, rows) + more_than(entry.rows, most)
    if len(entry.rows) <= _MOST_UNFOLDED_ROWS:
        return f"{bold(entry.title, most=80)}\n\n{body}"
    return details(f"{escape_html(entry.title, most=80)} ({count(len(entry.rows), 'row')})", body)


def _as_wide(cells: Sequence[str], width: int) -> list[str]:
    return [*cells[:width], *[""] * (width - len(cells))]


def format_lineage_section(review: Review, most: int) -> str:
    """Return the stages and files as a chart, and folded all that was recorded of them."""
    chart = format_lineage(review.lineage)
    if chart is None:
        return ""
    total = sum(len(step.inputs) + len(step.outputs) for step in review.lineage)
    rows = list(islice(_lineage_rows(review.lineage), most))
    body = table(("Stage", "", "File", "Hash"), rows) + more_than(range(total), most, "files")
    commands = [f"{code(step.stage)}: {code(step.command, most=160)}" for step in review.lineage[:most]]
    folded = details(f"{count(total, 'file')} with hashes, and the commands", f"{bullets(commands)}\n\n{body}")
    return f"### Lineage\n\n{fence(chart, 'mermaid')}\n\n{folded}"


def _lineage_rows(steps: Sequence[LineageStep]) -> Iterator[tuple[str, str, str, str]]:
    for step in steps:
        for verb, files in (("reads", step.inputs), ("writes", step.outputs)):
            for path, digest in files:
                yield code(step.stage), verb, code(path, most=_CELL), code(digest, most=40)


def format_uses(review: Review, most: int) -> str:
    """Return how often the evaluation rows were used to compare proposals."""
    if not review.uses:
        return ""
    lines = [
        f"{SIGNS[use.verdict]} {count(use.proposals, 'proposal')} compared on rows {code(use.sha256[:12])}: "
        f"{escape(use.message, most=SENTENCE)}"
        for use in review.uses[:most]
    ]
    return "### Uses of the evaluation data\n\n" + bullets(lines) + more_than(review.uses, most)


def format_reproduction(review: Review, most: int) -> str:
    """Return what came of running the recorded stages again."""
    found = review.reproduction
    if found is None:
        return ""
    outcome = f"**{found.outcome.capitalize()}**: {escape(found.message.rstrip('. '), most=SENTENCE)}."
    if found.parts_at is not None:
        outcome += f" The first stage that differs is {code(found.parts_at)}."
    return "\n\n".join(["### Reproduction", outcome, *_reproduction_tables(found, most)])


def _reproduction_tables(found: Reproduction, most: int) -> Iterator[str]:
    if found.environment:
        rows = [[code(cell, most=60) for cell in entry] for entry in found.environment[:most]]
        yield table(("Package", "Recorded", "Installed"), rows) + more_than(found.environment, most)
    if found.files:
        files = sorted(found.files, key=lambda file: file[1])
        rows = [[code(path, most=_CELL), "the same" if same else "**different**"] for path, same in files[:most]]
        body = table(("File", "Bytes"), rows) + more_than(files, most)
        same = sum(same for _, same in files)
        yield details(f"{same:,} of {count(len(files), 'file')} have the same bytes", body)


def format_isolation(review: Review, most: int) -> str:
    """Return how the processes that loaded a model were held apart."""
    if not review.isolation:
        return ""
    entries = [
        f"{escape(name, most=40)}: {escape(how, most=80)}" for name, how in islice(review.isolation.items(), most)
    ]
    return f"### Isolation of the models\n\n{'; '.join(entries)}.{more_than(range(len(review.isolation)), most)}"


def format_footer(review: Review) -> str:
    """Return base, head and judge; full commit ids, which GitHub links and shortens."""
    base, head = (commit if _COMMIT.match(commit) else code(commit, most=64) for commit in (review.base, review.head))
    judge = escape(review.judge, most=120)
    return f"---\n\n<sub>Base {base}, head {head}. Judged by {judge}. The whole report is `{REPORT_FILE}`.</sub>"
