"""dvc.yaml and dvc.lock that DVC would refuse or read otherwise, and records that claim what no stage declares."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import yaml
from tests.judging.hostile.families_store import put
from tests.judging.hostile.harness import Family
from tests.judging.hostile.rewriting import STAGE, lock
from tests.judging.judged_fixture import rewritten
from tests.scaffold.registry import Scratch

Change = Callable[[dict[str, Any]], object]

# -- dvc.yaml ----------------------------------------------------------------------------------------------------------

written = Family("a dvc.yaml of another form")
_OUT = "        - models/${key}/candidate/model.skops\n"
_STAGES = "stages:\n"


def _edit(old: str, new: str, registry: Scratch) -> None:
    registry.edit("dvc.yaml", old, new)


for _name, _old, _new in (
    ("an unknown key", _STAGES, "hooks: [x]\nstages:\n"),
    ("an unknown key of a stage", "      cmd:", "      evil: 1\n      cmd:"),
    ("an option that DVC had once", "      outs:\n", "      live: {x: {}}\n      outs:\n"),
    ("an unknown option of an output", _OUT, _OUT.rstrip() + ": {evil: 1}\n"),
    ("a command beside a repetition", "    foreach: ${models}\n", "    foreach: ${models}\n    cmd: x\n"),
    ("a key that merges", "    foreach: ${models}\n", "    foreach: ${models}\n    <<: {cmd: x}\n"),
    ("a data set from an address", _STAGES, "datasets: [{name: x, type: url, url: 'http://127.0.0.1:9/x'}]\nstages:\n"),
    ("parameters from outside", _STAGES, "params: [/etc/passwd]\nstages:\n"),
    ("metrics from above", _STAGES, "metrics: [../../x]\nstages:\n"),
    ("a plot of a file outside", _STAGES, "plots: [{../../x: {}}]\nstages:\n"),
    ("a plot with a template from outside", _STAGES, "plots: [{data: {template: /etc/passwd}}]\nstages:\n"),
    ("a plot of an address", _STAGES, "plots: [{'http://127.0.0.1:9/x': {}}]\nstages:\n"),
    ("an artifact outside", _STAGES, "artifacts: {evil: {path: /etc/passwd}}\nstages:\n"),
    ("another stage that is broken", _STAGES, "stages:\n  evil: [1]\n"),
    ("another stage without a command", _STAGES, "stages:\n  evil: {deps: [x]}\n"),
    ("another stage that reads outside", _STAGES, "stages:\n  evil: {cmd: x, deps: [/etc/passwd]}\n"),
    ("another stage that reads an address", _STAGES, "stages:\n  evil: {cmd: x, deps: ['http://127.0.0.1:9/x']}\n"),
    ("another stage that writes above", _STAGES, "stages:\n  evil: {cmd: x, outs: [../x]}\n"),
    ("another stage that looks like an option", _STAGES, "stages:\n  -q: {cmd: x}\n"),
    ("a path through another folder", "candidate/model.skops", "candidate/../candidate/model.skops"),
    ("a script no longer declared", "deps: [scripts/fit.py, data/loans.csv]", "deps: [data/loans.csv]"),
    ("data no longer declared", "deps: [scripts/fit.py, data/loans.csv]", "deps: [scripts/fit.py]"),
    ("parameters no longer declared", "        - models.${key}\n", ""),
    ("slices no longer declared", "[slices, metric]", "[metric]"),
    ("rows no longer declared", "        - models/${key}/candidate/training-rows.parquet\n", ""),
):
    written.add(_name, partial(_edit, _old, _new))
for _name, _old, _new in (
    ("a description", "      cmd:", "      desc: Fits.\n      meta: {by: ada}\n      cmd:"),
    ("a folder that is this one", "      cmd:", "      wdir: .\n      cmd:"),
    ("options of an output", _OUT, _OUT.rstrip() + ": {persist: true, desc: The model.}\n"),
    ("a stage of its own", _STAGES, "stages:\n  report: {cmd: python scripts/fit.py, deps: [data/loans.csv]}\n"),
    ("parameters and plots for all", _STAGES, "params: [params.yaml]\nplots: [data/loans.csv: {x: age}]\nstages:\n"),
):
    written.add(_name, partial(_edit, _old, _new), honest=True)

# -- dvc.lock ----------------------------------------------------------------------------------------------------------

locked = Family("a dvc.lock of another form")


def _alone(change: Change, registry: Scratch) -> None:
    with rewritten(registry.path("dvc.lock")) as data:
        change(data)


def _as_recorded(change: Change, registry: Scratch) -> None:
    with lock(registry) as stage:
        change(stage)


def _model(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = data["stages"][STAGE]["outs"][3]
    return found


def _data(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = data["stages"][STAGE]["deps"][0]
    return found


for _name, _change in {
    "the form of DVC 1": lambda data: data.update(schema="1.0"),
    "a form to come": lambda data: data.update(schema="3.0"),
    "no form": lambda data: data.pop("schema"),
    "an unknown key": lambda data: data.update(evil=1),
    "a data set": lambda data: data.update(datasets=[{"url": "http://127.0.0.1:9/x"}]),
    "a note in a stage": lambda data: data["stages"][STAGE].update(desc="trust me"),
    "another hash": lambda data: _model(data).update(hash="sha256"),
    "an output elsewhere": lambda data: _model(data).update(cloud={"evil": {"etag": "x"}}),
    "the files of an output": lambda data: _model(data).update(files=[{"relpath": "../a", "md5": "0" * 32}]),
    "a model of no bytes": lambda data: _model(data).update(size=0),
    "a model of fewer than no bytes": lambda data: _model(data).update(size=-1),
    "a model of many bytes": lambda data: _model(data).update(size=10**15),
    "data of one byte": lambda data: _data(data).update(size=1),
    "data of so many letters": lambda data: _data(data).update(size="46429"),
    "data of true bytes": lambda data: _data(data).update(size=True),
    "data without a size": lambda data: _data(data).pop("size"),
    "data with a mark of the web": lambda data: _data(data).update(etag="x"),
    "data twice": lambda data: data["stages"][STAGE]["deps"].append(dict(_data(data))),
    "an md5 in capitals": lambda data: _model(data).update(md5=_model(data)["md5"].upper()),
}.items():
    locked.add(_name, partial(_alone, _change))

_ZERO = {"hash": "md5", "md5": "0" * 32, "size": 1}
_TABLE = {"hash": "md5", "md5": "78dfb7460b6f0a273d87130b5d074aa1", "size": 46429}
for _name, _change in {
    "a file that nothing reads": lambda stage: stage["deps"].append({"path": "data/audited.csv", **_ZERO}),
    "a file that nothing writes": lambda stage: stage["outs"].append(
        {"path": "models/loans/candidate/x.json", **_ZERO}
    ),
    "a file of another model": lambda stage: stage["outs"].append({"path": "models/iris/candidate/x.json", **_ZERO}),
    "the data as an output": lambda stage: stage["outs"].append({"path": "data/loans.csv", **_TABLE}),
    "parameters that nothing takes": lambda stage: stage["params"]["models/loans/model.yaml"].update(target="paid"),
    "settings that nothing takes": lambda stage: stage["params"].update({"models/registry.yaml": {"schema": 1}}),
}.items():
    locked.add(f"{_name}, in the record as well", partial(_as_recorded, _change))

# -- pointers ----------------------------------------------------------------------------------------------------------

pointers = Family("data behind pointers that say otherwise")


def _point(change: Change, registry: Scratch) -> None:
    """Keep the data behind a pointer, and spoil that."""
    content = registry.path("data/loans.csv").read_bytes()
    outs = [{"md5": put(registry, content), "size": len(content), "hash": "md5", "path": "loans.csv"}]
    registry.git("rm", "--quiet", "--cached", "data/loans.csv")
    registry.remove("data/loans.csv")
    registry.write("data/.gitignore", "/loans.csv\n")
    pointer: dict[str, Any] = {"outs": outs}
    change(pointer)
    registry.write("data/loans.csv.dvc", yaml.safe_dump(pointer))


for _name, _change in {
    "other bytes": lambda data: data["outs"][0].update(md5="0" * 32),
    "another file": lambda data: data["outs"][0].update(path="other.csv"),
    "a file above": lambda data: data["outs"][0].update(path="../../x"),
    "a second file": lambda data: data["outs"].insert(0, {"md5": "0" * 32, "size": 1, "path": "x.csv"}),
    "the same file twice": lambda data: data["outs"].append(dict(data["outs"][0], md5="0" * 32)),
    "the right file, named for another": lambda data: data["outs"].insert(
        0, dict(data["outs"][0], md5="0" * 32, path="loans.csv")
    ),
    "a folder": lambda data: data["outs"][0].update(md5=data["outs"][0]["md5"] + ".dir"),
}.items():
    pointers.add(_name, partial(_point, _change))
pointers.add("as dvc add writes it", partial(_point, lambda _data: None), honest=True)
# Nothing is read from there: the bytes are those of the md5, and the report names the pointer.
pointers.add(
    "as dvc import-url writes it",
    partial(_point, lambda data: data.update(deps=[{"path": "http://127.0.0.1:9/x"}], frozen=True)),
    honest=True,
)

FAMILIES = [written, locked, pointers]
