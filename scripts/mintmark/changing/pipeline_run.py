"""Run the pipeline of one model on the data of now, as `dvc repro` of its stages. Commits nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mintmark.registry.dvc import run_dvc
from mintmark.registry.files import read_yaml
from mintmark.registry.pipeline import model_stages, read_lock, stage_targets

# What a workflow hands to its steps is not for the stages: tokens, and files by which a step steers the next one.
_OF_THE_WORKFLOW = ("GITHUB_", "GH_", "ACTIONS_")


def run_pipeline(root: Path, model: str) -> None:
    """Fetch the data that DVC tracks and run the stages of a model that are not up to date; raise `DvcError` else.

    Data that `dvc import` or `dvc import-url` brought is fetched anew from where it came. What `dvc add` tracks is
    pulled where a fresh clone lacks it.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OF_THE_WORKFLOW)}
    # Stages say `python`, and mean the one that runs Mintmark.
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
    imported, lacking = [], []
    for path in sorted(_tracked(root, model)):
        if read_yaml(root / f"{path}.dvc").get("deps"):
            imported.append(f"{path}.dvc")
        elif not (root / path).exists():
            lacking.append(f"{path}.dvc")
    for verb, pointers in (("update", imported), ("pull", lacking)):
        if pointers:
            run_dvc(verb, *pointers, cwd=root, environment=environment)
    run_dvc("repro", *stage_targets(root, model), cwd=root, environment=environment)


def _tracked(root: Path, model: str) -> set[str]:
    """Return the data of a model that has a pointer of its own beside it, and that no stage makes."""
    stages = model_stages(read_lock(root), model)
    read = {file.path for stage in stages.values() for file in stage.deps}
    return {path for path in read if "://" not in path and (root / f"{path}.dvc").is_file()}
