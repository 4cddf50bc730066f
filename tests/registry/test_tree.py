"""The work tree and a commit read as the same kind of tree."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.scaffold.examples import examples

from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.registry.tree import GitTree, WorkTree
from mintmark.registry.yaml.text import MAX_BYTES

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch

RECORD = "models/iris/versions/1.0.0/version.yaml"
FOLDERS = ("models", "models/iris", "models/iris/versions", "models/iris/channels", "models/nothing")


def test_both_trees_say_the_same_of_a_clean_registry(scratch: Scratch) -> None:
    work, commit = WorkTree(scratch.root), GitTree(scratch.root, scratch.head)
    assert work.entries("models") == commit.entries("models")
    assert work.subtree_ids("models") == commit.subtree_ids("models")
    for folder in FOLDERS:
        assert work.names(folder) == commit.names(folder) == GitTree(scratch.root, scratch.head).names(folder)
    paths = [RECORD, "models/registry.yaml", "models/nothing.yaml"]
    assert work.read_many(paths) == commit.read_many(paths) == GitTree(scratch.root, scratch.head).read_many(paths)
    assert work.read(RECORD) == commit.read(RECORD) == scratch.read(RECORD).encode()
    assert work.read("models/nothing.yaml") is commit.read("models/nothing.yaml") is None
    assert work.read("models/iris/model.yaml/x") is commit.read("models/iris/model.yaml/x") is None


def test_a_commit_asked_for_no_file_reads_none(scratch: Scratch) -> None:
    assert GitTree(scratch.root, "HEAD").read_many([]) == {}


def test_the_past_stays_as_it_was(scratch: Scratch) -> None:
    past = GitTree(scratch.root, scratch.head)
    before = past.read(RECORD)
    scratch.write(RECORD, "changed")
    scratch.commit()
    assert past.read(RECORD) == before
    assert WorkTree(scratch.root).read(RECORD) == b"changed"


def test_uncommitted_files_are_part_of_the_work_tree(scratch: Scratch) -> None:
    scratch.write("models/iris/channels/new.yaml", "version: 1.0.0\n")
    scratch.write(RECORD, "changed\n")
    scratch.remove("models/wine/model.yaml")
    tree = WorkTree(scratch.root)
    entries = tree.entries("models")
    assert "models/wine/model.yaml" not in entries
    changed = {path: entries[path].oid for path in ("models/iris/channels/new.yaml", RECORD)}
    contents = dict(tree.blobs(changed.values()))
    assert [contents[oid] for oid in changed.values()] == [b"version: 1.0.0\n", b"changed\n"]
    assert tree.changes("models") == {*changed, "models/wine/model.yaml"}
    assert "iris" not in tree.subtree_ids("models")
    assert "wine" not in tree.subtree_ids("models")


def test_staged_files_count_as_they_lie_on_the_disk(scratch: Scratch) -> None:
    scratch.write(RECORD, "staged")
    scratch.git("add", RECORD)
    scratch.write(RECORD, "on the disk")
    tree = WorkTree(scratch.root)
    oid = tree.entries("models")[RECORD].oid
    assert dict(tree.blobs([oid])) == {oid: b"on the disk"}


def test_a_file_that_a_sparse_checkout_leaves_out_is_still_there(scratch: Scratch) -> None:
    scratch.git("status")  # Git keeps files that it takes for changed, such as those of a copied repository
    scratch.git("sparse-checkout", "set", "--no-cone", "/*", "!/models/wine")
    assert not scratch.path("models/wine/model.yaml").exists()
    assert "models/wine/model.yaml" in WorkTree(scratch.root).entries("models")


def test_links_are_told_as_links(scratch: Scratch) -> None:
    path = scratch.path("models/iris/channels/production.yaml")
    path.unlink()
    path.symlink_to("staging.yaml")
    name = "models/iris/channels/production.yaml"
    work = WorkTree(scratch.root)
    assert work.entries("models")[name].mode == git.SYMLINK
    with pytest.raises(MintmarkError, match="is a symbolic link where a file belongs"):
        work.read(name)
    scratch.commit()
    commit = GitTree(scratch.root, "HEAD")
    for tree in (commit, GitTree(scratch.root, "HEAD")):
        assert tree.entries("models")[name] == work.entries("models")[name]
        with pytest.raises(MintmarkError, match=r"production.yaml: is a symbolic link where a file belongs"):
            tree.read(name)


@pytest.mark.parametrize("link", ["models", "models/iris", "models/iris/versions", "models/iris/versions/1.0.0"])
def test_nothing_is_read_through_a_linked_folder(scratch: Scratch, link: str) -> None:
    elsewhere = scratch.root.parent / "elsewhere"
    scratch.path(link).rename(elsewhere)
    scratch.path(link).symlink_to(elsewhere)
    with pytest.raises(MintmarkError, match=f"{RECORD}: lies behind {link}, which is a symbolic link"):
        WorkTree(scratch.root).read(RECORD)
    if link != "models":
        assert RECORD not in WorkTree(scratch.root).entries("models")


def test_a_registry_below_a_linked_folder_is_read(scratch: Scratch) -> None:
    link = scratch.root.parent / "link"
    link.symlink_to(scratch.root)
    assert WorkTree(link).read(RECORD) is not None


def test_a_submodule_is_told_as_one(scratch: Scratch) -> None:
    scratch.git("update-index", "--add", "--cacheinfo", f"160000,{scratch.head},models/sub/model.yaml")
    scratch.git("commit", "--quiet", "-m", "Submodule")
    tree = GitTree(scratch.root, "HEAD")
    assert tree.read("models/sub/model.yaml") is None
    tree.entries("models")
    with pytest.raises(MintmarkError, match="is a submodule where a file belongs"):
        tree.read("models/sub/model.yaml")


def test_large_files_come_back_cut(scratch: Scratch) -> None:
    scratch.write(RECORD, b"a: " + b"x" * 50_000_000)
    assert len(WorkTree(scratch.root).read(RECORD) or b"") == MAX_BYTES + 1
    scratch.commit()
    tree = GitTree(scratch.root, "HEAD")
    assert len(tree.read(RECORD) or b"") == MAX_BYTES + 1
    ((_, content),) = tree.blobs([tree.entries("models")[RECORD].oid])
    assert len(content) == MAX_BYTES + 1


def test_before_the_first_commit(empty_registry: Scratch) -> None:
    tree = WorkTree(empty_registry.root)
    assert tree.head is None
    assert list(tree.entries("models")) == ["models/registry.yaml"]
    assert tree.subtree_ids("models") == {}
    assert tree.names("models") == ["registry.yaml"]


def test_a_pipe_in_place_of_a_file_does_not_hang(scratch: Scratch) -> None:
    scratch.path(RECORD).unlink()
    os.mkfifo(scratch.path(RECORD))
    assert RECORD not in WorkTree(scratch.root).entries("models")
    with pytest.raises(MintmarkError, match="is not a plain file"):
        WorkTree(scratch.root).read(RECORD)


def test_crlf_on_the_disk_alone_is_no_change(scratch: Scratch) -> None:
    scratch.git("config", "core.autocrlf", "true")
    scratch.write(".gitattributes", "/.dvc/store/** binary\n")
    scratch.git("add", ".gitattributes")
    scratch.path(RECORD).unlink()
    scratch.git("checkout", "--", RECORD)
    assert b"\r\n" in scratch.path(RECORD).read_bytes()
    tree = WorkTree(scratch.root)
    assert tree.entries("models") == GitTree(scratch.root, "HEAD").entries("models")


_files = st.sampled_from(["a/x.yaml", "a/y.yaml", "b/x.yaml", "a/n\nl", "b/é", "c.yaml", "a/deep/er/z"])
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), _files, st.sampled_from(["1", "2", ""])),
        st.tuples(st.just("remove"), _files, st.just("")),
        st.tuples(st.just("add"), st.just("-A"), st.just("")),
        st.tuples(st.just("commit"), st.just("-A"), st.just("")),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_steps)
def test_the_work_tree_is_what_a_commit_of_it_would_be(
    empty_registry: Scratch, steps: list[tuple[str, str, str]]
) -> None:
    empty_registry.remove("models")  # what the example before left
    empty_registry.write_settings()
    empty_registry.commit()
    for step, name, text in steps:
        path = f"models/{name}"
        if step == "write":
            empty_registry.write(path, text)
        elif step == "remove" and empty_registry.path(path).exists():
            empty_registry.remove(path)
        elif step == "add":
            empty_registry.git("add", name)
        elif step == "commit":
            empty_registry.commit()
    work = WorkTree(empty_registry.root)
    entries = dict(work.entries("models"))
    contents = dict(work.blobs({entry.oid for entry in entries.values()}))
    head = empty_registry.commit()
    commit = GitTree(empty_registry.root, head)
    assert entries == commit.entries("models")
    assert contents == dict(commit.blobs({entry.oid for entry in entries.values()}))
