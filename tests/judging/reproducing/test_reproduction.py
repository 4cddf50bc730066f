"""Versions that come out again, that come out otherwise, and that do not come out, through the real DVC."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.judging.reproduction_fixture import keep_points_in_dvc, make_registry, python, release, reproduce
from tests.scaffold.once import Once
from tests.scaffold.pipeline import TINY, open_toy
from tests.scaffold.registry import Scratch
from tests.scaffold.server import serve

from mintmark.core.records import VersionRecord
from mintmark.errors import MintmarkError
from mintmark.judging.reproducing.outputs import compare_outputs
from mintmark.judging.reproducing.recorded_stages import recorded_stages
from mintmark.judging.reproducing.reproduction import environment_differences
from mintmark.judging.reproducing.stage_runs import Workshop
from mintmark.registry.clone import ClonedRegistry

CANDIDATE = "models/tiny/candidate"


@pytest.fixture(scope="session")
def _prepared(once: Once) -> Scratch:
    return open_toy(TINY, once.build("reproduction", make_registry))


@pytest.fixture(scope="session")
def _proposed(_prepared: Scratch, once: Once) -> Scratch:
    return open_toy(TINY, once.build("reproduction-proposed", lambda folder: release(_prepared.copy(folder))))


@pytest.fixture
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a reproduction leaves in the temporary folder is a fault of every test."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    yield
    assert list(temporary.iterdir()) == []


@pytest.fixture
def prepared(_prepared: Scratch, _environment: None, tmp_path: Path) -> Scratch:
    """The two stages, with nothing registered."""
    return _prepared.copy(tmp_path / "registry")


@pytest.fixture
def proposed(_proposed: Scratch, _environment: None, tmp_path: Path) -> Scratch:
    """1.0.0 of the two stages as they are."""
    return _proposed.copy(tmp_path / "registry")


def everything(root: Path) -> dict[str, tuple[int, bytes | None]]:
    """Every file and folder of a repository with its mode and content, but for Mintmark's own cache in .git."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if not name.startswith(".git/mintmark"):
            found[name] = (path.lstat().st_mode, path.read_bytes() if path.is_file() else None)
    return found


def differing(found) -> list[str]:
    return [path.rpartition("/")[2] for path, same in found.files if not same]


def test_the_same_bytes_come_out_whatever_lies_in_the_work_tree(proposed: Scratch, tmp_path: Path) -> None:
    """Neither edits nor DVC's cache, its run cache or its local settings take part; and nothing of it is changed."""
    assert list((proposed.root / ".dvc/cache/runs").iterdir()), "there must be a run that could be restored"
    commit = proposed.git("rev-parse", "HEAD")
    proposed.write("later.txt", "later")
    proposed.commit("later")
    proposed.write("scripts/fit.py", "raise SystemExit('an edit')")
    proposed.write("scripts/json.py", "raise SystemExit('an untracked module')")
    proposed.write("data/points.csv", "x,y\n9,9\n")
    proposed.edit("params.yaml", "slope: 2.0", "slope: 7.0")
    proposed.write(".dvc/config.local", "[core]\n    autostage = true\n[cache]\n    type = symlink\n")
    proposed.write(".git/hooks/post-checkout", "#!/bin/sh\ntouch hooked\n")
    (proposed.root / ".git/hooks/post-checkout").chmod(0o755)
    before = everything(proposed.root)
    folder = tmp_path / "kept"
    stages: list[str] = []
    folder.mkdir()
    found = reproduce(proposed, folder=folder, on_stage=stages.append)
    assert (found.outcome, found.parts_at) == ("identical bytes", None), found.message
    assert stages == ["prepare@tiny", "fit@tiny"]
    assert len(found.files) == 10
    assert all(same for _, same in found.files)
    assert found.environment == ()
    assert everything(proposed.root) == before
    assert list((folder / "cache").rglob("*")) == [], "no output came out of a cache"
    made = folder / "clone" / CANDIDATE / "metrics.json"
    kept = proposed.root / "models/tiny/versions/1.0.0/metrics.json"
    assert made.read_bytes() != kept.read_bytes(), "the stage ran, and its clock went on"
    assert not (folder / "clone/hooked").exists()
    assert Scratch(folder / "clone").git("log", "--format=%H") == commit
    assert not (folder / "clone/later.txt").exists()


@pytest.mark.slow
def test_files_count_and_not_what_dvc_lock_says_of_them(proposed: Scratch, tmp_path: Path) -> None:
    """The stages ran beside dvc.lock, and could have written to it."""
    folder = tmp_path / "kept"
    folder.mkdir()
    assert reproduce(proposed, folder=folder).outcome == "identical bytes"
    registry = ClonedRegistry(proposed.root)
    record, commit = registry.resolve("tiny@1.0.0"), registry.history("tiny").first_seen["1.0.0"].oid
    workshop = Workshop(folder=folder, root=proposed.root)
    stages = recorded_stages(proposed.root, record, commit)

    def others() -> list[str]:
        outputs = compare_outputs(proposed.root, record, commit, stages, workshop)
        return [output.path.rpartition("/")[2] for output in outputs if not output.same]

    made = workshop.clone / CANDIDATE
    assert others() == []
    (made / "profile.json").rename(tmp_path / "profile.json")
    (made / "profile.json").symlink_to(tmp_path / "profile.json")
    (made / "model.json").write_text('{"slope": 9}')
    assert others() == ["model.json", "profile.json"]
    made.rename(tmp_path / "elsewhere")
    made.symlink_to(tmp_path / "elsewhere")
    assert {
        "model.json",
        "predictions.parquet",
        "evaluation.parquet",
        "training-rows.parquet",
        "profile.json",
        "metrics.json",
    } == set(others())
    (workshop.clone / "dvc.lock").write_text("rubbish")
    with pytest.raises(MintmarkError, match=r"dvc\.lock"):
        others()
    (workshop.clone / "dvc.lock").unlink()
    assert set(others()) > {"model.json", "clean.csv", "plots"}


@pytest.mark.long
def test_a_package_in_the_work_tree_is_that_of_the_commit(prepared: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an editable install of a team's own package has it: Python finds it in the work tree."""
    prepared.write("src/team.py", "FACTOR = 1\n")
    prepared.edit("scripts/fit.py", "import hashlib", "import team, hashlib")
    prepared.edit("scripts/fit.py", 'params["slope"] * v for', 'params["slope"] * v * team.FACTOR for')
    monkeypatch.setenv("PYTHONPATH", str(prepared.root / "src"))
    monkeypatch.syspath_prepend(str(prepared.root / "src"))
    release(prepared)
    prepared.write("src/team.py", "FACTOR = 2\n")
    assert reproduce(prepared).outcome == "identical bytes"


@pytest.mark.long
def test_a_package_that_only_a_variable_leads_to_is_found(
    prepared: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with an install in the user's home: what runs again has another home, and none of the variables."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/team.py").write_text("FACTOR = 1\n")
    prepared.edit("scripts/fit.py", "import hashlib", "import team, hashlib")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "elsewhere"))
    monkeypatch.syspath_prepend(str(tmp_path / "elsewhere"))
    release(prepared)
    assert reproduce(prepared).outcome == "identical bytes"


@pytest.mark.long
def test_other_bytes_with_the_same_predictions(prepared: Scratch) -> None:
    """They differ by less than what another processor may make of them."""
    prepared.edit("scripts/fit.py", '{"slope": params["slope"]}', '{"slope": 2, "at": __import__("time").time_ns()}')
    almost = 'params["slope"] * v * (1 + __import__("random").random() * 1e-7) for'
    prepared.edit("scripts/fit.py", 'params["slope"] * v for', almost)
    release(prepared)
    found = reproduce(prepared)
    assert (found.outcome, found.parts_at) == ("same predictions", "fit@tiny"), found.message
    assert differing(found) == ["metrics.json", "model.json", "predictions.parquet"]
    assert "all 3 predictions are the recorded ones (none is off by more than " in found.message
    assert f"the outputs part at fit@tiny: {CANDIDATE}/metrics.json" in found.message


@pytest.mark.slow
def test_other_predictions_are_told_with_the_first_stage_that_parts(prepared: Scratch) -> None:
    lots = "text = text.replace('4.5', str(4 + __import__('random').random()))"
    prepared.edit("scripts/prepare.py", "# here", lots)
    release(prepared)
    found = reproduce(prepared)
    assert (found.outcome, found.parts_at) == ("different", "prepare@tiny")
    assert found.message.startswith("1 of 3 predictions differ, by up to ")
    assert found.message.endswith(f" in truth; the outputs part at prepare@tiny: {CANDIDATE}/clean.csv")
    assert {"clean.csv", "evaluation.parquet", "predictions.parquet"} <= set(differing(found))
    assert {f"{CANDIDATE}/model.json", f"{CANDIDATE}/plots"} <= {path for path, same in found.files if same}


@pytest.mark.long
def test_a_plot_and_a_metric_count_and_measured_time_does_not(prepared: Scratch) -> None:
    plot = '(out / "plots/time.csv").write_text(str(__import__("time").time_ns()))'
    prepared.edit("scripts/prepare.py", "# here", plot)
    prepared.edit("scripts/fit.py", '"rmse": {"value": mae}', '"rmse": {"value": __import__("random").random()}')
    release(prepared)
    found = reproduce(prepared)
    assert (found.outcome, found.parts_at) == ("same predictions", "prepare@tiny")
    assert differing(found) == ["plots", "metrics.json"]


@pytest.mark.slow
def test_a_stage_that_read_what_is_not_in_git_fails_and_says_so(prepared: Scratch) -> None:
    """It worked where it was trained: local.txt lies there, and no dependency names it."""
    prepared.write(".git/info/exclude", "local.txt\n")
    prepared.write("local.txt", "only here")
    prepared.edit("scripts/fit.py", "import hashlib", 'open("local.txt").read()\nimport hashlib')
    release(prepared)
    found = reproduce(prepared)
    assert (found.outcome, found.parts_at) == ("failed", "fit@tiny")
    assert found.message.startswith("fit@tiny failed (exit code ")
    assert "No such file or directory: 'local.txt'" in found.message
    assert "\x1b" not in found.message
    assert [path.rpartition("/")[2] for path, same in found.files if same] == ["clean.csv", "plots"]


@pytest.mark.slow
def test_source_data_comes_from_the_embedded_store_of_the_commit(prepared: Scratch) -> None:
    keep_points_in_dvc(prepared)
    release(prepared)
    shutil.rmtree(prepared.root / ".dvc/cache")
    shutil.rmtree(prepared.root / ".dvc/store")
    prepared.write("data/points.csv", "x,y\n9,9\n")
    assert reproduce(prepared).outcome == "identical bytes"


@pytest.mark.long
def test_source_data_comes_from_a_remote_that_the_user_alone_has_set_up(prepared: Scratch, tmp_path: Path) -> None:
    place = keep_points_in_dvc(prepared)
    shutil.copytree(prepared.root / ".dvc/store", tmp_path / "far")
    place.chmod(0o644)
    place.unlink()
    release(prepared)
    shutil.rmtree(prepared.root / ".dvc/cache")
    prepared.write(".dvc/config.local", f"['remote \"far\"']\n    url = {tmp_path}/far\n")
    before = everything(tmp_path / "far")
    assert reproduce(prepared).outcome == "identical bytes"
    assert everything(tmp_path / "far") == before


@pytest.mark.slow
def test_source_data_that_was_never_pushed_is_named(prepared: Scratch) -> None:
    keep_points_in_dvc(prepared, push=False)
    release(prepared)
    found = reproduce(prepared)
    assert (found.outcome, found.files) == ("failed", ())
    assert found.message.startswith("data/points.csv: no remote has the bytes that data/points.csv.dvc names")
    assert "dvc push data/points.csv.dvc" in found.message


@pytest.mark.slow
def test_source_data_that_nobody_keeps_is_named(prepared: Scratch) -> None:
    prepared.git("rm", "--quiet", "--cached", "data/points.csv")
    prepared.write("data/.gitignore", "/points.csv\n")
    release(prepared)
    found = reproduce(prepared)
    assert found.outcome == "failed"
    assert "data/points.csv, which prepare@tiny reads, is neither in Git nor kept by DVC" in found.message
    assert "dvc add data/points.csv" in found.message


@pytest.mark.slow
def test_outputs_in_git_are_no_proof(proposed: Scratch) -> None:
    """DVC passes over a frozen stage, and is content with outputs that the commit brings along."""
    uncached = "".join(
        f"        - models/${{key}}/candidate/{name}: {{cache: false}}\n" for name in ("clean.csv", "plots")
    )
    proposed.edit(
        "dvc.yaml",
        "        - models/${key}/candidate/clean.csv\n        - models/${key}/candidate/plots\n",
        f"{uncached}      frozen: true\n",
    )
    proposed.git("add", "--force", f"{CANDIDATE}/clean.csv", f"{CANDIDATE}/plots")
    proposed.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    found = reproduce(proposed)
    assert (found.outcome, found.parts_at, found.files) == ("failed", "prepare@tiny", ())
    assert "is frozen" in found.message


def test_a_record_of_another_pipeline_is_not_run(proposed: Scratch) -> None:
    """Proposed with one dvc.lock, committed with another."""
    proposed.edit("dvc.lock", "models.tiny.slope: 2.0", "models.tiny.slope: 3.0")
    proposed.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    stages: list[str] = []
    found = reproduce(proposed, on_stage=stages.append)
    assert (found.outcome, stages) == ("failed", [])
    assert "dvc.lock says something else of fit@tiny" in found.message


@pytest.mark.slow
def test_inputs_that_are_not_those_of_the_record_are_named(proposed: Scratch) -> None:
    """The commit that brought the version brought another script as well, as a merge can."""
    with (proposed.root / "scripts/fit.py").open("a") as script:
        script.write("# another one\n")
    proposed.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    found = reproduce(proposed)
    assert found.outcome == "identical bytes"
    assert "fit@tiny ran with other inputs than recorded: scripts/fit.py" in found.message


def test_the_environment_is_told_where_it_differs(proposed: Scratch) -> None:
    record = ClonedRegistry(proposed.root).resolve("tiny@1.0.0")
    assert list(environment_differences(record)) == []
    recorded = record.document["environment"]
    packages = {**recorded["packages"], "numpy": "1.0", "no-such-package": "2.0"}
    document = {**record.document, "environment": {**recorded, "python": "3.9.1", "packages": packages}}
    found = list(environment_differences(VersionRecord.from_dict(document)))
    assert [entry[:2] for entry in found] == [("python", "3.9.1"), ("numpy", "1.0"), ("no-such-package", "2.0")]
    assert found[-1][2] == "not installed"
    assert found[1][2] == recorded["packages"]["numpy"]


def test_nothing_is_left_when_it_is_interrupted(proposed: Scratch) -> None:
    def stop(stage: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reproduce(proposed, on_stage=stop)


NETWORK = python(
    "import socket",
    "socket.create_connection(('127.0.0.1', int(open('models/tiny/port').read())), 5)",
    "import hashlib",
)


@pytest.mark.slow
def test_a_stage_reaches_the_network_only_when_it_is_let(prepared: Scratch) -> None:
    with serve(prepared.root) as address:
        prepared.write("models/tiny/port", address.rpartition(":")[2])
        prepared.edit("scripts/fit.py", "import hashlib", NETWORK.rstrip())
        release(prepared)
        found = reproduce(prepared)
        assert (found.outcome, found.parts_at) == ("failed", "fit@tiny")
        assert found.message.endswith("what needs the network runs with --network")
        assert reproduce(prepared, network=True).outcome == "identical bytes"


@pytest.mark.slow
def test_a_stage_sees_no_secrets_and_writes_nothing_outside(
    prepared: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "outside.txt"
    prepared.write("target", str(target))
    attack = python(
        "import os, pathlib",
        "try: pathlib.Path(open('target').read()).write_text(os.environ.get('AWS_SECRET_ACCESS_KEY', 'no secret'))",
        "except OSError: pass",
    )
    prepared.edit("scripts/fit.py", "import hashlib", f"{attack}import hashlib")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    release(prepared)
    assert target.read_text() == "hush", "the attack works where nothing is held apart"
    target.unlink()
    assert reproduce(prepared).outcome == "identical bytes"
    assert not target.exists()
