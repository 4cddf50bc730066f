"""Run the pipeline of one model on the data of now, as `dvc repro` of its stages. Commits nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.registry.dvc import run_dvc
from mintmark.registry.files import read_yaml
from mintmark.registry.pipeline import model_stages, read_lock, stage_targets

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a workflow hands to its steps is not for the stages: tokens, and files by which a step steers the next one.
_OF_THE_WORKFLOW = ("GITHUB_", "GH_", "ACTIONS_")


def run_pipeline(root: Path, model: str) -> None:
    """Fetch imported data anew and run the stages of a model that are not up to date; raise `DvcError` if one fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OF_THE_WORKFLOW)}
    # Stages say `python`, and mean the one that runs Mintmark.
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
    imports = sorted(_imports(root, model))
    if imports:
        run_dvc("update", *imports, cwd=root, environment=environment)
    run_dvc("repro", *stage_targets(root, model), cwd=root, environment=environment)


def _imports(root: Path, model: str) -> Iterator[str]:
    """Yield the pointers of data that `dvc import` or `dvc import-url` brought, and that stages of the model read."""
    stages = model_stages(read_lock(root), model)
    for path in {file.path for stage in stages.values() for file in stage.deps}:
        pointer = root / f"{path}.dvc"
        if "://" not in path and pointer.is_file() and read_yaml(pointer).get("deps"):
            yield f"{path}.dvc"
