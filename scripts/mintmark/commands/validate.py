"""`mintmark validate`: the rules of the design, held against a registry or a change to it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from mintmark.core import layout
from mintmark.core.finding import Finding
from mintmark.core.words.numbers import count
from mintmark.errors import UsageError
from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry, find_root
from mintmark.registry.declared_columns import column_findings
from mintmark.registry.past.branch_diff import BranchDiff
from mintmark.registry.repository.lost_line import earlier_tips, lost_steps, tell_lost
from mintmark.registry.repository.merge_result import how_to_settle, merge_result, work_tree_commit
from mintmark.registry.repository.staged import staged_commit
from mintmark.registry.snapshot import with_lines
from mintmark.registry.tree import WATCHED, GitTree, WorkTree
from mintmark.terminal import unescaped
from mintmark.training.params_check import check_params
from mintmark.training.recipes import PARAMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from mintmark.registry.validation import Report


def validate(
    root: Path,
    *,
    base: str | None,
    style: str,
    at: str | None,
    as_json: bool,
    staged: bool = False,
    steps: bool = False,
) -> int:
    """Print every finding as text, JSON or GitHub annotations; 0 when nothing is wrong, else 1.

    Of a change, what is validated is what its merge into `base` would make (R12). With `steps`, it is each step from
    there to the head: the requests that a merge queue takes together. With `staged`, it is what the next commit would
    change, whatever the work tree holds.
    """
    if staged:
        if at is not None:
            raise UsageError("--staged reads what is staged, and --at a revision; leave out one of them")
        registry = ClonedRegistry(root, at=staged_commit(find_root(root)))
        base = base or ("HEAD" if git.head_commit(registry.root) is not None else None)
    else:
        registry = ClonedRegistry(root, at=at)
    if base is None:
        from mintmark.registry.validation import validate_tree

        if steps:
            raise UsageError("--steps needs --base, where the first step begins")
        report = _with_pipeline(registry, None, validate_tree(registry))
        report = _with_lost_steps(report, registry, _shared_tips(registry))
    elif steps:
        parts = [_validate_step(step, before) for before, step in _steps(registry, base)]
        report = _together(parts) if parts else _validate_step(registry, base)
    else:
        report = _validate_step(registry, base)
    if as_json or style == "json":
        print(_as_json(report))
    elif style == "github":
        from mintmark.publishing.review.annotations import format_annotation

        for finding in report.findings:
            print(format_annotation(finding), file=unescaped(sys.stdout))
        print(_summary(report, base))
    else:
        print("\n".join([*map(str, report.findings), _summary(report, base)]))
    return 0 if report.is_clean else 1


def _validate_step(registry: ClonedRegistry, base: str) -> Report:
    merged, conflicts = _merged(registry, base)
    change = BranchDiff(merged, base)
    from mintmark.registry.validation import validate_change  # while Git is busy with the change

    report = _with_pipeline(merged, change, validate_change(merged, change))
    report = _with_lost_steps(report, registry, [git.resolve_commit(registry.root, base)])
    return _with_conflicts(report, base, conflicts) if conflicts else report


def _shared_tips(registry: ClonedRegistry) -> list[str]:
    """Return where the base branch of origin stands and stood; none for a tree of the past."""
    if isinstance(registry.tree, GitTree) or registry.tree.read(layout.REGISTRY) is None:
        return []
    document = registry.read("registry", layout.REGISTRY)
    named = document.data.get("base_branch") if document is not None and document.data is not None else None
    return earlier_tips(registry.root, named if isinstance(named, str) and named else "main")


def _with_lost_steps(report: Report, registry: ClonedRegistry, tips: Iterable[str]) -> Report:
    lost = max((len(lost_steps(registry.root, tip, registry.revision)) for tip in tips), default=0)
    if not lost:
        return report
    warning = Finding(path=layout.MODELS, message=tell_lost(lost), severity="warning")
    return replace(report, findings=tuple(sorted({*report.findings, warning}, key=lambda finding: finding.sort_key)))


def _steps(registry: ClonedRegistry, base: str) -> Iterator[tuple[str, ClonedRegistry]]:
    """Yield what each commit of the first-parent line from the base to this tree began from, and made."""
    before = git.resolve_commit(registry.root, base)
    for commit in git.first_parent_steps(registry.root, before, registry.revision):
        yield before, ClonedRegistry(registry.root, at=commit)
        before = commit


def _together(reports: Sequence[Report]) -> Report:
    """Return one report of several: what they found, and how much the last one read."""
    found = {finding for report in reports for finding in report.findings}
    return replace(reports[-1], findings=tuple(sorted(found, key=lambda finding: finding.sort_key)))


def _merged(registry: ClonedRegistry, base: str) -> tuple[ClonedRegistry, tuple[str, ...]]:
    """Return the registry as a merge into the base leaves it, and the paths that conflict, where nothing is merged."""
    root, tip = registry.root, git.resolve_commit(registry.root, base)
    git.require_history(root)
    head = git.resolve_commit(root, registry.revision)
    made = merge_result(root, tip, head)
    if made.commit == head and not made.conflicts:
        return registry, ()
    if isinstance(registry.tree, WorkTree):
        changed = git.changed_paths(root, [*WATCHED, PARAMS])
        made = merge_result(root, tip, work_tree_commit(root, head, changed))
    return (registry if made.conflicts else ClonedRegistry(root, at=made.commit)), made.conflicts


def _with_conflicts(report: Report, base: str, paths: Iterable[str]) -> Report:
    message = f"conflicts with {base}, so nobody can tell what the merge makes; git merge {base}, and"
    conflicts = [Finding(path=path, message=f"{message} {how_to_settle(path)}", rule="R12") for path in paths]
    return replace(report, findings=tuple(sorted({*report.findings, *conflicts}, key=lambda finding: finding.sort_key)))


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
