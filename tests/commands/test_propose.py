"""What `mintmark propose` commits, and what it leaves alone."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from typing import Any

import pytest
from tests.commands.writing_fixture import change_slope
from tests.scaffold.marks import first_quick
from tests.scaffold.registry import Scratch

from mintmark.commands.promote import promote
from mintmark.commands.propose import propose
from mintmark.commands.rollback import rollback
from mintmark.commands.yank import yank
from mintmark.errors import MintmarkError
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.stored.store import Store
from mintmark.registry.yaml.text import parse_yaml

FOLDER = "models/tiny/versions/1.0.0"
FILES = ("model.json", "predictions.parquet", "evaluation.parquet", "training-rows.parquet", "profile.json")


def record(scratch: Scratch, version: str) -> dict[str, Any]:
    data: dict[str, Any] = parse_yaml(scratch.read(f"models/tiny/versions/{version}/version.yaml").encode())
    return data


def test_the_first_version(first: Scratch, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1780000000")
    main = first.git("rev-parse", "HEAD")
    assert propose(first.root, "tiny") == 0
    assert first.git("branch", "--show-current") == "propose/tiny-1.0.0"
    assert first.git("rev-parse", "HEAD^") == first.git("rev-parse", "main") == main
    assert first.git("status", "--porcelain", "-uall") == ""
    registered = ClonedRegistry(first.root).record("tiny", "1.0.0")
    assert (registered.parent, registered.created) == (None, "2026-05-28T20:26:40Z")
    assert registered.author == "Ada Lovelace <ada@example.org>"
    assert registered.summary == "First version of tiny: mae 0.1667 [0.08333, 0.3333]."
    assert [file.name for file in registered.stored_files] == list(FILES)
    out = capsys.readouterr().out
    assert "on the new branch propose/tiny-1.0.0: propose tiny 1.0.0" in out
    assert "git switch main && git merge propose/tiny-1.0.0" in out
    assert "if another new model is merged first: git rebase, then mintmark resolve settles the conflicts" in out


def test_what_the_commit_holds(first: Scratch) -> None:
    first.propose()
    changed = set(first.git("diff", "--name-only", "HEAD^", "HEAD").splitlines())
    pointers = {f"{FOLDER}/{name}.dvc" for name in FILES}
    objects = {path for path in changed if path.startswith(".dvc/store/files/md5/")}
    assert changed - objects == pointers | {f"{FOLDER}/version.yaml", f"{FOLDER}/metrics.json"}
    assert len(objects) == 8  # the five stored files, and what `dvc metrics diff` and `dvc pull` need in another clone
    candidate = first.root / "models/tiny/candidate"
    assert first.read(f"{FOLDER}/metrics.json") == (candidate / "metrics.json").read_text()
    assert first.read(f"{FOLDER}/version.yaml").startswith(
        "# yaml-language-server: $schema=../../../../schemas/version.schema.json\n"
    )
    for file in ClonedRegistry(first.root).record("tiny", "1.0.0").stored_files:
        assert Store(first.root).fetch(file).read_bytes() == (candidate / file.name).read_bytes()


def test_a_summary_that_hides_something_is_refused_as_the_review_does(first: Scratch) -> None:
    done = first.run("propose", "tiny", "-m", "A \u202esteady\u202c line.")
    assert done.code == 1
    assert "summary: has the character U+202E, which nobody sees; write the text without it" in done.err
    assert not (first.root / FOLDER).exists()


def test_what_the_record_holds(first: Scratch) -> None:
    first.propose(summary="A **first** try.\n\nWith a list:\n- one\n")
    document = record(first, "1.0.0")
    lock = parse_yaml(first.read("dvc.lock").encode())["stages"]["fit@tiny"]
    assert document["summary"] == "A **first** try.\n\nWith a list:\n- one"
    stage = document["stages"]["fit@tiny"]
    assert stage["cmd"] == "python scripts/fit.py tiny"
    assert stage["deps"] == {dep["path"]: f"md5:{dep['md5']}" for dep in lock["deps"]}
    assert stage["outs"] == {out["path"]: f"md5:{out['md5']}" for out in lock["outs"]}
    assert stage["params"] == lock["params"]
    assert document["parameters"] == {"slope": 2.0, "inputs": ["x"]}
    assert document["data"][0]["path"] == "data/points.csv"
    assert document["environment"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert set(document["environment"]["packages"]) >= {"numpy", "scikit-learn", "skops"}
    assert "commit" not in json.dumps(document)


@pytest.mark.parametrize(
    ("of", "kept"),
    first_quick([("this artifact", {"load_seconds": 0.5, "batch_rows": 1000}), ("another", None), ("none", None)]),
)
def test_measured_times_enter_the_record_where_they_are_of_this_artifact(
    first: Scratch, capsys: pytest.CaptureFixture[str], of: str, kept: dict[str, float] | None
) -> None:
    artifact = (first.root / "models/tiny/candidate/model.json").read_bytes()
    digest = {"this artifact": hashlib.sha256(artifact).hexdigest(), "another": "0" * 64}.get(of)
    if digest:
        cost = {"schema": 1, "artifact": f"sha256:{digest}", "load_seconds": 0.5, "batch_rows": 1000, "more": 1}
        first.write("models/tiny/candidate/cost.json", json.dumps(cost))
    assert first.propose() == 0
    assert record(first, "1.0.0").get("cost") == kept
    noted = {"this artifact": "", "another": "cost.json is about another artifact", "none": "cost.json is not there"}[
        of
    ]
    lines = [line for line in capsys.readouterr().out.splitlines() if "cost.json" in line]
    assert len(lines) == bool(noted)
    assert noted in "".join(lines)


@pytest.mark.slow
def test_a_broken_cost_file_stops_nothing(first: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    first.write("models/tiny/candidate/cost.json", "{")
    assert first.propose() == 0
    assert "cost" not in record(first, "1.0.0")
    assert "models/tiny/candidate/cost.json cannot be read" in capsys.readouterr().out


@pytest.mark.slow
def test_dvc_pulls_what_was_proposed(first: Scratch) -> None:
    first.propose()
    clone = Scratch(first.root.parent / "clone")
    first.git("clone", "--quiet", str(first.root), str(clone.root))
    pointer = f"{FOLDER}/model.json.dvc"
    subprocess.run((sys.executable, "-P", "-m", "dvc", "pull", "-q", pointer), cwd=clone.root, check=True)
    assert clone.read(f"{FOLDER}/model.json") == (first.root / "models/tiny/candidate/model.json").read_text()
    assert clone.git("status", "--porcelain", "-uall") == ""


def test_the_pipeline_travels_with_the_version(second: Scratch) -> None:
    assert second.git("status", "--porcelain").split() == ["M", "dvc.lock", "M", "params.yaml"]
    second.propose()
    assert second.git("status", "--porcelain", "-uall") == ""
    assert "slope: 2.5" in second.git("show", "HEAD:params.yaml")
    assert record(second, "1.1.0")["parent"] == "1.0.0"


def test_the_message_is_for_a_reviewer(second: Scratch) -> None:
    second.propose(summary="A steeper line.", promote=True)
    text = second.git("log", "-1", "--format=%B")
    assert text.startswith("propose tiny 1.1.0\n\nA steeper line.\n\n| metric | 1.1.0 | 1.0.0 (parent) |")
    assert "| mae (primary, less is better) | 0.8333 [0.4167, 1.667] | 0.1667 [0.08333, 0.3333] | +0.667 |" in text
    assert "- parameters: slope\n" in text
    assert "This is a minor version after 1.0.0, because of what changed." in text
    assert "Merging also points staging to it." in text


@pytest.mark.slow
def test_the_champion_stands_beside_the_parent(released: Scratch) -> None:
    rollback(released.root, "tiny", here=True)
    change_slope(released, "2.5", "2.2")
    released.propose()
    text = released.git("log", "-1", "--format=%B")
    assert (
        "| 1.1.0 (parent) | difference to 1.1.0, not tested | 1.0.0 (champion) | difference to 1.0.0, not tested |"
        in text
    )


def test_promote_points_the_first_channel_at_it(second: Scratch) -> None:
    second.propose(promote=True)
    assert ClonedRegistry(second.root).channels("tiny") == {"staging": "1.1.0"}
    assert second.git("log", "--oneline", "HEAD").count("\n") == 2


@pytest.mark.slow
def test_new_inputs_make_a_major_version(second: Scratch) -> None:
    second.edit("params.yaml", "inputs: [x]", "inputs: [x, z]")
    second.repro()
    second.propose()
    assert second.subjects()[0] == "propose tiny 2.0.0"


@pytest.mark.parametrize(
    ("options", "number"),
    first_quick(
        [({"bump": "major"}, "2.0.0"), ({"bump": "patch"}, "1.0.1"), ({"version": "1.3.0-rc.1"}, "1.3.0-rc.1")]
    ),
)
def test_a_person_may_choose_the_number(second: Scratch, options: dict[str, str], number: str) -> None:
    second.propose(**options)
    assert second.subjects()[0] == f"propose tiny {number}"
    assert ("as the author asked" in second.git("log", "-1", "--format=%B")) == ("bump" in options)


@pytest.mark.slow
def test_a_patch_of_an_older_line(released: Scratch) -> None:
    change_slope(released, "2.5", "2.1")
    released.propose(version="1.0.1")
    assert record(released, "1.0.1")["parent"] == "1.0.0"


def test_a_new_script_that_nothing_uses_stays_out(second: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    second.write("scripts/notes.py", "import shared\n")
    second.propose()
    assert "not in the proposal: scripts/notes.py. If a stage needs it" in capsys.readouterr().out
    assert second.git("status", "--porcelain", "-uall") == "?? scripts/notes.py"


@pytest.mark.slow
def test_a_skops_artifact(first: Scratch) -> None:
    first.write("scripts/fit.py", first.read("scripts/fit.py") + (
        "from sklearn.linear_model import LinearRegression\n"
        "from mintmark.artifacts.skops.format import dump_canonical\n"
        "(out / 'model.json').unlink()\n"
        "dumped = dump_canonical(LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0]))\n"
        "(out / 'model.skops').write_bytes(dumped)\n"
    ))  # fmt: skip
    first.edit("dvc.yaml", "candidate/model.json", "candidate/model.skops")
    first.repro()
    first.propose()
    assert record(first, "1.0.0")["artifact"]["format"] == "skops"


@pytest.mark.slow
def test_new_scripts_and_data_travel_along(second: Scratch) -> None:
    second.write("scripts/extra.py", "pass\n")
    second.write("data/more.csv", "1\n")
    second.write("notes.txt", "not mine to commit\n")
    second.edit("dvc.yaml", "deps: [", "deps: [scripts/extra.py, data/more.csv, ")
    second.repro()
    second.propose()
    assert second.git("status", "--porcelain", "-uall") == "?? notes.txt"
    assert {"scripts/extra.py", "data/more.csv"} <= set(second.git("ls-tree", "-r", "--name-only", "HEAD").split())


@pytest.mark.slow
def test_data_in_dvc_travels_as_its_pointer(second: Scratch) -> None:
    second.write("raw/more.csv", "1\n")
    subprocess.run((sys.executable, "-P", "-m", "dvc", "add", "-q", "raw/more.csv"), cwd=second.root, check=True)
    second.edit("dvc.yaml", "deps: [", "deps: [raw/more.csv, ")
    second.repro()
    second.propose()
    assert second.git("status", "--porcelain", "-uall") == ""
    tracked = set(second.git("ls-tree", "-r", "--name-only", "HEAD").split())
    assert {"raw/more.csv.dvc", "raw/.gitignore"} <= tracked
    assert "raw/more.csv" not in tracked


@pytest.mark.slow
def test_another_remote_gets_the_bytes_before_the_commit(first: Scratch) -> None:
    elsewhere = first.root.parent / "elsewhere"
    elsewhere.mkdir()
    first.edit(".dvc/config", "url = store", f"url = {elsewhere}")
    first.commit("another remote")
    first.propose()
    assert len([path for path in elsewhere.rglob("*") if path.is_file()]) == 8
    assert not (first.root / ".dvc/store").exists()
    assert first.git("status", "--porcelain", "-uall") == ""


def test_a_shallow_clone(first: Scratch) -> None:
    first.git("commit", "--quiet", "--allow-empty", "-m", "more")
    clone = first.root.parent / "shallow"
    first.git("clone", "--quiet", "--depth", "1", f"file://{first.root}", str(clone))
    with pytest.raises(MintmarkError, match="git fetch --unshallow"):
        propose(clone, "tiny")


def test_an_unknown_model(first: Scratch) -> None:
    with pytest.raises(MintmarkError, match='no model "tony"'):
        propose(first.root, "tony")


def test_a_model_outside_the_pipeline(first: Scratch) -> None:
    first.write("models/other/model.yaml", first.read("models/tiny/model.yaml").replace("name: tiny", "name: other"))
    first.commit("other")
    with pytest.raises(MintmarkError, match="other has no candidate in the work tree; dvc repro makes one"):
        propose(first.root, "other")


KILLED = """
import os, signal, sys
from pathlib import Path
import mintmark.commands.propose as command
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background of a shell ignores it
name = sys.argv[2]
real = getattr(command, name)
def dying(*arguments, **options):
    result = real(*arguments, **options)
    os.kill(os.getpid(), getattr(signal, sys.argv[3]))
    return result
setattr(command, name, dying)
command.propose(Path(sys.argv[1]), "tiny", here=True)
"""


@pytest.mark.parametrize(
    ("step", "how"),
    first_quick(
        [("stale_stages", "SIGKILL"), ("record_files", "SIGINT"), ("_objects", "SIGKILL"), ("_objects", "SIGINT")]
    ),
)
def test_an_interrupted_proposal_leaves_the_tree_as_it_was(first: Scratch, step: str, how: str) -> None:
    before = first.snapshot()
    command = (sys.executable, "-c", KILLED, str(first.root), step, how)
    result = subprocess.run(command, cwd=first.root, capture_output=True, text=True, check=False)
    assert result.returncode == (-signal.SIGKILL if how == "SIGKILL" else -signal.SIGINT), result.stderr
    assert first.snapshot() == before


@pytest.mark.slow
def test_proposals_follow_each_other(released: Scratch) -> None:
    """Versions, channels and numbers over a life: what each step leaves is what the next one builds on."""
    change_slope(released, "2.5", "2.2")
    released.propose(promote=True)
    promote(released.root, "tiny@staging", "production", here=True)
    rollback(released.root, "tiny", here=True)
    assert ClonedRegistry(released.root).channels("tiny") == {"staging": "1.2.0", "production": "1.1.0"}
    assert released.subjects()[:3] == [
        "rollback tiny 1.1.0 in production",
        "promote tiny 1.2.0 to production",
        "propose tiny 1.2.0",
    ]


@pytest.mark.slow
def test_a_yanked_version_is_nobody_s_parent(second: Scratch) -> None:
    second.propose()
    yank(second.root, "tiny@1.1.0", reason="Leaked labels.", here=True)
    change_slope(second, "2.5", "3.5")
    second.propose()
    assert record(second, "1.2.0")["parent"] == "1.0.0"
