"""What is settled before NumPy is imported, in a process of its own."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASK = """
import scipy.linalg
from numpy._core._multiarray_umath import __cpu_features__ as features
from threadpoolctl import threadpool_info
print({i["architecture"] for i in threadpool_info() if i["internal_api"] == "openblas"},
      any(features[name] for name in ("X86_V4", "AVX512_ICL", "AVX512_SPR")))
"""


def ask(first, **changes):
    done = subprocess.run(
        (sys.executable, "-W", "error", "-c", f"{first}\n{ASK}"),
        env={**os.environ, **changes}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="other processors have other instructions")
def test_numpy_and_openblas_use_what_every_processor_has():
    assert ask("from mintmark.training import arithmetic") == "{'Haswell'} False"
    assert ask("from mintmark.training import arithmetic", OPENBLAS_CORETYPE="Sandybridge") == "{'Sandybridge'} False"


@pytest.mark.parametrize("stage", ["prepare", "tune", "train", "evaluate"])
def test_every_stage_settles_it_before_anything_else_is_imported(stage):
    lines = (ROOT / f"scripts/{stage}.py").read_text().splitlines()
    imports = [line for line in lines if line.startswith(("import ", "from ")) and "__future__" not in line]
    assert imports[0].startswith("from mintmark.training import arithmetic")
