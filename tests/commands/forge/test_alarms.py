"""One issue for each thing that is wrong, which closes itself when it is mended; not to know is an alarm too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.commands.forge.hosted import Hosted, host
from tests.scaffold.forge.fake_forge import FakeRepository
from tests.scaffold.registry import Scratch

from mintmark.commands.forge.alarms import LABEL, alarms, find_alarms
from mintmark.errors import MintmarkError
from mintmark.registry.clone import ClonedRegistry

NOW = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def iris(scratch: Scratch, make_repository: Callable[..., FakeRepository], monkeypatch: pytest.MonkeyPatch) -> Hosted:
    """Two models, four versions, made on 2 January 2026."""
    return host(scratch, make_repository, monkeypatch)


def fingerprints(root: Path, *, now: datetime = NOW, days: int = 180) -> list[str]:
    return [one.fingerprint for one in find_alarms(ClonedRegistry(root), now=now, stale_after=timedelta(days=days))]


def run(hosted: Hosted, days: int = 99_999) -> int:
    return alarms(hosted.clone.root, stale_after=days)


def test_a_damaged_object_opens_an_issue_that_closes_when_it_is_mended(
    iris: Hosted, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = iris.clone.object_of("iris", "1.1.0", "profile.json")
    content = stored.read_bytes()
    assert run(iris) == 0
    stored.write_bytes(content[:-1] + b"?")
    assert run(iris) == 1
    (issue,) = iris.issues(LABEL)
    assert issue["title"] == "iris@1.1.0 is not as recorded"
    assert "files.profile.json.sha256" in issue["body"].replace("&#95;", "_")
    assert "Owners: @ada" in issue["body"]
    assert "/actions/runs/4711" in issue["body"]
    assert run(iris) == 1
    assert [one["number"] for one in iris.issues(LABEL)] == [issue["number"]]
    stored.write_bytes(content)
    assert run(iris) == 0
    assert iris.issues(LABEL) == []
    assert "This is no longer so." in iris.said_on(issue["number"])[0]
    stored.unlink()
    assert run(iris) == 1
    assert [one["number"] for one in iris.issues(LABEL)] != [issue["number"]], "a new fault is a new issue"
    assert "closed: iris@1.1.0" in capsys.readouterr().out


def test_an_issue_whose_label_a_person_took_off_closes_itself_too(iris: Hosted) -> None:
    stored = iris.clone.object_of("iris", "1.1.0", "profile.json")
    content = stored.read_bytes()
    stored.unlink()
    assert run(iris) == 1
    (issue,) = iris.issues(LABEL)
    other = iris.forge.issues[iris.forge.number()] = {**issue, "body": issue["body"].replace("verify/", "incident/")}
    issue.update(labels=["looked at"], body=f"Ada looks into it.\n{issue['body']}")
    assert run(iris) == 1
    assert len(iris.forge.issues) == 2
    stored.write_bytes(content)
    assert run(iris) == 0
    assert (issue["state"], other["state"]) == ("closed", "open")


def test_faults_of_one_version_are_one_alarm(iris: Hosted) -> None:
    for name in ("profile.json", "predictions.parquet"):
        iris.clone.object_of("iris", "1.1.0", name).unlink()
    iris.clone.object_of("iris", "1.2.0", "profile.json").unlink()
    iris.clone.remove("models/wine/versions/1.0.0/version.yaml")
    assert fingerprints(iris.clone.root) == [
        "verify/iris@1.1.0",
        "verify/iris@1.2.0",
        "verify/models/wine/channels/staging.yaml",
        "verify/wine@1.0.0",
    ]


def test_an_old_version_in_a_channel(iris: Hosted) -> None:
    assert fingerprints(iris.clone.root, days=29) == ["age/iris", "age/wine"]
    assert fingerprints(iris.clone.root, days=31) == []
    (alarm, _) = find_alarms(ClonedRegistry(iris.clone.root), now=NOW, stale_after=timedelta(days=20))
    assert alarm.title == "iris has not been renewed for more than 20 days"
    assert "`staging` points to a version that was made 29 days ago" in alarm.body


def test_a_broken_channel_hides_no_other_alarm(iris: Hosted) -> None:
    iris.clone.write("models/iris/channels/production.yaml", "version: [")
    iris.clone.object_of("wine", "1.0.0", "profile.json").unlink()
    assert fingerprints(iris.clone.root) == ["verify/models/iris/channels/production.yaml", "verify/wine@1.0.0"]
    iris.clone.write("models/iris/channels/production.yaml", "version: 9.9.9\n")
    assert "verify/models/iris/channels/production.yaml" in fingerprints(iris.clone.root)


def test_not_to_know_is_an_alarm_and_closes_none(iris: Hosted) -> None:
    iris.clone.object_of("iris", "1.1.0", "profile.json").unlink()
    assert run(iris) == 1
    settings = iris.clone.read("models/registry.yaml")
    iris.clone.write("models/registry.yaml", "schema: [")
    with pytest.raises(MintmarkError):
        run(iris)
    assert {one["title"] for one in iris.issues(LABEL)} == {
        "iris@1.1.0 is not as recorded",
        "The registry cannot be verified",
    }
    iris.clone.write("models/registry.yaml", settings)
    assert run(iris) == 1
    assert [one["title"] for one in iris.issues(LABEL)] == ["iris@1.1.0 is not as recorded"]


def test_a_whole_store_that_is_gone_is_no_flood(iris: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mintmark.commands.forge.alarms._MOST_NEW", 2)
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        iris.clone.object_of("iris", version, "profile.json").unlink()
    iris.clone.object_of("wine", "1.0.0", "profile.json").unlink()
    assert run(iris) == 1
    assert [one["title"] for one in iris.issues(LABEL)][-1] == "2 more alarms without an issue"
    assert run(iris) == 1
    assert len(iris.issues(LABEL)) == 4, "the next run opens the others"


def test_issues_of_people_are_left_alone(iris: Hosted) -> None:
    iris.issue_event("My own alarm")
    (issue,) = iris.forge.issues.values()
    issue["labels"] = [LABEL]
    assert run(iris) == 0
    assert issue["state"] == "open"
