"""What history tells is the same from the cache as without it: over random histories, damage, and other processes."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mintmark.registry import git
from mintmark.registry.past.model_log import Step, start_model_log

MODELS = ["iris", "iris-large", "wine", "nothing"]
_FILES = [f"models/{model}/{path}" for model in MODELS[:3] for path in (
    "channels/production.yaml", "channels/staging.yaml", "versions/1.0.0/version.yaml", "versions/1.1.0/version.yaml",
    "model.yaml",
)] + ["README.md", "models/registry.yaml"]  # fmt: skip


def build_history(root: Path, seed: int, commits: int = 60) -> list[str]:
    """Make a repository of random commits on random parents, merges among them, and return their ids."""
    chance = random.Random(seed)
    stream: list[bytes] = []
    tips = [1]
    for number in range(1, commits + 1):
        if number == 1:
            parents = []
        else:
            first = tips[-1] if chance.random() < 0.6 else chance.randrange(1, number)
            second = chance.randrange(1, number)
            parents = [first, second] if chance.random() < 0.3 and second != first else [first]
        time = 1_767_268_800 + chance.randrange(-5, 50) * 86_400  # clocks of committers go wrong
        person = f"Ada <ada@example.org> {time} +0000"
        message = f"step {number}".encode()
        stream.append(f"commit refs/heads/b{number}\nmark :{number}\nauthor {person}\ncommitter {person}\n".encode())
        stream.append(b"data %d\n%s\n" % (len(message), message))
        stream += [f"{'merge' if n else 'from'} :{parent}\n".encode() for n, parent in enumerate(parents)]
        for path in chance.sample(_FILES, chance.randrange(4)):
            content = b"version: 1.%d.0\n" % chance.randrange(3)
            gone = number > 1 and chance.random() < 0.2
            stream.append(
                b"D %s\n" % path.encode()
                if gone
                else b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content)
            )
        tips.append(number)
    root.mkdir()
    git.run_git("init", "--quiet", "--initial-branch=b1", cwd=root)
    git.run_git("fast-import", "--quiet", "--export-marks=marks", cwd=root, data=b"".join(stream))
    lines = (root / "marks").read_text().splitlines()
    return [line.partition(" ")[2] for line in lines]


def uncached(root: Path, commit: str) -> dict[str, list[Step]]:
    """Return the steps of each model as Git tells them in one go."""
    found: dict[str, list[Step]] = {model: [] for model in MODELS}
    for step, changes in git.start_first_parent_log(root, commit, ["models"])():
        for model in MODELS:
            if own := [change for change in changes if change.path.startswith(f"models/{model}/")]:
                found[model].append((step, own))
    return found


def asked(root: Path, commit: str, models: list[str]) -> dict[str, list[Step]]:
    steps = start_model_log(root, commit, models)()
    return {model: [step for step in steps if step[1][0].path.startswith(f"models/{model}/")] for model in models}


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 6))])
def test_any_commit_asked_after_any_other(tmp_path: Path, seed: int) -> None:
    root, chance = tmp_path / "registry", random.Random(seed)
    commits = build_history(root, seed)
    for commit in [chance.choice(commits) for _ in range(20)]:
        models = chance.sample(MODELS, chance.randrange(1, 4))
        expected = uncached(root, commit)
        assert asked(root, commit, models) == {model: expected[model] for model in models}


def test_a_damaged_cache_costs_time_only(tmp_path: Path) -> None:
    root, chance = tmp_path / "registry", random.Random(7)
    commits = build_history(root, 7)
    path = root / ".git" / "mintmark" / "history.sqlite"
    for commit in [chance.choice(commits) for _ in range(12)]:
        expected = uncached(root, commit)
        assert asked(root, commit, MODELS) == expected
        content = path.read_bytes()
        start = chance.randrange(len(content))
        damage = [content[:start], content[:start] + bytes(600) + content[start + 600 :], b"no database", b""]
        path.write_bytes(chance.choice(damage))
        assert asked(root, commit, MODELS) == expected


def test_what_is_known_is_not_asked_of_git_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "registry"
    commits = build_history(root, 8)
    line = git.git_text("rev-list", "--first-parent", commits[-1], cwd=root).split()
    asked(root, line[1], ["iris"])
    logs: list[str | None] = []
    log = git.start_first_parent_log

    def noted(*arguments: Any, since: str | None = None) -> Any:
        logs.append(since)
        return log(*arguments, since=since)

    monkeypatch.setattr(git, "start_first_parent_log", noted)
    asked(root, line[0], ["iris"])
    asked(root, line[0], ["iris"])
    asked(root, line[2], ["iris"])  # which lies before
    assert logs == [line[1]]
    assert asked(root, line[2], ["wine"])["wine"] == uncached(root, line[2])["wine"]


def test_a_branch_that_was_rewritten_and_whose_commits_are_gone(tmp_path: Path) -> None:
    root = tmp_path / "registry"
    commits = build_history(root, 9)
    asked(root, commits[-1], MODELS)
    keep = commits[20]
    for name in git.git_text("for-each-ref", "--format=%(refname)", cwd=root).split():
        git.run_git("update-ref", "-d", name, cwd=root)
    git.run_git("update-ref", "refs/heads/b1", keep, cwd=root)
    git.run_git("reflog", "expire", "--expire=now", "--all", cwd=root)
    git.run_git("gc", "--quiet", "--prune=now", cwd=root)
    assert git.ask_git("cat-file", "-e", f"{keep}^{{commit}}", cwd=root) is not None
    assert asked(root, keep, MODELS) == uncached(root, keep)


def test_a_replaced_commit_changes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "registry"
    commits = build_history(root, 10)
    before = asked(root, commits[-1], MODELS)
    line = git.git_text("rev-list", "--first-parent", commits[-1], cwd=root).split()
    subprocess.run(("git", "replace", line[1], line[-1]), cwd=root, check=True)
    assert asked(root, commits[-1], MODELS) == before
    shutil.rmtree(root / ".git" / "mintmark")
    assert asked(root, commits[-1], MODELS) == before


@pytest.mark.slow
def test_several_processes_at_once(tmp_path: Path) -> None:
    root = tmp_path / "registry"
    commits = build_history(root, 11)
    program = (
        "import random, sys\nfrom pathlib import Path\n"
        "from tests.registry.past.test_model_log import MODELS, asked, uncached\n"
        "root, chance, commits = Path(sys.argv[1]), random.Random(sys.argv[2]), sys.argv[3:]\n"
        "for commit in [chance.choice(commits) for _ in range(10)]:\n"
        "    assert asked(root, commit, MODELS) == uncached(root, commit)\n"
    )
    here = Path(__file__).parents[3]
    command = (sys.executable, "-c", program, str(root))
    processes = [subprocess.Popen((*command, str(n), *commits), cwd=here) for n in range(3)]
    assert [process.wait(300) for process in processes] == [0, 0, 0]
