"""`mintmark release` on GitHub: what the tags tell of the requests, and a deployment for each move of a channel."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.publishing.sample_review import sample_review
from tests.scaffold.forge.fake_forge import FakeRepository
from tests.scaffold.registry import Scratch

from mintmark.core.judgement.review import Subject
from mintmark.core.tags.kept_review import parse_kept_review
from mintmark.core.tags.message import parse_message
from mintmark.publishing.review.json_report import format_json


@pytest.fixture
def hosted(
    scratch: Scratch, make_repository: Callable[..., FakeRepository], monkeypatch: pytest.MonkeyPatch
) -> FakeRepository:
    """The template on the fake GitHub, where nothing is released yet; `scratch` is its clone."""
    repository = make_repository(scratch.root)
    scratch.git("remote", "add", "origin", repository.address)
    for name, value in repository.environment.items():
        monkeypatch.setenv(name, value)
    return repository


def release(scratch: Scratch, *arguments: str) -> str:
    done = scratch.run("release", *arguments)
    assert done.code == 0, done.text
    return done.out


def deploy_all(scratch: Scratch) -> None:
    for reference in re.findall(r"--deploy (\S+)", release(scratch)):
        release(scratch, "--deploy", reference)


def states(repository: FakeRepository) -> dict[str, str]:
    """The last state of each deployment, by the tag of its move."""
    found: dict[str, str] = {}
    for number, deployment in repository.deployments.items():
        assert deployment["payload"]["tag"] not in found, "two deployments of one move"
        found[deployment["payload"]["tag"]] = repository.statuses[number][-1]["state"]
    return found


def merge_change(
    scratch: Scratch,
    repository: FakeRepository,
    branch: str,
    *,
    approved_by: tuple[str, ...] = (),
    changed_after: bool = False,
) -> int:
    """Push what is committed on a branch, and merge its pull request as people do."""
    scratch.git("push", "--quiet", "origin", branch)
    number = repository.open_pull_request(branch, title=scratch.subjects()[0], author="bob")
    for person in approved_by:
        repository.review(number, person)
    if changed_after:
        scratch.write("notes.md", "Written after the approval\n")
        scratch.commit("Add notes")
        scratch.git("push", "--quiet", "origin", branch)
    repository.check(repository.pull_head(number), "gate")
    repository.merge(number)
    scratch.git("switch", "--quiet", "main")
    scratch.git("pull", "--quiet", "--ff-only", "origin", "main")
    return number


def promote(scratch: Scratch, repository: FakeRepository, version: str, **options: Any) -> int:
    scratch.branch(f"promote-{version}-{scratch.commits}")
    scratch.promote("iris", version)
    return merge_change(scratch, repository, scratch.git("branch", "--show-current"), **options)


def test_deploy_is_written_when_the_environment_has_let_it_through(
    scratch: Scratch, hosted: FakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    out = release(scratch)
    assert "tagged iris#production#4" in out
    assert (
        "iris#production#4 waits for the environment iris/production; then mintmark release --deploy iris@production"
        in out
    )
    assert hosted.commit("refs/heads/deploy") is None
    assert states(hosted) == dict.fromkeys(["iris#production#4", "iris#staging#5", "wine#staging#1"], "queued")
    outputs = dict(re.findall(r"(\w+)<<end-\w+\n(.*)\nend-\w+\n", (tmp_path / "output").read_text()))
    assert json.loads(outputs["deliveries"]) == [
        {"channel": "iris@production", "environment": "iris/production", "move": "iris#production#4"},
        {"channel": "iris@staging", "environment": "iris/staging", "move": "iris#staging#5"},
        {"channel": "wine@staging", "environment": "wine/staging", "move": "wine#staging#1"},
    ]
    assert "deployed on the branch deploy: promote iris 1.1.0 to production" in release(
        scratch, "--deploy", "iris@production"
    )
    assert states(hosted) == {"iris#production#4": "success", "iris#staging#5": "queued", "wine#staging#1": "queued"}
    document = json.loads(hosted.git("show", "deploy:iris/production/desired.json"))
    assert document["version"] == "1.1.0"
    assert hosted.git("ls-tree", "--name-only", "deploy") == "iris", "the others still wait"
    assert "iris#production#4 is on deploy already" in release(scratch, "--deploy", "iris@production")


@pytest.mark.slow
def test_a_tag_on_a_commit_that_nobody_merged_gets_no_release(scratch: Scratch, hosted: FakeRepository) -> None:
    """The page of a release offers the sources of the tag's commit."""
    scratch.branch("mine")
    scratch.commit("Not reviewed")
    scratch.git("tag", "-a", "-m", "by hand", "iris@v1.0.0")
    scratch.git("switch", "--quiet", "main")
    scratch.git("push", "--quiet", "origin", "refs/tags/iris@v1.0.0")
    done = scratch.run("release")
    assert done.code == 1
    assert "the release of iris@1.0.0: its tag iris@v1.0.0 is on no commit of the base branch" in done.err
    assert "iris@v1.0.0" not in {one["tag_name"] for one in hosted.releases.values()}
    assert "wine@v1.0.0" in {one["tag_name"] for one in hosted.releases.values()}


def test_each_version_has_a_release_with_its_bundle(
    scratch: Scratch, hosted: FakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch.yank("iris", "1.0.0")
    scratch.commit("Yank iris 1.0.0")
    scratch.git("push", "--quiet", "origin", "main")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    out = release(scratch, "--bundles", str(tmp_path / "bundles"))
    assert "published the release of iris@1.2.0" in out
    found = {
        one["tag_name"]: (one["draft"], sorted(file["name"] for file in one["assets"].values()))
        for one in hosted.releases.values()
    }
    assert found == {
        f"{model}@v{version}": (False, [f"{model}-{version}.cdx.json", f"{model}-{version}.zip"])
        for model, version in (("iris", "1.1.0"), ("iris", "1.2.0"), ("wine", "1.0.0"))
    }, "a yanked version gets none"
    assert '["iris@1.1.0", "iris@1.2.0", "wine@1.0.0"]' in (tmp_path / "output").read_text()
    kept = {path.name: path.read_bytes() for path in (tmp_path / "bundles").iterdir()}
    for content in hosted.files.values():
        assert content in kept.values()
    lines = kept["checksums.txt"].decode().splitlines()
    assert [line.split("  ")[1] for line in lines[:4]] == [
        "iris-1.1.0.zip", "iris-1.1.0/metrics.json", "iris-1.1.0/model.skops", "iris-1.1.0.cdx.json",
    ]  # fmt: skip
    digest = hashlib.sha256(scratch.path("models/iris/versions/1.1.0/metrics.json").read_bytes()).hexdigest()
    assert f"{digest}  iris-1.1.0/metrics.json" in lines


@pytest.mark.long
def test_a_run_that_is_stopped_before_it_attests_leaves_drafts_for_the_next_one(
    scratch: Scratch, hosted: FakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = '["iris@1.0.0", "iris@1.1.0", "iris@1.2.0", "wine@1.0.0"]'
    for attempt in ("stopped", "again"):
        monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / attempt))
        out = release(scratch, "--draft", "--bundles", str(tmp_path / f"bundles of {attempt}"))
        assert "drafted the release of iris@1.2.0" in out
        assert [one["draft"] for one in hosted.releases.values()] == [True] * 4, "nothing is published unattested"
        assert versions in (tmp_path / attempt).read_text(), "each run attests all that is not published"
    sums = [(tmp_path / f"bundles of {attempt}" / "checksums.txt").read_text() for attempt in ("stopped", "again")]
    assert sums[0] == sums[1]
    uploaded = dict(hosted.files)
    assert "published the release of iris@1.2.0" in release(scratch)
    assert [one["draft"] for one in hosted.releases.values()] == [False] * 4
    assert hosted.files == uploaded, "what was attested is what is published"


@pytest.mark.slow
def test_a_version_that_cannot_be_bundled_hides_no_other(scratch: Scratch, hosted: FakeRepository) -> None:
    record = "models/iris/versions/1.1.0/version.yaml"
    scratch.write(record, scratch.read(record) + "# changed by hand\n")
    scratch.commit("Change a record")
    scratch.git("push", "--quiet", "origin", "main")
    done = scratch.run("release")
    assert done.code == 1
    assert "left out: the release of iris@1.1.0: " in done.err
    assert {one["tag_name"] for one in hosted.releases.values()} == {"iris@v1.0.0", "iris@v1.2.0", "wine@v1.0.0"}
    assert "iris#production#4 waits for the environment" in done.out


@pytest.mark.slow
def test_a_tag_tells_the_request_and_who_approved_it(scratch: Scratch, hosted: FakeRepository) -> None:
    number = promote(scratch, hosted, "1.2.0", approved_by=("ada", "eve"))
    release(scratch)
    message = hosted.git("for-each-ref", "--format=%(contents)", "refs/tags/iris#production#6")
    data = json.loads(message.partition("\n\n")[2])
    assert (data["pull_request"], data["approvers"]) == (number, ["ada"]), "eve may not write here"
    assert (data["review"]["check"], data["review"]["conclusion"]) == ("gate", "success")
    first = json.loads(hosted.git("for-each-ref", "--format=%(contents)", "refs/tags/iris@v1.0.0").partition("\n\n")[2])
    assert (first["pull_request"], first["approvers"], first["review"]) == (None, [], None)


@pytest.mark.slow
def test_an_approval_counts_for_the_commit_that_it_was_given_for(scratch: Scratch, hosted: FakeRepository) -> None:
    promote(scratch, hosted, "1.2.0", approved_by=("ada",), changed_after=True)
    release(scratch)
    message = hosted.git("for-each-ref", "--format=%(contents)", "refs/tags/iris#production#6")
    data = json.loads(message.partition("\n\n")[2])
    assert (data["approvers"], data["approved_before"]) == ([], ["ada"])
    assert data["head"] == hosted.git("rev-parse", f"refs/pull/{data['pull_request']}/head")


@pytest.mark.long
def test_forward_back_and_forward_again(scratch: Scratch, hosted: FakeRepository) -> None:
    deploy_all(scratch)
    before = hosted.git("rev-parse", "deploy:iris/production")
    promote(scratch, hosted, "1.2.0")
    assert "iris#production#6 waits for the environment iris/production;" in release(scratch)
    release(scratch, "--deploy", "iris@production")
    promote(scratch, hosted, "1.1.0")
    assert "iris#production#7 waits for the environment iris/production/rollback;" in release(scratch)
    release(scratch, "--deploy", "iris@production")
    assert hosted.git("rev-parse", "deploy:iris/production") == before, "the same bytes as the first time"
    found = states(hosted)
    assert [found[f"iris#production#{n}"] for n in (4, 6, 7)] == ["inactive", "inactive", "success"]
    promote(scratch, hosted, "1.2.0")
    assert "iris#production#8 waits for the environment iris/production;" in release(scratch), "people are asked again"


@pytest.mark.long
def test_no_reviewer_is_passed_by_on_the_way_back(scratch: Scratch, hosted: FakeRepository) -> None:
    """1.0.0 held production, but nobody let it through to `deploy`: going back to it is no rollback there."""
    release(scratch)
    promote(scratch, hosted, "1.0.0")
    assert "iris#production#6 waits for the environment iris/production;" in release(scratch)


@pytest.mark.long
def test_a_move_that_is_overtaken_ends(scratch: Scratch, hosted: FakeRepository) -> None:
    release(scratch)
    promote(scratch, hosted, "1.2.0")
    release(scratch)
    assert states(hosted)["iris#production#4"] == "inactive"
    release(scratch, "--deploy", "iris@production")
    assert states(hosted)["iris#production#6"] == "success"
    assert hosted.git("log", "--format=%s", "deploy").splitlines()[0] == "promote iris 1.2.0 to production"


@pytest.mark.long
def test_what_a_killed_run_left_open_is_ended_by_the_next(scratch: Scratch, hosted: FakeRepository) -> None:
    deploy_all(scratch)
    promote(scratch, hosted, "1.2.0")
    deploy_all(scratch)
    for number in (n for n, one in hosted.deployments.items() if one["payload"]["tag"] != "wine#staging#1"):
        hosted.statuses[number].append({**hosted.statuses[number][-1], "state": "in_progress"})
    scratch.write("models/wine/versions/1.0.0/version.yaml", "name: [\n")
    scratch.write("models/wine/channels/production.yaml", "version: 1.0.0\n")
    scratch.commit("Break wine")
    scratch.git("push", "--quiet", "origin", "main")
    assert "iris#production#4 was overtaken by iris#production#6 (inactive)" in scratch.run("release").out
    found = states(hosted)
    assert (found["iris#production#4"], found["iris#production#6"], found["iris#staging#5"]) == (
        "inactive", "success", "success",
    )  # fmt: skip
    assert not any(tag.startswith("wine#production") for tag in found), "it cannot be on deploy, so it is no success"


@pytest.mark.slow
def test_a_second_run_repeats_nothing(scratch: Scratch, hosted: FakeRepository) -> None:
    deploy_all(scratch)
    writes = hosted.writes
    assert release(scratch) == "there was nothing to release\n"
    assert hosted.writes == writes


def finished(scratch: Scratch, hosted: FakeRepository) -> None:
    deploy_all(scratch)
    release(scratch)
    assert set(states(hosted).values()) <= {"success", "inactive"}
    assert {tag for tag, state in states(hosted).items() if state == "success"} == {
        "iris#production#4", "iris#staging#5", "wine#staging#1",
    }  # fmt: skip
    assert len(hosted.git("tag").splitlines()) == 10
    assert [(one["tag_name"], one["draft"], len(one["assets"])) for one in hosted.releases.values()] == [
        (f"{tag}.0", False, 2) for tag in ("iris@v1.0", "iris@v1.1", "iris@v1.2", "wine@v1.0")
    ]
    assert len(hosted.git("log", "--format=%s", "deploy").splitlines()) == 6


@pytest.mark.long
@pytest.mark.parametrize(
    "done", [True, pytest.param(False, marks=pytest.mark.long)], ids=["done and not answered", "not done"]
)
@pytest.mark.parametrize(
    "write",
    [
        11,
        *(pytest.param(n, marks=pytest.mark.long) for n in (1, 28, 5, 10, 12, 13, 14, 26, 27, 31, 32, 33, 34, 35, 38)),
    ],
)
def test_stopped_anywhere_and_run_again(scratch: Scratch, hosted: FakeRepository, write: int, done: bool) -> None:
    hosted.stop_at(write, done=done)
    with pytest.raises(AssertionError, match=r"stopped|501"):
        deploy_all(scratch)
    hosted.resume()
    finished(scratch, hosted)


@pytest.mark.long
def test_two_at_once(scratch: Scratch, hosted: FakeRepository, tmp_path: Path) -> None:
    import subprocess
    import sys

    scratch.git("clone", "--quiet", hosted.address, str(tmp_path / "other"))
    command = (sys.executable, "-m", "mintmark.cli", "release")
    runs = [subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE) for root in (scratch.root, tmp_path / "other")]
    for run in runs:
        _, err = run.communicate(timeout=300)
        assert run.returncode == 0, err
    assert len(hosted.git("tag").splitlines()) == 10
    assert sorted(one["tag_name"] for one in hosted.releases.values() if not one["draft"]) == [
        "iris@v1.0.0", "iris@v1.1.0", "iris@v1.2.0", "wine@v1.0.0",
    ]  # fmt: skip
    open_ones = [
        one["payload"]["tag"]
        for number, one in hosted.deployments.items()
        if not (states_of := hosted.statuses[number]) or states_of[-1]["state"] != "inactive"
    ]
    assert sorted(open_ones) == ["iris#production#4", "iris#staging#5", "wine#staging#1"], "one deployment a move"


@pytest.mark.long
def test_a_failure_is_told(scratch: Scratch, hosted: FakeRepository) -> None:
    release(scratch)
    hosted.git("config", "receive.denyCurrentBranch", "refuse")
    (hosted.path / "hooks/pre-receive").write_text("#!/bin/sh\necho deploy is protected >&2\nexit 1\n")
    (hosted.path / "hooks/pre-receive").chmod(0o755)
    done = scratch.run("release", "--deploy", "iris@production")
    assert done.code == 1
    assert "deploy is protected" in done.err
    assert states(hosted)["iris#production#4"] == "failure"
    (hosted.path / "hooks/pre-receive").unlink()
    release(scratch, "--deploy", "iris@production")
    assert states(hosted)["iris#production#4"] == "success"


@pytest.mark.long
def test_what_nobody_let_through_does_not_stay_open(
    scratch: Scratch, hosted: FakeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_RUN_ID", "1")
    release(scratch)
    release(scratch, "--deploy", "iris@staging")
    assert "iris#production#4 was not let through" in release(scratch, "--settle")
    ended = {"iris#production#4": "failure", "iris#staging#5": "success", "wine#staging#1": "failure"}
    assert states(hosted) == ended
    monkeypatch.setenv("GITHUB_RUN_ID", "2")
    release(scratch)
    monkeypatch.setenv("GITHUB_RUN_ID", "1")  # whose deploy jobs the second run's have cut off
    assert release(scratch, "--settle") == "nothing that waited in this run is open\n"
    assert states(hosted) == {**ended, "iris#production#4": "queued", "wine#staging#1": "queued"}
    monkeypatch.setenv("GITHUB_RUN_ID", "2")
    release(scratch, "--deploy", "iris@production")
    assert "wine#staging#1 was not let through" in release(scratch, "--settle")
    assert states(hosted)["iris#production#4"] == "success"
    monkeypatch.delenv("GITHUB_RUN_ID")
    assert scratch.run("release", "--settle").code == 2, "on a laptop nothing waits"


@pytest.mark.parametrize(("channel", "code"), [("iris@latest", 2), ("iris@1.0.0", 2), ("iris", 2), ("iris@nowhere", 1)])
def test_a_channel_is_named(scratch: Scratch, hosted: FakeRepository, channel: str, code: int) -> None:
    assert scratch.run("release", "--deploy", channel).code == code


@pytest.mark.long
def test_what_was_merged_since_is_not_let_through_with_an_older_move(scratch: Scratch, hosted: FakeRepository) -> None:
    """A rollback's job asks no reviewer: a promotion that is merged before it runs does not slip through with it."""
    deploy_all(scratch)
    promote(scratch, hosted, "1.2.0")
    deploy_all(scratch)
    scratch.branch("back")
    scratch.set_channel("iris", "production", "1.1.0")
    scratch.commit("Roll back")
    merge_change(scratch, hosted, "back")
    back = re.search(r"(\S+) waits for the environment iris/production/rollback", release(scratch))
    assert back is not None
    promote(scratch, hosted, "1.2.0")
    release(scratch)
    before = hosted.git("rev-parse", "deploy")
    assert f"{back[1]} was overtaken by " in release(scratch, "--deploy", "iris@production", "--move", back[1])
    assert hosted.git("rev-parse", "deploy") == before


@pytest.mark.slow
def test_a_move_is_deployed_by_its_own_job(scratch: Scratch, hosted: FakeRepository) -> None:
    release(scratch)
    out = release(scratch, "--deploy", "iris@production", "--move", "iris#production#4")
    assert "deployed on the branch deploy" in out
    assert scratch.run("release", "--move", "iris#production#4").code == 2


def report_of(reference: str) -> bytes:
    """The report of a review of this version."""
    model, version = reference.split("@")
    sample = sample_review()
    review = replace(
        sample,
        subjects=[Subject(model=model, version=version)],
        evaluations=[replace(one, candidate=reference) for one in sample.evaluations],
    )
    return format_json(review).encode()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        pytest.param({"report.json": report_of("iris@1.2.0")}, "", id="a report"),
        pytest.param({"report.json": b"{}"}, "the review of #1", id="a broken report", marks=pytest.mark.long),
        pytest.param({}, "", id="no report", marks=pytest.mark.long),
    ],
)
def test_a_tag_keeps_the_result_of_the_review(
    files: dict[str, bytes], said: str, scratch: Scratch, hosted: FakeRepository
) -> None:
    scratch.branch("promote")
    scratch.promote("iris", "1.2.0")
    scratch.git("push", "--quiet", "origin", "promote")
    number = hosted.open_pull_request("promote", title=scratch.subjects()[0], author="bob")
    hosted.check(hosted.pull_head(number), "gate")
    hosted.checks[-1]["html_url"] = f"{hosted.forge.address}/acme/models/actions/runs/77/job/5"
    hosted.upload_artifact(77, "review-0", {"report.md": b"", **files})
    hosted.merge(number)
    scratch.git("switch", "--quiet", "main")
    scratch.git("pull", "--quiet", "--ff-only", "origin", "main")
    done = scratch.run("release")
    assert done.code == 0, done.text
    assert said in done.err
    tags = scratch.git("tag", "--list", "iris#production#*", "--sort=-creatordate").splitlines()
    told = parse_message(scratch.git("tag", "--list", "--format=%(contents)", tags[0]))
    assert told is not None
    assert told.approved.pull_request == number
    assert told.approved.review is not None
    assert told.approved.review["conclusion"] == "success"
    kept = parse_kept_review(told.approved.review.get("report"))
    assert (kept is not None) == (files.get("report.json", b"{}") != b"{}")
    if kept is not None:
        assert kept.comparison is not None
        assert kept.comparison.difference is not None
        assert kept.comparison.difference.standing == "no worse"
