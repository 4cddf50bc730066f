"""`mintmark init`: what it writes where, and that it overwrites nothing."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.scaffold.warm import Result, warm

from mintmark.beginning import template
from mintmark.registry.documents import blob_oid

ROOT = Path(__file__).parents[2]


def run(folder: Path, *arguments: str, **environment: str) -> Result:
    return warm.run("mintmark.cli", *arguments, cwd=folder, environment=environment)


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(("git", *arguments), cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def files_in(folder: Path) -> dict[str, bytes]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and ".git/" not in path.as_posix())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A team's repository with a commit, a change that is not committed, and one that is staged."""
    folder = tmp_path / "team"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "trunk")
    (folder / "app.py").write_text("one\n")
    (folder / ".gitignore").write_bytes(b"*.log\r\n/site")
    (folder / "Makefile").write_text("setup:\n\techo theirs\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Theirs")
    (folder / "app.py").write_text("two\n")
    (folder / "staged.txt").write_text("staged\n")
    git(folder, "add", "staged.txt")
    return folder


def test_an_empty_folder_becomes_a_registry(tmp_path: Path) -> None:
    done = run(tmp_path, "init", "--commit")
    assert done.code == 0, done.text
    assert git(tmp_path, "status", "--porcelain") == ""
    assert git(tmp_path, "log", "--format=%s %D") == "Begin the registry HEAD -> main"
    assert run(tmp_path, "validate").out == "no models, no versions: nothing is wrong\n"
    assert "scripts/mintmark/" not in (tmp_path / "dvc.yaml").read_text()
    assert warm.run("dvc", "repro", cwd=tmp_path).code == 0
    assert git(tmp_path, "status", "--porcelain") == ""


def test_a_second_time_it_says_that_there_is_one(tmp_path: Path) -> None:
    assert run(tmp_path, "-C", "new/folder", "init").code == 0
    before = files_in(tmp_path)
    for place in ("new/folder", "new/folder/models", "new/folder/else"):
        done = run(tmp_path, "-C", place, "init")
        assert done.code == 1
        assert f"{tmp_path}/new/folder is a registry already" in done.err
    assert files_in(tmp_path) == before


def test_a_dry_run_writes_nothing(repository: Path, tmp_path: Path) -> None:
    before = files_in(repository)
    done = run(repository, "init", "--dry-run")
    assert "would write dvc.yaml\n" in done.out
    assert "would add lines to .gitignore\n" in done.out
    assert files_in(repository) == before
    assert run(tmp_path, "-C", "none", "init", "--dry-run").code == 0
    assert not (tmp_path / "none").exists()


def test_in_a_repository_what_is_theirs_stays(repository: Path) -> None:
    done = run(repository, "init", "--commit")
    assert done.code == 0, done.text
    assert (repository / "app.py").read_text() == "two\n"
    assert (repository / "Makefile").read_text() == "setup:\n\techo theirs\n"
    assert git(repository, "status", "--porcelain").split("\n") == ["M app.py", "A  staged.txt"]
    ignored = (repository / ".gitignore").read_bytes()
    assert ignored.startswith(b"*.log\r\n/site\r\n\r\n# Mintmark's own lines")
    assert git(repository, "check-ignore", "site", "models/a/candidate/x").split("\n") == [
        "site",
        "models/a/candidate/x",
    ]
    assert "\n* text=auto" not in (repository / ".gitattributes").read_text()
    settings = yaml.safe_load((repository / "models/registry.yaml").read_text())
    assert (settings["base_branch"], settings["name"]) == ("trunk", "Models of team")
    assert "branches: [trunk]" in (repository / ".github/workflows/release.yml").read_text()


def test_files_in_the_way_are_named_and_nothing_is_written(repository: Path) -> None:
    (repository / "dvc.yaml").write_text("stages: {}\n")
    (repository / "scripts").mkdir()
    (repository / "scripts/train.py").write_text("theirs\n")
    before = files_in(repository)
    done = run(repository, "init")
    assert done.code == 1
    assert "dvc.yaml, scripts/train.py: in the way" in done.err
    assert files_in(repository) == before


def test_no_link_leads_it_elsewhere(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (repository / "models").symlink_to(tmp_path / "elsewhere")
    done = run(repository, "init")
    assert (done.code, list((tmp_path / "elsewhere").iterdir())) == (1, [])
    assert "models: is no folder" in done.err
    assert not (repository / "dvc.yaml").exists()


def test_stopped_half_way_it_writes_the_rest(tmp_path: Path) -> None:
    assert run(tmp_path, "init").code == 0
    whole = files_in(tmp_path)
    for path in ("models/registry.yaml", "dvc.yaml", "scripts/tune.py"):
        (tmp_path / path).unlink()
    assert run(tmp_path, "init").code == 0
    assert files_in(tmp_path) == whole


def test_windows_line_ends_are_no_difference(tmp_path: Path) -> None:
    assert run(tmp_path, "init").code == 0
    (tmp_path / "models/registry.yaml").unlink()
    pipeline = tmp_path / "dvc.yaml"
    pipeline.write_bytes(pipeline.read_bytes().replace(b"\n", b"\r\n"))
    assert run(tmp_path, "init").code == 0


def test_without_a_name_for_git_nothing_is_written(tmp_path: Path) -> None:
    nobody = {name: "" for name in os.environ if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))}
    done = run(tmp_path, "init", "--commit", **nobody, GIT_CONFIG_GLOBAL=os.devnull, EMAIL="")
    assert done.code == 1
    assert "Git does not know who you are" in done.err
    assert list(tmp_path.iterdir()) == []
    assert run(tmp_path, "init", **nobody, GIT_CONFIG_GLOBAL=os.devnull, EMAIL="").code == 0


def test_what_was_written_is_on_record(tmp_path: Path) -> None:
    assert run(tmp_path, "init", "--commit").code == 0
    record = json.loads((tmp_path / ".mintmark.json").read_text())
    assert len(record["files"]) > 25
    for path, oid in record["files"].items():
        assert blob_oid((tmp_path / path).read_bytes()) == oid, path


def test_workflows_run_the_tool_that_the_repository_names(tmp_path: Path) -> None:
    run(tmp_path, "init")
    for name in template.WORKFLOWS:
        text = (tmp_path / ".github/workflows" / name).read_text()
        steps = [step for job in yaml.safe_load(text)["jobs"].values() for step in job.get("steps", ())]
        ran = [step["run"] for step in steps if "run" in step]
        assert not [line for line in ran if "make setup" in line or "python3" in line], name
        assert all(ran[0] == "make -f mintmark.mk setup" for _ in ran[:1]), name
    shown = subprocess.run(
        ("make", "-f", "mintmark.mk", "setup"), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert shown.returncode != 0
    assert "mintmark.txt: names no place" in shown.stderr


def test_every_stage_and_workflow_of_the_repository_is_known() -> None:
    stages = {path.name for path in (ROOT / "scripts").glob("*.py")}
    assert stages == set(template.STAGES)
    workflows = {path.name for path in (ROOT / ".github/workflows").glob("*.yml")}
    assert workflows - {"ci.yml", "long.yml"} == set(template.WORKFLOWS)


@pytest.mark.slow
def test_in_a_subfolder_of_any_name(repository: Path) -> None:
    """Spaces, accents and what YAML means by a colon."""
    assert run(repository, "-C", "ml: ü/a b", "init").code == 0
    workflow = yaml.safe_load((repository / ".github/workflows/pr.yml").read_text())
    assert workflow["defaults"] == {"run": {"working-directory": "ml: ü/a b"}}
    kept = [step["with"]["path"] for step in workflow["jobs"]["review"]["steps"] if "path" in step.get("with", {})]
    assert kept == ["ml: ü/a b/report"]
    refused = run(repository, "-C", "${{ secrets.A }}", "init")
    assert (refused.code, "no workflow can run in a folder of this name" in refused.text) == (1, True)
    assert run(repository, "doctor", "--write").code == 1
    assert not (repository / ".github/CODEOWNERS").exists()


def test_in_a_subfolder_of_a_repository(repository: Path) -> None:
    done = run(repository, "-C", "ml/registry", "init", "--commit")
    assert done.code == 0, done.text
    changed = git(repository, "show", "--name-only", "--format=").split("\n")
    outside = [path for path in changed if not path.startswith("ml/registry/")]
    assert outside
    assert all(path.startswith(".github/") for path in outside)
    for name in template.WORKFLOWS:
        workflow = yaml.safe_load((repository / ".github/workflows" / name).read_text())
        assert workflow["defaults"] == {"run": {"working-directory": "ml/registry"}}
    text = (repository / ".github/workflows/pr.yml").read_text()
    assert text.count("path: ml/registry/report\n") == 2
    assert text.count("path: ml/registry/reports\n") == 1
    assert run(repository, "-C", "ml/registry", "validate").code == 0
    assert warm.run("dvc", "repro", cwd=repository / "ml/registry").code == 0
