from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mintmark.core.records import (
    DataSource,
    Environment,
    OutputType,
    Signature,
    StageRecord,
    Status,
    StoredFile,
    VersionRecord,
    format_pointer,
    parse_size,
)
from mintmark.core.settings import Settings
from mintmark.core.version import parse_version

_md5 = st.one_of(
    st.text("0123456789abcdef", min_size=32, max_size=32),
    st.text("0123456789", min_size=32, max_size=32),
    st.text("01", min_size=30, max_size=30).map(lambda text: "0b" + text),
    st.builds(lambda a, b: f"{a}e{b}".ljust(32, "0")[:32], st.integers(0, 10**9), st.integers(10**9, 10**25)),
)
_name = st.one_of(
    st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,12}", fullmatch=True),
    st.from_regex(r"[0-9_][0-9_.eE-]{0,8}", fullmatch=True),
    st.sampled_from(["null", "NULL", "true", "False", "yes", "no", "on", "1.0", "12e3", "1_000", "2026-06-01", "0x1F"]),
)


@given(_md5, _name, st.integers(0, 10**12))
@example("0b" + "01" * 15, "0b1", 1)
@example("12345678e12345678901234567890123", "2026-06-01", 0)
def test_a_pointer_is_written_as_dvc_writes_it(md5: str, name: str, size: int) -> None:
    from dvc.utils.serialize import dumps_yaml, loads_yaml

    text = format_pointer(StoredFile(name=name, md5=md5, sha256="", size=size))
    content = {"outs": [{"md5": md5, "size": size, "hash": "md5", "path": name}]}
    assert loads_yaml(text) == content
    assert text == dumps_yaml(content)


def test_a_pointer_has_the_bytes_that_dvc_add_writes(tmp_path: Path) -> None:
    def run(*command: str) -> None:
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    content = b"real bytes\n"
    (tmp_path / "model.skops").write_bytes(content)
    run("git", "init", "--quiet", "-b", "main")
    run(sys.executable, "-m", "dvc", "init", "--quiet")
    run(sys.executable, "-m", "dvc", "add", "--quiet", "model.skops")
    md5 = hashlib.md5(content).hexdigest()
    file = StoredFile(name="model.skops", md5=md5, sha256="", size=len(content))
    assert (tmp_path / "model.skops.dvc").read_text() == format_pointer(file)


@pytest.mark.parametrize(
    ("size", "expected"),
    [(5, 5), ("10 MB", 10_000_000), ("1.5GB", 1_500_000_000), ("2 KiB", 2048), ("7 B", 7), (1e7, 10_000_000)],
)
def test_parse_size(size: int | str, expected: int) -> None:
    assert parse_size(size) == expected
    assert isinstance(parse_size(size), int)


@pytest.mark.parametrize("size", ["", "10", "10 mb", "10 MBit", "-1 MB", "1e3 MB", "MB"])
def test_an_unknown_size_is_refused(size: str) -> None:
    with pytest.raises(ValueError, match="is not a size such as 10 MB"):
        parse_size(size)


def test_settings_have_their_defaults() -> None:
    settings = Settings.from_dict({"schema": 1, "name": "r", "channels": [{"name": "a"}, {"name": "b", "after": "a"}]})
    assert (settings.first_channel, settings.last_channel, settings.base_branch) == ("a", "b", "main")
    assert (settings.file_limit, settings.store_limit) == (10_000_000, 500_000_000)
    found = settings.channel("b")
    assert found is not None
    assert found.after == "a"
    assert settings.channel("c") is None


def test_settings_take_what_is_written() -> None:
    settings = Settings.from_dict(
        {
            "schema": 1,
            "name": "r",
            "channels": [{"name": "a"}],
            "limits": {"file": "1 MB", "store": 2_000_000.0},
            "trusted_types": ["a.B"],
            "addresses": {"repository": "https://example.org/r", "site": "https://example.org/s"},
        }
    )
    assert (settings.file_limit, settings.store_limit) == (1_000_000, 2_000_000)
    assert settings.trusted_types == ("a.B",)
    assert (settings.repository, settings.site) == ("https://example.org/r", "https://example.org/s")


def _record(**changes: Any) -> dict[str, Any]:
    stored = {"md5": "0" * 32, "sha256": "1" * 64, "size": 3}
    return {
        "schema": 1,
        "model": "iris",
        "version": "1.4.2",
        "parent": "1.4.1",
        "created": "2026-06-01T09:30:00Z",
        "author": "Ada <ada@example.org>",
        "summary": "s",
        "artifact": {"path": "model.skops", "format": "skops", **stored},
        "files": {"b": stored, "a": stored},
        "metrics": {"rmse": {"value": 1.0}, "r2": {"value": 0.5, "low": 0.4, "high": 0.6}},
        "signature": {
            "inputs": {"length": "float64", "width": "float64"},
            "outputs": {"prediction": {"type": "str", "shape": [None]}},
            "classes": ["small", "large"],
        },
        "parameters": {"seed": 1},
        "data": [
            {"role": "training", "path": "train.parquet", "hash": "sha256:1", "rows": 7},
            {"role": "evaluation", "path": "evaluation.parquet", "hash": "sha256:2", "rows": 3},
        ],
        "stages": {
            "fit": {"cmd": ["a", "b"], "deps": {"fit.py": "md5:1"}},
            "test": {"cmd": "c", "outs": {"m": "md5:2"}},
        },
        "environment": {"python": "3.12", "platform": "Linux", "packages": {"numpy": "2.0"}, "lock": "sha256:3"},
        "extra": {"kept": True},
        **changes,
    }


def test_a_record_keeps_what_it_does_not_know() -> None:
    data = _record()
    record = VersionRecord.from_dict(data)
    assert record.document["extra"] == {"kept": True}
    assert record.reference == "iris@1.4.2"
    assert record.parent == parse_version("1.4.1")
    assert [file.name for file in record.stored_files] == ["model.skops", "b", "a"]
    assert record.stored_files[0].to_dict() == {"md5": "0" * 32, "sha256": "1" * 64, "size": 3}
    assert record.metrics["rmse"].low is None
    assert record.metrics["r2"].high == 0.6
    assert data == _record()  # from_dict leaves its argument alone


def test_a_first_version_has_no_parent() -> None:
    assert VersionRecord.from_dict(_record(parent=None)).parent is None


def test_a_record_says_what_made_it() -> None:
    record = VersionRecord.from_dict(_record())
    assert record.signature == Signature(
        inputs={"length": "float64", "width": "float64"},
        outputs={"prediction": OutputType(type="str", shape=(None,))},
        classes=("small", "large"),
    )
    assert record.data[0] == DataSource(role="training", path="train.parquet", hash="sha256:1", rows=7)
    assert record.evaluation_hash == "sha256:2"
    assert record.stages["fit"] == StageRecord(cmd=["a", "b"], deps={"fit.py": "md5:1"})
    assert (record.stages["fit"].commands, record.stages["test"].commands) == (("a", "b"), ("c",))
    assert record.stages["test"].outs == {"m": "md5:2"}
    assert record.parameters == {"seed": 1}
    assert record.environment == Environment(
        python="3.12", platform="Linux", packages={"numpy": "2.0"}, lock="sha256:3"
    )


def test_a_record_takes_what_a_later_schema_adds() -> None:
    data = _record()
    for place in (data, data["signature"], data["data"][0], data["stages"]["fit"], data["environment"]):
        place["later"] = 1
    assert VersionRecord.from_dict(data).document["data"][0]["later"] == 1


def test_a_status_may_name_a_replacement() -> None:
    assert Status.from_dict({"reason": "leak"}) == Status(reason="leak")
    status = Status.from_dict({"reason": "leak", "replacement": "1.4.3"})
    assert status.replacement == parse_version("1.4.3")
