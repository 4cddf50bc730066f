"""What a change is and which checks it needs, on a laptop and from the events of a workflow."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from tests.forge.test_workflow import read_outputs
from tests.scaffold.marks import first_quick
from tests.scaffold.registry import Scratch

from mintmark.cli import main

TOKEN = "ghs_secret"


@pytest.fixture
def step(tmp_path, monkeypatch):
    """Run `mintmark changes` as a step of a workflow; gives the exit code and the outputs."""

    def run(root: Path, name: str, event: object, commit: str) -> tuple[int, dict[str, str]]:
        path, outputs = tmp_path / "event.json", tmp_path / "outputs"
        path.write_text(event if isinstance(event, str) else json.dumps(event))
        outputs.write_text("")
        for variable, value in {
            "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": path, "GITHUB_SHA": commit, "GITHUB_OUTPUT": outputs,
            "GITHUB_TOKEN": TOKEN, "GITHUB_SERVER_URL": "https://github.example",
        }.items():  # fmt: skip
            monkeypatch.setenv(variable, str(value))
        code = main(["-C", str(root), "changes"])
        return code, read_outputs(outputs.read_text())

    return run


def branch(scratch: Scratch, name: str, start: str = "main") -> None:
    scratch.git("switch", "--quiet", "-c", name, start)


def merge(scratch: Scratch, head: str, base: str = "main") -> str:
    """The merge that GitHub tries, on no branch."""
    scratch.git("switch", "--quiet", "--detach", base)
    scratch.git("merge", "--quiet", "--no-ff", "--no-edit", head)
    commit = scratch.git("rev-parse", "HEAD")
    scratch.git("update-ref", "refs/pull/7/merge", commit)
    scratch.git("switch", "--quiet", "main")
    return commit


def request(scratch: Scratch, head: str, **more: object) -> dict[str, object]:
    sha = scratch.git("rev-parse", head)
    return {"pull_request": {"head": {"sha": sha, **more}, "base": {"sha": scratch.git("rev-parse", "main")}}}


def base_clone(scratch: Scratch, folder: Path) -> Path:
    """What `actions/checkout` makes of the base: all branches, and no ref of a request."""
    scratch.git("config", "uploadpack.allowAnySHA1InWant", "true")
    scratch.git(
        "clone", "--quiet", "--no-local", "--branch", "main", "--single-branch", f"file://{scratch.root}", str(folder)
    )
    return folder


def test_on_a_laptop(scratch: Scratch, capsys):
    branch(scratch, "promote")
    scratch.promote("iris", "1.2.0", "production")
    assert main(["-C", str(scratch.root), "changes", "--base", "main", "--head", "HEAD"]) == 0
    assert capsys.readouterr().out.startswith("promote: iris (")
    assert main(["-C", str(scratch.root), "changes", "--base", "main", "--head", "HEAD", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["models"], told["review"], told["reproduce"]) == ("promote", ["iris"], True, False)
    assert told["reviews"] == [{"models": "iris", "base": told["base"], "head": told["head"], "number": 0}]


@pytest.mark.parametrize("arguments", [["--base", "main"], ["--head", "main"], []])
def test_half_a_change_and_no_workflow(scratch: Scratch, capsys, monkeypatch, arguments):
    monkeypatch.delenv("GITHUB_EVENT_NAME", raising=False)
    assert main(["-C", str(scratch.root), "changes", *arguments]) == 2
    assert "--base and --head" in capsys.readouterr().err


def test_a_request_is_fetched_and_not_checked_out(scratch: Scratch, step, tmp_path):
    branch(scratch, "proposal")
    scratch.register("wine", "1.1.0", parent="1.0.0")
    commit = merge(scratch, "proposal")
    clone = base_clone(scratch, tmp_path / "clone")
    code, outputs = step(clone, "pull_request", request(scratch, "proposal"), commit)
    assert code == 0
    assert (outputs["kind"], outputs["models"]) == ("propose", '["wine"]')
    assert (outputs["base"], outputs["head"]) == (scratch.git("rev-parse", "main"), commit)
    assert [outputs[name] for name in ("validate", "review", "reproduce")] == ["true", "true", "false"]
    inside = Scratch(clone)
    assert inside.git("rev-parse", "HEAD") == scratch.git("rev-parse", "main")
    assert inside.git("status", "--porcelain") == ""
    assert inside.git("for-each-ref", "--format=%(refname)", "refs/pull", "refs/heads") == "refs/heads/main"
    assert TOKEN not in inside.read(".git/config")


def test_documents_need_no_check(scratch: Scratch, step):
    branch(scratch, "documents")
    for path in ("docs/how-to/x.md", "README.md", "docs/images/x.png", "LICENSE"):
        scratch.write(path, "text")
    scratch.commit("Say more")
    code, outputs = step(scratch.root, "pull_request", request(scratch, "documents"), merge(scratch, "documents"))
    assert (code, outputs["kind"], outputs["reviews"], outputs["validate"], outputs["review"]) == (
        0,
        "code",
        "[]",
        "false",
        "false",
    )


@pytest.mark.parametrize(
    ("path", "content"),
    first_quick(
        [("docs/CODEOWNERS", b"* @mallory"), ("mkdocs.yml", b"hooks: [x.py]"), ("docs/x.png", pickle.dumps({}))]
    ),
)
def test_what_only_lies_among_the_documents_needs_the_checks(scratch: Scratch, step, path, content):
    branch(scratch, "documents")
    scratch.write(path, content)
    scratch.commit("Say more")
    _, outputs = step(scratch.root, "pull_request", request(scratch, "documents"), merge(scratch, "documents"))
    assert (outputs["kind"], outputs["review"]) == ("code", "true")


@pytest.mark.parametrize(
    "path",
    ["params.yaml", "docs.py", "scripts/docs/x.md", "models/README.md", "Docs/x", "docs", ".github/x.md", "data/x.csv"],
)
def test_anything_else_needs_all(scratch: Scratch, step, path):
    branch(scratch, "more")
    scratch.write("README.md", "text")
    scratch.write(path, "text")
    scratch.commit("Say more")
    _, outputs = step(scratch.root, "pull_request", request(scratch, "more"), merge(scratch, "more"))
    assert (outputs["validate"], outputs["review"]) == ("true", "true")


def test_a_channel_that_is_moved_and_moved_back_hides_behind_no_document(scratch: Scratch, step):
    """A rebase would bring the move into the base's history."""
    branch(scratch, "detour")
    before = scratch.read("models/iris/channels/production.yaml")
    scratch.promote("iris", "1.2.0", "production")
    scratch.write("models/iris/channels/production.yaml", before)
    scratch.write("docs/x.md", "text")
    scratch.commit("Only documents")
    _, outputs = step(scratch.root, "pull_request", request(scratch, "detour"), merge(scratch, "detour"))
    assert (outputs["kind"], outputs["review"]) == ("code", "true")


def test_a_group_of_several_requests_is_judged_one_by_one(scratch: Scratch, step):
    """Together they are a mixture, which a request would be refused for."""
    base = scratch.git("rev-parse", "main")
    for name in ("iris", "wine"):
        branch(scratch, name)
        if name == "iris":
            scratch.promote("iris", "1.2.0", "production")
        else:
            scratch.register("wine", "1.1.0", parent="1.0.0")
        scratch.git("switch", "--quiet", "main")
    branch(scratch, "queue")
    for name in ("iris", "wine"):
        scratch.git("merge", "--quiet", "--no-ff", "--no-edit", name)
    first, last = scratch.git("rev-parse", "HEAD^", "HEAD").split()
    scratch.git("switch", "--quiet", "main")
    group = {"merge_group": {"base_sha": base, "head_sha": last}}
    code, outputs = step(scratch.root, "merge_group", group, last)
    assert (code, outputs["kind"], outputs["models"]) == (0, "mixture", '["iris", "wine"]')
    assert json.loads(outputs["reviews"]) == [
        {"models": "iris", "base": base, "head": first, "number": 0},
        {"models": "wine", "base": first, "head": last, "number": 1},
    ]
    stacked = {"merge_group": {"base_sha": first, "head_sha": last}}
    _, outputs = step(scratch.root, "merge_group", stacked, last)
    assert (outputs["kind"], json.loads(outputs["reviews"])) == (
        "propose",
        [{"models": "wine", "base": first, "head": last, "number": 0}],
    )


def test_the_steps_of_a_group_are_validated_one_by_one(scratch: Scratch, capsys):
    """Production comes after staging, which only the steps show."""
    base = scratch.git("rev-parse", "main")
    branch(scratch, "stage")
    scratch.register("wine", "1.1.0", parent="1.0.0")
    scratch.promote("wine", "1.1.0", "production")
    together, steps = (
        ["-C", str(scratch.root), "validate", "--base", base, *more, "--at", "stage"] for more in ([], ["--steps"])
    )
    assert main(together) == 1  # production comes after staging
    assert "never held staging" in capsys.readouterr().out
    assert main(steps) == 0
    before = scratch.read("models/iris/channels/production.yaml")
    scratch.promote("iris", "9.9.9", "production")
    assert main(steps) == 1
    scratch.git("reset", "--quiet", "--hard", base)
    scratch.promote("iris", "9.9.9", "production")
    scratch.write("models/iris/channels/production.yaml", before)
    scratch.commit("Back")
    assert main(together) == 0
    assert main(steps) == 1  # one of them broke a rule on the way
    assert main([*steps[:3], "--steps"]) == 2


def test_a_request_that_mixes_is_one_review(scratch: Scratch, step, capsys):
    branch(scratch, "mixed")
    scratch.promote("iris", "1.2.0", "production")
    scratch.register("wine", "1.1.0", parent="1.0.0")
    _, outputs = step(scratch.root, "pull_request", request(scratch, "mixed"), merge(scratch, "mixed"))
    assert outputs["kind"] == "mixture"
    assert len(json.loads(outputs["reviews"])) == 1
    assert "promote: iris 1.2.0 to production" in capsys.readouterr().out
    assert main(["-C", str(scratch.root), "changes", "--base", "main", "--head", "mixed", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["reviews"]) == 1  # only a queue takes requests apart


@pytest.mark.parametrize("said", ["base", "head"])
def test_model_yaml_of_the_base_says_what_is_made_again(scratch: Scratch, step, said):
    """A proposal that could say so itself would switch it off."""
    if said == "base":
        scratch.write("models/wine/model.yaml", scratch.read("models/wine/model.yaml") + "reproduce: true\n")
        scratch.commit("Make wine again")
    branch(scratch, "proposal")
    scratch.register("wine", "1.1.0", parent="1.0.0")
    if said == "head":
        scratch.write("models/wine/model.yaml", scratch.read("models/wine/model.yaml") + "reproduce: true\n")
        scratch.commit("Make wine again")
    _, outputs = step(scratch.root, "pull_request", request(scratch, "proposal"), merge(scratch, "proposal"))
    assert outputs["reproduce"] == ("true" if said == "base" else "false")
    assert bool(json.loads(outputs["reproductions"])) is (said == "base")


def test_a_shallow_clone_is_told_and_nothing_is_fetched(scratch: Scratch, step, tmp_path, capsys):
    branch(scratch, "documents")
    scratch.write("docs/x.md", "text")
    scratch.commit("Say more")
    commit = merge(scratch, "documents")
    clone = tmp_path / "clone"
    scratch.git("clone", "--quiet", "--depth", "1", "--branch", "main", f"file://{scratch.root}", str(clone))
    assert step(clone, "pull_request", request(scratch, "documents"), commit)[0] == 1
    assert "fetch-depth: 0" in capsys.readouterr().err


def test_a_commit_that_nobody_has(scratch: Scratch, step, tmp_path, capsys):
    clone = base_clone(scratch, tmp_path / "clone")
    assert step(clone, "push", {"before": "1" * 40, "after": scratch.git("rev-parse", "main")}, "")[0] == 1
    assert TOKEN not in capsys.readouterr().err


@pytest.mark.parametrize("event", ["", "[]", "\0", "[" * 100_000], ids=lambda text: repr(text[:9]))
def test_an_event_that_is_none(scratch: Scratch, step, capsys, event):
    assert step(scratch.root, "push", event, "")[0] == 2
    assert "GITHUB_EVENT_PATH" in capsys.readouterr().err


HOSTILE = [
    "a b;$(touch pwned)`id`",
    "${{ github.token }}",
    "x\n::error::y",
    "::stop-commands::x",
    "##[add-mask]x",
    "\x1b[31mred",
    "--help",
    "kind=code",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text(scratch: Scratch, step, capsys, name):
    """Of a model, a file and a branch; the title and the body are never read."""
    branch(scratch, "hostile")
    scratch.write(f"models/{name}/versions/1.0.0/version.yaml", "x")
    scratch.write(f"models/{name}/model.yaml", "x")
    scratch.write(f"scripts/{name}", "x")
    scratch.commit(f"{name}")
    event = request(scratch, "hostile", ref=name)
    event["pull_request"] |= {"title": name * 1000, "body": name * 100_000, "user": {"login": name}}
    code, outputs = step(scratch.root, "pull_request", event, merge(scratch, "hostile"))
    printed = capsys.readouterr().out
    assert code == 0
    assert set(outputs) == {
        "kind",
        "models",
        "base",
        "head",
        "validate",
        "review",
        "reproduce",
        "reviews",
        "reproductions",
    }
    assert (outputs["kind"], outputs["review"]) == ("mixture", "true")
    assert not [line for line in printed.splitlines() if line.lstrip().startswith("::") or "##[" in line]
    assert "\x1b" not in printed
    assert not list(scratch.root.rglob("pwned"))
