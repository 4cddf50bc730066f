"""The packages of one version: cut from its lock, by a table that is held against what is installed."""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.scaffold.documents import stored, version_document
from tests.scaffold.registry import ROOT, Scratch

from mintmark.core.records import VersionRecord
from mintmark.publishing.release import requirements
from mintmark.publishing.release.requirements import Package, Requirements, format_requirements, read_requirements
from mintmark.registry.clone import ClonedRegistry

OPTION = "--index-{}".format("url")  # no file may name an index
LOCK = (ROOT / "requirements.lock").read_text()


def record_with(lock: str, **packages: str) -> VersionRecord:
    environment = {
        "python": "3.11.7",
        "platform": "Linux x86_64",
        "packages": {"numpy": "2.4.6", **packages},
        "lock": f"sha256:{hashlib.sha256(lock.encode()).hexdigest()}",
    }
    files = {"model.skops": stored("model.skops", b"x")}
    return VersionRecord.from_dict(version_document("iris", "1.0.0", files, environment=environment))


def read(scratch: Scratch, record: VersionRecord) -> Requirements:
    return read_requirements(scratch.root, scratch.head, record)


@pytest.mark.parametrize("name", list(requirements._NEEDS))
def test_the_table_holds_what_the_installed_packages_need(name: str) -> None:
    try:
        asked = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return  # another version of another package needs it
    needed = [Requirement(text) for text in asked]
    wanted = {canonicalize_name(one.name) for one in needed if one.marker is None or "extra" not in str(one.marker)}
    assert wanted <= set(requirements._NEEDS[name])


def test_a_lock_is_cut_to_what_loads_the_model(scratch: Scratch) -> None:
    scratch.write("requirements.lock", LOCK)
    scratch.commit("Lock")
    scratch.write("requirements.lock", "other\n")
    scratch.commit("Another lock")
    found = read(scratch, record_with(LOCK))
    names = {package.name for package in found.packages}
    assert found.source == "cut"
    assert {"numpy", "pandas", "scikit-learn", "skops", "joblib", "narwhals", "prettytable"} <= names
    assert not {"dvc", "aiohttp", "onnx", "dask", "tabulate"} & names
    assert all(package.hashes for package in found.packages)
    applying = [package.version for package in found.applying("3.11.7", "Linux x86_64") if package.name == "numpy"]
    assert len(applying) == 1 < len([package for package in found.packages if package.name == "numpy"])


def test_the_whole_lock_is_kept_for_a_package_that_is_not_known(scratch: Scratch) -> None:
    scratch.write("requirements.lock", LOCK)
    scratch.commit("Lock")
    found = read(scratch, record_with(LOCK, xgboost="3.0.0"))
    assert found.source == "whole"
    assert "dvc" in {package.name for package in found.packages}
    assert "all of that lock" in format_requirements(found, record_with(LOCK))


def test_without_its_lock_the_record_has_to_do(scratch: Scratch) -> None:
    found = read(scratch, record_with("never committed", pandas=f"1 {OPTION}=http://evil"))
    assert found == Requirements(packages=(Package(name="numpy", version="2.4.6"),), source="record")
    assert format_requirements(found, record_with("x")).endswith("without hashes.\nnumpy==2.4.6\n")


@pytest.mark.parametrize(
    "line",
    [
        f"{OPTION} http://evil/",
        "numpy @ http://evil/numpy.whl",
        "numpy",
        "numpy==1.0",
        "numpy==1.0 --hash=md5:00000000000000000000000000000000",
        "numpy==1.0 --hash=sha256:short",
        "-e .",
    ],
)
def test_what_pip_would_not_take_by_its_hash_is_left_out(scratch: Scratch, line: str) -> None:
    scratch.write("requirements.lock", f"{line}\n")
    scratch.commit("Lock")
    assert read(scratch, record_with(f"{line}\n")) == Requirements(packages=(), source="cut")


@pytest.mark.parametrize("reference", ["breast-cancer@1.0.0", "digits@1.0.0"])
def test_shipped_versions_have_their_lock_in_the_history(reference: str) -> None:
    registry = ClonedRegistry(ROOT)
    record = registry.resolve(reference)
    found = read_requirements(Path(ROOT), "HEAD", record)
    assert found.source == "cut"
    recorded = {
        name: version for name, version in record.environment.packages.items() if name in requirements._LOADS["skops"]
    }
    pinned = {
        package.name: package.version
        for package in found.applying(record.environment.python, record.environment.platform)
    }
    assert recorded.items() <= pinned.items()
