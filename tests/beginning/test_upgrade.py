"""`mintmark upgrade`: what a newer Mintmark writes reaches the files of an older one, and the team's changes stay."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.beginning.test_init import ROOT, files_in, git
from tests.scaffold.once import Once

from mintmark.beginning import template
from mintmark.beginning.template import EDITED, FORMS, STAGES, WORKFLOWS
from mintmark.cli import main
from mintmark.registry.documents import blob_oid

PIPELINE, STAGE, WORKFLOW = "dvc.yaml", "scripts/tune.py", ".github/workflows/verify.yml"
Edit = Callable[[str, str, str], None]


@pytest.fixture(autouse=True)
def edit_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edit:
    """What this Mintmark writes is a copy here, which a test makes older or newer."""
    folder = tmp_path / "template"
    names = [*template._AS_THEY_ARE, "dvc.yaml", ".gitignore", ".gitattributes", "models/registry.yaml"]
    names += [f"scripts/{name}" for name in STAGES] + [f"schemas/{kind}.schema.json" for kind in EDITED]
    names += [f".github/workflows/{name}" for name in WORKFLOWS] + [f".github/ISSUE_TEMPLATE/{name}" for name in FORMS]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    monkeypatch.setattr(template, "template_folder", lambda: folder)

    def edit(path: str, old: str, new: str) -> None:
        replace(folder / path, old, new)

    return edit


def replace(file: Path, old: str, new: str) -> None:
    """Change one place of a text."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def _begin(folder: Path) -> None:
    assert main(["-C", str(folder), "init", "--commit", "--name", "Ours"]) == 0


@pytest.fixture
def registry(once: Once, tmp_path: Path) -> Path:
    """A registry that this Mintmark began and the team goes on with."""
    shutil.copytree(once.build("begun-to-upgrade", _begin), tmp_path / "registry", symlinks=True)
    return tmp_path / "registry"


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Theirs")


def upgrade(folder: Path, *arguments: str) -> int:
    return main(["-C", str(folder), "upgrade", "--here", *arguments])


def test_files_that_nobody_touched_become_those_of_this_version(
    registry: Path, edit_template: Edit, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_template(PIPELINE, "stages:\n", "# Newer.\nstages:\n")
    edit_template(WORKFLOW, "permissions: {}\n", "# Newer.\npermissions: {}\n")
    assert main(["-C", str(registry), "upgrade"]) == 0
    assert "replace dvc.yaml\n" in capsys.readouterr().out
    assert git(registry, "status", "--porcelain") == ""
    assert git(registry, "log", "--format=%s").split("\n") == [
        "upgrade the registry's files to Mintmark 0.1.0", "Begin the registry"
    ]  # fmt: skip
    assert git(registry, "branch", "--show-current") == "upgrade/mintmark-0.1.0"
    assert git(registry, "diff", "--name-only", "HEAD~1").split("\n") == [WORKFLOW, ".mintmark.json", PIPELINE]
    assert "# Newer." in (registry / PIPELINE).read_text()
    assert main(["-C", str(registry), "validate"]) == 0


def test_a_second_run_says_that_there_is_nothing_to_do(
    registry: Path, edit_template: Edit, capsys: pytest.CaptureFixture[str]
) -> None:
    replace(registry / "models/registry.yaml", "name: Ours", "name: Theirs")
    commit(registry)
    for number, expected in enumerate((1, 2, 2), start=0):
        if number == 1:
            edit_template(STAGE, "from __future__", "# Newer.\nfrom __future__")
        assert upgrade(registry) == 0
        assert ("there is nothing to do" in capsys.readouterr().out) is (number != 1)
        assert len(git(registry, "log", "--format=%s").split("\n")) == expected + 1


def test_what_the_team_changed_is_merged_now_and_the_next_time(registry: Path, edit_template: Edit) -> None:
    replace(registry / PIPELINE, "stages:\n", "# Theirs.\nstages:\n")
    (registry / STAGE).chmod(0o755)
    replace(registry / STAGE, "from __future__", "# Theirs.\nfrom __future__")
    commit(registry)
    for number in ("One", "Two"):
        edit_template(PIPELINE, "  evaluate:", f"  # {number}\n  evaluate:")
        text = (template.template_folder() / STAGE).read_text()
        (template.template_folder() / STAGE).write_text(f"{text}# {number}\n")
        assert upgrade(registry) == 0
        for path, line in ((PIPELINE, f"# {number}\n"), (STAGE, f"\n# {number}\n")):
            assert "# Theirs.\n" in (registry / path).read_text()
            assert line in (registry / path).read_text()
        assert git(registry, "status", "--porcelain") == ""
        git(registry, "gc", "--quiet", "--prune=now")  # what a version wrote is in no commit where it was merged
    assert (registry / STAGE).stat().st_mode & 0o111
    assert (registry / STAGE).read_text().count("# Theirs.") == 1


def test_a_conflict_is_told_by_file_and_line_and_nothing_is_written(
    registry: Path, edit_template: Edit, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (registry / PIPELINE).read_text()
    line = text[: text.index("stages:\n")].count("\n") + 1
    replace(registry / PIPELINE, "stages:\n", "stages: # theirs\n")
    commit(registry)
    edit_template(PIPELINE, "stages:\n", "stages: # newer\n")
    edit_template(STAGE, "from __future__", "# Newer.\nfrom __future__")
    before = files_in(registry)
    for arguments in ((), ("--dry-run",)):
        assert upgrade(registry, *arguments) == 1
        told = capsys.readouterr().err
        assert "1 file is for you to settle, and nothing was written\n" in told
        assert f"{PIPELINE}:{line}: you and Mintmark 0.1.0 changed the same lines\n" in told
        assert "--keep FILE" in told
        assert files_in(registry) == before
    assert upgrade(registry, "--keep", PIPELINE) == 0
    assert "# Newer." in (registry / STAGE).read_text()
    assert "stages: # theirs\n" in (registry / PIPELINE).read_text()
    assert upgrade(registry) == 0
    assert "there is nothing to do" in capsys.readouterr().out


def test_marks_are_written_where_they_are_asked_for(registry: Path, edit_template: Edit) -> None:
    replace(registry / PIPELINE, "stages:\n", "stages: # theirs\n")
    commit(registry)
    edit_template(PIPELINE, "stages:\n", "stages: # newer\n")
    assert upgrade(registry, "--markers") == 0
    assert "<<<<<<< yours\nstages: # theirs\n=======\nstages: # newer\n>>>>>>>" in (registry / PIPELINE).read_text()
    assert git(registry, "status", "--porcelain").split("\n") == ["M .mintmark.json", " M dvc.yaml"]


def test_lines_that_fit_but_make_no_sense_together_are_no_merge(
    registry: Path, edit_template: Edit, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (registry / "models/registry.yaml").read_text()
    (registry / "models/registry.yaml").write_text(f"{text}repository: https://example.org/theirs\n")
    commit(registry)
    edit_template("models/registry.yaml", "channels:\n", "repository: https://example.org/ours\nchannels:\n")
    assert upgrade(registry) == 1
    assert "cannot be read: line" in capsys.readouterr().err


def test_a_deleted_file_stays_deleted_and_a_new_one_comes(
    registry: Path, edit_template: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    (registry / WORKFLOW).unlink()
    replace(registry / ".github/workflows/pages.yml", "permissions: {}\n", "# Theirs.\npermissions: {}\n")
    commit(registry)
    edit_template(WORKFLOW, "permissions: {}\n", "# Newer.\npermissions: {}\n")
    monkeypatch.setattr(template, "WORKFLOWS", ("extra.yml", "pr.yml", "verify.yml"))
    shutil.copy(ROOT / ".github/workflows/pr.yml", template.template_folder() / ".github/workflows/extra.yml")
    assert upgrade(registry) == 0
    workflows = {path.name for path in (registry / ".github/workflows").iterdir()}
    assert workflows == {"extra.yml", "pages.yml", "pr.yml"}, "of what is written no more, what they changed stays"
    assert git(registry, "status", "--porcelain") == ""


def test_no_other_file_goes_whatever_the_list_names(registry: Path, edit_template: Edit) -> None:
    (registry / "notes.md").write_text("theirs\n")
    record = json.loads((registry / ".mintmark.json").read_text())
    record["files"] |= {"notes.md": blob_oid(b"theirs\n"), "../.github/workflows/ci.yml": blob_oid(b"theirs\n")}
    (registry / ".mintmark.json").write_text(json.dumps(record))
    commit(registry)
    outside = registry.parent / ".github/workflows/ci.yml"
    outside.parent.mkdir(parents=True)
    outside.write_text("theirs\n")
    edit_template(STAGE, "from __future__", "# Newer.\nfrom __future__")
    assert upgrade(registry) == 0
    assert (registry / "notes.md").exists()
    assert outside.exists()


def test_patterns_behind_those_of_the_team_are_replaced(tmp_path: Path, edit_template: Edit) -> None:
    folder = tmp_path / "team"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / ".gitignore").write_text("*.log\n")
    (folder / "requirements.lock").write_text("theirs\n")
    commit(folder)
    assert main(["-C", str(folder), "init", "--commit"]) == 0
    edit_template(".gitignore", "\n", "\n/newer\n")
    edit_template("requirements.lock", "\n", "\n# newer\n")
    assert upgrade(folder) == 0
    ignored = (folder / ".gitignore").read_text()
    assert ignored.startswith("*.log\n")
    assert ignored.count("/newer\n") == ignored.count("# Mintmark's own lines follow") == 1
    assert (folder / "requirements.lock").read_text() == "theirs\n"


def test_in_a_subfolder_the_workflows_of_the_repository_are_upgraded(tmp_path: Path, edit_template: Edit) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "team")
    folder = tmp_path / "team/ml/registry"
    assert main(["-C", str(folder), "init", "--commit"]) == 0
    replace(tmp_path / "team" / WORKFLOW, "name: ", "# Theirs.\nname: ")
    commit(folder)
    edit_template(WORKFLOW, "permissions: {}\n", "permissions: {}\n# Newer.\n")
    assert upgrade(folder) == 0
    text = (tmp_path / "team" / WORKFLOW).read_text()
    assert "# Theirs.\n" in text
    assert "# Newer.\n" in text
    assert 'working-directory: "ml/registry"' in text
    assert git(folder, "status", "--porcelain") == ""


def test_it_refuses_what_it_cannot_know(
    registry: Path, edit_template: Edit, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_template(STAGE, "from __future__", "# Newer.\nfrom __future__")
    record = json.loads((registry / ".mintmark.json").read_text())
    for changed, words in (
        ({"schema": 9}, "is format 9"),
        ({"mintmark": "9.0.0"}, "was written by Mintmark 9.0.0, and this is 0.1.0"),
        ({"files": {STAGE: "--all"}}, "names what is no id of Git"),
        ({"files": []}, '"files" and "answers" are not as mintmark init wrote them'),
    ):
        (registry / ".mintmark.json").write_text(json.dumps(record | changed))
        git(registry, "commit", "-qam", "Theirs")
        assert upgrade(registry) == 1
        assert words in capsys.readouterr().err
    (registry / ".mintmark.json").unlink()
    assert upgrade(registry) == 1
    assert ".mintmark.json: changed and not committed" in capsys.readouterr().err
    git(registry, "commit", "-qam", "Theirs")
    assert upgrade(registry) == 1
    assert "has no .mintmark.json" in capsys.readouterr().err


def test_what_was_never_committed_as_it_was_written_is_for_a_person(
    tmp_path: Path, edit_template: Edit, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "late"
    assert main(["-C", str(folder), "init"]) == 0
    replace(folder / STAGE, "from __future__", "# Theirs.\nfrom __future__")
    commit(folder)
    assert upgrade(folder) == 0, "this version writes the same, so theirs can stay"
    edit_template(STAGE, "if __name__", "# Newer.\nif __name__")
    assert upgrade(folder) == 1
    assert f"{STAGE}: has changes of yours, and what mintmark init wrote is in no commit" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["link", "folder", "untracked"])
def test_nothing_is_written_over_or_through_what_is_in_the_way(
    what: str, registry: Path, edit_template: Edit, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    (tmp_path / "elsewhere").mkdir()
    if what == "untracked":
        monkeypatch.setattr(template, "STAGES", (*STAGES, "extra.py"))
        shutil.copy(ROOT / STAGE, template.template_folder() / "scripts/extra.py")
        (registry / "scripts/extra.py").write_text("theirs\n")
    elif what == "link":
        shutil.rmtree(registry / "scripts")
        (registry / "scripts").symlink_to(tmp_path / "elsewhere")
        commit(registry)
    else:
        (registry / STAGE).unlink()
        (registry / STAGE).mkdir()
        (registry / STAGE / "theirs").write_text("theirs\n")
        commit(registry)
    edit_template(STAGE, "from __future__", "# Newer.\nfrom __future__")
    before = files_in(registry)
    assert upgrade(registry) == 1
    words = {"link": "scripts is no folder here", "folder": "is a folder here", "untracked": "is in the way"}[what]
    assert words in capsys.readouterr().err
    assert files_in(registry) == before
    assert list((tmp_path / "elsewhere").iterdir()) == []
