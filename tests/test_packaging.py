"""The wheel: built from this checkout without a network, it works where no checkout is."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Scratch

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = (
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--wheel-dir",
        str(folder),
        str(ROOT),
    )
    subprocess.run((sys.executable, "-m", "pip", *build), check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    install = ("install", "--quiet", "--no-deps", "--no-index", "--target", str(target), str(wheel))
    subprocess.run((sys.executable, "-m", "pip", *install), check=True, capture_output=True)
    return target


def run(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the console script with the installed package in front of this checkout's."""
    return subprocess.run(
        (sys.executable, str(installed / "bin" / "mintmark"), *arguments), cwd=cwd, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )  # fmt: skip


def test_the_wheel_carries_the_package_and_the_schemas_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    schemas = {name for name in names if name.startswith("mintmark/schemas/")}
    assert schemas == {f"mintmark/schemas/{path.name}" for path in (ROOT / "schemas").glob("*.json")}
    sources = {path.relative_to(ROOT / "scripts").as_posix() for path in (ROOT / "scripts" / "mintmark").rglob("*.py")}
    assert sources <= set(names)
    assert "mintmark/py.typed" in names
    rest = {name for name in names if not name.startswith("mintmark/") and ".dist-info/" not in name}
    assert rest == set()
    assert not [name for name in names if "__pycache__" in name]


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    from mintmark import __version__

    with zipfile.ZipFile(wheel) as archive:
        folder = f"mintmark-{__version__}.dist-info"
        metadata = archive.read(f"{folder}/METADATA").decode()
        assert f"Version: {__version__}\n" in metadata
        assert "License-Expression: Apache-2.0\n" in metadata
        assert "Requires-Python: >=3.11\n" in metadata
        assert "mintmark = mintmark.cli:main" in archive.read(f"{folder}/entry_points.txt").decode()
        assert f"{folder}/licenses/LICENSE" in archive.namelist()


def test_it_runs_on_a_registry_that_has_no_copy_of_it(installed: Path, scratch: Scratch) -> None:
    where = run(installed, scratch.root, "--version")
    assert (where.returncode, where.stderr) == (0, "")
    place = subprocess.run(
        (sys.executable, "-c", "import mintmark; print(mintmark.__file__)"), cwd=scratch.root, capture_output=True, text=True,
        check=True, env={**os.environ, "PYTHONPATH": str(installed)},
    )  # fmt: skip
    assert place.stdout.strip() == str(installed / "mintmark" / "__init__.py")
    listed = run(installed, scratch.root, "list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "iris" in listed.stdout
    assert run(installed, scratch.root, "validate").stdout == "2 models, 4 versions: nothing is wrong\n"
    assert run(installed, scratch.root, "site", "build").returncode == 0
    assert (scratch.root / "site" / "models" / "iris" / "1.1.0" / "index.html").is_file()
    assert list((scratch.root / "site" / "assets").glob("registry.*"))
    scratch.edit("models/iris/model.yaml", "owners:", "ownrs:")
    explained = run(installed, scratch.root, "validate")
    assert explained.returncode == 1
    assert 'did you mean "owners"?' in explained.stdout
