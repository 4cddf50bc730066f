from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scaffold.examples import examples
from tests.scaffold.marks import others_long

from mintmark.artifacts.formats import check_artifact

MUTATE = Path(__file__).with_name("mutate.py")


@settings(max_examples=examples(200), deadline=None)
@given(data=st.data(), name=st.sampled_from(["logistic", "tree", "histogram", "sparse"]))
def test_damaged_files_give_findings_or_pass_and_never_raise(dumped, data, name):
    damaged = bytearray(dumped[name])
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.none() | st.integers(0, len(damaged)))
    for finding in check_artifact(bytes(damaged[:cut]), name="model.skops"):
        assert finding.path == "model.skops"
        assert finding.message


@settings(max_examples=examples(200), deadline=None)
@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b"PK\x03\x04" + tail))
def test_any_bytes_give_findings_or_pass_and_never_raise(data):
    check_artifact(data)


@pytest.mark.parametrize("name", others_long(["svc", "boosting", "forest", "histogram", "sparse"]))
def test_mutants_with_right_checksums_are_refused_or_load_and_predict_without_a_crash(dumped, tmp_path, name):
    path = tmp_path / "model.skops"
    path.write_bytes(dumped[name])
    run = subprocess.run(
        [sys.executable, "-X", "faulthandler", MUTATE, path, "1", "150"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    refused, loaded = map(int, run.stdout.split())
    assert refused + loaded == 150
    assert refused > 20
    assert loaded > 5
