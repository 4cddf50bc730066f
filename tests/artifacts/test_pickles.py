"""A pickle is one whatever it is called, and what only looks like one is none."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import itertools
import lzma
import os
import pickle
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scaffold.registry import ROOT
from tests.scaffold.work import calls_at_most

from mintmark.artifacts import pickles
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


def zipped(content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/page.txt", content)
    return target.getvalue()


def in_text(content: bytes) -> bytes:
    """A script that carries it, behind more than the first bytes."""
    return b"# a comment\n" * 1_000 + b'DATA = """' + base64.encodebytes(content) + b'"""\n'


WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda content: gzip.compress(content, mtime=0), "bz2": bz2.compress, "xz": lzma.compress, "zlib": zlib.compress,
    "zip": zipped, "text": in_text, "base64": base64.b64encode,
}  # fmt: skip


# A text in base64 is known by the mark of the file in it, and a script has none.
@pytest.mark.parametrize(
    ("outer", "inner"),
    [pair for pair in itertools.product(WRAPPINGS, repeat=2) if pair not in {("text", "text"), ("base64", "text")}],
)
def test_one_wrapping_in_another(outer: str, inner: str) -> None:
    hidden, plain = pickle.dumps(Runs()), b"region,age\nnorth,41\n" * 300
    for content, found in ((hidden, True), (plain, False)):
        wrapped = WRAPPINGS[outer](WRAPPINGS[inner](content))
        assert bool(describe_pickle("docs/notes.gz", wrapped)) == found
    assert "so nobody here sees" not in describe_pickle("x", WRAPPINGS[outer](WRAPPINGS[inner](hidden)))


def test_a_text_in_base64_of_a_pickle_in_a_compressed_script() -> None:
    script = in_text(WRAPPINGS["gzip"](in_text(pickle.dumps(Runs()))))
    assert "in base64" in describe_pickle("scripts/run.py.gz", WRAPPINGS["gzip"](script))


def test_more_text_than_is_looked_at_is_no_file_without_a_pickle(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(b"x,y\n1,2\n" * 10_000, mtime=0)
    assert describe_pickle("data/x.csv.gz", packed) == ""
    monkeypatch.setattr(pickles, "_MOST_TEXT", 10_000)
    assert "is more than is looked at" in describe_pickle("data/x.csv.gz", packed)


def test_much_base64_is_looked_at_in_little_time() -> None:
    with calls_at_most(200_000):
        assert describe_pickle("x.txt", b"gAJA" * (1 << 20)) == ""
        assert describe_pickle("x.txt", b"H4sI " * 10_000) == ""


@pytest.mark.parametrize("name", ["a.pkl", "a/b.Pickle", "x.joblib", "y.cloudpickle", "z.dill"])
def test_a_pickle_by_its_name(name: str) -> None:
    assert describe_pickle(name, b"")


@pytest.mark.parametrize(
    "content",
    [b"", b".", b"\x80", b"\x80\x01", b"(the end)\n", b"cat\ndog\n.\n", b"cos\nsystem\n", b"PK", b"\x1f\x8b", b"BZh",
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
