from __future__ import annotations

import csv
import io
import os
import pickle
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest

from mintmark.artifacts.formats import check_artifact, detect_format
from mintmark.artifacts.loading import load_artifact
from mintmark.core.finding import Finding
from mintmark.errors import InvalidRegistryError


class Call:
    """Unpickling this runs a command."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


EXPORT = "export the model as ONNX: docs/how-to/bring-a-model.md shows how"


def refused(data: bytes, words: str, remedy: str = "store skops, ONNX, safetensors or plain data") -> None:
    found = detect_format(data, name="model.skops")
    assert isinstance(found, Finding)
    assert words in found.message
    assert remedy in found.message
    assert (found.path, found.rule) == ("model.skops", "R8")
    assert check_artifact(data, name="model.skops", declared_format="skops") == [found]


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_are_refused_whatever_they_are_called(tmp_path, protocol):
    mark = tmp_path / "ran"
    data = pickle.dumps([Call(mark)], protocol=protocol)
    refused(data, "is a pickle (protocol")
    path = tmp_path / "model.skops"
    path.write_bytes(data)
    for artifact_format in ("skops", "onnx", "safetensors"):
        with pytest.raises(InvalidRegistryError, match="pickle"):
            load_artifact(path, artifact_format)
    assert not mark.exists()


@pytest.mark.parametrize("compressor", ["zlib", "gzip", "bz2", "lzma", "xz"])
def test_compressed_joblib_files_are_refused(tmp_path, compressor):
    path = tmp_path / "model.skops"
    joblib.dump({"weights": np.arange(1000), "call": Call(tmp_path / "ran")}, path, compress=(compressor, 3))
    refused(path.read_bytes(), f"is a pickle compressed with {compressor}")


def test_lz4_zstd_and_plain_joblib_files_are_refused(tmp_path):
    path = tmp_path / "model.joblib"
    joblib.dump({"weights": np.arange(1000)}, path)
    refused(path.read_bytes(), "is a pickle (protocol")
    refused(bytes.fromhex("04224d186440a7") + os.urandom(100), "is compressed with lz4")
    refused(bytes.fromhex("28b52ffd0458") + os.urandom(100), "is compressed with zstd")


def test_cloudpickle_files_are_refused():
    import cloudpickle

    refused(cloudpickle.dumps(lambda x: x + 1), "is a pickle (protocol")


def zip_with(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return buffer.getvalue()


def test_zips_of_other_kinds_are_refused():
    refused(zip_with(**{"archive__data.pkl": pickle.dumps([1])}), "is a zip with a pickle inside, as PyTorch", EXPORT)
    refused(zip_with(**{"config.json": b"{}", "model.weights.h5": b""}), "is a zip such as Keras writes", EXPORT)
    refused(zip_with(**{"a.txt": b""}), "is a zip without a schema.json")
    refused(zip_with(), "is a zip without a schema.json")
    buffer = io.BytesIO()
    np.savez(buffer, a=np.arange(3))
    refused(buffer.getvalue(), "is an .npz archive")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\x7fELF" + bytes(100), "is a program"),
        (b"#!/bin/sh\na,b\n1,2\n", "is a script"),
        (b"hello", "is of no format that the registry knows"),
        (b"hello\nworld\n", "is of no format that the registry knows"),
        (os.urandom(1000) + b"\0", "is "),
        (b"a,b\n1,2\n\x00", "is of no format that the registry knows"),
        (b"a,b\n1,2,3\n", "is of no format that the registry knows"),
        ("ä,b\n1,2\n".encode("latin-1"), "is of no format that the registry knows"),
        (b"PAR1" + bytes(100), "is of no format that the registry knows"),
    ],
)
def test_what_is_not_recognised_is_refused(data, words):
    refused(data, words)


def test_other_files_of_frameworks_are_refused_with_the_way_to_export_them():
    refused(b"\x89HDF\r\n\x1a\n" + bytes(100), "is HDF5, which Keras files", EXPORT)
    refused(bytes.fromhex("80028a0a6cfc9c46f9206aa850192e80024de9032e"), "is a pickle as PyTorch writes it", EXPORT)


def test_a_pickle_that_reads_as_a_table_is_a_pickle():
    refused(b"cos,x\nsystem,y\n(S'ls,z'\ntR.", "is a pickle (protocol 0 or 1)")


def numpy_file(array, **options) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def parquet_file() -> bytes:
    import pyarrow
    import pyarrow.parquet

    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"a": [1, 2]}), buffer)
    return buffer.getvalue()


def table_file(rows: int, delimiter: str = ",") -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerows([["name", "value"], ["line\nof text", 7]])
    head, row = buffer.getvalue().split("\r\n", 1)
    return f"{head}\r\n{row * rows}".encode("utf-8-sig")


@pytest.mark.parametrize(
    "data",
    [
        b"a,b\n1,2\n", b'{"a": [1, 2]}', b"[1]", numpy_file(np.arange(3)), parquet_file(), table_file(3),
        table_file(200_000), table_file(3, ";"), table_file(3, "\t"),
    ],
    ids=["csv", "json", "array", "npy", "parquet", "quoted", "long", "semicolon", "tab"],
)  # fmt: skip
def test_plain_data_is_data(data):
    assert detect_format(data) == "data"
    assert check_artifact(data, declared_format="data") == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (numpy_file(np.array([1, None], dtype=object), allow_pickle=True), "holds Python objects"),
        (numpy_file(np.arange(9))[:-1], "bytes (int64"),
        (b'{"a": ', "begins like JSON and is not"),
        (b"[" * 100_000, "begins like JSON and is not"),
    ],
)
def test_data_that_is_not_plain_is_refused(data, words):
    (finding,) = check_artifact(data, name="rows")
    assert words in finding.message


def test_skops_is_told_by_its_content(dumped, tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(dumped["logistic"])
    assert detect_format(path) == "skops"
    assert check_artifact(path, declared_format="skops") == []


def test_another_format_than_declared_is_a_finding(dumped):
    (finding,) = check_artifact(dumped["logistic"], name="model.onnx", declared_format="onnx")
    assert str(finding) == ("model.onnx: is skops, but its record says onnx; store the file that it describes [R8]")


def test_what_is_no_file_is_a_finding(tmp_path):
    assert "is not a file" in detect_format(tmp_path).message
    assert "cannot be read (No such file" in detect_format(tmp_path / "gone").message
    os.mkfifo(tmp_path / "pipe")
    (finding,) = check_artifact(tmp_path / "pipe", name="pipe")
    assert "is not a file" in finding.message


def test_artifacts_too_large_to_check_are_refused(dumped, monkeypatch):
    monkeypatch.setattr("mintmark.artifacts.formats.MAX_ARTIFACT_SIZE", 100)
    (finding,) = check_artifact(dumped["logistic"])
    assert "at most 100 can be checked" in finding.message


def test_trusted_types_reach_the_checks(take):
    file = take("logistic")
    file.find("StandardScaler").update(__module__="mypackage")
    assert len(check_artifact(file.bytes())) == 1
    assert check_artifact(file.canonical(), trusted=["mypackage.StandardScaler"]) == []
