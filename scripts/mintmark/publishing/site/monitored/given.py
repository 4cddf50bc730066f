"""Which documents of windows a build of the site is given: of the branch `monitoring`, or of a folder. Parses none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mintmark.core.finding import Finding
from mintmark.core.moment import parse_moment
from mintmark.monitoring.stored.files import branch_files, find_branch, folder_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mintmark.monitoring.stored.files import StoredFiles
    from mintmark.publishing.site.model_site import ModelJob
    from mintmark.registry.clone import ClonedRegistry

_MOST_MODELS: Final = 20  # by name


def with_windows(
    registry: ClonedRegistry, jobs: Sequence[ModelJob], folder: Path | None
) -> tuple[list[ModelJob], list[Finding]]:
    """Return the jobs with the documents of their models, and findings about what belongs to none.

    A site of a date has only windows that had ended then. A commit says nothing of windows, and has them all.
    """
    stored = _stored(registry.root, folder)
    if stored is None:
        return list(jobs), []
    parts = stored.models()
    moment = None if registry.at is None else parse_moment(registry.at)
    before = None if moment is None else moment + timedelta(seconds=1)  # a day ends with its last second
    strangers = sorted(parts.keys() - {job.name for job in jobs})
    findings = [
        Finding(path=stored.shown(name), message="is about a model that this registry does not have, and is left out")
        for name in strangers[:_MOST_MODELS]
    ]
    given = [replace(job, stored=parts.get(job.name), before=before) for job in jobs]
    return given, [*stored.findings, *findings]


def _stored(root: Path, folder: Path | None) -> StoredFiles | None:
    if folder is not None:
        return folder_files(folder)
    branch = find_branch(root)
    return None if branch is None else branch_files(root, branch)
