"""schemathesis finds no address that answers otherwise than /openapi.json says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.serving.running import over_http

from mintmark.serving.app import App


@pytest.mark.slow
def test_what_is_answered_is_what_the_document_says(app: App, tmp_path: Path) -> None:
    """Any 5xx, undocumented status, type or body fails. That a shape fits its data, no JSON Schema can say."""
    with over_http(app) as port:
        done = subprocess.run(
            (
                *(sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{port}/openapi.json"),
                *("--phases", "examples,coverage,fuzzing", "--exclude-checks", "positive_data_acceptance"),
                *("--max-examples", "5", "--max-time", "20", "--seed", "1", "--no-color"),
            ),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
