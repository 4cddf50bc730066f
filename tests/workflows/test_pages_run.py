"""pages.yml from end to end, run by act: what it hands to GitHub Pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.scaffold.registry import Scratch
from tests.scaffold.workflows import MAKEFILE, TOKEN, WORKFLOWS, WorkflowRun, run_workflow

from mintmark.core import layout

DISPATCH: dict[str, Any] = {"ref": "refs/heads/main", "repository": {"default_branch": "main"}}


def publish(made: Scratch, folder: Path) -> WorkflowRun:
    for path in WORKFLOWS.glob("*.yml"):
        made.write(f".github/workflows/{path.name}", path.read_text())
    made.write("Makefile", MAKEFILE)
    commit = made.commit("Let GitHub run the registry")
    return run_workflow(folder, made.root, "pages.yml", "workflow_dispatch", DISPATCH, commit=commit)


def test_the_site_is_built_and_handed_over(scratch: Scratch, tmp_path: Path):
    run = publish(scratch, tmp_path)
    assert run.jobs == {"build": "success", "publish": "success"}, run.text
    assert (run.artifacts / "github-pages" / "models" / "iris" / "1.1.0" / "index.html").is_file()
    assert TOKEN not in run.text


@pytest.mark.slow
def test_a_broken_record_is_named_and_the_rest_is_published(scratch: Scratch, tmp_path: Path):
    scratch.edit(layout.version_path("iris", "1.0.0"), "parent: null", "parent: 7")
    run = publish(scratch, tmp_path)
    assert run.jobs == {"build": "success", "publish": "success"}, run.text
    assert "models/iris/versions/1.0.0/version.yaml" in run.text
    assert (run.artifacts / "github-pages" / "models" / "iris" / "1.1.0" / "index.html").is_file()


@pytest.mark.slow
def test_nothing_is_published_where_nothing_was_built(scratch: Scratch, tmp_path: Path):
    scratch.edit(layout.REGISTRY, "schema: 1", "schema: 9")
    run = publish(scratch, tmp_path)
    assert run.jobs == {"build": "failure"}, run.text
