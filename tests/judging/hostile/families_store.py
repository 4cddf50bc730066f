"""Junk in the embedded store, orphans, objects that are too large, and store addresses or limits that move."""

from __future__ import annotations

import base64
import gzip
import json
import pickle
from collections.abc import Callable
from functools import partial

import yaml
from tests.judging.hostile.harness import VERSION, Family
from tests.scaffold.documents import stored
from tests.scaffold.registry import Scratch, object_path

from mintmark.registry.files import format_yaml

STORE = ".dvc/store"
RULE_8, RULE_9 = "rules R8", "rules R9"


def put(registry: Scratch, content: bytes, *, suffix: str = "") -> str:
    """Put an object where its md5 says, and return its address."""
    file = stored("", content)
    registry.write(f"{STORE}/{object_path(file)}{suffix}", content)
    return file.md5 + suffix


def name_in_lock(registry: Scratch, path: str, content: bytes) -> None:
    """Put an object, and have a stage of dvc.lock name it as an output."""
    address = put(registry, content)
    lock = yaml.safe_load(registry.read("dvc.lock"))
    entry = {"path": path, "hash": "md5", "md5": address, "size": len(content)}
    lock["stages"]["other"] = {"cmd": "true", "outs": [entry]}
    registry.write("dvc.lock", yaml.safe_dump(lock, sort_keys=False))


def name_in_pointer(registry: Scratch, path: str, address: str) -> None:
    """Write a `.dvc` file that names an object."""
    entry = {"md5": address, "size": 1, "hash": "md5", "path": path.rpartition("/")[2]}
    registry.write(f"{path}.dvc", yaml.safe_dump({"outs": [entry]}, sort_keys=False))


junk = Family("junk in the store")


def _write(path: str, registry: Scratch) -> None:
    registry.write(f"{STORE}/{path}", "junk\n")


for _name, _path in {
    "a note": "README.md",
    "a short name": "files/md5/ab/cdef",
    "a long name": f"files/md5/ab/{'c' * 31}",
    "upper case": f"files/md5/AB/{'C' * 30}",
    "the layout of dvc 2": f"ab/{'c' * 30}",
    "another hash": f"files/sha256/ab/{'c' * 62}",
    "a folder deeper": f"files/md5/ab/cd/{'e' * 28}",
    "no prefix": f"files/md5/{'c' * 32}",
    "a temporary file": f"files/md5/ab/.{'c' * 30}.tmp",
    "a suffix": f"files/md5/ab/{'c' * 30}.pkl",
    "a line break behind it": f"files/md5/ab/{'c' * 30}\n",
    "a folder of lists": f"files/md5/ab/{'c' * 30}.dir/x",
    "other digits": f"files/md5/ab/{'c' * 29}１",
}.items():
    junk.add(_name, partial(_write, _path), says=RULE_8)


@junk.variant(start="main", says=RULE_8)
def _a_link_to_the_root(registry: Scratch) -> None:
    registry.path(f"{STORE}/root").symlink_to("/")


@junk.variant(says="is a symbolic link")
def _a_link_at_an_address(registry: Scratch) -> None:
    path = registry.path(f"{STORE}/files/md5/ab")
    path.mkdir(exist_ok=True)
    (path / ("c" * 30)).symlink_to("/etc/passwd")


@junk.variant(says="is a symbolic link")
def _a_link_in_place_of_the_model(registry: Scratch) -> None:
    path = registry.object_of("loans", "1.1.0")
    path.unlink()
    path.symlink_to("/dev/zero")


@junk.variant(says=RULE_8)
def _an_object_that_can_be_executed(registry: Scratch) -> None:
    registry.object_of("loans", "1.1.0").chmod(0o755)


@junk.variant(start="main", says=RULE_9)
def _the_mode_of_an_object_changes(registry: Scratch) -> None:
    registry.object_of("loans", "1.0.0").chmod(0o755)


@junk.variant(start="main")
def _the_store_is_a_link(registry: Scratch) -> None:
    registry.remove(STORE)
    registry.path(STORE).symlink_to("/tmp")


@junk.variant(start="main")
def _the_store_is_a_file(registry: Scratch) -> None:
    registry.remove(STORE)
    registry.write(STORE, "nothing\n")


@junk.variant(start="main", says=RULE_8)
def _a_submodule_in_the_store(registry: Scratch) -> None:
    registry.git("init", "--quiet", f"{STORE}/other")
    registry.git("-C", f"{STORE}/other", "commit", "--quiet", "--allow-empty", "-m", "x")


@junk.variant(says="is not its name")
def _other_bytes_at_an_address_that_dvc_lock_names(registry: Scratch) -> None:
    lock = yaml.safe_load(registry.read("dvc.lock"))
    out = next(out for out in lock["stages"]["fit@loans"]["outs"] if out["path"].endswith("/metrics.json"))
    registry.path(f"{STORE}/files/md5/{out['md5'][:2]}/{out['md5'][2:]}").unlink()
    registry.write(f"{STORE}/files/md5/{out['md5'][:2]}/{out['md5'][2:]}", '{"inputs": {}}\n')


@junk.variant(start="main", says=RULE_9)
def _an_object_that_a_version_needs_goes(registry: Scratch) -> None:
    registry.object_of("loans", "1.0.0", "profile.json").unlink()


@junk.variant(start="main", says=RULE_9)
def _an_object_that_dvc_lock_names_goes(registry: Scratch) -> None:
    lock = yaml.safe_load(registry.read("dvc.lock"))
    out = next(out for out in lock["stages"]["fit@loans"]["outs"] if out["path"].endswith("signature.json"))
    registry.path(f"{STORE}/files/md5/{out['md5'][:2]}/{out['md5'][2:]}").unlink()


@junk.variant(start="main", says=RULE_9)
def _an_object_changes(registry: Scratch) -> None:
    path = registry.object_of("loans", "1.0.0", "profile.json")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b" ")


@junk.variant(start="main", honest=True)
def _data_behind_a_pointer(registry: Scratch) -> None:
    name_in_pointer(registry, "data/more.csv", put(registry, b"a,b\n1,2\n"))


@junk.variant(start="main", honest=True)
def _a_folder_behind_a_pointer(registry: Scratch) -> None:
    listing = [{"md5": put(registry, f"a,b\n{n},2\n".encode()), "relpath": f"part-{n}.csv"} for n in range(3)]
    name_in_pointer(registry, "data/parts", put(registry, json.dumps(listing).encode(), suffix=".dir"))


def _behind_a_pointer(name: str, content: bytes, registry: Scratch) -> None:
    name_in_pointer(registry, name, put(registry, content))


_PICKLE = pickle.dumps(print)
for _name, _content in {
    "a pickle in a packed table": gzip.compress(_PICKLE),
    "a pickle in base64 in a packed table": gzip.compress(b"a,b\n1," + base64.b64encode(_PICKLE * 9) + b"\n"),
    "a pickle behind a packed table": gzip.compress(b"a,b\n1,2\n") + _PICKLE,
    "a packed table behind another one": gzip.compress(b"a,b\n1,2\n") + gzip.compress(_PICKLE),
}.items():
    junk.add(_name, partial(_behind_a_pointer, "data/more.csv.gz", _content), start="main", says=RULE_8)


@junk.variant(start="main", says=RULE_8)
def _a_packed_table_that_unpacks_to_gigabytes(registry: Scratch) -> None:
    _behind_a_pointer("data/more.csv.gz", gzip.compress(b" " * (257 << 20), 1), registry)


junk.add(
    "a packed table behind a pointer",
    partial(_behind_a_pointer, "data/more.csv.gz", gzip.compress(b"a,b\n1,2\n" * 9_000)),
    start="main",
    honest=True,
)

orphans = Family("orphans and objects that are too large")


@orphans.variant(start="main", says="named by no record")
def _one_orphan(registry: Scratch) -> None:
    put(registry, b"a,b\n1,2\n")


@orphans.variant(says="named by no record")
def _an_orphan_beside_a_proposal(registry: Scratch) -> None:
    put(registry, b"{}\n")


@orphans.variant(says="named by no record")
def _a_pickle_beside_a_proposal(registry: Scratch) -> None:
    put(registry, pickle.dumps(print))


@orphans.variant(start="main", says="named by no record")
def _an_empty_object(registry: Scratch) -> None:
    put(registry, b"")


@orphans.variant(start="main", says="named by no record")
def _two_hundred_orphans(registry: Scratch) -> None:
    for number in range(200):
        put(registry, b"%d" % number)


@orphans.variant(start="main", says="change at once")
def _more_objects_than_one_change_may_bring(registry: Scratch) -> None:
    blob = registry.git("hash-object", "-w", "--stdin", data=b"x")
    lines = (f"100644 {blob}\t{STORE}/files/md5/{n:032x}"[:-30] + f"/{n:032x}"[3:] + "\n" for n in range(12_000))
    registry.git("update-index", "--index-info", data="".join(lines).encode())
    registry.git("commit", "--quiet", "-m", "many")
    registry.git("reset", "--quiet", "--hard")


@orphans.variant(start="main", says="limits.file")
def _thirty_megabytes_that_nobody_names(registry: Scratch) -> None:
    put(registry, b"x" * 30_000_000)


@orphans.variant(start="main", says="limits.file")
def _eleven_megabytes_that_dvc_lock_names(registry: Scratch) -> None:
    name_in_lock(registry, "data/large.csv", b"a,b\n" * 2_750_001)


@orphans.variant(start="main", says="limits.file")
def _eleven_megabytes_behind_a_pointer(registry: Scratch) -> None:
    name_in_pointer(registry, "data/large.csv", put(registry, b"a,b\n" * 2_750_001))


@orphans.variant(start="main", says="named by no record")
def _a_list_of_a_folder_that_nobody_names(registry: Scratch) -> None:
    put(registry, b"[]", suffix=".dir")


@orphans.variant(start="main", says="named by no record")
def _objects_of_a_list_that_nobody_names(registry: Scratch) -> None:
    listing = [{"md5": put(registry, b"a,b\n1,2\n"), "relpath": "a.csv"}]
    put(registry, json.dumps(listing).encode(), suffix=".dir")


@orphans.variant(says="named by no record")
def _an_orphan_that_a_comment_names(registry: Scratch) -> None:
    address = put(registry, b"a,b\n1,2\n")
    registry.write("dvc.lock", registry.read("dvc.lock") + f"# md5: {address}\n")


@orphans.variant(says="named by no record")
def _an_orphan_that_a_summary_names(registry: Scratch) -> None:
    address = put(registry, b"a,b\n1,2\n")
    registry.edit(f"{VERSION}/version.yaml", "summary: ", f"summary: md5 {address} ")


@orphans.variant(start="main", says="named by no record")
def _an_orphan_that_a_page_names(registry: Scratch) -> None:
    address = put(registry, b"a,b\n1,2\n")
    registry.write("docs/data.md", f"outs:\n- md5: {address}\n  path: data.csv\n")


@orphans.variant(start="main", says="named by no record")
def _an_orphan_in_a_pointer_that_is_no_pointer(registry: Scratch) -> None:
    address = put(registry, b"a,b\n1,2\n")
    registry.write("data/other.csv.dvc", f"- {address}\n")


@orphans.variant(start="main", says="named by no record")
def _a_list_in_place_of_a_file(registry: Scratch) -> None:
    address = put(registry, b"[]", suffix=".dir")
    name_in_pointer(registry, "data/other.csv", address.removesuffix(".dir"))


def _with_limits(change: Callable[[Scratch], object], limits: dict[str, object], registry: Scratch) -> None:
    """The base has limits, and the proposal leaves them alone."""
    registry.git("switch", "--quiet", "base")
    settings = yaml.safe_load(registry.read("models/registry.yaml"))
    text = format_yaml({**settings, "limits": limits}, schema="../schemas/registry.schema.json")
    registry.write("models/registry.yaml", text)
    registry.commit("Set limits")
    registry.git("switch", "--quiet", "attack")
    registry.git("merge", "--quiet", "--no-edit", "base")
    change(registry)


def _nothing(_registry: Scratch) -> None:
    """The proposal as it is."""


orphans.add("a model beyond the limit of the base", partial(_with_limits, _nothing, {"file": 200}), says="limits.file")
orphans.add(
    "a store beyond the limit of the base", partial(_with_limits, _nothing, {"store": 1000}), says="limits.store"
)
orphans.add("within the limits", partial(_with_limits, _nothing, {"file": "1 MB", "store": "2 MB"}), honest=True)
FAMILIES = [junk, orphans]
