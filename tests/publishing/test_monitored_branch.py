"""Documents on the branch `monitoring` of a real remote: added once, revised, folded, whoever else writes there."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.monitoring.example_documents import FIRST_DAY, a_broken_day, a_document, a_silent_day

from mintmark.errors import MintmarkError
from mintmark.monitoring.documents import WindowDocument, format_document
from mintmark.monitoring.measured import Labels
from mintmark.monitoring.stored.files import branch_files, find_branch, folder_files
from mintmark.monitoring.stored.parsing import parse_stored
from mintmark.publishing.monitored_branch import publish_documents
from mintmark.publishing.release.remote import Remote, find_remote

SOON = FIRST_DAY + timedelta(days=5)
BRANCH = "refs/remotes/origin/monitoring"


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone whose remote has no branch yet."""
    git(tmp_path, "init", "--quiet", "--bare", "-b", "main", "origin.git")
    return another(tmp_path, "clone")


def another(folder: Path, name: str) -> Path:
    git(folder, "clone", "--quiet", "origin.git", name)
    return folder / name


def remote(root: Path) -> Remote:
    return Remote(root=root, name="origin")


def on_branch(root: Path) -> list[str]:
    git(root, "fetch", "--quiet", "origin")
    return git(root, "ls-tree", "-r", "--name-only", BRANCH).splitlines()


def subjects(root: Path) -> list[str]:
    git(root, "fetch", "--quiet", "origin")
    return git(root, "log", "--format=%s", BRANCH).splitlines()


def test_documents_are_published_once_and_later_ones_are_added(clone: Path) -> None:
    days = [a_document(0), a_broken_day(1)]
    plan = publish_documents(remote(clone), days, now=SOON)
    assert [each.revision for each in plan.written] == [1, 1]
    assert on_branch(clone) == [each.path for each in days]
    unrounded = replace(days[0], traffic=replace(days[0].traffic, sample=1 - 1e-14))
    assert not publish_documents(remote(clone), [unrounded, days[1]], now=SOON).written
    assert subjects(clone) == ["watch breast-cancer: 2 windows"]
    publish_documents(remote(clone), [*days, a_silent_day(2)], now=SOON)
    assert subjects(clone)[0] == "watch breast-cancer: 1 window"
    assert git(clone, "status", "--porcelain") == ""
    text = git(clone, "show", f"{BRANCH}:{days[1].path}") + "\n"
    assert text == format_document(days[1])


def test_late_labels_are_a_revision_and_the_one_before_stays_in_history(clone: Path) -> None:
    first = a_document(0, labels=None, performance=None)
    publish_documents(remote(clone), [first], now=SOON)
    plan = publish_documents(remote(clone), [a_document(0)], now=SOON)
    assert [each.revision for each in plan.written] == [2]
    assert git(clone, "show", f"{BRANCH}~:{first.path}") + "\n" == format_document(first)


@pytest.mark.parametrize(
    ("poorer", "said"),
    [
        (a_silent_day(0), "the log has 0 of the 1,001 rows that were read before"),
        (a_document(0, labels=None, performance=None), "there are 0 of the 900 labels that were known before"),
        (a_document(0, labels=Labels(rows=1000, labelled=3, matured=True)), "there are 3 of the 900 labels"),
    ],
)
def test_a_run_that_knows_less_takes_nothing_back(clone: Path, poorer: object, said: str) -> None:
    publish_documents(remote(clone), [a_document(0)], now=SOON)
    plan = publish_documents(remote(clone), [poorer], now=SOON)  # type: ignore[list-item]
    assert not plan.additions
    assert said in plan.notes[0]


def day_with(
    digest: str, *, newest: int | None = None, changed: int | None = None, labelled: int = 900
) -> WindowDocument:
    """A day whose labels are known by a digest, with the hour of the newest one and the hour in which their file changed."""
    hours = {name: None if hour is None else FIRST_DAY + timedelta(hours=hour)
             for name, hour in (("newest", newest), ("changed", changed))}  # fmt: skip
    labels = Labels(rows=1000, labelled=labelled, matured=True, digest=digest * 16, **hours)
    return a_document(0, labels=labels)


@pytest.mark.parametrize(
    ("older", "newer", "said"),
    [
        (
            day_with("a", newest=50),
            day_with("b", newest=60),
            "the newest label is of 2026-03-06T02:00:00Z, and what is",
        ),
        (day_with("a", newest=50, labelled=950), day_with("b", newest=60), "the newest label is of 2026-03-06T02"),
        (day_with("a", newest=50, changed=90), day_with("b", newest=60, changed=80), "the newest label is of"),
        (day_with("a", changed=80), day_with("b", changed=90), "the file of labels was changed 2026-03-07T08:00:00Z"),
        (day_with("a", newest=50, changed=80), day_with("b", newest=50, changed=90), "the file of labels was changed"),
    ],
    ids=["by their time", "though more", "though their file is newer", "by the file", "of the same time"],
)
def test_older_labels_never_take_corrections_back(
    clone: Path, older: WindowDocument, newer: WindowDocument, said: str
) -> None:
    """As many labels as before, or more, from a file that somebody kept."""
    publish_documents(remote(clone), [newer], now=SOON)
    plan = publish_documents(remote(clone), [older], now=SOON)
    assert not plan.additions
    assert said in plan.notes[0]
    assert plan.notes[0].endswith("the published document stays")


def test_newer_labels_replace_the_older_ones_which_do_not_come_back(clone: Path) -> None:
    """Also where nothing says which are newer: what was replaced once stays so."""
    old, new = day_with("a", changed=1), day_with("b", changed=2)
    publish_documents(remote(clone), [old], now=SOON)
    plan = publish_documents(remote(clone), [new], now=SOON)
    assert [each.revision for each in plan.written] == [2]
    assert (
        "other labels count now, because their file was changed or read later; let monitoring.labels.time"
        in plan.notes[0]
    )
    touched = day_with("a", changed=3)
    plan = publish_documents(remote(clone), [touched], now=SOON)
    assert not plan.additions
    assert "these labels were replaced by others before" in plan.notes[0]
    plan = publish_documents(remote(clone), [day_with("a", newest=4), day_with("b", changed=9)], now=SOON)
    assert not plan.additions, "the same labels from a file that was touched are no revision"
    timed = [
        publish_documents(remote(clone), [day_with(digest, newest=hour)], now=SOON)
        for digest, hour in (("c", 5), ("d", 6), ("c", 7))
    ]
    assert [plan.written[0].revision for plan in timed] == [3, 4, 5], "times say that they are right again"
    assert not [note for plan in timed[1:] for note in plan.notes]


def test_two_runs_at_once_both_land(clone: Path) -> None:
    other = another(clone.parent, "other")
    mine = [replace(a_document(day), model="iris") for day in range(3)]
    theirs = [a_document(day) for day in range(3)]
    with ThreadPoolExecutor(2) as both:
        runs = [both.submit(publish_documents, remote(root), days, now=SOON)
                for root, days in ((clone, mine), (other, theirs))]  # fmt: skip
        assert [len(run.result().written) for run in runs] == [3, 3]
    assert on_branch(clone) == sorted(each.path for each in [*mine, *theirs])


def test_overtaken_just_before_the_push(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else publishes the same window, and another, between our listing and our push."""
    other = another(clone.parent, "other")
    push = Remote.advance

    def late(self: Remote, ref: str, **how: str) -> bool:
        monkeypatch.setattr(Remote, "advance", push)
        publish_documents(remote(other), [a_document(0), a_document(1)], now=SOON)
        return push(self, ref, **how)

    monkeypatch.setattr(Remote, "advance", late)
    plan = publish_documents(remote(clone), [a_document(0), a_document(2)], now=SOON)
    assert [each.path for each in plan.written] == [a_document(2).path]
    assert on_branch(clone) == [a_document(day).path for day in range(3)]


def test_months_are_folded_after_90_days_and_stay_as_they_are(clone: Path) -> None:
    days = [a_document(0), a_broken_day(1), a_document(31)]
    publish_documents(remote(clone), days, now=SOON)
    now = FIRST_DAY + timedelta(days=125)  # March is old, April is not
    plan = publish_documents(remote(clone), [], now=now)
    assert plan.folded == ("breast-cancer/1.2.0/production/202603-1d.json",)
    assert on_branch(clone) == [*plan.folded, days[2].path]
    assert subjects(clone)[0] == "fold 1 month"
    again = publish_documents(remote(clone), [a_broken_day(1)], now=now)
    assert not again.additions
    assert "its month is folded" in again.notes[0]
    publish_documents(remote(clone), [a_document(2)], now=now)
    files = branch_files(clone, BRANCH)
    windows = {path: parse_stored(path, content, path)[0] for path, content in files.read()}
    assert {path: len(found) for path, found in windows.items()} == {plan.folded[0]: 3, days[2].path: 1}


def push_by_hand(clone: Path, files: dict[str, bytes]) -> None:
    """Somebody puts files on the branch."""
    other = another(clone.parent, "by-hand")
    git(other, "checkout", "--quiet", "-b", "monitoring", BRANCH)
    for path, content in files.items():
        (other / path).parent.mkdir(parents=True, exist_ok=True)
        (other / path).write_bytes(content)
    (other / "breast-cancer/1.2.0/production/20260301T0000Z-1d.json").symlink_to("/etc/passwd")
    git(other, "add", "--all")
    git(other, "commit", "--quiet", "-m", "by hand")
    git(other, "push", "--quiet", "origin", "monitoring")


def test_what_others_pushed_is_named_and_neither_trusted_nor_in_the_way(clone: Path) -> None:
    publish_documents(remote(clone), [a_document(0), a_document(3)], now=SOON)
    broken, huge = a_document(0).path, a_document(1).path
    push_by_hand(clone, {broken: b"<script>", huge: b" " * 6_000_000, "index.html": b"<script>", "iris": b"a file"})
    iris = replace(a_document(0), model="iris")
    plan = publish_documents(remote(clone), [a_document(0), a_document(1), iris], now=SOON)
    told = "\n".join(map(str, plan.findings))
    for said in ("monitoring:index.html: is no document", "monitoring:iris: is no document", "not valid JSON",
                 "is larger than 5,000,000 bytes", "20260301T0000Z-1d.json: is no document"):  # fmt: skip
        assert said in told
    assert [each.revision for each in plan.written] == [1, 1, 1]
    on_branch(clone)
    for each in plan.written:
        assert git(clone, "show", f"{BRANCH}:{each.path}") + "\n" == format_document(each)


def test_a_folder_of_documents_reads_as_the_branch_does(clone: Path, tmp_path: Path) -> None:
    publish_documents(remote(clone), [a_document(0), a_broken_day(1)], now=SOON)
    assert find_branch(clone) == BRANCH
    branch = branch_files(clone, BRANCH)
    for path, content in branch.read():
        (tmp_path / "out" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / path).write_bytes(content)
    (tmp_path / "out/notes.txt").write_text("mine")
    folder = folder_files(tmp_path / "out")
    assert folder.files == branch.files
    assert dict(folder.read()) == dict(branch.read())
    assert [str(each) for each in folder.findings] == [
        f"{tmp_path}/out/notes.txt: is no document of a window, and is not read; take it away"
    ]


def test_without_a_remote_the_remedy_is_told(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    with pytest.raises(MintmarkError, match="there is no remote to push to; git remote add origin ADDRESS"):
        find_remote(tmp_path, environment={})
