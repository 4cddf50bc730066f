"""Proposals that were made at the same time: of models that are there, and of new ones."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from tests.scaffold.once import Once
from tests.scaffold.pipeline import TINY, open_toy
from tests.scaffold.registry import Scratch, begin_committed

METRIC = {"name": "mae", "goal": "minimize"}


@pytest.fixture(scope="session")
def _parallel(once: Once) -> Path:
    return once.build("parallel", _build)


def _build(folder: Path) -> None:
    """On branches from one main: new versions of two models that are there, and two new models."""
    from tests.commands.writing_fixture import make_candidate

    scratch = make_candidate(folder / "registry")
    for name in ("other", "churn", "fraud"):
        scratch.add_model(name, task="regression", target="y", metric=METRIC, gates={"margin": 0.1})
    _add_section(scratch, "other", "# the other one")
    scratch.repro()
    scratch.commit("Describe them")
    propose_on(scratch, "main", "tiny")
    propose_on(scratch, "main", "other")
    for name, slope in (("tiny", "2.5"), ("other", "3.5")):
        scratch.branch(f"propose-{name}")
        text = scratch.read("params.yaml")
        scratch.write("params.yaml", text.replace("slope: 2.0" if name == "tiny" else "slope: 3.0", f"slope: {slope}"))
        propose_on(scratch, f"propose-{name}", name)
    for name in ("churn", "fraud"):
        scratch.branch(f"propose-{name}")
        _add_section(scratch, name, f"# what {name} is")
        propose_on(scratch, f"propose-{name}", name)


def _add_section(scratch: Scratch, name: str, comment: str) -> None:
    section = f"\n  {comment}\n  {name}:\n    slope: 3.0 # at first\n    inputs: [x]\n"
    scratch.write("params.yaml", scratch.read("params.yaml").rstrip("\n") + "\n" + section)


def propose_on(scratch: Scratch, branch: str, model: str) -> None:
    assert scratch.git("branch", "--show-current") == branch
    if branch != "main":
        scratch.dvc("repro", "--quiet", f"fit@{model}")
    assert scratch.run("propose", model, "--here").code == 0
    assert scratch.git("status", "--porcelain") == ""


@pytest.fixture
def registry(_parallel: Path, tmp_path: Path) -> Scratch:
    return open_toy(TINY, _parallel / "registry").copy(tmp_path / "registry")


@pytest.fixture
def written(tmp_path: Path) -> Scratch:
    """Branches of the same names, whose pipeline nobody ran: the files are written by hand."""
    scratch = begin_committed(tmp_path / "registry")
    _write(scratch, {"tiny": "2.0"})
    scratch.commit("Begin")
    for branch, slopes in {"tiny": {"tiny": "2.5"}, "churn": {"tiny": "2.0", "churn": "3.0"},
                           "fraud": {"tiny": "2.0", "fraud": "3.0"}, "again": {"tiny": "2.2"}}.items():  # fmt: skip
        scratch.branch(f"propose-{branch}")
        _write(scratch, slopes)
        scratch.commit(branch)
    return scratch


def _write(scratch: Scratch, slopes: dict[str, str]) -> None:
    sections = (f"  {name}:\n    slope: {slope}\n" for name, slope in slopes.items())
    scratch.write("params.yaml", "".join(("models:\n", *sections)))
    stages = (f"  fit@{name}:\n    cmd: fit\n    params:\n      slope: {slope}\n" for name, slope in slopes.items())
    scratch.write("dvc.lock", "".join(("schema: '2.0'\nstages:\n", *stages)))


def up_to_date(scratch: Scratch, *models: str) -> bool:
    return "up to date" in scratch.dvc("status", *(f"fit@{model}" for model in models))


@pytest.mark.slow
@pytest.mark.parametrize("how", ["merge", "rebase"])
def test_models_that_are_there_never_conflict(registry: Scratch, how: str) -> None:
    trees = set()
    before = {name: registry.git("rev-parse", f"propose-{name}") for name in ("tiny", "other")}
    for first, second in permutations(("tiny", "other")):
        registry.branch("landed")
        registry.git("merge", "--quiet", "--no-edit", f"propose-{first}")
        if how == "merge":
            registry.git("merge", "--quiet", "--no-edit", f"propose-{second}")
        else:
            registry.git("rebase", "--quiet", "landed", f"propose-{second}")
        trees.add(registry.head_tree())
        registry.git("switch", "--quiet", "--detach")
        registry.git("branch", "-f", f"propose-{second}", before[second])
    assert len(trees) == 1
    registry.dvc("checkout", "--quiet")
    assert up_to_date(registry, "tiny", "other")


def start_conflict(scratch: Scratch, how: str, first: str, second: str) -> str:
    """Merge one proposal, then bring the other one to it; return what Git calls that."""
    scratch.branch("landed")
    scratch.git("merge", "--quiet", "--ff-only", f"propose-{first}")
    scratch.git("switch", "--quiet", f"propose-{second}")
    scratch.git(how, "landed", check=False)
    conflicts = {line.split("\t")[1] for line in scratch.git("ls-files", "--unmerged").splitlines()}
    assert conflicts == {"dvc.lock", "params.yaml"}
    return how


@pytest.mark.slow
@pytest.mark.parametrize("how", ["merge", "rebase"])
def test_two_new_models(registry: Scratch, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One command, in either order, leads to the same files, and nothing has to be trained again."""
    monkeypatch.setenv("GIT_EDITOR", "true")
    trees = set()
    before = {name: registry.git("rev-parse", f"propose-{name}") for name in ("churn", "fraud")}
    for first, second in permutations(("churn", "fraud")):
        start_conflict(registry, how, first, second)
        if how == "rebase":
            assert "mintmark resolve settles" in registry.run("propose", second).err
            assert "params.yaml:11: is in conflict; mintmark resolve" in registry.run("validate").text
        done = registry.run("resolve")
        assert done.code == 0, done.text
        assert done.out.splitlines() == [
            "dvc.lock: has the entries of both sides now, and is staged",
            "params.yaml: has the entries of both sides now, and is staged",
            f"next: git {how} --continue; nothing has to run again",
        ]
        registry.git(how, "--continue")
        assert registry.git("status", "--porcelain") == ""
        trees.add(registry.head_tree())
        registry.dvc("checkout", "--quiet")
        assert up_to_date(registry, "tiny", "other", "churn", "fraud")
        assert registry.run("validate", "--base", "landed").code == 0
        assert "# what churn is" in registry.read("params.yaml")
        registry.git("branch", "-f", f"propose-{first}", before[first])
        registry.git("reset", "--quiet", "--hard", before[second])
    assert len(trees) == 1


def test_one_model_on_both_sides_is_named_and_nothing_is_written(written: Scratch) -> None:
    written.git("switch", "--quiet", "propose-again")
    written.git("rebase", "propose-tiny", check=False)
    before = written.git("status", "--porcelain")
    assert before
    done = written.run("resolve")
    assert done.code == 1
    assert "dvc.lock: stages.fit@tiny: both sides changed it" in done.err
    assert "params.yaml: models.tiny: both sides changed it" in done.err
    assert "git rebase --abort, start from the base branch, and dvc repro" in done.err
    assert written.git("status", "--porcelain") == before


def test_what_is_for_a_person_stays_in_conflict(written: Scratch) -> None:
    for name, text in (("one", "/a.csv\n"), ("two", "/b.csv\n")):
        written.branch(name)
        written.write("data/.gitignore", text)  # as `dvc add` does
        written.write("notes.txt", text)
        written.commit(name)
    written.git("merge", "one", check=False)
    done = written.run("resolve")
    assert (done.code, done.err) == (1, "")
    assert "notes.txt: is for you to settle, then git add it\n" in done.out
    assert written.read("data/.gitignore") == "/a.csv\n/b.csv\n"
    assert written.git("diff", "--name-only", "--diff-filter=U") == "notes.txt"


def test_what_was_settled_by_hand_is_left_alone(written: Scratch) -> None:
    start_conflict(written, "merge", "churn", "fraud")
    written.write("params.yaml", "models: {}\n")
    done = written.run("resolve")
    assert done.code == 1
    assert "params.yaml: was edited since; git add it, or git checkout --merge -- params.yaml to have" in done.out
    assert written.read("params.yaml") == "models: {}\n"


def test_nothing_is_in_conflict(written: Scratch) -> None:
    done = written.run("resolve")
    assert (done.code, done.err) == (1, "mintmark: no file is in conflict here; git status tells what is under way\n")


def test_what_was_settled_is_staged_and_the_rest_of_the_merge_goes_on(written: Scratch) -> None:
    start_conflict(written, "merge", "churn", "fraud")
    done = written.run("resolve")
    assert done.code == 0, done.text
    assert "next: git merge --continue" in done.out
    assert written.git("diff", "--name-only") == ""
    assert written.read("params.yaml") == (
        "models:\n  tiny:\n    slope: 2.0\n  churn:\n    slope: 3.0\n  fraud:\n    slope: 3.0\n"
    )


def test_a_revert_keeps_what_is_there(written: Scratch) -> None:
    written.git("switch", "--quiet", "propose-tiny")
    _write(written, {"tiny": "2.7"})
    written.commit("later")
    written.git("revert", "--no-edit", "HEAD~1", check=False)
    done = written.run("resolve")
    assert done.code == 1
    assert "dvc.lock: stages.fit@tiny: was changed since; git checkout HEAD -- dvc.lock keeps what is there" in done.err


def test_validate_and_the_review_name_the_command(written: Scratch) -> None:
    written.git("branch", "-f", "main", "propose-churn")
    written.git("switch", "--quiet", "propose-fraud")
    done = written.run("validate", "--base", "main")
    assert done.code == 1
    assert (
        "dvc.lock: conflicts with main, so nobody can tell what the merge makes; git merge main, and mintmark resolve"
        in done.out
    )
    review = written.review()
    assert review.code == 1
    assert "params.yaml" in review.text
    assert "in a clone mintmark resolve settles it" in review.text
    assert ", mintmark resolve, and push it again" in review.markdown
