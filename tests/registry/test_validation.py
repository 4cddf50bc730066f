"""The rules held against a registry; every verdict again from the cache."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.registry.damage import CHANNEL, DAMAGES, FOLDER, RECORD, Damage
from tests.registry.validated import check, check_since, rules, told
from tests.scaffold.marks import first_quick
from tests.scaffold.work import calls_at_most

from mintmark.errors import MintmarkError
from mintmark.registry import snapshot
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.past.branch_diff import BranchDiff
from mintmark.registry.validation import Report, validate_tree

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch

    from mintmark.core.finding import Finding


def find(report: Report, damage: Damage) -> Finding:
    found = [finding for finding in report.findings if finding.path == damage.path and damage.words in finding.message]
    assert found, f"{damage.path!a}: {damage.words!a} is not among {told(report)!a}"
    return found[0]


@contextmanager
def read_in_parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Read each version folder by itself, as thousands of them are read together in a large registry."""
    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "_PART", 1)
        yield


def forget(scratch: Scratch) -> None:
    shutil.rmtree(scratch.path(".git/mintmark"), ignore_errors=True)


def test_a_sound_registry_is_clean(scratch: Scratch) -> None:
    report = check(scratch)
    assert told(report) == []
    assert (report.models, report.versions) == (2, 4)
    assert report.is_clean


@pytest.mark.parametrize("name", first_quick(DAMAGES))
def test_each_damage_is_found_with_file_and_line(scratch: Scratch, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    damage = DAMAGES[name]
    damage.do(scratch)
    if damage.ignored:
        scratch.git("add", "--force", damage.path)
    if not damage.committed:
        with calls_at_most(1_000_000):
            report = check(scratch)
        with read_in_parts(monkeypatch):
            assert check(scratch) == report
        assert find(report, damage).line == damage.line
        assert all("\n" not in line for line in told(report))
        assert not report.is_clean
        assert report.versions >= 3 or name == "deleted settings"  # whatever is damaged, the rest is read
        _blamed(check_since(scratch), damage, name)

    scratch.git("add", "--all")
    if damage.ignored:
        scratch.git("add", "--force", damage.path)
    scratch.git("commit", "--quiet", "-m", f"Damage: {name}")
    for _ in range(2):  # the second time from the cache
        committed = check(scratch)
        assert find(committed, damage).line == damage.line
    forget(scratch)
    with read_in_parts(monkeypatch):
        assert check(scratch) == committed
    _blamed(check_since(scratch, "HEAD~1"), damage, name)
    if "object" not in name:  # the store is as it is now, whatever the commit
        assert find(check(scratch, at="HEAD"), damage).line == damage.line
        assert told(check(scratch, at="HEAD~1")) == []


def _blamed(change: Report, damage: Damage, name: str) -> None:
    """The change is refused, for the damage itself or (R1) for touching what is registered at all."""
    assert not change.is_clean
    if "object" not in name and "R1" not in rules(change):
        assert find(change, damage).line == damage.line


@pytest.mark.parametrize(
    "pair", [("broken YAML", "linked channel"), ("50 MB metrics", "duplicate key"), ("a pickle", "half-deleted record")]
)
def test_one_damage_does_not_hide_another(scratch: Scratch, pair: tuple[str, str]) -> None:
    for name in pair:
        DAMAGES[name].do(scratch)
        if DAMAGES[name].ignored:
            scratch.git("add", "--force", DAMAGES[name].path)
    report = check(scratch)
    for name in pair:
        find(report, DAMAGES[name])


# What a person does next must never be answered with the verdict of before.
EDITS: dict[str, Callable[[Scratch], object]] = {
    "edit": lambda s: s.edit(RECORD, "C: 0.1", "C: 0.3"),
    "edit of the same size at the same time": lambda s: same_size_and_time(s, RECORD, "C: 0.1", "C: 0.3"),
    "commit": lambda s: (s.edit(RECORD, "C: 0.1", "C: 0.3"), s.commit()),
    "checkout": lambda s: s.git("checkout", "--quiet", "damaged"),
    "reset": lambda s: s.git("reset", "--quiet", "--hard", "damaged"),
    "merge": lambda s: s.git("merge", "--quiet", "--no-edit", "damaged"),
    "untracked file": lambda s: s.write(f"{FOLDER}/new.dvc", "x"),
    "staged deletion": lambda s: s.git("rm", "--quiet", "--cached", RECORD),
    "deleted object": lambda s: s.object_of("iris", "1.0.0").unlink(),
    "emptied store": lambda s: shutil.rmtree(s.path(".dvc/store")),
    "truncated object": lambda s: s.object_of("iris", "1.0.0").write_bytes(b""),
    "another remote": lambda s: s.edit(".dvc/config", "url = store", "url = nowhere"),
}


def same_size_and_time(scratch: Scratch, path: str, old: str, new: str) -> None:
    stat = scratch.path(path).stat()
    scratch.edit(path, old, new)
    os.utime(scratch.path(path), ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize("name", EDITS)
def test_a_clean_verdict_is_not_given_after_damage(scratch: Scratch, name: str) -> None:
    scratch.git("switch", "--quiet", "-c", "damaged")
    scratch.edit(RECORD, "C: 0.1", "C: 0.2")
    scratch.commit("Damage")
    scratch.git("switch", "--quiet", "main")
    assert check(scratch).is_clean
    assert check(scratch).is_clean
    EDITS[name](scratch)
    if name == "staged deletion":  # the file is still on the disk: the work tree is what it was
        return
    assert not check(scratch).is_clean
    assert not check(scratch).is_clean


def test_a_bad_verdict_is_not_given_after_mending(scratch: Scratch) -> None:
    path = scratch.object_of("iris", "1.0.0")
    content = path.read_bytes()
    scratch.edit(CHANNEL, "1.1.0", "9.9.9")
    scratch.commit("Damage")
    path.unlink()
    assert rules(check(scratch)) == {"R4", "R9"}
    path.write_bytes(content)
    assert rules(check(scratch)) == {"R4"}
    scratch.git("revert", "--no-edit", "HEAD")
    assert check(scratch).is_clean


def test_a_verdict_is_given_again_without_reading_a_record(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    before = check(scratch)
    monkeypatch.setattr("mintmark.registry.validation.read_snapshot", None)
    assert check(scratch) == before


def test_the_past_binds_a_branch_that_rewrote_it(scratch: Scratch) -> None:
    """Amending the commit that registered a version does not make the change go away: main remembers."""
    scratch.git("switch", "--quiet", "--orphan", "rewritten")
    scratch.git("checkout", "main", "--", ".")
    scratch.edit(RECORD, "C: 0.1", "C: 0.3")
    scratch.commit("Everything anew")
    assert rules(check(scratch)) == {"R1"}


def test_the_base_branch_of_the_remote_comes_first(scratch: Scratch, tmp_path: Path) -> None:
    clone = replace(scratch, root=tmp_path / "clone")
    scratch.git("clone", "--quiet", str(scratch.root), str(clone.root))
    assert check(clone).is_clean
    clone.git("switch", "--quiet", "--orphan", "rewritten")
    clone.git("checkout", "main", "--", ".")
    clone.edit(RECORD, "C: 0.1", "C: 0.3")
    clone.commit("Everything anew")
    clone.git("branch", "-M", "rewritten", "main")
    assert rules(check(clone)) == {"R1"}


def test_a_shallow_clone_is_one_sentence(scratch: Scratch, tmp_path: Path) -> None:
    scratch.git("clone", "--quiet", "--depth", "1", scratch.root.as_uri(), str(tmp_path / "shallow"))
    for run in (
        lambda: validate_tree(ClonedRegistry(tmp_path / "shallow")),
        lambda: BranchDiff(ClonedRegistry(tmp_path / "shallow"), "HEAD"),
    ):
        with pytest.raises(MintmarkError, match="git fetch --unshallow"):
            run()


def test_without_commits_everything_is_still_checked(empty_registry: Scratch, artifact: bytes) -> None:
    assert check(empty_registry).is_clean
    empty_registry.artifact = artifact
    empty_registry.add_model("iris")
    empty_registry.add_version("iris", "1.0.0")
    assert check(empty_registry).is_clean
    empty_registry.set_channel("iris", "staging", "2.0.0")
    assert rules(check(empty_registry)) == {"R4"}


_VERSIONS = ("1.0.0", "1.1.0", "1.2.0", "1.3.0")
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("channel"), st.sampled_from(["staging", "production"]), st.sampled_from([*_VERSIONS, None])),
        st.tuples(st.just("add"), st.sampled_from(_VERSIONS), st.sampled_from(["same", "other"])),
        st.tuples(st.just("remove"), st.sampled_from(_VERSIONS), st.none()),
        st.tuples(st.just("yank"), st.sampled_from(_VERSIONS), st.none()),
        st.tuples(
            st.just("break"), st.sampled_from(["channels/staging.yaml", "model.yaml", "status/1.0.0.yaml"]), st.none()
        ),
        st.tuples(st.just("commit"), st.none(), st.none()),
        st.tuples(st.just("undo"), st.none(), st.none()),
    ),
    min_size=1,
    max_size=7,
)


@pytest.mark.slow
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=_steps)
def test_a_warm_cache_never_answers_otherwise(
    copy_registry: Callable[[str], Scratch], steps: list[tuple[str, str, str | None]]
) -> None:
    """Validation, lists and pages after every step of a random life, with the cache of all steps and with none."""
    copy_registry.count = getattr(copy_registry, "count", 0) + 1  # type: ignore[attr-defined]
    scratch = copy_registry(f"life-{copy_registry.count}")  # type: ignore[attr-defined]
    for step, what, how in steps:
        folder = f"models/iris/versions/{what}"
        if step == "channel" and (how or scratch.path(f"models/iris/channels/{what}.yaml").exists()):
            scratch.set_channel("iris", what, how)
        elif step == "add":
            scratch.add_version("iris", what, seed=how)
        elif step == "remove" and scratch.path(folder).exists():
            scratch.remove(folder)
        elif step == "yank":
            scratch.yank("iris", what)
        elif step == "break":
            scratch.write(f"models/iris/{what}", "version: [")
        elif step == "commit":
            scratch.commit()
        elif step == "undo":
            scratch.git("reset", "--quiet", "--hard")
            scratch.git("clean", "--quiet", "-fd")
        warm = _answers(scratch)
        saved = scratch.root.parent / f"{scratch.root.name}-cache"
        shutil.move(scratch.path(".git/mintmark"), saved)
        cold = _answers(scratch)
        assert warm == cold
        forget(scratch)
        shutil.move(saved, scratch.path(".git/mintmark"))
    shutil.rmtree(scratch.root)


def _answers(scratch: Scratch) -> list[object]:
    commands = (
        ["validate", "--json"],
        ["list", "--json"],
        ["list", "--versions", "--json"],
        ["list", "--versions", "--at", "HEAD"],
    )
    return [scratch.run(*command) for command in commands]
