"""A scratch registry with a real Git history and a real, quick DVC pipeline, in three stages of its life."""

from __future__ import annotations

from pathlib import Path

from tests.scaffold.pipeline import TINY, begin_toy
from tests.scaffold.registry import Scratch

from mintmark.commands.promote import promote


def make_candidate(root: Path, prefix: str = "") -> Scratch:
    """A clean repository with a candidate and no version; the registry may be a subfolder of it."""
    scratch = begin_toy(TINY, root, "x,y\n1,2\n2,4.5\n3,6\n", prefix)
    metric = {"name": "mae", "goal": "minimize"}
    scratch.add_model("tiny", task="regression", target="y", metric=metric, gates={"margin": 0.1})
    scratch.repro()
    scratch.commit("start")
    return scratch


def change_slope(scratch: Scratch, old: str, new: str) -> None:
    """Make another candidate; params.yaml and dvc.lock are changed and not committed."""
    scratch.edit("params.yaml", f"slope: {old}", f"slope: {new}")
    scratch.repro()


def release_twice(scratch: Scratch) -> None:
    """From a second candidate on: 1.0.0 and then 1.1.0 go through staging to production, and all is committed."""
    scratch.git("stash", "--quiet")
    for channel in ("staging", "production"):
        promote(scratch.root, "tiny@1.0.0", channel, here=True)
    scratch.git("stash", "pop", "--quiet")
    scratch.propose(promote=True)
    promote(scratch.root, "tiny@1.1.0", "production", here=True)
