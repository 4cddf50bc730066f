"""Stored files that are not what their names say, skops files with more in them than skops reads, foreign operators."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from tests.judging.hostile.families_store import name_in_lock, name_in_pointer, put
from tests.judging.hostile.harness import VERSION, Family
from tests.judging.judged_fixture import bytes_of, forge, rewritten
from tests.scaffold.documents import stored
from tests.scaffold.registry import Scratch

from mintmark.artifacts.skops.format import dump_canonical, load_trusted
from mintmark.core.records import format_pointer

RULE = "rules R8"
PICKLE = pickle.dumps(print)
PICKLED_TEXT = b"cos\nsystem\n(S'true'\ntR."


def _forge(name: str, content: bytes | Callable[[Scratch], bytes], registry: Scratch) -> None:
    forge(registry, "1.1.0", name, content(registry) if callable(content) else content)


# -- names -------------------------------------------------------------------------------------------------------------

names = Family("stored files that are not what their names say")

for _name, _content in {
    "a pickle": PICKLE,
    "a pickle of protocol 0": PICKLED_TEXT,
    "a compressed pickle": zlib.compress(PICKLE),
    "nothing": b"",
    "text": b"a profile\n",
    "yaml": b"rows: 3\n",
    "a list": b"[1, 2]\n",
    "a number": b"3\n",
    "not a number": b'{"rows": NaN}\n',
    "a key twice": b'{"rows": 1, "rows": 2}\n',
    "nested without end": b'{"rows": ' * 100_000,
    "text in place of figures": b'{"rows": "<script>alert(1)</script>"}\n',
    "figures deeper than columns": b'{"x": {"y": {"z": 1}}}\n',
    "a column of the profile with a note": json.dumps(
        {"schema": 1, "quantile_levels": [], "inputs": {"rows": 1, "columns": {}},
         "prediction": {"type": "str", "missing": 0, "note": "junk"}}).encode(),
    "a million numbers": b"[" + b"1," * 2_100_000 + b"1]",
    "json and more": b'{"rows": 1}\n{"rows": 2}\n',
    "a page": b"<html></html>\n",
    "other letters": '{"rows": 1, "ä": 2}'.encode("latin-1"),
}.items():  # fmt: skip
    names.add(f"the profile is {_name}", partial(_forge, "profile.json", _content), says=RULE)


def _table(registry: Scratch, name: str, change: Callable[[pa.Table], pa.Table]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(change(pq.read_table(io.BytesIO(bytes_of(registry, "1.1.0", name)))), buffer)
    return buffer.getvalue()


def _retable(name: str, change: Callable[[pa.Table], pa.Table], registry: Scratch) -> None:
    forge(registry, "1.1.0", name, _table(registry, name, change))


for _name, _change in {
    "without the rows": lambda table: table.drop_columns(["row"]),
    "without the truth": lambda table: table.drop_columns(["truth"]),
    "without the predictions": lambda table: table.drop_columns(["prediction"]),
    "without a probability": lambda table: table.drop_columns(["probability_yes"]),
    "with a column of their own": lambda table: table.append_column("note", [["junk"] * len(table)]),
    "with the probability of no class": lambda table: table.append_column("probability_maybe", [[0.5] * len(table)]),
    "with a column twice": lambda table: table.append_column("row", table["row"]),
    "under other names": lambda table: table.rename_columns([name.upper() for name in table.column_names]),
}.items():
    names.add(f"predictions {_name}", partial(_retable, "predictions.parquet", _change), says=RULE)
for _name, _change in {
    "without the target": lambda table: table.drop_columns(["paid"]),
    "without an input": lambda table: table.drop_columns(["income"]),
    "without the column of a slice": lambda table: table.drop_columns(["region"]),
}.items():
    names.add(f"evaluation rows {_name}", partial(_retable, "evaluation.parquet", _change), says=RULE)
for _name, _content in {
    "a pickle": PICKLE,
    "a table of text": b"row,truth,prediction\n1,yes,yes\n",
    "marks and nothing between": b"PAR1" + bytes(100) + b"PAR1",
    "json": b'{"row": 1}\n',
}.items():
    names.add(f"predictions are {_name}", partial(_forge, "predictions.parquet", _content), says=RULE)


def _companion(name: str, content: bytes, registry: Scratch) -> None:
    """Put other bytes in place of a file that dvc.lock alone names."""
    lock = yaml.safe_load(registry.read("dvc.lock"))
    out = next(out for out in lock["stages"]["fit@loans"]["outs"] if out["path"].endswith(f"/{name}"))
    address = f".dvc/store/files/md5/{out['md5'][:2]}/{out['md5'][2:]}"
    if not registry.git("ls-tree", "main", "--", address):
        registry.path(address).unlink()
    for path in ("dvc.lock", f"{VERSION}/version.yaml"):
        registry.write(path, registry.read(path).replace(out["md5"], put(registry, content)))


for _name in ("signature.json", "data.json"):
    names.add(f"{_name} is a pickle", partial(_companion, _name, PICKLE), says=RULE)
    names.add(f"{_name} is text", partial(_companion, _name, b"inputs\n"), says=RULE)


def _in_lock(path: str, content: bytes, registry: Scratch) -> None:
    name_in_lock(registry, path, content)


def _behind_pointer(path: str, content: bytes, registry: Scratch) -> None:
    name_in_pointer(registry, path, put(registry, content))


for _place, _put in {"dvc.lock": _in_lock, "a pointer": _behind_pointer}.items():
    for _path, _content in {
        "data/model.pkl": PICKLE,
        "data/model.joblib": PICKLE,
        "data/rows.csv": PICKLE,
        "data/rows.txt": PICKLED_TEXT,
        "data/rows.npy": b"\x93NUMPY\x01\x00" + PICKLE,
        "data/rows.parquet": b"a,b\n1,2\n",
        "data/run.sh": b"#!/bin/sh\n",
        "data/notes.md": b"#!/bin/sh\n",
        "data/no-suffix": b"a,b\n1,2\n",
    }.items():
        names.add(f"{_place} calls an object {_path}", partial(_put, _path, _content), start="main", says=RULE)


@names.variant(start="main", says=RULE)
def _a_pickle_in_a_folder_behind_a_pointer(registry: Scratch) -> None:
    listing = json.dumps([{"md5": put(registry, PICKLE), "relpath": "model.pkl"}]).encode()
    name_in_pointer(registry, "data/parts", put(registry, listing, suffix=".dir"))


def _list(listing: bytes, registry: Scratch) -> None:
    name_in_pointer(registry, "data/parts", put(registry, listing, suffix=".dir"))


for _name, _listing in {
    "no list": b'{"md5": "x"}',
    "a pickle": PICKLE,
    "further keys": b'[{"md5": "%s", "relpath": "a", "junk": "x"}]' % (b"0" * 32),
    "no md5": b'[{"md5": "junk", "relpath": "a"}]',
    "a path that leaves": b'[{"md5": "%s", "relpath": "../a"}]' % (b"0" * 32),
    "an absolute path": b'[{"md5": "%s", "relpath": "/etc/passwd"}]' % (b"0" * 32),
    "more than a list may have": b"[" + b" " * 2_000_000 + b"]",
}.items():
    names.add(f"the list of a folder is {_name}", partial(_list, _listing), start="main", says=RULE)


@names.variant(says=RULE)
def _a_file_that_no_suffix_tells(registry: Scratch) -> None:
    content = b"#!/bin/sh\n"
    file = stored("run.sh", content)
    put(registry, content)
    with rewritten(registry.path(f"{VERSION}/version.yaml")) as record:
        record["files"]["run.sh"] = file.to_dict()
    registry.write(f"{VERSION}/run.sh.dvc", format_pointer(file))


def _rename_artifact(name: str, registry: Scratch) -> None:
    with rewritten(registry.path(f"{VERSION}/version.yaml")) as record:
        record["artifact"]["path"] = name
    pointer = registry.read(f"{VERSION}/model.skops.dvc").replace("model.skops", name)
    registry.remove(f"{VERSION}/model.skops.dvc")
    registry.write(f"{VERSION}/{name}.dvc", pointer)


for _name in ("model.pkl", "model.onnx", "model.joblib", "model.zip"):
    names.add(f"the artifact is called {_name}", partial(_rename_artifact, _name), says=RULE)


@names.variant(honest=True, start="main")
def _tables_and_texts_behind_pointers(registry: Scratch) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), buffer)
    for path, content in {
        "data/rows.parquet": buffer.getvalue(),
        "data/rows.json": b'{"a": [1]}\n',
        "data/rows.csv": b"one\n1\n",
        "data/notes.md": b"# Notes\n",
    }.items():
        name_in_pointer(registry, path, put(registry, content))


# -- skops -------------------------------------------------------------------------------------------------------------

skops = Family("skops files that are not canonical")


def _zipped(members: dict[str, bytes], *, comment: bytes = b"", **about: Any) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, about.get("date", (1980, 1, 1, 0, 0, 0)))
            info.create_system, info.external_attr = about.get("system", 3), about.get("mode", 0o600) << 16
            info.extra, info.comment = about.get("extra", b""), about.get("note", b"")
            archive.writestr(info, content, about.get("compression", zipfile.ZIP_STORED))
        archive.comment = comment
    return buffer.getvalue()


def _members(registry: Scratch) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bytes_of(registry, "1.1.0", "model.skops"))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _rezip(change: Callable[[dict[str, bytes]], dict[str, bytes]], about: dict[str, Any], registry: Scratch) -> None:
    forge(registry, "1.1.0", "model.skops", _zipped(change(_members(registry)), **about))


def _same(members: dict[str, bytes]) -> dict[str, bytes]:
    return members


for _name, _about in {
    "a comment": {"comment": b"junk"},
    "comments of members": {"note": b"junk"},
    "extra fields": {"extra": b"\xff\xff\x04\x00junk"},
    "compressed": {"compression": zipfile.ZIP_DEFLATED},
    "another time": {"date": (2026, 1, 1, 0, 0, 0)},
    "another system": {"system": 0},
    "another mode": {"mode": 0o777},
}.items():
    skops.add(_name, partial(_rezip, _same, _about), says=RULE)


def _edit(old: str, new: str, members: dict[str, bytes]) -> dict[str, bytes]:
    text = members["schema.json"].decode()
    assert old in text, old
    return {**members, "schema.json": text.replace(old, new, 1).encode()}


for _name, _members_changed in {
    "a pickle that nothing reads": lambda members: {**members, "99.bin": PICKLE},
    "an array that nothing reads": lambda members: {**members, "99.npy": members["1.npy"]},
    "another order": lambda members: dict(reversed(members.items())),
    "a key twice": partial(_edit, '"protocol":2', '"protocol":2,"protocol":2'),
    "another value hidden behind a key": partial(_edit, '"protocol":2', '"protocol":1,"protocol":2'),
    "a field of its own": partial(_edit, '"protocol":2', '"note":"junk","protocol":2'),
    "a field in a node": partial(_edit, '"__loader__":"JsonNode"', '"__loader__":"JsonNode","note":"junk"'),
    "an id that nobody needs": partial(_edit, '"__loader__":"DictNode"', '"__id__":7,"__loader__":"DictNode"'),
    "spaces": partial(_edit, '"protocol":2', '"protocol": 2'),
    "an escape": partial(_edit, "LogisticRegression", "\\u004cogisticRegression"),
    "a version that is a letter": partial(_edit, '"_skops_version":"', '"_skops_version":"junk junk junk '),
    "a value with spaces": partial(_edit, '"content":"100"', '"content":" 100 "'),
}.items():
    skops.add(_name, partial(_rezip, _members_changed, {}), says=RULE)


@skops.variant(says=RULE)
def _bytes_behind_the_zip(registry: Scratch) -> None:
    forge(registry, "1.1.0", "model.skops", bytes_of(registry, "1.1.0", "model.skops") + PICKLE)


@skops.variant(says=RULE)
def _bytes_between_members_and_their_list(registry: Scratch) -> None:
    data = bytes_of(registry, "1.1.0", "model.skops")
    place = data.rindex(b"PK\x05\x06")
    offset = int.from_bytes(data[place + 16 : place + 20], "little")
    end = data[place : place + 16] + (offset + 4).to_bytes(4, "little") + data[place + 20 :]
    forge(registry, "1.1.0", "model.skops", data[:offset] + b"junk" + data[offset:place] + end)


@skops.variant(says=RULE)
def _a_note_in_the_header_of_an_array(registry: Scratch) -> None:
    members = _members(registry)
    data = members["1.npy"]
    header = data[10 : 10 + int.from_bytes(data[8:10], "little")]
    noted = header.rstrip() + b" # junk"
    members["1.npy"] = data[:10] + noted + b" " * (len(header) - len(noted) - 1) + b"\n" + data[10 + len(header) :]
    forge(registry, "1.1.0", "model.skops", _zipped(members))


@skops.variant(says=RULE)
def _as_skops_itself_writes_it(registry: Scratch) -> None:
    import skops.io

    forge(registry, "1.1.0", "model.skops", skops.io.dumps(load_trusted(bytes_of(registry, "1.1.0", "model.skops"))))


@skops.variant(honest=True)
def _read_and_written_again(registry: Scratch) -> None:
    data = bytes_of(registry, "1.1.0", "model.skops")
    assert dump_canonical(load_trusted(data)) == data


FAMILIES = [names, skops]
