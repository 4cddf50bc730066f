"""Names, paths, sizes and broken files by which a proposal would have the judge open, ask, wait or fall over."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from hashlib import md5
from typing import Any

import yaml
from tests.judging.hostile.harness import VERSION, Family
from tests.scaffold.registry import Scratch

STAGE = "fit@loans"
HASH = "0" * 32
# Nobody listens there, and nobody may ask.
ADDRESS = "http://127.0.0.1:9/x"

names = Family("names of stages")
paths = Family("paths that a stage names")
declared = Family("a pipeline that says something else")
sizes = Family("sizes and depths")
broken = Family("files that cannot be read")


def _rewrite(registry: Scratch, change: Callable[[dict[str, Any]], None], *, record: bool = True) -> None:
    """Change the stages of dvc.lock, and those of the record alike: the forger keeps them the same."""
    lock = yaml.safe_load(registry.read("dvc.lock"))
    change(lock["stages"])
    registry.write("dvc.lock", yaml.safe_dump(lock, sort_keys=False))
    if record:
        document = yaml.safe_load(registry.read(f"{VERSION}/version.yaml"))
        document["stages"] = {name: _recorded(stage) for name, stage in lock["stages"].items()}
        registry.write(f"{VERSION}/version.yaml", yaml.safe_dump(document, sort_keys=False))


def _recorded(stage: dict[str, Any]) -> dict[str, Any]:
    """The entry of a record for a stage of dvc.lock."""
    entry: dict[str, Any] = {"cmd": stage["cmd"]}
    for part in ("deps", "outs"):
        if stage.get(part):
            entry[part] = {str(file["path"]): f"md5:{file['md5']}" for file in stage[part] if "md5" in file}
    if stage.get("params"):
        entry["params"] = stage["params"]
    return entry


# Names of stages.


def _rename(name: str, registry: Scratch) -> None:
    def change(stages: dict[str, Any]) -> None:
        stages[name] = stages.pop(STAGE)

    _rewrite(registry, change)


for _number, _name in enumerate(
    (
        "-q", "-h", "--help", "--cd=/", "--version", "-", "", " ", "../fit", "/etc/passwd", "fit@-q", "fit@loans@x",
        "fit:x", "~root", "dvc.yaml:fit", "fit@http://127.0.0.1:9/x", "fit\x1b[2J", "fit\nrm", "a" * 100_000,
        "fit@../loans", "fit\u200b@loans", "@loans", ".hidden", "fit @loans",
    )
):  # fmt: skip
    names.add(f"name {_number}: {_name[:30]!r}", partial(_rename, _name))


@names.variant()
def _a_stage_beside_it_that_silences(registry: Scratch) -> None:
    _rewrite(registry, lambda stages: stages.update({"-q": {"cmd": "true"}}), record=False)
    registry.edit("scripts/fit.py", "import sys", "import os, sys")


@names.variant()
def _a_stage_whose_name_is_a_number(registry: Scratch) -> None:
    text = registry.read("dvc.lock")
    registry.write("dvc.lock", text.replace(f"{STAGE}:", "7:"))


@names.variant(honest=True)
def _a_stage_of_another_model_with_a_plain_name(registry: Scratch) -> None:
    _rewrite(registry, lambda stages: stages.update({"report_2.x@a-b.c": {"cmd": "true"}}), record=False)


# Paths that a stage reads, writes or takes parameters from.


def _read(path: str, registry: Scratch, digest: str = HASH) -> None:
    dep = {"path": path, "hash": "md5", "md5": digest, "size": 1}
    _rewrite(registry, lambda stages: stages[STAGE]["deps"].append(dep))


def _write(path: str, registry: Scratch) -> None:
    out = {"path": path, "hash": "md5", "md5": HASH, "size": 1}
    _rewrite(registry, lambda stages: stages[STAGE]["outs"].append(out))


def _take_parameters(path: str, registry: Scratch) -> None:
    _rewrite(registry, lambda stages: stages[STAGE]["params"].update({path: {"a": 1}}))


_BAD_PATHS = (
    ADDRESS, "https://example.org/x", "s3://bucket/x", "remote://store/x", "ssh://host/x", "file:///etc/passwd",
    "/etc/passwd", "/proc/self/environ", "../outside", "a/../../outside", "~/.ssh/id_ed25519", "~root/x", "-rf",
    "C:/Windows/x", "\\\\host\\share", "a\x00b", "a\nb", "a\x1b]0;x\x07", ".git/config", ".dvc/config", ".GIT/hooks/x",
    "zip::http://127.0.0.1:9/x", "a//b", "./a", "http:127.0.0.1", "x" * 5_000, "",
)  # fmt: skip
for _number, _path in enumerate(_BAD_PATHS):
    paths.add(f"reads {_number}: {_path[:30]!r}", partial(_read, _path))
for _path in (ADDRESS, "/var/out", "../out", "-o", ".git/hooks/post-checkout"):
    paths.add(f"writes {_path!r}", partial(_write, _path))
for _path in (ADDRESS, "/etc/hostname", "../params.yaml", "-p"):
    paths.add(f"takes parameters from {_path!r}", partial(_take_parameters, _path))


@paths.variant(says="is absolute")
def _a_right_guess_of_what_another_file_holds(registry: Scratch) -> None:
    registry.path("../secret").write_text("secret")
    path = registry.path("../secret").resolve()
    _read(str(path), registry, md5(path.read_bytes(), usedforsecurity=False).hexdigest())


@paths.variant()
def _dvc_yaml_reads_an_address_and_dvc_lock_does_not(registry: Scratch) -> None:
    registry.edit("dvc.yaml", "deps: [", f"deps: ['{ADDRESS}', ")


@paths.variant()
def _variables_from_an_absolute_path(registry: Scratch) -> None:
    registry.write("dvc.yaml", "vars: [/etc/hostname]\n" + registry.read("dvc.yaml"))


@paths.variant()
def _variables_from_outside(registry: Scratch) -> None:
    registry.write("dvc.yaml", "vars: ['../vars.yaml:a']\n" + registry.read("dvc.yaml"))


@paths.variant()
def _variables_from_an_address(registry: Scratch) -> None:
    registry.write("dvc.yaml", f"vars: ['{ADDRESS}']\n" + registry.read("dvc.yaml"))


@paths.variant()
def _the_stage_runs_in_another_folder(registry: Scratch) -> None:
    registry.edit("dvc.yaml", "      cmd:", "      wdir: /\n      cmd:")


@paths.variant()
def _a_pointer_that_imports_from_a_repository(registry: Scratch) -> None:
    registry.remove("data/loans.csv")
    pointer = {
        "deps": [{"path": "x", "repo": {"url": ADDRESS, "rev_lock": HASH}}],
        "outs": [{"md5": HASH, "path": "loans.csv"}],
    }
    registry.write("data/loans.csv.dvc", yaml.safe_dump(pointer))


@paths.variant()
def _a_pointer_that_imports_from_an_address(registry: Scratch) -> None:
    registry.remove("data/loans.csv")
    pointer = {"deps": [{"path": ADDRESS, "md5": HASH}], "outs": [{"md5": HASH, "path": "loans.csv"}]}
    registry.write("data/loans.csv.dvc", yaml.safe_dump(pointer))


@paths.variant()
def _the_data_is_a_link_to_a_file_outside(registry: Scratch) -> None:
    registry.remove("data/loans.csv")
    registry.path("data/loans.csv").symlink_to("/etc/hostname")


@paths.variant()
def _the_parameters_are_a_link_to_a_file_outside(registry: Scratch) -> None:
    registry.remove("params.yaml")
    registry.path("params.yaml").symlink_to("/etc/hostname")


# What the pipeline declares, and what was locked.


def _edit_pipeline(old: str, new: str, registry: Scratch) -> None:
    registry.edit("dvc.yaml", old, new)


for _name, _old, _new in (
    ("another command", "scripts/fit.py ${key}", "scripts/fit.py ${key} --fast"),
    ("a command of variables that are not there", "${key}", "${nothing}"),
    ("a list of commands", "cmd: python scripts/fit.py ${key}", "cmd: [python scripts/fit.py ${key}]"),
    ("no command", "      cmd: python scripts/fit.py ${key}\n", ""),
    ("one more file to read", "deps: [", "deps: [README.md, "),
    ("one more file to write", "      outs:\n", "      outs:\n        - models/${key}/candidate/more.json\n"),
    ("one more parameter", "      params:\n", "      params:\n        - schema\n"),
    ("parameters in another file", "      params:\n", "      params:\n        - other.yaml: [a]\n"),
    ("the stage under another name", "  fit:\n", "  train:\n"),
    ("other models", "foreach: ${models}", "foreach: [churn]"),
    ("a repetition over nothing", "foreach: ${models}", "foreach: ${nothing}"),
    ("a matrix in place of the repetition", "foreach: ${models}", "matrix: {name: [loans]}"),
    ("a stage that always runs", "      cmd:", "      always_changed: true\n      cmd:"),
    ("variables that clash", "stages:\n", "vars: [{models: 1}]\nstages:\n"),
    ("variables from a program", "stages:\n", "vars: [vars.py]\nstages:\n"),
    ("variables from a file that is not there", "stages:\n", "vars: [absent.yaml]\nstages:\n"),
    ("an output of a plot", "      metrics:\n", "      plots:\n        - plot.csv\n      metrics:\n"),
):  # fmt: skip
    declared.add(_name, partial(_edit_pipeline, _old, _new))


@declared.variant()
def _no_pipeline_at_all(registry: Scratch) -> None:
    registry.remove("dvc.yaml")


@declared.variant()
def _no_lock_at_all(registry: Scratch) -> None:
    registry.remove("dvc.lock")


@declared.variant()
def _another_script_than_was_locked(registry: Scratch) -> None:
    registry.edit("scripts/fit.py", "import sys", "import os, sys")


@declared.variant()
def _other_data_than_was_locked(registry: Scratch) -> None:
    registry.write("data/loans.csv", registry.read("data/loans.csv") + "\n")


@declared.variant()
def _other_parameters_than_were_locked(registry: Scratch) -> None:
    registry.write("params.yaml", registry.read("params.yaml").replace("every: 1", "every: 2"))
    registry.edit("params.yaml", "models:", "extra: 1\nmodels:")
    _rewrite(registry, lambda stages: stages[STAGE]["params"]["params.yaml"].update({"extra": 2}))


@declared.variant()
def _parameters_of_python(registry: Scratch) -> None:
    registry.write("params.py", "import os\na = os.environ\n")
    _take_parameters("params.py", registry)


@declared.variant(honest=True)
def _variables_of_its_own_that_say_the_same(registry: Scratch) -> None:
    registry.edit("dvc.yaml", "stages:\n", "vars: [{script: scripts/fit.py}]\nstages:\n")
    registry.edit("dvc.yaml", "cmd: python scripts/fit.py ", "cmd: python ${script} ")


# Sizes and depths.


def _absent(number: int, depth: int, registry: Scratch) -> None:
    deps = [{"path": "/".join([f"d{i}", *["d"] * depth, "x"]), "hash": "md5", "md5": HASH} for i in range(number)]
    _rewrite(registry, lambda stages: stages[STAGE]["deps"].extend(deps))


for _amount, _depth in ((3_000, 20), (4_900, 1), (20_000, 3), (1_000, 300)):
    sizes.add(f"{_amount:,} absent files {_depth} deep", partial(_absent, _amount, _depth))


def _many_stages(number: int, registry: Scratch) -> None:
    def change(stages: dict[str, Any]) -> None:
        before = None
        for i in range(number):
            deps: list[dict[str, str]] = [{"path": before, "hash": "md5", "md5": HASH}] if before else []
            before = f"chain/{i}"
            stages[f"s{i}"] = {"cmd": "true", "deps": deps, "outs": [{"path": before, "hash": "md5", "md5": HASH}]}
        stages[STAGE]["deps"].append({"path": before, "hash": "md5", "md5": HASH})

    _rewrite(registry, change)


for _amount in (150, 2_000):
    sizes.add(f"a chain of {_amount:,} stages", partial(_many_stages, _amount))


@sizes.variant()
def _a_matrix_of_a_million(registry: Scratch) -> None:
    axes = json.dumps({f"a{i}": list(range(10)) for i in range(6)})
    registry.write("dvc.yaml", f"stages:\n  fit:\n    matrix: {axes}\n    cmd: echo\n")


@sizes.variant()
def _a_value_that_is_filled_in_again_and_again(registry: Scratch) -> None:
    head = f"vars: [{{big: {'x' * 200_000}}}]\n"
    registry.write("dvc.yaml", head + registry.read("dvc.yaml").replace("${key}", "${key}" + "${big}" * 10_000, 1))


@sizes.variant()
def _variables_in_variables(registry: Scratch) -> None:
    lines = [f"  a{i}: '{'${' + f'a{i - 1}' + '}'}{'${' + f'a{i - 1}' + '}'}'" for i in range(1, 60)]
    registry.write("dvc.yaml", "vars:\n- a0: x\n" + "\n".join(lines) + "\n" + registry.read("dvc.yaml"))


def _deep(path: str, opening: str, registry: Scratch) -> None:
    registry.write(path, f"a: {opening * 100_000}")


for _path in ("dvc.yaml", "dvc.lock", "params.yaml", f"{VERSION}/version.yaml", "models/loans/model.yaml"):
    sizes.add(f"{_path} that nests without end", partial(_deep, _path, "["))


def _put_before(path: str, content: str, registry: Scratch) -> None:
    registry.write(path, content + registry.read(path))


_ALIASES = "a: &a [1]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(40))
for _path in ("dvc.yaml", "params.yaml"):
    sizes.add(f"{_path} of aliases", partial(_put_before, _path, _ALIASES))
for _path in ("dvc.yaml", "dvc.lock", f"{VERSION}/version.yaml"):
    sizes.add(f"{_path} of many megabytes", partial(_put_before, _path, "#" * (34 << 20) + "\n"))


# Files that cannot be read, whatever reads them.

_CONTENTS: dict[str, bytes] = {
    "nothing": b"",
    "zero bytes": b"\0" * 1_000,
    "no UTF-8": b"\xff\xfe\x00\xd8",
    "half a surrogate": b"a: '\xed\xa0\x80'\n",
    "a number without end": b"a: " + b"9" * 100_000 + b"\n",
    "an exponent without end": b"a: 1e999999999\n",
    "a list": b"- 1\n- 2\n",
    "a text": b"text\n",
    "two documents": b"a: 1\n---\nb: 2\n",
    "a tag": b"a: !!python/object/apply:os.system ['true']\n",
    "a key that is a list": b"? [a, b]\n: 1\n",
    "the same key twice": b"a: 1\na: 2\n",
}


def _put(path: str, content: bytes, registry: Scratch) -> None:
    registry.write(path, content)


for _path in ("dvc.yaml", "dvc.lock", f"{VERSION}/version.yaml", f"{VERSION}/metrics.json"):
    for _name, _content in _CONTENTS.items():
        broken.add(f"{_path} holds {_name}", partial(_put, _path, _content))
for _name, _content in (
    ("stages that are a list", b"schema: '2.0'\nstages: [a, b]\n"),
    ("a stage that is a text", b"schema: '2.0'\nstages: {fit@loans: x}\n"),
    ("a dep that is a text", b"schema: '2.0'\nstages: {fit@loans: {cmd: x, deps: [a]}}\n"),
    ("a path that is a list", b"schema: '2.0'\nstages: {fit@loans: {cmd: x, deps: [{path: [a], md5: a}]}}\n"),
    ("parameters that are a list", b"schema: '2.0'\nstages: {fit@loans: {cmd: x, params: [a]}}\n"),
    ("a stage without a command", b"schema: '2.0'\nstages: {fit@loans: {outs: [{path: a, md5: b}]}}\n"),
):
    broken.add(f"dvc.lock has {_name}", partial(_put, "dvc.lock", _content))

FAMILIES = [names, paths, declared, sizes, broken]
