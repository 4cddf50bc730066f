"""`mintmark validate`: the rules of the design, held against a registry or a change to it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from mintmark.core import layout
from mintmark.core.words.numbers import count
from mintmark.errors import UsageError
from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry, find_root
from mintmark.registry.declared_columns import column_findings
from mintmark.registry.past.branch_diff import BranchDiff
from mintmark.registry.repository.staged import staged_commit
from mintmark.registry.snapshot import with_lines
from mintmark.registry.tree import GitTree
from mintmark.training.params_check import check_params
from mintmark.training.recipes import PARAMS

if TYPE_CHECKING:
    from pathlib import Path

    from mintmark.registry.validation import Report


def validate(root: Path, *, base: str | None, style: str, at: str | None, as_json: bool, staged: bool = False) -> int:
    """Print every finding as text, JSON or GitHub annotations; 0 when nothing is wrong, else 1.

    With `staged`, of what the next commit would change, whatever the work tree holds.
    """
    if staged:
        if at is not None:
            raise UsageError("--staged reads what is staged, and --at a revision; leave out one of them")
        registry = ClonedRegistry(root, at=staged_commit(find_root(root)))
        base = base or ("HEAD" if git.head_commit(registry.root) is not None else None)
    else:
        registry = ClonedRegistry(root, at=at)
    change = BranchDiff(registry, base) if base is not None else None
    from mintmark.registry.validation import validate_change, validate_tree  # while Git is busy with the change

    report = validate_change(registry, change) if change is not None else validate_tree(registry)
    report = _with_pipeline(registry, change, report)
    if as_json or style == "json":
        print(_as_json(report))
    elif style == "github":
        from mintmark.publishing.review.annotations import format_annotation

        print("\n".join([*map(format_annotation, report.findings), _summary(report, base)]))
    else:
        print("\n".join([*map(str, report.findings), _summary(report, base)]))
    return 0 if report.is_clean else 1


def _with_pipeline(registry: ClonedRegistry, change: BranchDiff | None, report: Report) -> Report:
    """Return the report with what is wrong with params.yaml, and with the columns that model.yaml names.

    Of a change, only with what it touches.
    """
    models = [model for model in registry.models() if change is None or layout.model_path(model) in change.paths]
    findings = list(with_lines(column_findings(registry, models), registry.tree))
    content = registry.tree.read(PARAMS)
    if content is not None and (change is None or _differs(registry, change, content)):
        known = set(registry.models())
        findings += check_params(content, lambda model: model in known)
    placed = sorted({*report.findings, *findings}, key=lambda finding: finding.sort_key)
    return replace(report, findings=tuple(placed))


def _differs(registry: ClonedRegistry, change: BranchDiff, content: bytes) -> bool:
    return GitTree(registry.root, change.start).read(PARAMS) != content


def _as_json(report: Report) -> str:
    document = {
        "clean": report.is_clean,
        "models": report.models,
        "versions": report.versions,
        "findings": [asdict(finding) for finding in report.findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _summary(report: Report, base: str | None) -> str:
    what = f"{count(report.models, 'model')}, {count(report.versions, 'version')}"
    scope = f"the change since {base} ({what} read)" if base else what
    if not report.findings:
        return f"{scope}: nothing is wrong"
    broken = sorted({finding.rule for finding in report.findings if finding.rule}, key=lambda rule: int(rule[1:]))
    explained = f"; docs/reference/rules.md explains {', '.join(broken)}" if broken else ""
    return f"{scope}: {count(len(report.findings), 'finding')}{explained}"
