from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from mintmark.changing.environment import describe_environment
from mintmark.core.provenance.pins import read_pins

HASH = " \\\n    --hash=sha256:" + "0" * 64
NAMES = ("joblib", "numpy", "pandas", "scikit-learn", "scipy", "skops")


def lock(**changes: str) -> str:
    lines = {name: f"{name}=={metadata.version(name)}{HASH}\n    # via something\n" for name in NAMES}
    return "".join({**lines, **changes}.values())


def faults(tmp_path: Path, text: str, artifact_format: str = "skops", trusted: tuple[str, ...] = ()) -> list[str]:
    (tmp_path / "requirements.lock").write_text(text)
    return [str(finding) for finding in describe_environment(tmp_path, artifact_format, trusted)[1]]


def test_a_sound_lock(tmp_path: Path) -> None:
    assert faults(tmp_path, "# made by uv\n--require-hashes\n\n" + lock()) == []
    environment, _ = describe_environment(tmp_path, "skops", ())
    assert list(environment) == ["python", "platform", "packages", "lock"]
    assert environment["packages"] == {name: metadata.version(name) for name in NAMES}


def test_a_development_tool_changes_no_environment(tmp_path: Path) -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        (tmp_path / name).write_text(lock())
    before, _ = describe_environment(tmp_path, "skops", ())
    (tmp_path / "requirements-dev.lock").write_text(lock() + "playwright==99.0" + HASH)
    assert describe_environment(tmp_path, "skops", ())[0] == before
    (tmp_path / "requirements.lock").write_text(lock() + "playwright==99.0" + HASH)
    assert describe_environment(tmp_path, "skops", ())[0]["lock"] != before["lock"]


def test_the_repository_s_own_lock_is_pinned() -> None:
    root = Path(__file__).parents[2]
    pins = read_pins((root / "requirements.lock").read_bytes())
    assert len(pins) > 50
    assert all(pin.version and pin.hashes for pin in pins)
    assert {pin.marker is None or pin.marker.evaluate() for pin in pins} == {True, False}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (f"numpy>=2{HASH}\n", "requirements.lock:3: numpy is not pinned with =="),
        (f"numpy==2.*{HASH}\n", "requirements.lock:3: numpy is not pinned with =="),
        (f"numpy{HASH}\n", "requirements.lock:3: numpy is not pinned with =="),
        (f"numpy @ https://example.org/numpy.whl{HASH}\n", "numpy is not pinned with =="),
        ("-e .\n", "-e . is not pinned with =="),
        ("numpy==0.0.1\n", "requirements.lock:3: numpy has no hash"),
        (f"numpy==0.0.1{HASH}\n", "requirements.lock:3: pins numpy 0.0.1, and"),
        ("", "requirements.lock: does not pin numpy, which this model needs"),
        (f"numpy=={metadata.version('numpy')} ; python_version < '3'{HASH}\n", "does not pin numpy"),
    ],
)
def test_faults(tmp_path: Path, entry: str, message: str) -> None:
    found = faults(tmp_path, f"# header\n\n{entry}{lock(numpy='')}")
    assert any(message in fault for fault in found), found


def test_markers_choose_the_entry_for_this_python(tmp_path: Path) -> None:
    version = metadata.version("numpy")
    both = f"numpy==0.0.1 ; python_version < '3'{HASH}\nnumpy=={version} ; python_version >= '3'{HASH}\n"
    assert faults(tmp_path, lock(numpy=both)) == []


def test_trusted_types_bring_their_packages(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, lock(), trusted=("pyarrow.Table",))
    assert fault.startswith("requirements.lock: does not pin pyarrow, which this model needs; make lock")


def test_many_faults_are_cut_short(tmp_path: Path) -> None:
    assert len(faults(tmp_path, lock() + "".join(f"p{n}\n" for n in range(50)))) == 5
