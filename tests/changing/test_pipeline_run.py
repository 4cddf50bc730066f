"""A workflow's clone is fresh: the data that DVC tracks has to come from somewhere before a stage can read it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.commands.writing_fixture import make_candidate
from tests.scaffold.registry import Scratch

from mintmark.changing.pipeline_run import run_pipeline
from mintmark.registry.dvc import DvcError

DATA = "data/points.csv"


@pytest.fixture
def tiny(tmp_path: Path) -> Scratch:
    return make_candidate(tmp_path / "registry")


def rows(scratch: Scratch) -> int:
    return len(scratch.read(DATA).splitlines()) - 1


@pytest.mark.long
def test_imported_data_is_that_of_the_day(tiny: Scratch, tmp_path: Path) -> None:
    source = tmp_path / "warehouse.csv"
    shutil.move(tiny.root / DATA, source)
    tiny.git("rm", "--quiet", "--cached", DATA)
    tiny.dvc("import-url", str(source), DATA)
    tiny.repro()
    tiny.commit("Import the data")
    source.write_text(source.read_text() + "4,8\n")
    (tiny.root / DATA).unlink()
    run_pipeline(tiny.root, "tiny")
    assert rows(tiny) == 4
    assert '"rows": 4' in tiny.read("models/tiny/candidate/metrics.json")
    assert set(tiny.git("diff", "--name-only").splitlines()) == {f"{DATA}.dvc", "dvc.lock"}


@pytest.mark.slow
def test_data_that_is_missing_is_pulled(tiny: Scratch) -> None:
    tiny.git("rm", "--quiet", "--cached", DATA)
    tiny.dvc("add", DATA)
    tiny.repro()
    tiny.dvc("push", f"{DATA}.dvc")
    tiny.commit("Track the data")
    (tiny.root / DATA).unlink()
    shutil.rmtree(tiny.root / ".dvc/cache")
    run_pipeline(tiny.root, "tiny")
    assert rows(tiny) == 3


def test_a_stage_that_fails_is_told_in_its_words(tiny: Scratch) -> None:
    tiny.write("scripts/fit.py", "import sys\nsys.exit('no data today')\n")
    with pytest.raises(DvcError, match="failed to reproduce 'fit@tiny'"):
        run_pipeline(tiny.root, "tiny")
