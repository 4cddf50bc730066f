"""What dvc.yaml declares is worked out as DVC works it out, which the slow test asks DVC itself."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from mintmark.core.pipeline.grammar import path_fault, stage_name_fault
from mintmark.core.pipeline.templates import TemplateFault, Templates

PARAMS: dict[str, Any] = {
    "models": {"a": {"rate": 0.5, "deep": True}, "b": {"rate": 1, "deep": False}},
    "names": ["x", "y"],
    "options": {"rate": 0.1, "verbose": True, "quiet": False, "layers": [3, 4], "name": "two words", "in": {"x": 1}},
}
PIPELINE = """\
vars: [{folder: out}, more.yaml]
stages:
  plain: {cmd: 'run \\${HOME} ${folder} ${more[1]}', outs: [{'${folder}/p': {cache: false}}]}
  list: {cmd: [one, 'two ${folder}']}
  options: {cmd: 'run ${options}'}
  mapped: {foreach: '${models}', do: {cmd: 'run ${key} ${item.rate} ${item.deep}', deps: ['d/${key}']}}
  named: {foreach: '${names}', do: {cmd: 'run ${item}'}}
  numbered: {foreach: [{n: 1}, {n: 2}], do: {cmd: 'run ${item.n}'}}
  crossed: {matrix: {i: [1, 2], m: '${names}', o: [{z: 1}]}, cmd: 'run ${key} ${item.i} ${item.m} ${item.o.z}'}
  own: {vars: [{mine: 7}], cmd: 'run ${mine}'}
"""
STAGES = ("plain", "list", "options", "mapped@a", "mapped@b", "named@x", "numbered@1", "crossed@2-y-o0", "own")


def _templates(pipeline: str = PIPELINE) -> Templates:
    return Templates(yaml.safe_load(pipeline), {"params.yaml": PARAMS, "more.yaml": {"more": ["p", "q"]}})


@pytest.mark.slow
def test_dvc_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dvc.fs import LocalFileSystem
    from dvc.parsing import DataResolver

    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(yaml.safe_dump(PARAMS, sort_keys=False))
    Path("more.yaml").write_text("more: [p, q]\n")
    dvc = DataResolver(SimpleNamespace(fs=LocalFileSystem(), config={}), "", yaml.safe_load(PIPELINE))
    for name in STAGES:
        theirs, ours = dvc.resolve_one(name)[name], _templates().stage(name)
        assert ours is not None, name
        assert ours.cmd == theirs["cmd"], name
        assert ours.deps == set(theirs.get("deps", ())), name


def test_what_is_repeated_has_a_name_for_each() -> None:
    found = _templates().stage("crossed@2-y-o0")
    assert found is not None
    assert found.cmd == "run 2-y-o0 2 y 1"
    assert [_templates().stage(name) for name in ("mapped", "mapped@c", "plain@a", "absent")] == [None] * 4


@pytest.mark.parametrize(
    "change",
    [
        ("${more[1]}", "${more[9]}"),
        ("more.yaml]", "absent.yaml]"),
        ("{folder: out}", "{models: 1}"),
        ("{folder: out}", "{folder: '${names}'}"),
        ("run \\${HOME}", "run ${models}/${names}"),
        ("{cmd: 'run \\$", "{wdir: sub, cmd: 'run \\$"),
    ],
    ids=str,
)
def test_what_cannot_be_worked_out_is_a_fault(change: tuple[str, str]) -> None:
    assert change[0] in PIPELINE
    with pytest.raises(TemplateFault):
        _templates(PIPELINE.replace(*change, 1)).stage("plain")


def test_a_name_is_of_letters_and_a_path_stays_inside() -> None:
    names = ("fit", "fit@loans", "fit_2.x@a-b", "fit@0.1", "prüfen@2-y-o0")
    assert [stage_name_fault(name) for name in names] == [None] * len(names)
    assert all(stage_name_fault(name) for name in ("-q", "a b", "a@b@c", "../a", "a/b", "", "a:b", 7))
    paths = ("data/a.csv", "data/", "a b/ü.csv", "a/~b", "a-b", "..a/b..")
    assert [path_fault(path) for path in paths] == [None] * len(paths)
    assert all(path_fault(path) for path in ("/a", "-a", "~a", "a/../b", "s3://a", "C:/a", "a\nb", "a//b", "", None))
