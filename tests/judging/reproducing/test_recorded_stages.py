"""The order in which recorded stages run, and what they read that none of them makes."""

from __future__ import annotations

from itertools import permutations

import pytest
from tests.scaffold.registry import Scratch

from mintmark.core.records import VersionRecord
from mintmark.errors import MintmarkError
from mintmark.judging.reproducing.recorded_stages import Source, recorded_stages, sources
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.pipeline import LockedFile, LockedStage
from mintmark.registry.yaml.text import format_yaml


def stage(name: str, *, reads: list[str], writes: list[str]) -> LockedStage:
    deps, outs = ([LockedFile(path=path, hash="md5:0") for path in paths] for paths in (reads, writes))
    return LockedStage(name=name, cmd=f"run {name}", deps=tuple(deps), outs=tuple(outs))


STAGES = (
    stage("split", reads=["data", "split.py"], writes=["parts"]),
    stage("fit", reads=["parts/train.csv", "fit.py"], writes=["made/model.json"]),
    stage("test", reads=["made", "parts/test.csv"], writes=["made.txt"]),
)


def release(scratch: Scratch, stages: list[LockedStage]) -> tuple[VersionRecord, str]:
    """Put a record and a dvc.lock of these stages in a commit."""
    record = ClonedRegistry(scratch.root).record("iris", "1.0.0")
    kept = [f"models/iris/candidate/{file.name}" for file in record.stored_files]
    stages[-1] = stage(stages[-1].name, reads=[dep.path for dep in stages[-1].deps],
                       writes=[*(out.path for out in stages[-1].outs), *kept])  # fmt: skip
    lock = {each.name: {"cmd": each.cmd, "deps": _entries(each.deps), "outs": _entries(each.outs)} for each in stages}
    scratch.write("dvc.lock", format_yaml({"schema": "2.0", "stages": lock}))
    document = {**record.document, "stages": {each.name: each.to_dict() for each in stages}}
    return VersionRecord.from_dict(document), scratch.commit("stages")


def _entries(files: tuple[LockedFile, ...]) -> list[dict[str, str]]:
    return [{"path": file.path, "md5": file.hash.removeprefix("md5:")} for file in files]


def test_each_stage_comes_after_those_that_it_reads_from(scratch: Scratch) -> None:
    for order in permutations(STAGES):
        record, commit = release(scratch, list(order))
        assert [each.name for each in recorded_stages(scratch.root, record, commit)] == ["split", "fit", "test"]


def test_stages_in_a_circle_stay_as_they_are(scratch: Scratch) -> None:
    circle = [stage("b", reads=["x"], writes=["y"]), stage("a", reads=["y"], writes=["x"])]
    record, commit = release(scratch, circle)
    assert [each.name for each in recorded_stages(scratch.root, record, commit)] == ["b", "a"]


def test_what_is_read_and_not_made() -> None:
    assert sources(STAGES) == [
        Source("data", "split"), Source("split.py", "split"), Source("fit.py", "fit"), Source("made", "test", True),
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["/mnt/data.csv", "../data.csv", "data/../../x"])
def test_data_outside_the_repository_is_refused(path: str) -> None:
    with pytest.raises(MintmarkError, match=r"fit reads .*, which lies outside the repository"):
        sources([stage("fit", reads=[path], writes=["x"])])


def test_a_lock_that_says_something_else_or_nothing(scratch: Scratch) -> None:
    record, commit = release(scratch, list(STAGES))
    fit = {**record.document["stages"]["fit"], "cmd": "run another"}
    for stages, says in (
        ({**record.document["stages"], "fit": fit}, "dvc.lock says something else of fit in"),
        ({**record.document["stages"], "more": fit}, "dvc.lock knows no more in"),
        ({"fit": record.document["stages"]["fit"]}, r"no recorded stage of iris@1\.0\.0 writes model\.skops"),
    ):
        other = VersionRecord.from_dict({**record.document, "stages": stages})
        with pytest.raises(MintmarkError, match=says):
            recorded_stages(scratch.root, other, commit)
    scratch.remove("dvc.lock")
    with pytest.raises(MintmarkError, match=r"there is no dvc\.lock in"):
        recorded_stages(scratch.root, record, scratch.commit("no lock"))
