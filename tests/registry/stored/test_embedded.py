"""What a change may do to the embedded store, committed or not yet; what a review makes of it, tests/judging/hostile tries."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.scaffold.documents import stored
from tests.scaffold.registry import object_path

from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.past.branch_diff import BranchDiff
from mintmark.registry.validation import validate_change

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch

STORE = ".dvc/store"


def told(scratch: Scratch) -> list[str]:
    """The findings about the work tree, and about its commit, which are the same."""
    found = []
    for _ in range(2):
        registry = ClonedRegistry(scratch.root)
        found.append([str(finding) for finding in validate_change(registry, BranchDiff(registry, "main")).findings])
        scratch.commit("Change the store")
    assert found[0] == found[1]
    return found[0]


def name(scratch: Scratch, path: str, content: bytes, *, suffix: str = "") -> str:
    """Put an object into the store, and have a `.dvc` file name it."""
    file = stored("", content)
    scratch.write(f"{STORE}/{object_path(file)}{suffix}", content)
    entry = {"md5": file.md5 + suffix, "path": path.rpartition("/")[2]}
    scratch.write(f"{path}.dvc", yaml.safe_dump({"outs": [entry]}))
    return f"{STORE}/{object_path(file)}{suffix}"


@pytest.fixture(autouse=True)
def _on_a_branch(scratch: Scratch) -> None:
    scratch.branch("change")


def test_what_something_names_may_come(scratch: Scratch) -> None:
    name(scratch, "data/rows.csv", b"a,b\n1,2\n")
    listing = [{"md5": stored("", b"x,y\n").md5, "relpath": "part.csv"}]
    scratch.put_object(b"x,y\n")
    name(scratch, "data/parts", json.dumps(listing).encode(), suffix=".dir")
    scratch.register("iris", "1.3.0", parent="1.2.0")
    assert told(scratch) == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("README.md", "has no place in the store"),
        (f"ab/{'c' * 30}", "has no place in the store"),
        (f"files/md5/ab/{'c' * 30}", "is named by no record"),
        (f"files/md5/ab/{'c' * 30}.dir", "is named by no record"),
    ],
)
def test_junk_does_not(scratch: Scratch, path: str, words: str) -> None:
    scratch.write(f"{STORE}/{path}", "junk\n")
    (finding,) = told(scratch)
    assert finding.startswith(f"{STORE}/{path}: {words}")
    assert finding.endswith("[R8]")


def test_links_do_not(scratch: Scratch) -> None:
    scratch.path(f"{STORE}/files/md5/ab").mkdir()
    os.symlink("/", scratch.path(f"{STORE}/files/md5/ab/{'c' * 30}"))
    (finding,) = told(scratch)
    assert "is a symbolic link where an object belongs" in finding


def test_the_bytes_have_the_md5_of_the_name(scratch: Scratch) -> None:
    path = name(scratch, "data/rows.csv", b"a,b\n1,2\n")
    scratch.write(path, b"a,b\n1,3\n")
    (finding,) = told(scratch)
    assert "which is not its name" in finding
    assert finding.endswith("[R9]")


def test_an_object_is_what_its_name_says(scratch: Scratch) -> None:
    name(scratch, "data/rows.json", b"a,b\n1,2\n")
    (finding,) = told(scratch)
    assert "rows.json is not JSON" in finding


def test_limits_hold(scratch: Scratch) -> None:
    scratch.git("switch", "--quiet", "main")
    scratch.write_settings(limits={"file": 20_000, "store": 40_000})
    scratch.commit("Limit the store")
    scratch.branch("change")
    name(scratch, "data/large.csv", b"a,b\n" * 6_000)
    assert ["limits.file" in finding for finding in told(scratch)] == [True]
    scratch.branch("change")
    for number in range(3):
        name(scratch, f"data/{number}.csv", b"%d,b\n" % number * 4_000)
    assert ["limits.store" in finding for finding in told(scratch)] == [True]


def test_an_object_is_read_once_and_a_few_at_a_time(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    from mintmark.registry import git

    read: list[list[str]] = []
    blobs = git.read_blobs

    def count(root, oids, **options):  # type: ignore[no-untyped-def]
        read.append(sorted(oids))
        return blobs(root, oids, **options)

    paths = [name(scratch, f"data/{number}.csv", b"%d,b\n" % number * 4_000) for number in range(9)]
    scratch.commit("Store")
    monkeypatch.setattr("mintmark.registry.git.read_blobs", count)
    monkeypatch.setattr("mintmark.registry.stored.embedded._AT_ONCE", 40_000)
    assert told(scratch) == []
    mine = {scratch.git("rev-parse", f"HEAD:{path}") for path in paths}
    batches = [wanted for wanted in read if mine & set(wanted)]
    assert sorted(oid for wanted in batches for oid in wanted) == sorted([*mine, *mine])  # it was asked twice
    assert max(map(len, batches)) <= 2
