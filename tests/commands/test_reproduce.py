"""`mintmark reproduce` on registries with a real pipeline: what it says, what it returns, what it leaves."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from tests.scaffold.registry import Scratch

from mintmark.commands.reproduce import reproduce
from mintmark.errors import MintmarkError, UsageError
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.past.notes import read_notes

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the clones are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def run(scratch: Scratch, reference: str = "tiny@1.0.0", **options: bool) -> int:
    return reproduce(scratch.root, reference, **{"network": False, "keep": False, "as_json": False, **options})


def test_a_version_that_comes_out_again(released: Scratch, temporary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of an older version, from its own commit: params.yaml and dvc.lock have gone on since."""
    before = released.snapshot()
    assert run(released) == 0
    out = capsys.readouterr().out
    commit = released.git("log", "-1", "--format=%H", "--grep=propose tiny 1.0.0")
    assert re.match(rf"tiny@1\.0\.0: identical bytes \(\d+ s, at {commit[:10]}\)\n", out)
    assert "all 8 outputs of 1 stage are the recorded ones, measured times aside" in out
    assert len(out.splitlines()) == 2
    assert list(temporary.iterdir()) == []
    assert released.snapshot() == before
    assert not (released.root / ".git/worktrees").exists()


@pytest.mark.slow
def test_what_differs_is_shown_and_returns_1(
    first: Scratch, temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first.edit("scripts/fit.py", 'params["slope"] * v for', 'params["slope"] * v + __import__("random").random() for')
    first.repro()
    first.commit("Draw lots")
    first.propose()
    capsys.readouterr()
    assert run(first) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("tiny@1.0.0: different (")
    assert lines[1].startswith("3 of 3 predictions differ, by up to ")
    assert "the outputs part at fit@tiny" in lines[1]
    shown = {line.split()[0].rpartition("/")[2]: line.split(None, 1)[1] for line in lines[4:]}
    assert shown["predictions.parquet"] == shown["metrics.json"] == "differs"
    assert shown["evaluation.parquet"] == shown["model.json"] == "the same"
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
def test_as_json_with_the_clone_kept(first: Scratch, temporary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first.edit(
        "scripts/fit.py", "import hashlib", "import sys; print('bad \\x1b[31mluck', file=sys.stderr)\nimport hashlib"
    )
    first.repro()
    first.commit("Say something")
    first.propose()
    with (first.root / "scripts/fit.py").open("a") as script:
        script.write("sys.exit('gone')\n")
    first.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    capsys.readouterr()
    assert run(first, keep=True, as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    clone = Path(found.pop("clone"))
    assert clone.is_relative_to(temporary)
    assert (clone / "scripts/fit.py").read_text().endswith("sys.exit('gone')\n")
    assert found.pop("seconds") > 0
    assert found.pop("message").splitlines()[:3] == ["fit@tiny failed (exit code 255):", "bad \\x1b[31mluck", "gone"]
    assert found == {
        "reference": "tiny@1.0.0",
        "commit": first.git("rev-parse", "HEAD"),
        "outcome": "failed",
        "parts_at": "fit@tiny",
        "files": [],
        "environment": [],
    }


@pytest.mark.slow
def test_a_note_says_that_it_was_made_again(released: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(released, note=True) == 0
    said = "noted in refs/notes/mintmark/reproduced; git push origin refs/notes/mintmark/reproduced shares it"
    assert capsys.readouterr().out.splitlines()[-1] == said
    registry = ClonedRegistry(released.root)
    record = registry.resolve("tiny@1.0.0")
    blob = released.git("rev-parse", "HEAD:models/tiny/versions/1.0.0/version.yaml")
    (found,) = read_notes(released.root).items()
    assert found[0] == blob
    assert (found[1].reference, found[1].identical) == ("tiny@1.0.0", True)
    assert found[1].sha256 == record.artifact.sha256
    assert run(released, note=True, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["note"] == "refs/notes/mintmark/reproduced"


@pytest.mark.slow
def test_nothing_is_noted_of_what_differs(first: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    first.edit("scripts/fit.py", 'params["slope"] * v for', 'params["slope"] * v + __import__("random").random() for')
    first.repro()
    first.commit("Draw lots")
    first.propose()
    capsys.readouterr()
    assert run(first, note=True) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "there is nothing to note: the version was not made again"
    assert read_notes(first.root) == {}


def test_who_cannot_write_a_note_learns_it_before_the_stages_run(
    released: Scratch, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_COMMITTER_NAME", "")
    monkeypatch.setattr("mintmark.commands.reproduce.reproduce_version", lambda *_, **__: pytest.fail("it ran"))
    with pytest.raises(MintmarkError, match="Git does not know who you are"):
        run(released, note=True)


def test_what_cannot_be_run_again(second: Scratch) -> None:
    for reference, error, says in (
        ("tiny@2.0.0", MintmarkError, "tiny has no version 2.0.0"),
        ("tiny@candidate", UsageError, "is no version yet"),
        ("tiny@production", MintmarkError, "no version of tiny is in production"),
        ("huge@1.0.0", MintmarkError, 'there is no model "huge"'),
    ):
        with pytest.raises(error, match=says):
            run(second, reference)


def test_a_version_that_is_not_committed(second: Scratch) -> None:
    second.git("reset", "--quiet", "HEAD~1")
    with pytest.raises(MintmarkError, match=r"tiny@1\.0\.0 is in no commit of this branch yet"):
        run(second)


def test_a_shallow_clone_is_refused(second: Scratch, tmp_path: Path) -> None:
    second.git("stash", "--quiet")
    second.git("clone", "--quiet", "--depth=1", f"file://{second.root}", str(tmp_path / "shallow"))
    with pytest.raises(MintmarkError, match="shallow clone"):
        run(Scratch(tmp_path / "shallow"))


@pytest.mark.slow
def test_ctrl_c_leaves_nothing(second: Scratch, temporary: Path) -> None:
    """Neither the clone, kept or not, nor the stage that ran in it."""
    second.git("stash", "--quiet")
    second.edit("scripts/fit.py", "import hashlib", "import time; time.sleep(300)\nimport hashlib")
    second.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    program = (
        "import signal, sys; from pathlib import Path; from mintmark.commands.reproduce import reproduce\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is started without\n"
        "reproduce(Path(sys.argv[1]), 'tiny@1.0.0', network=False, keep=True, as_json=False)\n"
    )
    command = (sys.executable, "-P", "-c", program, str(second.root))
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        await_stage(temporary)
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=60)
    assert complaint.rstrip().endswith(b"KeyboardInterrupt")
    assert list(temporary.iterdir()) == []
    assert stages_in(temporary) == []


def await_stage(folder: Path) -> None:
    for _ in range(600):
        if stages_in(folder):
            return
        time.sleep(0.1)
    raise AssertionError("the stage never began")


def stages_in(folder: Path) -> list[str]:
    """The ids of processes that run fit.py below a folder, on Linux; elsewhere all that run it."""
    listing = subprocess.run(("ps", "-eo", "pid,args"), capture_output=True, text=True, check=True).stdout
    found = [line.split(None, 1) for line in listing.splitlines()]
    running = [pid for pid, command in found if command.endswith("python scripts/fit.py tiny")]
    return [pid for pid in running if not Path("/proc").exists() or str(folder) in _folder_of(pid)]


def _folder_of(pid: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


@pytest.mark.long
def test_a_version_of_this_very_registry(temporary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The real pipeline on real data: 20 seconds, most of them scikit-learn's."""
    if not (ROOT / ".git").exists() or (ROOT / ".git/shallow").exists():
        pytest.skip("this is no clone with its history, so nothing tells which commit added the version")
    record = ClonedRegistry(ROOT).resolve("breast-cancer@1.1.0")
    code = reproduce(ROOT, record.reference, network=False, keep=False, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert code == 0, found
    # A processor of another family rounds otherwise, so the bytes need not be those of the machine that registered it.
    assert found["outcome"] in ("identical bytes", "same predictions"), found
    assert len(found["files"]) == 17
    assert list(temporary.iterdir()) == []
