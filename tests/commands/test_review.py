"""The command around a review: what it is told, who asks, what it writes. The verdicts are tests/judging's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.scaffold.marks import first_quick
from tests.scaffold.registry import Scratch

from mintmark.cli import main

Run = pytest.CaptureFixture[str]


def review(scratch: Scratch, *arguments: str) -> int:
    return main(["-C", str(scratch.root), "review", "--base", "main", "--head", "HEAD", *arguments])


def proposal(scratch: Scratch) -> Scratch:
    scratch.git("switch", "--quiet", "-c", "proposal")
    scratch.propose()
    return scratch


@pytest.mark.slow
def test_a_model_that_cannot_be_run_is_for_a_person(second: Scratch, tmp_path: Path, capsys: Run) -> None:
    """Its metrics are measured from the stored predictions all the same."""
    code = review(proposal(second), "--author", "ada", "--report-dir", str(tmp_path / "report"))
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    messages = {check["name"]: check for check in report["checks"]}
    assert messages["model"]["verdict"] == "decide"
    assert "cannot be run" in messages["model"]["message"]
    assert report["evaluations"][0]["metrics"][0]["name"] == "mae"
    assert code == report["exit_code"] == 1  # the pipeline of this fixture claims intervals that it made up
    assert messages["claims"]["verdict"] == "fail"


def set_event(content: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a workflow that an event of this content started."""
    event = folder / "event.json"
    event.write_text(content)
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))


@pytest.mark.slow
def test_who_asks_is_read_from_the_event_of_a_workflow(
    second: Scratch, tmp_path: Path, capsys: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_event(json.dumps({"pull_request": {"user": {"login": "mallory"}}}), tmp_path, monkeypatch)
    review(proposal(second))
    assert "mallory does not own tiny" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["{}", '{"pull_request": null}'])
def test_an_event_without_a_pull_request_is_told(
    second: Scratch, tmp_path: Path, capsys: Run, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    set_event(content, tmp_path, monkeypatch)
    review(second)
    assert "name the author with --author" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "[]", "\0"])
def test_an_event_that_is_none_is_told(
    second: Scratch, tmp_path: Path, capsys: Run, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    set_event(content, tmp_path, monkeypatch)
    assert review(second) == 2
    assert "is no event of GitHub" in capsys.readouterr().err


@pytest.mark.slow
def test_who_asks_is_known_to_git_on_a_laptop(second: Scratch, capsys: Run) -> None:
    second.git("config", "github.user", "ada")
    review(proposal(second))
    assert "ada owns tiny" in capsys.readouterr().out


@pytest.mark.slow
def test_nobody_knows_who_asks(second: Scratch, capsys: Run) -> None:
    review(proposal(second))
    assert "--author" in capsys.readouterr().out


@pytest.mark.slow
def test_the_reports_are_written_and_named(second: Scratch, tmp_path: Path, capsys: Run) -> None:
    folder = tmp_path / "new" / "report"
    review(proposal(second), "--report-dir", str(folder))
    assert sorted(path.name for path in folder.iterdir()) == ["annotations.txt", "report.json", "report.md"]
    assert str(folder / "report.md") in capsys.readouterr().out


@pytest.mark.parametrize("style", first_quick(["json", "markdown", "github", "text"]))
def test_what_is_printed_is_one_of_the_reports(second: Scratch, tmp_path: Path, capsys: Run, style: str) -> None:
    proposal(second)
    capsys.readouterr()
    review(second, "--format", style, "--report-dir", str(tmp_path))
    printed = capsys.readouterr().out
    files = {"json": "report.json", "markdown": "report.md", "github": "annotations.txt"}
    if style in files and style != "json":
        assert printed.strip() == (tmp_path / files[style]).read_text().strip()
    elif style == "json":
        assert json.loads(printed)["kind"] == json.loads((tmp_path / "report.json").read_text())["kind"] == "propose"
    else:
        assert printed.startswith("✗ Fail")


def test_a_step_of_a_workflow_has_its_own_ways(
    second: Scratch, tmp_path: Path, capsys: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Annotations in the log, the report in the summary, and no failed job where a person must decide."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    assert review(second, "--workflow") == 2
    assert "--workflow needs --report-dir" in capsys.readouterr().err
    second.git("switch", "--quiet", "-c", "described")
    second.edit("models/tiny/model.yaml", "margin: 0.1", "margin: 0.2")
    second.commit("Loosen a gate")
    options = ("--author", "ada", "--report-dir", str(tmp_path / "report"))
    assert review(second, *options) == 42
    assert not (tmp_path / "summary.md").exists()
    capsys.readouterr()
    assert review(second, *options, "--workflow") == 0
    assert "::warning file=models/tiny/model.yaml" in capsys.readouterr().out
    assert (tmp_path / "summary.md").read_text().strip() == (tmp_path / "report" / "report.md").read_text().strip()


@pytest.mark.parametrize("inside", ["", "folder"])
def test_a_file_where_the_reports_belong(second: Scratch, tmp_path: Path, capsys: Run, inside: str) -> None:
    (tmp_path / "file").write_text("mine")
    assert review(second, "--report-dir", str(tmp_path / "file" / inside)) == 2
    assert "give a folder" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(("base", "head"), [("nowhere", "HEAD"), ("main", "nowhere"), ("--help", "HEAD")])
def test_a_revision_that_is_none(second: Scratch, capsys: Run, base: str, head: str) -> None:
    arguments = ["-C", str(second.root), "review", f"--base={base}", f"--head={head}"]
    assert main(arguments) == 1
    assert "names no commit here" in capsys.readouterr().out


def test_two_histories_with_nothing_in_common(second: Scratch, capsys: Run) -> None:
    second.git("stash", "--quiet")
    second.git("switch", "--quiet", "--orphan", "other")
    second.git("commit", "--quiet", "--allow-empty", "-m", "other")
    assert review(second) == 1
    assert "no commit in common" in capsys.readouterr().out


def test_a_shallow_clone_is_told(second: Scratch, tmp_path: Path, capsys: Run) -> None:
    clone = tmp_path / "shallow"
    second.git("clone", "--quiet", "--depth", "1", f"file://{second.root}", str(clone))
    assert main(["-C", str(clone), "review", "--base", "HEAD", "--head", "HEAD"]) == 1
    assert "git fetch --unshallow" in capsys.readouterr().out
