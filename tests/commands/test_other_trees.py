"""Registries that are not simply checked out: sparse, bare, staged, and what is no registry at all."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.scaffold.marks import first_quick

from mintmark.cli import main
from mintmark.errors import MintmarkError, MintmarkWarning
from mintmark.judging.judge import review_change
from mintmark.judging.span import Span
from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.tree import GitTree, WorkTree
from mintmark.registry.yaml.text import parse_yaml

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch

ROOT = Path(__file__).parents[2]


def run(scratch: Scratch | Path, *arguments: str) -> int:
    root = scratch if isinstance(scratch, Path) else scratch.root
    return main(["-C", str(root), *arguments])


def answers(root: Path, capsys: pytest.CaptureFixture[str], *end: str) -> list[str]:
    """What the reading commands print, each of which must succeed."""
    told = []
    for arguments in (
        ["list", "--json"], ["list", "--versions", "--json"], ["list", "wine"], ["show", "iris@production"],
        ["show", "iris", "--json"], ["history", "iris"], ["verify"], ["validate"],
    ):  # fmt: skip
        assert run(root, *arguments, *end) == 0, (arguments, capsys.readouterr())
        told.append(capsys.readouterr().out)
    return told


# A sparse checkout.


@pytest.fixture(params=first_quick(["cone", "no-cone", "index", "by hand"]))
def sparse(request: pytest.FixtureRequest, scratch: Scratch) -> Scratch:
    """The registry with all but iris left out of the work tree, the store and DVC's config too."""
    if request.param == "by hand":
        wanted = scratch.git("ls-files", "models/wine", ".dvc", "models/iris/versions/1.0.0").split("\n")
        scratch.git("update-index", "--skip-worktree", *wanted)
        for path in wanted:
            scratch.path(path).unlink()
        return scratch
    options = {"cone": ("--cone",), "no-cone": ("--no-cone",), "index": ("--cone", "--sparse-index")}[request.param]
    scratch.git("status")  # a copied file looks touched, and stays
    scratch.git("sparse-checkout", "set", *options, "models/iris")
    assert not scratch.path("models/wine/model.yaml").exists()
    assert not scratch.path(".dvc/config").exists()
    return scratch


def test_what_a_sparse_checkout_skips_is_read_from_git(
    sparse: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sparse.git("clone", "--quiet", str(sparse.root), str(tmp_path / "whole"))
    assert answers(sparse.root, capsys) == answers(tmp_path / "whole", capsys)
    tree, whole = WorkTree(sparse.root), GitTree(sparse.root, sparse.head)
    assert tree.entries("models") == whole.entries("models")
    assert tree.names("models") == whole.names("models")
    assert tree.names("models/wine/versions") == ["1.0.0"]
    assert run(sparse, "pull", "wine@1.0.0", "-o", str(tmp_path / "pulled")) == 0


def test_what_is_deleted_is_not_skipped(sparse: Scratch) -> None:
    sparse.remove("models/iris/channels/production.yaml")
    assert ClonedRegistry(sparse.root).channels("iris") == {"staging": "1.2.0"}


# A bare repository.


@pytest.fixture
def bare(scratch: Scratch, tmp_path: Path) -> Path:
    scratch.git("clone", "--quiet", "--bare", str(scratch.root), str(tmp_path / "bare.git"))
    return tmp_path / "bare.git"


def test_a_bare_repository_is_read(
    bare: Path, scratch: Scratch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    expected = answers(scratch.root, capsys)
    assert answers(bare, capsys) == expected
    assert answers(bare, capsys, "--at", "main") == answers(scratch.root, capsys, "--at", "main")
    assert run(bare, "list", "--at", "2026-01-05") == 0
    assert run(bare / "refs", "pull", "iris@production", "-o", str(tmp_path / "pulled")) == 0


@pytest.mark.parametrize(
    "command",
    [
        ("promote", "iris@1.2.0", "production"),
        ("rollback", "iris"),
        ("yank", "iris@1.0.0", "--reason", "Leaked."),
        ("propose", "iris"),
        ("validate", "--staged"),
    ],
    ids=lambda command: command[0],
)
def test_nothing_is_committed_in_a_bare_repository(
    bare: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    assert run(bare, *command) == 1
    told = capsys.readouterr().err
    assert "is a bare repository, which has no " in told
    assert "git clone it" in told or "--at REVISION" in told


def test_a_change_is_judged_in_a_bare_repository(scratch: Scratch, tmp_path: Path) -> None:
    assert run(scratch, "rollback", "iris") == 0
    scratch.git("branch", "--force", "side")
    scratch.git("tag", "main", "side")  # judged against this, the change would be empty
    scratch.git("clone", "--quiet", "--bare", str(scratch.root), str(tmp_path / "bare.git"))
    for root in (scratch.root, tmp_path / "bare.git"):
        with pytest.warns(MintmarkWarning, match="the branch counts"):
            found = review_change(Span(root, "main", "side"), author="ada", teams=(), reproduce=False)
        assert (found.kind, found.exit_code) == ("rollback", 0)


def test_a_bare_repository_without_commits(tmp_path: Path) -> None:
    git.run_git("init", "--quiet", "--bare", str(tmp_path / "bare.git"), cwd=tmp_path)
    with pytest.raises(MintmarkError, match="is a bare repository without commits"):
        ClonedRegistry(tmp_path / "bare.git")


def test_the_git_folder_of_a_work_tree_leads_to_it(scratch: Scratch) -> None:
    assert ClonedRegistry(scratch.path(".git/refs")).root == scratch.root


def _program(folder: Path) -> str:
    """Put a `mintmark` of this interpreter on a path of its own, and return the PATH that finds it."""
    folder.mkdir()
    (folder / "mintmark").write_text(f'#!/bin/sh\nexec {sys.executable} -m mintmark.cli "$@"\n', "utf-8")
    (folder / "mintmark").chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def _documented_hook(name: str) -> str:
    text = (ROOT / "docs/how-to/check-before-a-push.md").read_text("utf-8")
    (hook,) = [block for block in re.findall(r"```sh\n(#!/bin/sh\n.*?)```", text, re.DOTALL) if f"# {name}" in block]
    return hook


def test_a_pre_receive_hook_keeps_the_rules(
    bare: Path, scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = bare / "hooks" / "pre-receive"
    hook.write_text(_documented_hook("pre-receive"), "utf-8")
    hook.chmod(0o755)
    monkeypatch.setenv("PATH", _program(tmp_path / "bin"))
    scratch.git("remote", "add", "server", str(bare))
    scratch.promote("iris", "1.2.0", "production")
    scratch.git("push", "--quiet", "server", "main")
    scratch.edit("models/iris/versions/1.0.0/version.yaml", "iris", "rose")
    scratch.commit("Rewrite what is released")
    with pytest.raises(git.GitError, match=r"R1.*pre-receive hook declined"):
        git.run_git("push", "server", "main", cwd=scratch.root)
    scratch.git("push", "--quiet", "server", "main:side")
    with pytest.raises(git.GitError, match="main is not deleted"):
        git.run_git("push", "server", ":main", cwd=scratch.root)
    assert git.git_text("rev-parse", "main", cwd=bare) == scratch.git("rev-parse", "HEAD~1")


# What is staged.


def test_what_is_staged_is_checked_and_nothing_else(scratch: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    record = "models/iris/versions/1.0.0/version.yaml"
    before = scratch.head
    assert run(scratch, "validate", "--staged") == 0
    scratch.edit(record, "iris", "rose")
    assert run(scratch, "validate", "--staged") == 0, "it is not staged"
    scratch.git("add", record)
    scratch.git("show", f"HEAD:{record}")
    scratch.write(record, scratch.git("show", f"HEAD:{record}") + "\n")  # only the work tree is whole again
    capsys.readouterr()
    assert run(scratch, "validate", "--staged", "--json") == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert {finding["path"].rpartition("/")[0] for finding in found} == {record.rpartition("/")[0]}
    assert (scratch.head, scratch.git("diff", "--cached", "--name-only")) == (before, record)
    assert run(scratch, "validate", "--staged", "--at", "main") == 2


def test_what_is_staged_for_the_first_commit(empty_registry: Scratch) -> None:
    empty_registry.git("add", "-A")
    assert run(empty_registry, "validate", "--staged") == 0
    empty_registry.git("rm", "--quiet", "--cached", "models/registry.yaml")
    assert run(empty_registry, "validate", "--staged") == 1


@pytest.mark.parametrize("how", first_quick([["-a"], ["models/iris/channels/production.yaml"], []]))
def test_the_hook_sees_what_its_commit_is_made_of(
    scratch: Scratch, how: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shipped,) = parse_yaml((ROOT / ".pre-commit-hooks.yaml").read_bytes())
    scratch.write(".git/hooks/pre-commit", f"#!/bin/sh\nexec {shipped['entry']}\n").chmod(0o755)
    monkeypatch.setenv("PATH", _program(tmp_path / "bin"))
    before = scratch.head
    scratch.write("models/iris/channels/production.yaml", "version: 9.9.9\n")
    if not how:
        scratch.git("add", "-A")
    with pytest.raises(git.GitError, match="commit"):
        git.run_git("commit", "-m", "Point nowhere", *how, cwd=scratch.root)
    assert scratch.head == before
    scratch.write("models/iris/channels/production.yaml", "version: 1.0.0\n")
    if not how:
        scratch.git("add", "-A")
    git.run_git("commit", "-m", "Roll back", *how, cwd=scratch.root)
    assert scratch.head != before


def test_the_hook_runs_for_what_it_checks() -> None:
    (shipped,) = parse_yaml((ROOT / ".pre-commit-hooks.yaml").read_bytes())
    for path, runs in {
        "models/iris/model.yaml": True, ".dvc/store/files/md5/ab/c": True, "params.yaml": True, "README.md": False,
        "docs/models/x.md": False,
    }.items():  # fmt: skip
        assert bool(re.search(shipped["files"], path)) is runs


# What is no registry, and what points nowhere.


@pytest.mark.parametrize(
    "arguments",
    [["verify"], ["list"], ["list", "--versions"], ["validate"], ["history", "x"], ["verify", "--at", "HEAD"]],
)
def test_what_is_no_registry_is_said_to_be_none(
    scratch: Scratch, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    scratch.git("rm", "-rq", "models")
    scratch.write("models/unrelated/weights.txt", "1")
    scratch.commit()
    assert run(scratch, *arguments) == 1
    told = capsys.readouterr()
    assert re.search(r"no Mintmark registry|registry.yaml:1: is missing|there is no model", told.out + told.err)


def test_verify_goes_on_beside_broken_settings(scratch: Scratch) -> None:
    scratch.write("models/registry.yaml", "a: [")
    assert run(scratch, "verify") == 0


@pytest.mark.parametrize("arguments", [["list", "iris"], ["list", "--versions"], ["list"], ["show", "iris"]])
@pytest.mark.parametrize("channel", ["staging", "production"])
def test_a_channel_that_points_nowhere_is_told(
    scratch: Scratch, arguments: list[str], channel: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch.set_channel("iris", channel, "9.9.9")
    assert run(scratch, *arguments) == 1
    told = capsys.readouterr()
    path = f"models/iris/channels/{channel}.yaml:1"
    assert (
        told.err == f"mintmark: {path}: points to 9.9.9, and iris has no such version; mintmark validate tells more\n"
    )
    assert "iris" in told.out


# Settings of the user, and of the repository.

_SETTINGS = (
    "log.follow=true", "log.showSignature=true", "log.showRoot=false", "log.diffMerges=off", "log.decorate=full",
    "diff.noprefix=true", "diff.renames=copies", "diff.orderFile=/nonexistent", "diff.external=false",
    "diff.relative=true", "diff.ignoreSubmodules=all", "core.quotePath=true", "core.abbrev=4", "core.autocrlf=true",
    "core.safecrlf=true", "core.pager=false", "core.fsmonitor=/nonexistent", "core.splitIndex=true", "color.ui=always",
    "i18n.logOutputEncoding=UTF-16", "i18n.commitEncoding=ISO-8859-1", "status.relativePaths=true", "status.short=true",
    "submodule.recurse=true", "merge.renames=false", "merge.conflictStyle=diff3", "merge.ff=only", "fetch.prune=true",
    "push.default=nothing", "push.followTags=true", "format.pretty=fuller", "index.version=4", "feature.manyFiles=true",
    "alias.log=status", "core.hooksPath=/nonexistent",
)  # fmt: skip


def test_no_setting_changes_a_review_or_a_commit(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = scratch.copy(tmp_path / "copy")
    told = [_roll_back_and_review(scratch, capsys)]
    config = tmp_path / "config"
    config.touch()
    for setting in _SETTINGS:
        scratch.git("config", "--file", str(config), *setting.split("=", 1))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    told.append(_roll_back_and_review(copy, capsys))
    assert told[0] == told[1]
    assert b"encoding" not in git.run_git("cat-file", "commit", "HEAD", cwd=copy.root)


def _roll_back_and_review(scratch: Scratch, capsys: pytest.CaptureFixture[str]) -> list[object]:
    assert run(scratch, "rollback", "iris") == 0
    capsys.readouterr()
    told: list[object] = []
    for arguments in (
        ["review", "--base", "main", "--head", "HEAD", "--author", "ada"], ["validate", "--base", "main"],
        ["changes", "--base", "main", "--head", "HEAD"], ["history", "iris", "--channel", "production"], ["verify"],
    ):  # fmt: skip
        code = run(scratch, *arguments)
        out = capsys.readouterr()
        told.append((code, re.sub(r"[0-9a-f]{10,40}", "ID", out.out)))
        assert "BUG" not in out.err + out.out
    assert told[0][0] == 0, told  # type: ignore[index]
    return told


def test_a_promotion_in_a_sparse_checkout(sparse: Scratch) -> None:
    assert run(sparse, "promote", "wine@1.0.0", "staging", "--here") == 0
    assert run(sparse, "promote", "iris@1.2.0", "production", "--here") == 0
    assert sparse.git("status", "--porcelain") == ""
    assert run(sparse, "validate") == 0


def test_a_repository_with_other_ids_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git.run_git("init", "--quiet", "--object-format=sha256", str(tmp_path / "long"), cwd=tmp_path)
    git.run_git("commit", "--quiet", "--allow-empty", "-m", "First", cwd=tmp_path / "long")
    assert run(tmp_path / "long", "list", "--at", "HEAD") == 1
    assert "SHA-256" in capsys.readouterr().err


def test_a_partial_clone_fetches_what_it_lacks(
    scratch: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch.git("config", "uploadpack.allowFilter", "true")
    scratch.edit("models/registry.yaml", "name:", "description: New.\nname:")
    scratch.commit()
    scratch.git("clone", "--quiet", "--filter=blob:none", scratch.root.as_uri(), str(tmp_path / "partial"))
    scratch.root.rename(tmp_path / "moved")
    assert run(tmp_path / "partial", "list", "--at", "HEAD~1") == 1
    assert "from promisor remote" in capsys.readouterr().err
    (tmp_path / "moved").rename(scratch.root)
    assert run(tmp_path / "partial", "list", "--at", "HEAD~1") == 0
