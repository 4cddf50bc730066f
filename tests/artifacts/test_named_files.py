"""Files against the suffix of their names, and Parquet footers that lie."""

from __future__ import annotations

import base64
import gzip
import io
import pickle

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mintmark.artifacts.named_files import check_artifact_file, check_named
from mintmark.artifacts.parquet_footer import InvalidParquetError, parquet_columns


def parquet(**columns: list[object]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def packed(content: bytes, *, level: int = 9) -> bytes:
    return gzip.compress(content, level, mtime=0)


def with_extras(content: bytes, flag: int, extras: bytes) -> bytes:
    """A gzip file whose header holds more than one has to."""
    data = packed(content)
    return data[:3] + bytes([flag]) + data[4:10] + extras + data[10:]


PICKLE = pickle.dumps([print])


def told(data: bytes, name: str) -> str:
    return "\n".join(finding.message for finding in check_named(data, name, path="f"))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.parquet", parquet(a=[1])), ("a.json", b'{"a": [1, null, "x"]}'), ("a.csv", b"a\n1\n"), ("a.md", b"# A\n"),
        ("a.yaml", b"a: 1\n"), ("a.txt", "ä\n".encode()), ("A.CSV", b"a,b\n1,2\n"),
        ("a.csv.gz", packed(b"a,b\n1,2\n")), ("a.jsonl.gz", packed(b"{}\n", level=1)),
        ("a.csv.gz", with_extras(b"a\n1\n", 0x08, b"a.csv\0")),
    ],
)  # fmt: skip
def test_files_that_are_what_their_names_say(name: str, data: bytes) -> None:
    assert told(data, name) == ""


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.json", b"{", "is not JSON"),
        ("a.json", b'{"a": 1, "a": 2}', "a key is there twice"),
        ("a.json", b"[Infinity]", "no number of JSON"),
        ("a.json", b"[" * 100_000, "is not JSON"),
        ("a.json", b"[" + b"1," * 3_000_000, "more in it than"),
        ("a.csv", pickle.dumps([print]), "is a pickle"),
        ("a.csv", b"cos\nsystem\n(S'true'\ntR.", "is a pickle"),
        ("a.csv", b"a\x00b\n", "is no text"),
        ("a.npy", b"a,b\n1,2\n", "holds no npy data"),
        ("a.parquet", b"PAR1" + bytes(20) + b"PAR1", "is no Parquet table"),
        ("a.skops", b"a,b\n1,2\n", "is data, but its record says skops"),
        ("a.pkl", b"a,b\n1,2\n", "of a kind that the registry does not store"),
        ("a", b"a,b\n1,2\n", "of a kind that the registry does not store"),
        ("a.csv.gz", b"a,b\n1,2\n", "cannot be unpacked"),
        ("a.csv.gz", packed(PICKLE), "is a pickle"),
        ("a.csv.gz", packed(b"a,b\n1," + base64.b64encode(PICKLE) + b"\n"), "holds a text in base64"),
        ("a.csv.gz", packed(packed(b"a,b\n")), "is compressed with gzip"),
        ("a.csv.gz", packed(b"a\x00b\n"), "is no text"),
        ("a.csv.gz", packed(b"a,b\n")[:-4], "breaks off"),
        ("a.csv.gz", packed(b"a,b\n") + PICKLE, "goes on behind what it unpacks to"),
        ("a.csv.gz", packed(b"a,b\n") + packed(PICKLE), "goes on behind what it unpacks to"),
        ("a.csv.gz", with_extras(b"a\n1\n", 0x10, b"a comment\0"), "carries a comment or fields of its own"),
        ("a.csv.gz", with_extras(b"a\n1\n", 0x04, b"\x04\x00abcd"), "carries a comment or fields of its own"),
        ("a.csv.gz", b"", "breaks off"),
        ("a.json.gz", packed(b"{}"), "of a kind that the registry does not store"),
        ("a.csv.exe", b"a,b\n1,2\n", "of a kind that the registry does not store"),
    ],
)
def test_files_that_are_not(name: str, data: bytes, words: str) -> None:
    assert words in told(data, name)


def test_an_artifact_is_called_what_it_is(tmp_path, dumped) -> None:
    path = tmp_path / "x"
    path.write_bytes(dumped["logistic"])
    assert check_artifact_file(path, "model.skops", "skops", path="f") == []
    (finding,) = check_artifact_file(path, "model.pkl", "skops", path="f")
    assert finding.message == "model.pkl is skops, and the name of such a file ends in .skops"


def test_the_columns_of_a_table_as_pyarrow_reads_them() -> None:
    table = parquet(a=[1], b=[[1, 2]], c=[{"x": 1, "y": {"z": "2"}}], ä=["x"])
    assert parquet_columns(table) == pq.ParquetFile(io.BytesIO(table)).schema_arrow.names == ["a", "b", "c", "ä"]
    wide = parquet(**{f"c{n}": [n] for n in range(300)})
    assert parquet_columns(wide) == [f"c{n}" for n in range(300)]


def test_a_footer_that_is_cut_or_changed_ends_in_names_or_in_an_error() -> None:
    table = parquet(a=[1], b=[{"x": 1}])
    start = len(table) - 8 - int.from_bytes(table[-8:-4], "little")
    for place in range(start, len(table) - 4):
        for byte in (0, 1, 0x1C, 0x7F, 0x80, 0xFF):
            broken = table[:place] + bytes([byte]) + table[place + 1 :]
            try:
                assert isinstance(parquet_columns(broken), list)
            except InvalidParquetError:
                continue
