"""A release is drafted, filled, checked and published, and can be taken up again wherever it was stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.forge.conftest import Clone
from tests.scaffold.forge.fake_forge import FakeRepository, Refusal

from mintmark.errors import ForgeError
from mintmark.forge.forge import Release
from mintmark.forge.github import GitHub
from mintmark.forge.opening import open_forge

TAG = "iris@v1.0.0"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = [tmp_path / "iris-1.0.0.zip", tmp_path / "SHA256SUMS"]
    for path in made:
        path.write_bytes(path.name.encode() * 100)
    return made


def publish(github: GitHub, files: list[Path]) -> Release:
    return github.publish_release(TAG, title="iris 1.0.0", body="The card.", files=files, latest=True)


def the_one_release(repository: FakeRepository, files: list[Path]) -> None:
    (release,) = repository.releases.values()
    assert (release["draft"], release["tag_name"], release["name"]) == (False, TAG, "iris 1.0.0")
    held = {asset["name"]: repository.files[number] for number, asset in release["assets"].items()}
    assert held == {path.name: path.read_bytes() for path in files}


def test_a_release_is_published_once(github: GitHub, on_github: FakeRepository, files: list[Path]) -> None:
    assert github.releases() == []
    made = publish(github, files)
    assert (made.draft, made.tag, made.files) == (False, TAG, {path.name: path.stat().st_size for path in files})
    writes = on_github.writes
    assert writes == 4  # draft, two files, publish
    assert publish(github, files) == made
    assert on_github.writes == writes
    assert github.releases() == [made]
    the_one_release(on_github, files)


@pytest.mark.parametrize("done", [False, True], ids=["not done", "done and not answered"])
@pytest.mark.parametrize("write", [1, 2, 3, 4])
def test_a_release_stopped_anywhere_is_finished_by_the_next_run(
    github: GitHub, clone: Clone, on_github: FakeRepository, files: list[Path], write: int, done: bool
) -> None:
    on_github.stop_at(write, done=done)
    with pytest.raises(ForgeError, match="stopped"):
        publish(github, files)
    on_github.resume()
    again = open_forge(clone.root)  # a run of its own
    assert isinstance(again, GitHub)
    publish(again, files)
    the_one_release(on_github, files)


def test_what_was_uploaded_by_half_is_uploaded_again(
    github: GitHub, on_github: FakeRepository, files: list[Path]
) -> None:
    on_github.stop_at(4, done=False)
    with pytest.raises(ForgeError):
        publish(github, files)
    on_github.resume()
    (draft,) = on_github.releases.values()
    first, second = draft["assets"].values()
    first.update(state="open", size=0, digest=None)  # what a 502 leaves
    second.update(digest=f"sha256:{'0' * 64}")
    publish(GitHub(on_github.name, github._api), files)
    the_one_release(on_github, files)


def test_the_faster_of_two_runs_wins(github: GitHub, on_github: FakeRepository, files: list[Path]) -> None:
    """The second one drafted before the first had published; it takes its draft away and agrees."""
    slow = GitHub(on_github.name, github._api)
    assert slow._releases._published(TAG) is None
    assert slow._releases._drafts == {}
    draft = slow._releases._begin(TAG, "iris 1.0.0", "The card.")
    slow._releases._drafts[TAG] = draft
    won = publish(GitHub(on_github.name, github._api), [*files])  # resumes the draft that is there, and publishes it
    del on_github.releases[won.number]["assets"][min(on_github.releases[won.number]["assets"])]
    with pytest.raises(ForgeError, match="published already with another iris"):
        publish(slow, files)


def test_a_second_draft_is_taken_away_when_the_first_is_published(
    github: GitHub, on_github: FakeRepository, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = GitHub(on_github.name, github._api)
    fill = slow._releases._fill

    def overtaken(*arguments: object) -> None:
        monkeypatch.setattr(slow._releases, "_fill", fill)
        other = GitHub(on_github.name, github._api)
        other._releases.__dict__["_drafts"] = {}  # it looked before the slow one drafted
        publish(other, files)
        fill(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(slow._releases, "_fill", overtaken)
    publish(slow, files)
    the_one_release(on_github, files)


def test_a_published_release_is_never_touched(github: GitHub, on_github: FakeRepository, files: list[Path]) -> None:
    publish(github, files)
    writes = on_github.writes
    files[0].write_bytes(b"other bytes")
    with pytest.raises(ForgeError, match=r"iris@v1\.0\.0 is published already with another iris-1\.0\.0\.zip"):
        publish(github, files)
    assert on_github.writes == writes


def test_no_tag_no_release(github: GitHub, on_github: FakeRepository, files: list[Path]) -> None:
    with pytest.raises(ForgeError, match=r"git push origin iris@v9\.0\.0"):
        github.publish_release("iris@v9.0.0", title="", body="", files=files, latest=True)
    assert on_github.releases == {}


def test_a_strange_file_in_a_draft_stops(github: GitHub, on_github: FakeRepository, files: list[Path]) -> None:
    on_github.stop_at(4, done=False)
    with pytest.raises(ForgeError):
        publish(github, files)
    on_github.resume()
    with pytest.raises(ForgeError, match="holds 'SHA256SUMS', which is none of its files"):
        publish(GitHub(on_github.name, github._api), files[:1])


def test_a_name_that_github_would_change_is_refused(github: GitHub, tmp_path: Path) -> None:
    path = tmp_path / "iris 1.0.0 (new).zip"
    path.touch()
    with pytest.raises(ForgeError, match="no name for a file of a release"):
        publish(github, [path])


def test_a_refused_upload_says_what_github_said(github: GitHub, on_github: FakeRepository, files: list[Path]) -> None:
    on_github.fail(Refusal(422, "Validation Failed", [{"message": "size must be less than 2147483648"}]), write=2)
    with pytest.raises(ForgeError, match=r"422 \(Validation Failed; size must be less than 2147483648\)"):
        publish(github, files)
