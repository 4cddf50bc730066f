from __future__ import annotations

from pathlib import Path

import pytest
from tests.scaffold.marks import first_quick
from tests.scaffold.registry import Scratch, begin_committed

from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.registry.pipeline import (
    making_stage,
    model_stages,
    parse_lock,
    pipeline_status,
    read_lock,
    stage_targets,
)

pytestmark = pytest.mark.usefixtures("warm_programs")

PIPELINE = """\
stages:
  prepare:
    foreach: ${models}
    do:
      cmd: mkdir -p models/${key}/candidate && cp data.txt models/${key}/candidate/train.txt
      deps:
        - data.txt
      params:
        - models.${key}.rows
      outs:
        - models/${key}/candidate/train.txt
  train:
    foreach: ${models}
    do:
      cmd: cp models/${key}/candidate/train.txt models/${key}/candidate/model.skops
      deps:
        - models/${key}/candidate/train.txt
      outs:
        - models/${key}/candidate/model.skops
  report:
    cmd: echo done > report.txt
    outs:
      - report.txt
"""


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """A pipeline of two models that has run; tests leave it as it was."""
    made = begin_committed(tmp_path_factory.mktemp("pipeline") / "registry")
    made.write("dvc.yaml", PIPELINE)
    made.write("params.yaml", "models:\n  iris: {rows: 3}\n  wine: {rows: 4}\n")
    made.write("data.txt", "1\n")
    made.dvc("repro", "-q")
    return made


def test_a_pipeline_that_ran_is_up_to_date(pipeline: Scratch) -> None:
    assert pipeline_status(pipeline.root, "iris") == {}


EDITS = {
    "source": ("data.txt", "2\n", {"prepare@iris": ["data.txt is modified"]}),
    "parameter of the model": (
        "params.yaml",
        "models:\n  iris: {rows: 9}\n  wine: {rows: 4}\n",
        {"prepare@iris": ["params.yaml: models.iris.rows is modified"]},
    ),
    "parameter of another model": ("params.yaml", "models:\n  iris: {rows: 3}\n  wine: {rows: 9}\n", {}),
    "edited output": (
        "models/iris/candidate/model.skops",
        "mine\n",
        {"train@iris": ["models/iris/candidate/model.skops is modified"]},
    ),
    "deleted output": (
        "models/iris/candidate/model.skops",
        None,
        {"train@iris": ["models/iris/candidate/model.skops is deleted"]},
    ),
    "output of another model": ("models/wine/candidate/model.skops", None, {}),
    "command": (
        "dvc.yaml",
        PIPELINE.replace("cmd: cp models/${key}", "cmd: cp -f models/${key}"),
        {"train@iris": ["its command changed"]},
    ),
}


@pytest.mark.parametrize(("path", "content", "expected"), first_quick(EDITS.values()), ids=EDITS)
def test_what_is_not_up_to_date_is_told_with_its_reason(
    pipeline: Scratch, path: str, content: str | None, expected: dict[str, list[str]]
) -> None:
    file = pipeline.root / path
    before = file.read_bytes()
    try:
        file.unlink()
        if content is not None:
            file.write_text(content)
        assert pipeline_status(pipeline.root, "iris") == expected
    finally:
        file.unlink(missing_ok=True)
        file.write_bytes(before)


def test_a_stage_that_never_ran_is_not_up_to_date(pipeline: Scratch) -> None:
    lock = pipeline.root / "dvc.lock"
    before = lock.read_bytes()
    try:
        lock.unlink()
        assert set(pipeline_status(pipeline.root, "iris")) == {"prepare@iris", "train@iris"}
    finally:
        lock.write_bytes(before)


def test_a_model_that_the_pipeline_does_not_know_is_one_sentence(pipeline: Scratch) -> None:
    with pytest.raises(MintmarkError, match="tulip") as caught:
        pipeline_status(pipeline.root, "tulip")
    assert "\n" not in str(caught.value)


def test_without_a_pipeline_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MintmarkError, match=r"dvc\.yaml is not there"):
        pipeline_status(tmp_path, "iris")


def test_a_broken_pipeline_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text("stages:\n  a: [\n")
    with pytest.raises(InvalidRegistryError, match=r"dvc\.yaml:\d"):
        pipeline_status(tmp_path, "iris")


def test_the_stages_of_a_model_are_those_that_made_its_candidate(pipeline: Scratch) -> None:
    stages = model_stages(read_lock(pipeline.root), "iris")
    assert list(stages) == ["prepare@iris", "train@iris"]
    md5 = "b026324c6904b2a9cb4b88d6d61c81d1"  # of "1\n"
    assert stages["prepare@iris"].to_dict() == {
        "cmd": "mkdir -p models/iris/candidate && cp data.txt models/iris/candidate/train.txt",
        "deps": {"data.txt": f"md5:{md5}"},
        "params": {"params.yaml": {"models.iris.rows": 3}},
        "outs": {"models/iris/candidate/train.txt": f"md5:{md5}"},
    }
    out = stages["train@iris"].outs[0]
    assert (out.path, out.md5, out.size) == ("models/iris/candidate/model.skops", md5, 2)


def test_a_model_whose_name_begins_with_another_has_its_own_stages(pipeline: Scratch) -> None:
    assert model_stages(read_lock(pipeline.root), "iri") == {}


def test_no_lock_means_no_stages(tmp_path: Path) -> None:
    assert read_lock(tmp_path) == {}


BROKEN_LOCKS = {
    "list": b"- a\n",
    "stages is text": b"stages: text\n",
    "stage without cmd": b"stages:\n  a:\n    deps: []\n",
    "file without path": b"stages:\n  a:\n    cmd: x\n    outs:\n    - md5: abc\n",
    "duplicate": b"stages:\n  a:\n    cmd: x\n  a:\n    cmd: x\n",
    "not YAML": b"stages: [\n",
    "merge conflict": b"<<<<<<< HEAD\nstages: {}\n",
}


@pytest.mark.parametrize("content", BROKEN_LOCKS.values(), ids=BROKEN_LOCKS)
def test_a_broken_lock_is_told_with_its_line(content: bytes) -> None:
    with pytest.raises(InvalidRegistryError, match=r"dvc\.lock:\d"):
        parse_lock(content)


def test_what_a_stage_depends_on_counts_however_far_up_and_even_in_a_circle() -> None:
    lock = """\
schema: '2.0'
stages:
  download: {cmd: d, outs: [{path: raw.csv, md5: a1}]}
  clean: {cmd: c, deps: [{path: raw.csv, md5: a1}], outs: [{path: clean.csv, etag: e1}]}
  train@iris: {cmd: t, deps: [{path: clean.csv, etag: e1}], outs: [{path: models/iris/candidate/model.skops, md5: a2}]}
  other: {cmd: o, deps: [{path: models/iris/candidate/model.skops, md5: a2}], outs: [{path: other.txt, md5: a3}]}
"""
    stages = model_stages(parse_lock(lock.encode()), "iris")
    assert list(stages) == ["download", "clean", "train@iris"]
    assert stages["train@iris"].to_dict()["deps"] == {"clean.csv": "etag:e1"}
    circle = lock.replace("{cmd: d,", "{cmd: d, deps: [{path: clean.csv, etag: e1}],")
    assert list(model_stages(parse_lock(circle.encode()), "iris")) == ["download", "clean", "train@iris"]


def test_the_stage_to_run_for_a_candidate_is_the_last_of_the_models_own_whatever_it_is_called() -> None:
    lock = """\
schema: '2.0'
stages:
  judge: {cmd: j, deps: [{path: models/gbm/candidate/model.onnx, md5: a2}],
          outs: [{path: models/gbm/candidate/metrics.json, md5: a3}]}
  fit: {cmd: f, deps: [{path: rows.csv, md5: a1}], outs: [{path: models/gbm/candidate/model.onnx, md5: a2}]}
  register-churn: {cmd: r, outs: [{path: models/churn/candidate/model.skops, md5: a4}]}
"""
    stages = parse_lock(lock.encode())
    assert [making_stage(stages, model) for model in ("gbm", "churn", "oak")] == ["judge", "register-churn", ""]


def test_a_stage_is_a_models_where_it_is_repeated_for_it_or_writes_its_candidate(tmp_path: Path) -> None:
    """A team's own stages need no section in params.yaml, for which the others would be repeated."""
    (tmp_path / "params.yaml").write_text("models: {iris: {}}\n")
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n"
        "  prepare:\n    foreach: ${models}\n    do: {cmd: prepare}\n"
        "  clean: {cmd: clean, outs: [data/rows.csv]}\n"
        "  fit-gbm: {cmd: fit, outs: [models/gbm/candidate/model.onnx]}\n"
    )
    assert stage_targets(tmp_path, "iris") == ["prepare@iris"]
    assert stage_targets(tmp_path, "gbm") == ["fit-gbm"]
    with pytest.raises(MintmarkError, match="has no stage for oak"):
        stage_targets(tmp_path, "oak")
