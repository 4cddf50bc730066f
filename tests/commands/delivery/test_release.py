"""`mintmark release` on a plain Git remote, as a person sees it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.scaffold.registry import Scratch


def tags(scratch: Scratch) -> list[str]:
    listed = scratch.git("ls-remote", "origin", "refs/tags/*")
    return [line.split("refs/tags/")[1] for line in listed.splitlines() if not line.endswith("^{}")]


def refs(scratch: Scratch) -> str:
    return scratch.git("ls-remote", "origin")


def push(scratch: Scratch) -> None:
    scratch.git("push", "--quiet", "--force", "origin", "main")


def fresh_clone(scratch: Scratch, root: Path, *options: str) -> Scratch:
    scratch.git("clone", "--quiet", *options, scratch.git("remote", "get-url", "origin"), str(root))
    return Scratch(root, scratch.artifact, commits=scratch.commits)


def test_tags_and_deploy_follow_from_what_is_merged(published: Scratch) -> None:
    done = published.run("release")
    assert (done.code, done.err) == (0, "")
    assert tags(published) == [
        "iris#production#2", "iris#production#4", "iris#staging#1", "iris#staging#3", "iris#staging#5",
        "iris@v1.0.0", "iris@v1.1.0", "iris@v1.2.0", "wine#staging#1", "wine@v1.0.0",
    ]  # fmt: skip
    assert published.subjects("origin/deploy") == [
        "promote wine 1.0.0 to staging",
        "promote iris 1.2.0 to staging",
        "promote iris 1.1.0 to production",
        "promote iris 1.1.0 to staging",
        "promote iris 1.0.0 to production",
        "promote iris 1.0.0 to staging",
    ]
    assert "left out: releases and deployments" in done.out
    assert published.git("status", "--porcelain") == ""


def test_a_second_run_repeats_nothing(published: Scratch) -> None:
    published.run("release")
    before = refs(published)
    done = published.run("release")
    assert (done.code, done.out.splitlines()[0]) == (0, "there was nothing to release")
    assert refs(published) == before


def test_the_plan_is_what_then_happens(published: Scratch) -> None:
    before = refs(published)
    plan = published.run("release", "--plan")
    assert plan.code == 0
    assert refs(published) == before
    done = published.run("release")
    told = plan.out.replace("would tag ", "tagged ").replace("would deploy ", "deployed ")
    assert told.splitlines() == done.out.splitlines()[:-2]
    assert published.run("release", "--plan").out == "there is nothing to release\n"


def test_tags_sit_on_the_commit_that_registered_the_version(published: Scratch) -> None:
    published.run("release")
    registered = published.git("rev-parse", "iris@v1.1.0^{commit}")
    assert published.git("rev-parse", "iris#production#4^{commit}") == registered
    assert published.git("log", "-1", "--format=%s", registered) == "Propose iris 1.1.0"
    assert {published.git("cat-file", "-t", tag) for tag in tags(published)} == {"tag"}


def test_a_rollback_is_a_new_tag_on_the_old_commit_and_the_bytes_of_the_first_time(published: Scratch) -> None:
    published.write_settings(
        kserve={"image": "ghcr.io/acme/serve:1.4.0", "arguments": ["{model}@{version}", "{other}"]}
    )
    published.commit("Serve")
    push(published)
    published.run("release")
    first = published.git("rev-parse", "origin/deploy~4:iris/production")
    assert "1.0.0" in published.git("show", "origin/deploy~4:iris/production/desired.json")
    published.promote("iris", "1.0.0")
    push(published)
    done = published.run("release")
    assert done.out.splitlines()[:2] == [
        f"tagged iris#production#6 on {published.git('rev-parse', 'iris@v1.0.0^{commit}')[:10]}",
        "deployed on the branch deploy: rollback iris 1.0.0 in production",
    ]
    assert published.git("rev-parse", "origin/deploy:iris/production") == first
    assert '"kind": "rollback"' in published.git("cat-file", "tag", "iris#production#6")


def test_a_closed_channel_is_empty_to_gto_at_every_moment(published: Scratch) -> None:
    published.promote("iris", "1.0.0")
    push(published)
    published.run("release")
    published.set_channel("iris", "production", None)
    published.commit("Close production")
    push(published)
    done = published.run("release")
    named = [line.split()[1] for line in done.out.splitlines() if line.startswith("tagged")]
    assert named == ["iris#production!#7", "iris#production!#8"]
    last = published.git("rev-parse", "iris#production!#8^{commit}")
    assert last == published.git("rev-parse", "iris@v1.0.0^{commit}")  # the present one, after the one before it
    assert "iris/production" not in published.git("ls-tree", "-r", "--name-only", "origin/deploy")


@pytest.mark.slow
def test_three_moves_in_one_second_have_times_that_grow(published: Scratch) -> None:
    for version in ("1.0.0", "1.2.0", "1.1.0"):
        published.promote("iris", version)
        published.commits -= 1  # the next commit has the same date
    push(published)
    published.run("release")
    listed = published.git("for-each-ref", "--format=%(taggerdate:unix)", "--sort=taggerdate", "refs/tags/iris*")
    times = listed.split()
    assert len(times) == len(set(times)) == 11


@pytest.mark.slow
def test_a_model_whose_version_was_withdrawn_and_came_back(published: Scratch) -> None:
    files = {path: path.read_bytes() for path in published.path("models/iris/versions/1.0.0").iterdir()}
    published.remove("models/iris/versions/1.0.0")
    published.commit("Withdraw iris 1.0.0")
    published.path("models/iris/versions/1.0.0").mkdir()
    for path, content in files.items():
        path.write_bytes(content)
    published.commit("Bring iris 1.0.0 back")
    push(published)
    published.run("release")
    assert {tag for tag in tags(published) if "@v1.0.0" in tag} == {
        "iris@v1.0.0", "iris@v1.0.0!", "iris@v1.0.0#6", "wine@v1.0.0",
    }  # fmt: skip
    assert published.git("rev-parse", "iris@v1.0.0#6^{commit}") == published.git("rev-parse", "iris@v1.0.0^{commit}")
    before = refs(published)
    published.run("release")
    assert refs(published) == before


@pytest.mark.slow
def test_what_serves_a_channel_changes_without_a_move(published: Scratch) -> None:
    published.run("release")
    published.write_settings(kserve={"image": "ghcr.io/acme/serve:1.4.0"})
    published.commit("Serve")
    push(published)
    done = published.run("release")
    assert "deployed on the branch deploy: serve iris in production as models/registry.yaml says" in done.out
    assert "image: ghcr.io/acme/serve:1.4.0" in published.git(
        "show", "origin/deploy:iris/production/inference-service.yaml"
    )
    assert published.run("release").out.startswith("there was nothing to release")


def test_only_what_is_on_the_remote_is_released(published: Scratch) -> None:
    published.register("iris", "1.3.0", parent="1.2.0")
    published.run("release")
    assert "iris@v1.3.0" not in tags(published)


def test_a_tag_of_somebody_else_stays(published: Scratch) -> None:
    first = published.git("rev-list", "--max-parents=0", "HEAD")
    published.git("tag", "-a", "-m", "by hand", "iris@v1.0.0", first)
    published.git("push", "--quiet", "origin", "refs/tags/iris@v1.0.0")
    by_hand = published.git("rev-parse", "refs/tags/iris@v1.0.0")
    assert published.run("release").code == 0
    assert f"{by_hand}\trefs/tags/iris@v1.0.0\n" in refs(published)
    assert published.git("rev-parse", "iris#production#2^{commit}") == first


def test_a_lightweight_tag_on_the_remote_is_refused_and_the_other_models_go_on(published: Scratch) -> None:
    published.git("push", "--quiet", "origin", "HEAD:refs/tags/iris@v1.0.0")
    done = published.run("release")
    assert done.code == 1
    assert "iris@v1.0.0 on origin is a lightweight tag" in done.err
    assert "git push origin ':refs/tags/iris@v1.0.0'" in done.err
    assert tags(published) == ["iris@v1.0.0", "wine#staging#1", "wine@v1.0.0"]


@pytest.mark.slow
def test_lightweight_tags_that_a_checkout_made_are_put_right(published: Scratch, tmp_path: Path) -> None:
    published.run("release")
    clone = fresh_clone(published, tmp_path / "checkout", "--no-tags")
    clone.git("update-ref", "refs/tags/iris@v1.1.0", published.git("rev-parse", "iris@v1.1.0^{commit}"))
    assert clone.git("cat-file", "-t", "refs/tags/iris@v1.1.0") == "commit"
    assert clone.git("fetch", "--tags", check=False) is not None
    before = refs(published)
    assert clone.run("release").out.startswith("there was nothing to release")
    assert clone.git("cat-file", "-t", "refs/tags/iris@v1.1.0") == "tag"
    assert refs(published) == before


def test_a_shallow_clone_is_refused_with_the_remedy(published: Scratch, tmp_path: Path) -> None:
    url = f"file://{published.git('remote', 'get-url', 'origin')}"
    published.git("clone", "--quiet", "--depth=1", url, str(tmp_path / "shallow"))
    done = Scratch(tmp_path / "shallow").run("release")
    assert (done.code, done.out) == (1, "")
    assert "git fetch --unshallow" in done.err


@pytest.mark.slow
def test_several_versions_in_one_commit_take_the_next_ones(published: Scratch, tmp_path: Path) -> None:
    """As a copied repository begins: GTO cannot tell two versions on one commit apart."""
    copied = fresh_clone(published, tmp_path / "copied")
    for key, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
        copied.git("config", key, value)
    copied.git("checkout", "--quiet", "--orphan", "start")
    copied.commit("Begin from the template")
    copied.git("branch", "-M", "main")
    push(copied)
    done = copied.run("release")
    assert done.code == 1
    assert "wait for the next commit: one commit brought several versions" in done.err
    assert [tag for tag in tags(copied) if "@v" in tag] == ["iris@v1.0.0", "wine@v1.0.0"]
    for number in range(2):
        copied.commit(f"Work {number}")
    push(copied)
    done = copied.run("release")
    assert (done.code, done.err) == (0, "")
    commits = {copied.git("rev-parse", f"iris@v{version}^{{commit}}") for version in ("1.0.0", "1.1.0", "1.2.0")}
    assert len(commits) == 3


@pytest.mark.slow
def test_a_rewritten_history_moves_on_from_the_present_state(published: Scratch) -> None:
    published.run("release")
    published.git("commit", "--quiet", "--amend", "--allow-empty", "-m", "Register it otherwise")
    published.git("rebase", "--quiet", "--root", "--exec", "git commit -q --amend --no-edit --date=now")
    published.promote("iris", "1.2.0")
    push(published)
    done = published.run("release")
    assert done.code == 0
    tagged = [line.split()[1] for line in done.out.splitlines() if line.startswith("tagged")]
    assert tagged == ["iris#staging#6", "iris#production#7", "wine#staging#2"]
    assert json.loads(published.git("show", "origin/deploy:iris/production/desired.json"))["version"] == "1.2.0"
    assert published.run("release").out.startswith("there was nothing to release")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("remote", "remove", "origin"), "git remote add origin ADDRESS"),
        (("push", "--quiet", "origin", "main:other", ":main"), "origin has no branch main"),
    ],
)
def test_refusals(published: Scratch, command: tuple[str, ...], message: str) -> None:
    subprocess.run(("git", "-C", published.git("remote", "get-url", "origin"), "config", "receive.denyDeleteCurrent", "ignore"), check=True)  # fmt: skip
    published.git(*command)
    done = published.run("release")
    assert done.code == 1
    assert message in done.err


def test_a_broken_record_hides_no_other_channel(published: Scratch) -> None:
    published.add_version("wine", "1.1.0")
    published.write("models/wine/versions/1.1.0/version.yaml", "schema: 1\n")
    published.set_channel("wine", "staging", "1.1.0")
    published.commit("Break wine")
    published.promote("iris", "1.2.0")
    push(published)
    done = published.run("release")
    assert done.code == 1
    assert "staging of wine at" in done.err
    assert "models/wine/versions/1.1.0/version.yaml" in done.err
    assert json.loads(published.git("show", "origin/deploy:iris/production/desired.json"))["version"] == "1.2.0"
