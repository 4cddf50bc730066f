"""What follows an alarm, on the fake GitHub: issues, rollback requests that are judged, and trainings."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.commands.forge.hosted import Hosted, host
from tests.commands.monitoring.two_versions import (
    MODEL,
    as_it_is,
    days_ago,
    mixed_up,
    write_labels,
    write_log,
)
from tests.scaffold.forge.fake_forge import BOT, FakeRepository
from tests.scaffold.once import Once
from tests.scaffold.registry import Scratch
from tests.serving.test_following import Followed

from mintmark.cli import main
from mintmark.commands.monitoring.following_up import LABEL
from mintmark.errors import ForgeError
from mintmark.forge.github import GitHub
from mintmark.forge.marks import format_mark

# The server ignores it: who is asked about matrices has shown that it answers them as it does tables.
pytestmark = pytest.mark.filterwarnings("ignore:X does not have valid feature names")
DAYS = 6


@pytest.fixture
def log(once: Once, two_versions: Scratch) -> Path:
    """A day as it should be, two in which a column is mixed up, a good one, and two bad ones again."""
    days = [as_it_is, mixed_up, mixed_up, as_it_is, mixed_up, mixed_up]

    def make(folder: Path) -> None:
        write_log(two_versions.root, folder, days_ago(DAYS), days)
        write_labels(folder / "labels.csv", DAYS)

    return once.build("two-versions-log", make)


@pytest.fixture
def hosted(
    two_versions: Scratch, make_repository: Callable[..., FakeRepository], monkeypatch: pytest.MonkeyPatch
) -> Hosted:
    return host(two_versions, make_repository, monkeypatch)


def say(hosted: Hosted, on_breach: str) -> None:
    """Let model.yaml say what follows."""
    path = f"models/{MODEL}/model.yaml"
    text = re.sub(r"\n  on_breach: .*", "", hosted.clone.read(path))
    hosted.clone.write(path, text.replace("monitoring:\n", f"monitoring:\n  on_breach: {on_breach}\n"))
    hosted.clone.commit("Say what follows")
    hosted.clone.git("push", "--quiet", "origin", "HEAD:main")


def monitor(hosted: Hosted, log: Path, *, day: int, labels: bool = True) -> int:
    """Run it as if it were the morning after some days."""
    given = ("--labels", str(log / "labels.csv")) if labels else ()
    days = ("--since", f"{days_ago(DAYS):%Y-%m-%d}", "--until", f"{days_ago(DAYS - day):%Y-%m-%d}")
    return main(["-C", str(hosted.clone.root), "monitor", MODEL, "--log", str(log), "--open", *given, *days])


def opened(hosted: Hosted, state: str = "open") -> list[dict[str, Any]]:
    return hosted.issues(LABEL, state)


@pytest.mark.slow
def test_a_rollback_that_does_better_is_proposed_once_with_its_evidence(hosted: Hosted, log: Path) -> None:
    say(hosted, "propose-rollback")
    assert monitor(hosted, log, day=2) == 0, "what happens once may be chance"
    assert (opened(hosted), hosted.pulls()) == ([], [])
    assert monitor(hosted, log, day=3) == 1
    issues, (pull,) = opened(hosted), hosted.pulls()
    assert [issue["title"] for issue in issues] == [
        f"{MODEL}@1.1.0 in production: it is worse, as estimated",
        f"{MODEL}@1.1.0 in production: it is worse",
    ]
    assert all(f"#{pull['number']} proposes to go back, with the evidence." in issue["body"] for issue in issues)
    assert pull["title"] == f"rollback {MODEL} 1.0.0 in production"
    for part in (
        "in a confined process: 568 rows with a label",
        "Paired test on 568 rows with a label that neither was trained on.",
        "Owners: @ada",
    ):
        assert part in pull["body"]
    (line,) = re.findall(r"\| `accuracy` .*", pull["body"].partition("### What the version before does")[2])
    assert line.endswith("| better |")
    assert hosted.clone.git("branch", "--show-current") == "main"
    branch = pull["pull_request"]["head"]
    assert hosted.forge.git("show", f"{branch}:models/{MODEL}/channels/production.yaml").endswith("version: 1.0.0")
    writes = hosted.forge.writes
    assert monitor(hosted, log, day=3) == 1
    assert hosted.forge.writes == writes, "a run that is repeated repeats nothing"

    with ThreadPoolExecutor(1) as executor:
        server = Followed(hosted.clone.root, executor, f"{MODEL}@production")
        assert server.version == "1.1.0"
        hosted.forge.merge(pull["number"], "squash")
        hosted.clone.git("pull", "--quiet", "origin", "main")
        assert server.poll() == "1.0.0", "what serves goes back with the merge"
    assert monitor(hosted, log, day=3) == 0
    assert opened(hosted) == []
    assert "1.1.0 is not in production any more." in hosted.said_on(issues[0]["number"])[0]


@pytest.mark.slow
def test_what_a_person_closed_stays_closed(hosted: Hosted, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    say(hosted, "propose-rollback")
    monitor(hosted, log, day=3)
    (pull,), issues = hosted.pulls(), opened(hosted)
    pull["state"] = "closed"
    hosted.forge.git("update-ref", "-d", f"refs/heads/{pull['pull_request']['head']}")
    issues[0].update(state="closed", labels=[])  # a person may take the label off too
    assert monitor(hosted, log, day=3) == 1
    assert len(hosted.pulls()) == 1
    assert opened(hosted) == issues[1:]
    assert f"#{pull['number']} proposed to go back and was closed, so no other" in issues[1]["body"]
    assert len([one for one in hosted.forge.issues.values() if "pull_request" not in one]) == len(issues)
    issues[1]["state"] = "closed"
    capsys.readouterr()
    assert monitor(hosted, log, day=3) == 1
    assert (opened(hosted), len(hosted.pulls())) == ([], 1)


def propose(hosted: Hosted, causes: str) -> dict[str, Any]:
    """Open a request to go back, as an earlier run did."""
    branch = f"monitor/{MODEL}-1.1.0-production"
    hosted.forge.git("branch", branch, "main")
    number = hosted.forge.open_pull_request(branch, body=f"{format_mark(f'monitor/{causes}')}\ntext", author=BOT)
    return hosted.forge.issues[number]


@pytest.mark.slow
def test_a_request_whose_alarms_are_over_is_closed(hosted: Hosted, log: Path) -> None:
    assert monitor(hosted, log, day=3) == 1
    (issue, *_), other = opened(hosted), propose(hosted, "f00")
    issue["labels"] = []
    cause = issue["body"].partition("\n")[0].rpartition("/")[2].removesuffix(" -->")
    other["pull_request"]["head"] = "monitor/other-1.1.0-production"
    hosted.forge.git("branch", other["pull_request"]["head"], "main")
    hosted.forge.git("branch", "-D", f"monitor/{MODEL}-1.1.0-production")
    pull = propose(hosted, cause)
    assert monitor(hosted, log, day=3) == 1
    assert (pull["state"], issue["state"]) == ("open", "open")
    assert monitor(hosted, log, day=4) == 0
    assert (pull["state"], issue["state"], other["state"]) == ("closed", "closed", "open")
    assert "The alarm is over: the next window does not have it." in hosted.said_on(pull["number"])[0]


def test_a_request_is_closed_where_the_channel_has_moved_by_hand(hosted: Hosted, log: Path) -> None:
    pull = propose(hosted, "f00 f01")
    hosted.clone.promote(MODEL, "1.0.0")
    assert monitor(hosted, log, day=3) == 0
    assert pull["state"] == "closed"
    assert "1.1.0 is not in production any more." in hosted.said_on(pull["number"])[0]


@pytest.mark.slow
def test_an_alarm_that_ends_closes_its_issue_and_may_come_again(hosted: Hosted, log: Path) -> None:
    assert monitor(hosted, log, day=3) == 1
    first = opened(hosted)
    assert "A person decides what follows" in first[0]["body"]
    assert hosted.pulls() == []
    assert monitor(hosted, log, day=4) == 0
    assert opened(hosted) == []
    assert "The alarm is over: the next window does not have it." in hosted.said_on(first[0]["number"])[0]
    assert monitor(hosted, log, day=6) == 1
    assert [issue["title"] for issue in opened(hosted)] == [issue["title"] for issue in first]
    assert len(opened(hosted, "closed")) == len(first)
    say(hosted, "note")
    assert monitor(hosted, log, day=6) == 1
    assert opened(hosted) == []


@pytest.mark.slow
def test_days_that_say_nothing_of_an_alarm_close_no_issue(hosted: Hosted, log: Path) -> None:
    monitor(hosted, log, day=3)
    before = opened(hosted)
    main(["-C", str(hosted.clone.root), "monitor", MODEL, "--log", str(log), "--open",
          "--labels", str(log / "labels.csv"), "--since", f"{days_ago(DAYS - 2):%Y-%m-%d}",
          "--until", f"{days_ago(DAYS - 3):%Y-%m-%d}"])  # fmt: skip
    assert opened(hosted) == before, "one bad window alone is no alarm, and none is over either"


@pytest.mark.slow
def test_without_labels_an_estimate_must_tell_both_apart(hosted: Hosted, log: Path) -> None:
    say(hosted, "propose-rollback")
    assert monitor(hosted, log, day=3, labels=False) == 1
    (issue,) = opened(hosted)
    assert hosted.pulls() == []
    assert "`1.0.0` does no better, so no request is opened." in issue["body"]
    assert "568 rows without labels" in issue["body"]
    assert "| not told apart |" in issue["body"]
    assert "which assumes that each score means what it meant" in issue["body"]


@pytest.mark.slow
def test_a_channel_that_has_moved_meanwhile_is_left_alone(hosted: Hosted, log: Path, tmp_path: Path) -> None:
    say(hosted, "propose-rollback")
    other = tmp_path / "other"
    hosted.clone.git("clone", "--quiet", hosted.forge.address, str(other))
    there = Scratch(other, environment=hosted.clone.environment)
    there.git("config", "user.name", "Bob")
    there.git("config", "user.email", "bob@example.org")
    there.promote(MODEL, "1.0.0")
    there.git("push", "--quiet", "origin", "HEAD:main")
    assert monitor(hosted, log, day=3) == 1
    assert "`production` has moved to `1.0.0` since, so no request is opened." in opened(hosted)[0]["body"]
    assert hosted.pulls() == []


def test_a_training_is_started_once(hosted: Hosted, log: Path) -> None:
    say(hosted, "retrain")
    for _ in range(2):
        assert monitor(hosted, log, day=3) == 1
    assert hosted.forge.dispatched == [("retrain.yml", {"model": MODEL})]
    first, second = opened(hosted)
    assert "`retrain.yml` was started." in first["body"]
    assert [
        f"is started for this, also for #{second['number']}." in said for said in hosted.said_on(first["number"])
    ] == [True]


@pytest.mark.slow
@pytest.mark.parametrize("before", ["add_comment", "start_workflow"])
def test_two_runs_at_once_start_one_training(
    hosted: Hosted, log: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    """The other run does all of it just before this one says that it starts it, or has said so."""
    say(hosted, "retrain")
    real, others = getattr(GitHub, before), []

    def late(self: GitHub, *arguments: Any, **more: Any) -> Any:
        monkeypatch.setattr(GitHub, before, real)
        others.append(monitor(hosted, log, day=3))
        return real(self, *arguments, **more)

    monkeypatch.setattr(GitHub, before, late)
    assert (monitor(hosted, log, day=3), others) == (1, [1])
    assert hosted.forge.dispatched == [("retrain.yml", {"model": MODEL})]
    assert all("`retrain.yml` was started." in issue["body"] for issue in opened(hosted))
    first = opened(hosted)[0]["number"]
    assert sum("is started" in said for said in hosted.said_on(first)) == 1
    assert monitor(hosted, log, day=3) == 1
    assert len(hosted.forge.dispatched) == 1


@pytest.mark.slow
def test_a_training_that_could_not_be_started_is_tried_again(
    hosted: Hosted, log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    say(hosted, "retrain")

    def refuse(*_: Any, **__: Any) -> None:
        raise ForgeError("dispatching retrain.yml: 403 Resource not accessible by integration")

    with monkeypatch.context() as patch:
        patch.setattr(GitHub, "start_workflow", refuse)
        assert monitor(hosted, log, day=3) != 0
    assert "403 Resource not accessible" in capsys.readouterr().err
    assert hosted.forge.dispatched == []
    assert monitor(hosted, log, day=3) == 1
    assert hosted.forge.dispatched == [("retrain.yml", {"model": MODEL})]


@pytest.mark.slow
def test_many_alarms_of_one_version_open_few_issues(hosted: Hosted, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mintmark.commands.monitoring.following_up._MOST_OPEN", 1)
    for _ in range(2):
        monitor(hosted, log, day=3)
    titles = [issue["title"] for issue in opened(hosted)]
    assert titles == [f"{MODEL}@1.1.0 in production: it is worse, as estimated",
                      f"{MODEL}@1.1.0 in production: 1 more alarm"]  # fmt: skip
    monitor(hosted, log, day=4)
    assert opened(hosted) == []


@pytest.mark.slow
def test_the_alarms_are_handed_on_without_a_word_of_the_log(
    hosted: Hosted, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "output"
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    monitor(hosted, log, day=3)
    (line,) = (line for line in output.read_text().splitlines() if line.startswith("["))
    alarms = json.loads(line)
    assert [alarm["kind"] for alarm in alarms] == ["estimate", "performance"]
    assert set(alarms[0]) == {"model", "version", "channel", "kind", "fingerprint", "since", "last"}


@pytest.mark.slow
def test_a_file_that_cannot_be_read_has_an_issue_that_closes_by_itself(
    hosted: Hosted, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    say(hosted, "note")
    copied = tmp_path / "log"
    shutil.copytree(log / MODEL, copied / MODEL)
    file = sorted(copied.rglob("*.parquet"))[-1]
    whole = file.read_bytes()
    other = file.with_name(file.name.replace("-00000", "-10000"))
    other.write_bytes(whole[:-60])
    all_of_it = ("-C", str(hosted.clone.root), "monitor", "--log", str(copied), "--open")
    for _ in range(2):
        assert main([*all_of_it]) == 1
    (issue,) = opened(hosted)
    assert issue["title"] == f"the prediction log {copied}: files cannot be read"
    assert f"{other.name}: is no whole Parquet file" in issue["body"].replace("\\", "")
    other.unlink()
    assert main([*all_of_it[:3], MODEL, *all_of_it[3:]]) == 1
    assert opened(hosted), "a run over one model cannot say that the whole log can be read"
    main([*all_of_it])
    assert opened(hosted) == []
    assert "Every file that was looked at can be read" in hosted.said_on(issue["number"])[0]
