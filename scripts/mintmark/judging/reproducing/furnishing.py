"""A workshop with what stages read: a commit in a clean clone, and the data that DVC keeps for it. Runs no stage."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from mintmark.errors import MintmarkError
from mintmark.judging.reproducing.recorded_stages import sources
from mintmark.judging.reproducing.source_data import fetch_sources, source_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.judging.reproducing.stage_runs import Workshop
    from mintmark.registry.dvc import DvcConfig, Remote
    from mintmark.registry.pipeline import LockedStage


def furnish(workshop: Workshop, commit: str, stages: Sequence[LockedStage], config: DvcConfig) -> None:
    """Clone a commit into a workshop and bring in what stages read; nothing is left there of what they write.

    Raises `MintmarkError` when something that a stage reads is not to be had.
    """
    workshop.open(commit)
    workshop.forget(out.path for stage in stages for out in stage.outs)
    wanted = sources(stages)
    files = source_files(workshop.root, commit, [source.path for source in wanted])
    if files:
        remotes = [_as_cloned(remote, workshop) for remote in config.remotes]
        fetch_sources(files, remotes, workshop.cache)
        workshop.check_out(sorted({file.pointer for file in files}))
    for path, stage, partly_made in wanted:
        if not partly_made and not os.path.lexists(workshop.clone / path):
            raise MintmarkError(
                f"{path}, which {stage} reads, is neither in Git nor kept by DVC in {commit[:10]}; "
                f"dvc add {path} keeps it for the versions to come"
            )


def _as_cloned(remote: Remote, workshop: Workshop) -> Remote:
    """Return a remote; the embedded store as the clone has it."""
    place = remote.embedded_in(workshop.root)
    return remote if place is None else replace(remote, url=str(workshop.clone / place))
