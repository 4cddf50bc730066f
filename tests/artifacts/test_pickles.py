"""A pickle is one whatever it is called, and what only looks like one is none."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scaffold.registry import ROOT

from mintmark.artifacts.pickles import describe_pickle


class Runs:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, ("true",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("thing", [Runs(), Path("x"), {"a": Runs()}], ids=["call", "path", "inside"])
def test_every_protocol(protocol: int, thing: object) -> None:
    content = pickle.dumps(thing, protocol=protocol)
    assert "pickle" in describe_pickle("docs/x.md", content)
    assert "gzip" in describe_pickle("docs/x.md", gzip.compress(content, mtime=0))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/page.txt", content)
    assert "archive" in describe_pickle("data/x.zip", target.getvalue())


@pytest.mark.parametrize("name", ["a.pkl", "a/b.Pickle", "x.joblib", "y.cloudpickle", "z.dill"])
def test_a_pickle_by_its_name(name: str) -> None:
    assert describe_pickle(name, b"")


@pytest.mark.parametrize(
    "content",
    [b"", b".", b"\x80", b"\x80\x01", b"(the end)\n", b"cat\ndog\n.\n", b"cos\nsystem\n", b"PK", b"\x1f\x8b", b"BZh", b"\x04\x22\x4d\x18" * 9,
     gzip.compress(b"a,b\n", mtime=0), b"\x93NUMPY\x01\x00", b"I1\n.", "caf\u00e9".encode()],
)  # fmt: skip
def test_what_is_no_pickle(content: bytes) -> None:
    assert describe_pickle("data/x", content) == ""


def test_what_nobody_can_look_into_is_no_file_without_a_pickle() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", "x,y")
    central = packed.getvalue().rindex(b"PK\x01\x02")
    locked = bytearray(packed.getvalue())
    locked[central + 8] |= 1
    assert describe_pickle("data/x.zip", packed.getvalue()) == ""
    assert "under a password" in describe_pickle("data/x.zip", bytes(locked))
    assert "zstd" in describe_pickle("data/x.csv.zst", b"\x28\xb5\x2f\xfd\x04\x00")


def test_arrays_of_objects() -> None:
    for array, found in ((np.arange(3.0), False), (np.array([{}], dtype=object), True)):
        plain, packed = io.BytesIO(), io.BytesIO()
        np.save(plain, array, allow_pickle=True)
        np.savez(packed, array, allow_pickle=True)
        assert [bool(describe_pickle("x", each.getvalue())) for each in (plain, packed)] == [found] * 2


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b", b"\x5d\x00\x00", b"\x78\x9c", b"\0" * 257 + b"ustar"]),
)
def test_whatever_the_bytes_are(content: bytes, magic: bytes) -> None:
    assert isinstance(describe_pickle("x", magic + content), str)


def test_no_file_of_this_repository_is_one() -> None:
    folders = ("docs", "schemas", "scripts")
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()):
        if path.suffix != ".pyc":
            assert describe_pickle(path.name, path.read_bytes()) == "", path
