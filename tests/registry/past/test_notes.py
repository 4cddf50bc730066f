"""Notes on versions that were made again: what is written, what is read, and what no hostile note can do."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.scaffold.registry import Scratch
from tests.scaffold.work import calls_at_most

from mintmark import __version__
from mintmark.registry.past.notes import REF, Reproduced, read_notes, write_note

SHA256 = hashlib.sha256(b"model").hexdigest()
GOOD = {"reference": "iris@1.0.0", "identical": True, "sha256": SHA256, "python": "3.11.7", "mintmark": "0.1.0"}


def record_of(scratch: Scratch, version: str = "1.0.0", revision: str = "HEAD") -> str:
    return scratch.git("rev-parse", f"{revision}:models/iris/versions/{version}/version.yaml")


def note(scratch: Scratch, version: str = "1.0.0", *, identical: bool = True) -> str:
    record = record_of(scratch, version)
    write_note(scratch.root, record, reference=f"iris@{version}", identical=identical, sha256=SHA256)
    return record


def write_raw(scratch: Scratch, record: str, content: bytes) -> None:
    git(scratch.root, "notes", f"--ref={REF}", "add", "-f", "--allow-empty", "-F", "-", record, data=content)


def git(root: Path, *arguments: str, data: bytes = b"") -> str:
    done = subprocess.run(("git", "-C", str(root), *arguments), input=data, capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A way to say when, and by whom, the next notes are written."""

    def at(day: int, name: str = "Ada Lovelace") -> None:
        for role in ("AUTHOR", "COMMITTER"):
            monkeypatch.setenv(f"GIT_{role}_DATE", f"2026-06-{day:02}T09:30:00Z")
            monkeypatch.setenv(f"GIT_{role}_NAME", name)

    return at


def test_without_notes_there_is_nothing(scratch: Scratch) -> None:
    assert read_notes(scratch.root) == {}


def test_what_is_written_is_read(scratch: Scratch, clock: Any) -> None:
    clock(1, "Grace Hopper")
    first = note(scratch)
    clock(2)
    second = note(scratch, "1.1.0", identical=False)
    shared = {"sha256": SHA256, "python": platform.python_version(), "mintmark": __version__}
    assert read_notes(scratch.root) == {
        first: Reproduced(
            **shared, reference="iris@1.0.0", identical=True, time="2026-06-01T09:30:00Z",
            author="Grace Hopper <ada@example.org>",
        ),
        second: Reproduced(
            **shared, reference="iris@1.1.0", identical=False, time="2026-06-02T09:30:00Z",
            author="Ada Lovelace <ada@example.org>",
        ),
    }  # fmt: skip


def test_it_is_one_line_that_git_shows(scratch: Scratch) -> None:
    note(scratch)
    shown = scratch.git("notes", "--ref=mintmark/reproduced", "show", "HEAD:models/iris/versions/1.0.0/version.yaml")
    assert len(shown.splitlines()) == 1
    assert json.loads(shown)["reference"] == "iris@1.0.0"


def test_neither_the_work_tree_nor_any_branch_changes(scratch: Scratch) -> None:
    def refs() -> str:
        return scratch.git("for-each-ref", "refs/heads", "refs/tags") + scratch.git("status", "--porcelain")

    before = refs()
    note(scratch)
    assert refs() == before


def test_the_newest_counts(scratch: Scratch, clock: Any) -> None:
    clock(1)
    record = note(scratch, identical=True)
    clock(2, "Grace")
    note(scratch, identical=False)
    found = read_notes(scratch.root)[record]
    assert (found.identical, found.time, found.author.partition(" <")[0]) == (False, "2026-06-02T09:30:00Z", "Grace")


def test_of_two_in_one_second_the_later_counts(scratch: Scratch, clock: Any) -> None:
    clock(1)
    note(scratch, identical=True)
    record = note(scratch, identical=False)
    assert read_notes(scratch.root)[record].identical is False


def test_a_note_that_was_removed_counts_no_more(scratch: Scratch) -> None:
    record = note(scratch)
    kept = note(scratch, "1.1.0")
    scratch.git("notes", f"--ref={REF}", "remove", record)
    assert list(read_notes(scratch.root)) == [kept]


def test_it_outlives_a_squash(scratch: Scratch) -> None:
    """The commit that brought the version is gone; the blob of its record is the same."""
    record = note(scratch)
    tree = scratch.git("rev-parse", "HEAD^{tree}")
    scratch.git("update-ref", "refs/heads/main", scratch.git("commit-tree", tree, "-m", "All of it"))
    assert record_of(scratch) == record
    assert record in read_notes(scratch.root)


def test_notes_of_two_people_come_together(scratch: Scratch, tmp_path: Path, clock: Any) -> None:
    """Exactly the commands of docs/how-to/reproduce-a-version.md."""
    origin, other = tmp_path / "origin.git", tmp_path / "other"
    git(tmp_path, "clone", "--quiet", "--bare", str(scratch.root), str(origin))
    git(tmp_path, "clone", "--quiet", str(origin), str(other))
    scratch.git("remote", "add", "origin", str(origin))
    theirs = Scratch(other, scratch.artifact)
    clock(1, "Grace")
    first = note(theirs)
    both = note(theirs, "1.1.0")
    theirs.git("push", "--quiet", "origin", "refs/notes/mintmark/*")
    clock(2, "Ada")
    second = note(scratch, "1.2.0")
    note(scratch, "1.1.0", identical=False)
    clock(3, "Ada")
    scratch.git("fetch", "--quiet", "origin", "refs/notes/mintmark/*:refs/notes/origin/mintmark/*")
    merged = "refs/notes/origin/mintmark/reproduced"
    scratch.git("notes", "--ref=mintmark/reproduced", "merge", "-s", "cat_sort_uniq", merged)
    scratch.git("push", "--quiet", "origin", "refs/notes/mintmark/*")
    theirs.git("fetch", "--quiet", "origin", "refs/notes/mintmark/*:refs/notes/mintmark/*")
    found = read_notes(other)
    assert {oid: (said.author.partition(" <")[0], said.time[:10], said.identical) for oid, said in found.items()} == {
        first: ("Grace", "2026-06-01", True),
        second: ("Ada", "2026-06-02", True),
        both: ("Ada", "2026-06-02", False),
    }
    assert read_notes(scratch.root) == found


HOSTILE: dict[str, bytes] = {
    "not JSON": b"reproduced, honestly",
    "empty": b"",
    "a list": json.dumps([GOOD]).encode(),
    "text": b'"yes"',
    "deep": b"[" * 2000 + b"]" * 2000,
    "digits without end": b'{"identical": ' + b"1" * 4000 + b"}",
    "bytes": b"\xff\xfe\x00\xd8",
    "huge": json.dumps({**GOOD, "more": "x" * 5000}).encode(),
    "identical as text": json.dumps({**GOOD, "identical": "true"}).encode(),
    "identical as number": json.dumps({**GOOD, "identical": 1}).encode(),
    "no digest": json.dumps({**GOOD, "sha256": "f" * 63}).encode(),
    "digest with a line break": json.dumps({**GOOD, "sha256": "f" * 64 + "\n"}).encode(),
    "reference as list": json.dumps({**GOOD, "reference": ["iris"]}).encode(),
    "long reference": json.dumps({**GOOD, "reference": "i" * 201}).encode(),
    "terminal controls": json.dumps({**GOOD, "python": "\x1b[2J"}).encode(),
    "half a character": json.dumps({**GOOD, "python": "\ud800"}).encode(),
    "a field is missing": json.dumps({key: GOOD[key] for key in list(GOOD)[1:]}).encode(),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_note_of_ours_is_passed_over(scratch: Scratch, content: bytes) -> None:
    kept = note(scratch, "1.1.0")
    write_raw(scratch, record_of(scratch), content)
    assert list(read_notes(scratch.root)) == [kept]


def test_more_than_is_asked_for_is_no_harm(scratch: Scratch) -> None:
    record = record_of(scratch)
    write_raw(scratch, record, json.dumps({**GOOD, "time": "1970", "author": "Root", "plan": {}}).encode())
    found = read_notes(scratch.root)[record]
    assert (found.reference, found.author) == ("iris@1.0.0", "Ada Lovelace <ada@example.org>")


def test_a_good_note_counts_though_a_bad_one_is_on_top(scratch: Scratch) -> None:
    record = note(scratch)
    write_raw(scratch, record, b"no")
    assert read_notes(scratch.root)[record].identical


def import_tree(scratch: Scratch, entries: str, *, time: str = "1780000000", name: str = "Eve") -> None:
    """Write a commit of notes by hand, as `git push` would take it from anybody."""
    tree = git(scratch.root, "mktree", "--missing", data=entries.encode())
    person = f"{name} <eve@example.org> {time} +0000"
    text = f"tree {tree}\nauthor {person}\ncommitter {person}\n\nnotes\n"
    commit = git(scratch.root, "hash-object", "-t", "commit", "--literally", "-w", "--stdin", data=text.encode())
    git(scratch.root, "update-ref", REF, commit)


def test_a_tree_of_notes_made_by_hand(scratch: Scratch) -> None:
    blob = git(scratch.root, "hash-object", "-w", "--stdin", data=json.dumps(GOOD).encode())
    record = record_of(scratch)
    folder = git(scratch.root, "mktree", data=f"100644 blob {blob}\tREADME\n".encode())
    nobody = "0" * 39
    import_tree(
        scratch,
        f"100644 blob {blob}\t{record}\n"
        f"160000 commit {'1' * 40}\t{nobody}1\n"  # a submodule, whose object is not here
        f"120000 blob {blob}\t{nobody}2\n"
        f"040000 tree {folder}\tdocs\n",
    )
    assert list(read_notes(scratch.root)) == [record]


def test_a_ref_that_names_no_commit(scratch: Scratch) -> None:
    scratch.git("update-ref", REF, record_of(scratch))
    assert read_notes(scratch.root) == {}


@pytest.mark.parametrize("time", ["99999999999999", "-1", "253402300800"])
def test_a_time_that_no_calendar_has(scratch: Scratch, time: str) -> None:
    blob = git(scratch.root, "hash-object", "-w", "--stdin", data=json.dumps(GOOD).encode())
    import_tree(scratch, f"100644 blob {blob}\t{record_of(scratch)}\n", time=time)
    for said in read_notes(scratch.root).values():
        assert said.time.startswith(("1970", "9999")), "Git itself may put another time in its place"


def many_notes(scratch: Scratch, count: int, *, folders: bool = True) -> list[str]:
    """Notes on that many blobs, each written by its own commit, one second after the other."""
    oids = [hashlib.sha1(b"blob 8\0%08d" % number).hexdigest() for number in range(count)]
    lines = []
    for number in range(count):
        content = json.dumps({**GOOD, "reference": f"iris@1.{number}.0"})
        lines.append(f"commit {REF}\ncommitter P{number} <p@example.org> {1780000000 + number} +0000\ndata 1\n-")
        oid = oids[number]
        path = f"{oid[:2]}/{oid[2:]}" if folders else oid
        lines.append(f"M 100644 inline {path}\ndata {len(content)}\n{content}")
    git(scratch.root, "fast-import", "--quiet", data="\n".join([*lines, ""]).encode())
    return oids


@pytest.mark.slow
def test_thousands_are_read_at_once(scratch: Scratch) -> None:
    oids = many_notes(scratch, 3000)
    with calls_at_most(500_000):
        found = read_notes(scratch.root)
    assert {oid: found[oid].reference for oid in oids} == {oid: f"iris@1.{n}.0" for n, oid in enumerate(oids)}
    assert found[oids[7]].author == "P7 <p@example.org>"


@pytest.mark.parametrize(("count", "folders"), [(20, True), (600, False)], ids=["out of folders", "into folders"])
def test_who_writes_one_more_did_not_write_those_that_git_moves(
    scratch: Scratch, clock: Any, count: int, folders: bool
) -> None:
    """Git puts notes into folders by their number, and takes them out again; what moves was written before."""
    oids = many_notes(scratch, count, folders=folders)
    clock(20, "Grace")
    record = note(scratch)
    paths = scratch.git("ls-tree", "-r", "--name-only", REF).splitlines()
    assert all(("/" in path) != folders for path in paths), "Git has moved them, or this test shows nothing"
    found = read_notes(scratch.root)
    assert found[record].author.startswith("Grace")
    assert [found[oid].author for oid in oids] == [f"P{n} <p@example.org>" for n in range(count)]
