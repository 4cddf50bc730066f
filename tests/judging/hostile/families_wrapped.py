"""Pickles that are wrapped, unmarked or hidden behind what is looked at first, and trees that no Git writes."""

from __future__ import annotations

import base64
import gzip
import io
import json
import struct
import subprocess
import tarfile
import zipfile
from functools import partial

import numpy as np
from tests.judging.hostile.families_paths import BOMB, Runs, write, zipped
from tests.judging.hostile.harness import Family
from tests.scaffold.registry import Scratch

# -- pickles -----------------------------------------------------------------------------------------------------------

wrapped = Family("pickles that are wrapped or unmarked")
_UNMARKED = b"\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
_LONG = b"cposix\nsystem\n(S'" + b"x" * 9_000 + b"'\ntR."
_PADDED = b"(S'" + b"x" * 9_000 + b"'\n0cposix\nsystem\n(S'true'\ntR."
_TEXT = base64.b64encode(BOMB)


def _gzipped(times: int, content: bytes = BOMB) -> bytes:
    return content if not times else gzip.compress(_gzipped(times - 1, content))


def _zip_of(number: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for place in range(number):
            archive.writestr(f"{place}.txt", "x")
        archive.writestr("page.txt", BOMB)
    return target.getvalue()


def _tar_of(number: int) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for place in range(number):
            archive.addfile(tarfile.TarInfo(f"{place}.txt"))
        member = tarfile.TarInfo("page.txt")
        member.size = len(BOMB)
        archive.addfile(member, io.BytesIO(BOMB))
    return target.getvalue()


def _unknown_compression() -> bytes:
    data = bytearray(zipped("page.txt", BOMB))
    central = data.find(b"PK\x01\x02")
    data[8:10] = data[central + 10 : central + 12] = (93).to_bytes(2, "little")
    return bytes(data)


def _fields() -> bytes:
    target = io.BytesIO()
    np.save(target, np.array([(Runs(), 1)], dtype=[("a", "O"), ("b", "i4")]), allow_pickle=True)
    return target.getvalue()


def _array(described: str) -> bytes:
    header = f"{{'descr': {described}, 'fortran_order': False, 'shape': (1,), }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + BOMB


for _name, _content in {
    "four times compressed": _gzipped(4),
    "six times compressed": _gzipped(6),
    "behind a thousand files of a zip": _zip_of(1_200),
    "behind a thousand files of a tar": _tar_of(1_200),
    "behind nothing that is compressed": gzip.compress(b"") + _gzipped(1),
    "without a mark": _UNMARKED,
    "without a mark, in a frame": b"\x95" + struct.pack("<Q", len(_UNMARKED)) + _UNMARKED,
    "with something before it": b"N0" * 10 + BOMB,
    "with much before it": b"(0" * 3_000 + BOMB,
    "protocol 0, longer than what is looked at, compressed": gzip.compress(_LONG),
    "protocol 0, longer than what is looked at, in a zip": zipped("page.txt", _LONG),
    "protocol 0, behind what is looked at, compressed": gzip.compress(_PADDED),
    "protocol 0 in a hundred thousand steps": b"(" + b"I1\n" * 150_000 + b"lcposix\nsystem\n(S'true'\ntR.",
    "compressed in a way of its own": _unknown_compression(),
    "in a zip behind a picture": b"\x89PNG\r\n\x1a\n" + bytes(200) + zipped("archive/data.pkl", BOMB),
    "in a zip behind a script": b"#!/usr/bin/env python3\n" + zipped("a/data.pkl", BOMB),
    "in a field of an array": _fields(),
    "in an array of objects by another name": _array("'object'"),
    "in an array of objects in two texts": _array("'|' 'O'"),
    "in 7-Zip": b"7z\xbc\xaf\x27\x1c" + BOMB,
    "in RAR": b"Rar!\x1a\x07\x00" + BOMB,
    "in snappy": b"\xff\x06\x00\x00sNaPpY" + BOMB,
    "in lz4 of old": b"\x02\x21\x4c\x18" + BOMB,
    "in base64": _TEXT,
    "in base64 of several lines": base64.encodebytes(BOMB * 3),
    "in base64 for addresses": base64.urlsafe_b64encode(BOMB),
    "in base64, compressed": base64.b64encode(gzip.compress(BOMB)),
    "in base64, in JSON": json.dumps({"model": _TEXT.decode()}).encode(),
    "in base64, in a table": b"a,b\n1," + _TEXT + b"\n",
    "in base64, in a script": b"MODEL = '" + _TEXT + b"'\n",
    "in base64, in a picture": b'<svg><image href="data:;base64,' + _TEXT + b'"/></svg>',
}.items():
    wrapped.add(_name, partial(write, "data/page.txt", _content), start="main")

for _name, _content in {
    "a picture in base64": b'<img src="data:image/png;base64,' + base64.b64encode(b"\x89PNG" + bytes(90)) + b'">',
    "words that begin like one": b"gASPRINGthatnobodyknows and gAMENTgAMENTgAMENTgAMENT\n",
    "a list of words, compressed": gzip.compress(b"cat\ndog\nbird\n" * 900),
    "a long line, compressed": gzip.compress(b"Text without an end " * 900),
    "digests": b"H4sInotbase64atall gASV\n" + b"UEsDBAAA" * 3,
}.items():
    wrapped.add(_name, partial(write, "data/page.txt", _content), start="main", honest=True)

# -- trees -------------------------------------------------------------------------------------------------------------

trees = Family("trees that no Git writes")


def _plant(entry: bytes, registry: Scratch, *, parents: tuple[str, ...] = ("main",), folder: str = "") -> None:
    """Commit the tree of the proposal with one more entry in a folder, `mode name NUL` and the id of a file."""
    raw = subprocess.run(
        ["git", "-C", str(registry.root), "cat-file", "tree", f"HEAD:{folder}"], capture_output=True, check=True
    ).stdout
    file = bytes.fromhex(registry.git("hash-object", "-w", "--stdin", data=b"evil\n"))
    tree = registry.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", data=raw + entry + file)
    if folder:
        listed = registry.git("ls-tree", "HEAD").replace(registry.git("rev-parse", f"HEAD:{folder}"), tree)
        tree = registry.git("mktree", data=f"{listed}\n".encode())
    ends = [part for parent in parents for part in ("-p", parent)]
    commit = registry.git("commit-tree", tree, *ends, "-m", "x")
    registry.git("update-ref", "refs/heads/attack", commit)
    registry.git("symbolic-ref", "HEAD", "refs/heads/main")
    registry.git("reset", "--quiet", "--hard")


for _name, _entry in {
    "the pipeline twice": b"100644 dvc.yaml\0",
    "the models twice": b"40000 models\0",
    "the folder above": b"100644 ..\0",
    "a path for a name": b"100644 zz/y\0",
    "the folder of Git": b"100644 .git\0",
    "the folder of Git in capitals": b"100644 .GIT\0",
    "no name": b"100644 \0",
    "another mode": b"100777 zz\0",
}.items():
    trees.add(_name, partial(_plant, _entry))

trees.add("a file twice in a folder", partial(_plant, b"100644 fit.py\0", folder="scripts"))
trees.add(
    "a file twice in a folder, in a merge",
    partial(_plant, b"100644 fit.py\0", folder="scripts", parents=("main", "better")),
)
trees.add("a file twice, in a merge of the base", partial(_plant, b"100644 dvc.yaml\0", parents=("better", "main")))
FAMILIES = [wrapped, trees]
