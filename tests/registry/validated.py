"""Validate a registry, or a change to it, twice: what the cache gives is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.past.branch_diff import BranchDiff
from mintmark.registry.validation import Report, validate_change, validate_tree

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch


def check(scratch: Scratch, at: str | None = None) -> Report:
    return validate_tree(ClonedRegistry(scratch.root, at=at))


def check_since(scratch: Scratch, base: str = "main", at: str | None = None) -> Report:
    registry = ClonedRegistry(scratch.root, at=at)
    return validate_change(registry, BranchDiff(registry, base))


def told(report: Report) -> list[str]:
    return [str(finding) for finding in report.findings]


def rules(report: Report) -> set[str]:
    return {finding.rule for finding in report.findings}
