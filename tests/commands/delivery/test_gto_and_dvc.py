"""Real GTO and real DVC read from the tags what `mintmark list` says, at every step in the life of a model."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import gto.api
import pytest
import yaml
from tests.commands.writing_fixture import change_slope, make_candidate
from tests.scaffold.registry import Scratch
from tests.scaffold.warm import warm

from mintmark.commands.promote import promote
from mintmark.commands.rollback import rollback
from mintmark.commands.yank import yank

CHANNELS = ("staging", "production")


def release(scratch: Scratch) -> None:
    scratch.git("push", "--quiet", "origin", "main")
    done = scratch.run("release")
    assert (done.code, done.err) == (0, "")


def by_mintmark(scratch: Scratch) -> dict[str, dict[str, str | None]]:
    models = json.loads(scratch.run("list", "--json").out)["models"]
    return {row["model"]: {name: row["channels"].get(name) for name in CHANNELS} for row in models}


def by_gto(scratch: Scratch) -> dict[str, dict[str, str | None]]:
    shown = gto.api.show(str(scratch.root))
    return {
        model: {name: (row["stage"].get(name) or "v").removeprefix("v") or None for name in CHANNELS}
        for model, row in shown.items()
    }


def versions_by_mintmark(scratch: Scratch) -> set[str]:
    return {row["version"] for row in json.loads(scratch.run("list", "iris", "--json").out)["versions"]}


def versions_by_gto(scratch: Scratch) -> set[str]:
    return {version["version"].removeprefix("v") for version in gto.api.show(str(scratch.root), "iris")}


def life(scratch: Scratch) -> Iterator[str]:
    """A, B, A, a withdrawal, a yank, and what else may happen to a channel; yields after each step."""
    yield "A and B were promoted"
    scratch.promote("iris", "1.0.0")
    yield "back to A"
    scratch.promote("iris", "1.1.0")
    scratch.promote("iris", "1.0.0")
    scratch.promote("iris", "1.1.0")
    yield "B, A and B again at once"
    scratch.set_channel("iris", "staging", "1.1.0")
    scratch.commit("Take 1.2.0 out of staging")
    scratch.remove("models/iris/versions/1.2.0")
    scratch.commit("Withdraw 1.2.0")
    yield "1.2.0 was withdrawn"
    scratch.yank("iris", "1.0.0")
    scratch.commit("Yank 1.0.0")
    yield "1.0.0 was yanked"
    scratch.set_channel("iris", "production", None)
    scratch.commit("Close production")
    yield "production was closed"
    scratch.promote("iris", "1.1.0")
    yield "production is open again"
    scratch.register("iris", "2.0.0-rc.1", parent="1.1.0")
    yield "a pre-release came"
    scratch.git("revert", "--no-edit", "HEAD~1")
    yield "the promotion was reverted"
    scratch.git("revert", "--no-edit", scratch.git("log", "-1", "--format=%H", "--grep=Withdraw 1.2.0"))
    scratch.commits += 1
    yield "1.2.0 came back"
    scratch.promote("iris", "1.2.0", "staging")
    yield "and was promoted"


@pytest.mark.slow
def test_gto_agrees_through_the_life_of_a_model(published: Scratch) -> None:
    for step in life(published):
        release(published)
        assert by_gto(published) == by_mintmark(published), step
        assert versions_by_gto(published) == versions_by_mintmark(published), step


def test_gto_agrees_when_all_of_it_is_released_at_once(published: Scratch) -> None:
    steps = list(life(published))
    release(published)
    assert len(steps) > 5
    assert by_gto(published) == by_mintmark(published)
    assert versions_by_gto(published) == versions_by_mintmark(published)


@pytest.mark.slow
def test_history_of_gto_tells_every_move_in_order(published: Scratch) -> None:
    for _ in life(published):
        pass
    release(published)
    told = [
        (event["stage"], None if event["event"] == "unassignment" else event["version"].removeprefix("v"))
        for event in reversed(gto.api.history(str(published.root), "iris"))
        if event["event"] in ("assignment", "unassignment")
    ]
    moves = json.loads(published.run("history", "iris", "--json").out)["moves"]
    expected = [(move["channel"], move["after"]) for move in reversed(moves)]
    assert list(dict.fromkeys(told)) == list(dict.fromkeys(expected))
    assert [one for one in told if one[1]] == [one for one in expected if one[1]]


@pytest.mark.long
def test_check_ref_of_gto_says_which_version_a_tag_is_on(published: Scratch) -> None:
    for _ in life(published):
        pass
    release(published)
    for tag in published.git("for-each-ref", "--format=%(refname:strip=2)", "refs/tags/iris#production*").splitlines():
        (event,) = gto.api.check_ref(str(published.root), tag)
        said = json.loads(published.git("cat-file", "tag", tag).partition("\n\n")[2].partition("\n\n")[2])
        assert event.version == f"v{said['version']}"  # type: ignore[attr-defined]
        assert event.event == ("unassignment" if "!" in tag else "assignment")


def run_gto(scratch: Scratch, *arguments: str) -> str:
    command = (str(Path(sys.executable).parent / "gto"), *arguments)
    return subprocess.run(command, cwd=scratch.root, capture_output=True, text=True, check=True).stdout


@pytest.mark.long
def test_gto_on_the_command_line(published: Scratch) -> None:
    release(published)
    assert "v1.1.0" in next(line for line in run_gto(published, "show").splitlines() if "iris" in line)
    assert "iris#production#4" in run_gto(published, "history", "iris")
    assert 'Stage "production" was assigned to version "v1.1.0"' in run_gto(published, "check-ref", "iris#production#4")


@pytest.mark.slow
def test_dvc_gets_the_model_of_a_channel(tmp_path: Path) -> None:
    """With `artifacts:` in dvc.yaml, and a remote that DVC can read from any revision."""
    scratch = make_candidate(tmp_path / "registry")
    store = tmp_path / "store"
    scratch.configure(f"[core]\n    analytics = false\n    remote = store\n['remote \"store\"']\n    url = {store}\n")
    path = "models/tiny/candidate/model.json"
    scratch.write("dvc.yaml", f"{scratch.read('dvc.yaml')}\nartifacts:\n  tiny:\n    path: {path}\n    type: model\n")
    scratch.commit("Name the artifact")
    scratch.git("init", "--quiet", "--bare", "-b", "main", str(tmp_path / "origin.git"))
    scratch.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    assert scratch.dvc("status") == "Data and pipelines are up to date.\n"
    scratch.propose(promote=True)
    promote(scratch.root, "tiny@1.0.0", "production", here=True)
    release(scratch)
    assert slope(scratch, tmp_path) == 2.0
    change_slope(scratch, "2.0", "2.5")
    scratch.propose(promote=True)
    release(scratch)
    assert slope(scratch, tmp_path) == 2.0
    promote(scratch.root, "tiny@1.1.0", "production", here=True)
    release(scratch)
    assert slope(scratch, tmp_path) == 2.5
    rollback(scratch.root, "tiny", "production", here=True)
    rollback(scratch.root, "tiny", "staging", here=True)
    release(scratch)
    assert slope(scratch, tmp_path) == 2.0
    yank(scratch.root, "tiny@1.1.0", reason="wrong units", here=True)
    release(scratch)
    assert slope(scratch, tmp_path) == 2.0
    assert by_gto(scratch) == by_mintmark(scratch) == {"tiny": {"staging": "1.0.0", "production": "1.0.0"}}


def slope(scratch: Scratch, folder: Path) -> float:
    """Get the model in production with DVC, which knows nothing of Mintmark; it must be what `mintmark pull` gives."""
    out = folder / "got.json"
    out.unlink(missing_ok=True)
    done = warm.run("dvc", "artifacts", "get", str(scratch.root), "tiny", "--stage", "production", "-o", str(out), cwd=folder)  # fmt: skip
    assert done.code == 0, done.text
    return float(json.loads(out.read_text())["slope"])


def test_dvc_yaml_of_this_repository_names_the_artifact_of_every_model() -> None:
    root = Path(__file__).parents[3]
    models = yaml.safe_load((root / "params.yaml").read_text())["models"]
    artifacts = yaml.safe_load((root / "dvc.yaml").read_text())["artifacts"]
    assert artifacts == {
        model: {"path": f"models/{model}/candidate/model.skops", "type": "model"} for model in sorted(models)
    }
