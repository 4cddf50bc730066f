"""Training again opens a proposal where the candidate changed, and says so where it did not."""

from __future__ import annotations

import shutil

import pytest
from tests.commands.forge.hosted import Hosted

from mintmark.cli import main

BRANCH = "retrain/tiny"


def grow(hosted: Hosted) -> None:
    """The data of another day, of which the toy's parameters make another model."""
    hosted.clone.edit("data/points.csv", "3,6\n", "3,6\n4,9\n")
    hosted.clone.edit("params.yaml", "slope: 2.5", "slope: 2.25")
    hosted.clone.commit("More data")
    hosted.clone.git("push", "--quiet", "origin", "main")


def retrain(hosted: Hosted, *models: str) -> int:
    return main(["-C", str(hosted.clone.root), "retrain", *models])


def test_the_same_data_is_nothing_to_propose(hosted: Hosted, capsys: pytest.CaptureFixture[str]) -> None:
    assert retrain(hosted, "") == 0
    assert "tiny: nothing changed: the model is 1.1.0, byte for byte" in capsys.readouterr().out
    assert hosted.pulls() == []
    assert hosted.clone.git("status", "--porcelain") == ""


@pytest.mark.long
def test_last_digits_are_nothing_to_propose(
    hosted: Hosted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linear algebra may come out otherwise in the last digits, for reasons that no file names."""
    clone = hosted.clone
    clone.edit("scripts/fit.py", "import hashlib\n", "import hashlib\nimport os\n")
    clone.edit("scripts/fit.py", "\nx, y =", '\nparams["slope"] += float(os.environ.get("OFF", 0))\nx, y =')
    grow(hosted)
    assert retrain(hosted) == 0
    clone.git("fetch", "--quiet", "origin", BRANCH)
    clone.git("merge", "--quiet", "--ff-only", "FETCH_HEAD")
    clone.git("push", "--quiet", "origin", "main")
    hosted.pulls()[0]["state"] = "closed"
    for off, told in (("1e-15", "nothing changed: the model predicts as 1.2.0 does"), ("0.5", "opened http")):
        capsys.readouterr()
        monkeypatch.setenv("OFF", off)
        shutil.rmtree(clone.root / ".dvc/cache")
        shutil.rmtree(clone.root / "models/tiny/candidate")
        assert retrain(hosted) == 0
        assert told in capsys.readouterr().out


def test_new_data_is_a_proposal_that_waits(hosted: Hosted, capsys: pytest.CaptureFixture[str]) -> None:
    grow(hosted)
    assert retrain(hosted, "tiny") == 0
    (pull,) = hosted.pulls()
    assert pull["title"] == "propose tiny 1.2.0"
    assert pull["pull_request"]["head"] == BRANCH
    assert "another one came out" in pull["body"]
    assert hosted.clone.git("branch", "--show-current") == "main"
    assert hosted.clone.git("status", "--porcelain") == ""
    assert retrain(hosted) == 0
    assert f"tiny: #{pull['number']} waits already" in capsys.readouterr().out
    pull["state"] = "closed"
    assert retrain(hosted) == 0
    assert len(hosted.pulls()) == 2, "where it was closed without a merge, the next day asks again"


@pytest.mark.slow
def test_a_model_that_fails_hides_no_other(hosted: Hosted, capsys: pytest.CaptureFixture[str]) -> None:
    grow(hosted)
    assert retrain(hosted, "nothing", "tiny") == 1
    assert "mintmark: nothing: " in capsys.readouterr().err
    assert len(hosted.pulls()) == 1


def test_what_is_not_committed_is_not_trained_on(hosted: Hosted, capsys: pytest.CaptureFixture[str]) -> None:
    hosted.clone.edit("params.yaml", "slope: 2.5", "slope: 2.6")
    assert retrain(hosted) == 1
    assert "params.yaml: changed and not committed" in capsys.readouterr().err
    assert "slope: 2.6" in hosted.clone.read("params.yaml")


@pytest.mark.slow
def test_stages_do_not_see_the_token(hosted: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ENV", "env")
    monkeypatch.setenv("ACTIONS_RUNTIME_TOKEN", "secret")
    script = hosted.clone.read("scripts/fit.py")
    leak = 'import os\nassert not [n for n in os.environ if n.startswith(("GITHUB_", "ACTIONS_"))], "seen"\n'
    hosted.clone.write("scripts/fit.py", leak + script)
    hosted.clone.commit("Look at the environment")
    grow(hosted)
    assert retrain(hosted) == 0
    assert len(hosted.pulls()) == 1
