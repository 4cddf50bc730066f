"""The report of a run becomes the one comment of its pull request, whatever the run left behind."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from typing import Any

import pytest
from tests.commands.forge.hosted import Hosted
from tests.publishing.sample_review import failed_review, sample_review
from tests.scaffold.forge.fake_forge import FakeRepository, Refusal

from mintmark.cli import main
from mintmark.commands.forge.comment import comment
from mintmark.publishing.review.json_report import format_json

RUN = 900
PASSED, FAILED = format_json(sample_review()).encode(), format_json(failed_review()).encode()


@pytest.fixture
def fork(hosted: Hosted) -> FakeRepository:
    """A fork with a branch called main that is one commit ahead."""
    made = hosted.forge.fork("mallory")
    hosted.clone.branch("proposal")
    hosted.clone.write("docs.md", "better")
    hosted.clone.commit("Better")
    hosted.clone.git("push", "--quiet", made.address, "proposal:main")
    return made


def ended(hosted: Hosted, source: FakeRepository, commit: str, **changes: Any) -> Any:
    """The event of a run that ended, as GitHub sends it for a fork: `pull_requests` is empty."""
    run = {
        "id": RUN, "run_attempt": 1, "event": "pull_request", "conclusion": "success", "head_branch": "main",
        "head_sha": commit, "head_repository": {"full_name": source.name}, "repository": {"id": 7}, "pull_requests": [],
        "html_url": f"{hosted.forge.forge.address}/{hosted.forge.name}/actions/runs/{RUN}", **changes,
    }  # fmt: skip
    return hosted.event({"action": "completed", "workflow_run": run, "repository": {"id": 7}})


def test_a_forks_pull_request_gets_one_comment_that_is_updated(hosted: Hosted, fork: FakeRepository) -> None:
    number = hosted.forge.open_pull_request("main", source=fork, author="mallory")
    event = ended(hosted, fork, hosted.clone.head, conclusion="failure")
    hosted.forge.upload_artifact(RUN, "review-0", {"report.json": FAILED, "report.md": b"# All good, merge me"})
    assert comment(hosted.clone.root, event=event) == 0
    (first,) = hosted.said_on(number)
    assert "failed." in first
    assert failed_review().reason.split()[0] in first
    assert "merge me" not in first
    hosted.forge.upload_artifact(RUN, "review-0", {"report.json": PASSED})
    assert comment(hosted.clone.root, event=ended(hosted, fork, hosted.clone.head, run_attempt=2)) == 0
    (second,) = hosted.said_on(number)
    assert f"of {hosted.clone.head} passed, attempt 2." in second
    assert "believe" not in second


def test_a_reproduction_says_more_than_the_review(hosted: Hosted, fork: FakeRepository) -> None:
    number = hosted.forge.open_pull_request("main", source=fork)
    hosted.forge.upload_artifact(RUN, "review-0", {"report.json": FAILED})
    hosted.forge.upload_artifact(RUN, "reproduction-0", {"report.json": PASSED})
    assert comment(hosted.clone.root, event=ended(hosted, fork, hosted.clone.head)) == 0
    assert "believe" not in hosted.said_on(number)[0]


def test_a_report_that_contradicts_the_run_is_said_to(hosted: Hosted, fork: FakeRepository) -> None:
    """A pull request can change what its own run does; how the run ended is GitHub's word."""
    number = hosted.forge.open_pull_request("main", source=fork)
    hosted.forge.upload_artifact(RUN, "review-0", {"report.json": PASSED})
    assert comment(hosted.clone.root, event=ended(hosted, fork, hosted.clone.head, conclusion="failure")) == 0
    assert "**The report below says otherwise." in hosted.said_on(number)[0].splitlines()[1]


def test_a_run_that_failed_without_a_report(hosted: Hosted, fork: FakeRepository) -> None:
    number = hosted.forge.open_pull_request("main", source=fork)
    assert comment(hosted.clone.root, event=ended(hosted, fork, hosted.clone.head)) == 0
    assert hosted.said_on(number) == []
    assert comment(hosted.clone.root, event=ended(hosted, fork, hosted.clone.head, conclusion="failure")) == 0
    assert "They left no report." in hosted.said_on(number)[0]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"event": "push"}, "for push"),
        ({"event": "merge_group"}, "for merge_group"),
        ({"conclusion": "cancelled"}, "ended with cancelled"),
        ({"conclusion": None}, "ended with nothing"),
        ({"repository": {"id": 8}}, "another repository"),
        ({"head_repository": None}, "is gone"),
        ({"head_repository": {"full_name": "mallory/x?head=main"}}, "is gone"),
        ({"head_sha": "main"}, "no open pull request"),
        ({"head_sha": "0" * 40}, "no open pull request"),
        ({"head_repository": {"full_name": "eve/models"}}, "no open pull request"),
    ],
    ids=str,
)
def test_runs_that_are_not_of_a_pull_request_here(
    hosted: Hosted, fork: FakeRepository, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], says: str
) -> None:
    hosted.forge.open_pull_request("main", source=fork)
    hosted.forge.upload_artifact(RUN, "review-0", {"report.json": PASSED})
    assert comment(hosted.clone.root, event=ended(hosted, fork, hosted.clone.head, **changes)) == 0
    assert says in capsys.readouterr().out
    assert hosted.forge.comments == {}


def test_a_number_in_the_artifact_leads_nowhere(hosted: Hosted, fork: FakeRepository) -> None:
    """The classic: an artifact that names somebody else's pull request."""
    hosted.clone.git("push", "--quiet", "origin", "main:refs/heads/innocent")
    innocent = hosted.forge.open_pull_request("innocent")
    number = hosted.forge.open_pull_request("main", source=fork)
    files = {"report.json": PASSED, "pr": str(innocent).encode(), "NUMBER": str(innocent).encode()}
    hosted.forge.upload_artifact(RUN, "review-0", files)
    assert comment(hosted.clone.root, event=ended(hosted, fork, hosted.clone.head)) == 0
    assert [one["issue"] for one in hosted.forge.comments.values()] == [number]


def bomb() -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.json", b" " * 40_000_000)
    return packed.getvalue()


def hostile(text: str) -> bytes:
    document = json.loads(PASSED)
    return json.dumps({**document, "reason": text, "next_steps": [text], "summary": text}).encode()


UNREADABLE = {
    "not UTF-8": b"\xff\xfe{}",
    "not JSON": b"{",
    "another format": b'{"pull_request": 1}',
    "deep": b"[" * 50_000,
    "of 2 MB": b" " * 2_000_000,
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_a_report_that_is_none_is_told_so(hosted: Hosted, fork: FakeRepository, content: bytes) -> None:
    number = hosted.forge.open_pull_request("main", source=fork)
    hosted.forge.upload_artifact(RUN, "review-0", {"report.json": content})
    assert comment(hosted.clone.root, event=ended(hosted, fork, hosted.clone.head)) == 0
    assert "Their report cannot be read." in hosted.said_on(number)[0]


ARCHIVES = {"broken": b"no archive", "bomb": bomb(), "out of its folder": {"../../report.json": PASSED}}


@pytest.mark.parametrize("archive", ARCHIVES.values(), ids=ARCHIVES)
def test_an_archive_that_is_none_is_not_read_and_told_so(hosted: Hosted, fork: FakeRepository, archive: bytes) -> None:
    number = hosted.forge.open_pull_request("main", source=fork)
    hosted.forge.upload_artifact(RUN, "review-0", archive)
    assert comment(hosted.clone.root, event=ended(hosted, fork, hosted.clone.head)) == 0
    (said,) = hosted.said_on(number)
    assert "Their report cannot be read." in said
    assert "artifact" in said


def test_hostile_texts_are_shown_and_do_nothing(hosted: Hosted, fork: FakeRepository) -> None:
    number = hosted.forge.open_pull_request("main", source=fork)
    text = "@acme/everyone closes #1 <script>x</script> ${{ secrets.A }}\n::set-output name=a::b\n\x1b[31m<!-- mintmark: review -->"
    hosted.forge.upload_artifact(RUN, "review-0", {"report.json": hostile(text)})
    assert comment(hosted.clone.root, event=ended(hosted, fork, hosted.clone.head)) == 0
    (said,) = hosted.said_on(number)
    assert "@acme/everyone" not in said
    assert "<script>" not in said
    assert "\x1b" not in said
    assert "\n::" not in said
    assert said.count("<!-- mintmark: review -->") == 1


def test_a_field_of_a_megabyte_fits_into_the_comment(hosted: Hosted, fork: FakeRepository) -> None:
    number = hosted.forge.open_pull_request("main", source=fork)
    hosted.forge.upload_artifact(RUN, "review-0", {"report.json": hostile("```\n" * 80_000)})
    assert comment(hosted.clone.root, event=ended(hosted, fork, hosted.clone.head)) == 0
    assert len(hosted.said_on(number)[0]) <= 65_536


def test_where_posting_fails_the_exit_code_says_so(
    hosted: Hosted, fork: FakeRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    hosted.forge.open_pull_request("main", source=fork)
    hosted.forge.upload_artifact(RUN, "review-0", {"report.json": PASSED})
    event = ended(hosted, fork, hosted.clone.head)
    hosted.forge.fail(Refusal(403, "Resource not accessible by integration"), write=1)
    assert main(["-C", str(hosted.clone.root), "comment", "--event", str(event)]) == 1
    assert "Resource not accessible" in capsys.readouterr().err


def test_another_event_is_refused(hosted: Hosted) -> None:
    event = hosted.event({"action": "opened"})
    assert main(["-C", str(hosted.clone.root), "comment", "--event", str(event)]) == 1
    assert main(["-C", str(hosted.clone.root), "comment", "--event", "/nowhere"]) == 2
    assert main(["-C", str(hosted.clone.root), "comment"]) == 2
