"""A small registry with a real pipeline and a champion in production, for judging what is proposed on top of it."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.scaffold.documents import stored
from tests.scaffold.pipeline import LOANS, begin_toy, write_params
from tests.scaffold.registry import Scratch

from mintmark.core.records import format_pointer

MODEL = """\
schema: 1
name: loans
task: binary-classification
owners: ["@ada", "@acme/risk"]
purpose: Tells who pays back.
licence: Apache-2.0
target: paid
positive_class: "yes"
metric: {name: accuracy, goal: maximize}
gates:
  margin: 0.02
  leak_cap: 0.2
  floors: {accuracy: 0.7}
  slice_margin: 0.05
  slice_min_rows: 60
  cost: {size: 1 MB, load_seconds: 30}
slices:
  - name: young
    where: {column: age, below: 35}
  - name: region-b
    where: {column: region, equals: b}
behaviour:
  - name: rich-pay
    kind: minimum-functionality
    cases:
      - row: {income: 9, debt: -9}
        expect: "yes"
  - name: income-helps
    kind: direction
    change: {column: income, add: 0.5}
    expect: increase
    share: 0.95
  - name: refuses-nonsense
    kind: malformed
    inputs: [missing-column, nan]
    expect: error
"""


def _rows(number: int) -> Iterator[dict[str, Any]]:
    noise = random.Random(7)
    for row in range(number):
        age, income, debt = noise.uniform(18, 80), noise.gauss(0, 1), noise.gauss(0, 1)
        chance = 1 / (1 + 2.718281828 ** -(1.6 * income - 1.2 * debt + 0.02 * (age - 45)))
        paid = "yes" if noise.random() < chance else "no"
        yield {
            "row": row, "age": round(age, 2), "income": round(income, 4), "debt": round(debt, 4),
            "region": noise.choice("ab"), "noise": round(noise.gauss(0, 1), 4), "paid": paid,
        }  # fmt: skip


def make_registry(root: Path, *, rows: int = 600) -> Scratch:
    """A clean repository with 1.0.0 in production, judged on so many rows; `main` is the base of every proposal."""
    text = io.StringIO()
    table = list(_rows(2 * rows))
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    judged = begin_toy(LOANS, root, text.getvalue())
    judged.write_settings(name="judged")
    judged.write("models/loans/model.yaml", MODEL)
    judged.commit("Describe the model")
    propose(judged)
    for channel in ("staging", "production"):
        done = judged.mintmark("promote", "loans@1.0.0", channel, "--here")
        assert done.code == 0, done.text
    return judged


def propose_twice(folder: Path) -> None:
    """1.0.0 in production on `main`, and two proposals of 1.1.0 on branches: `better` and `worse`."""
    judged = make_registry(folder)
    judged.branch("better")
    propose(judged, C=1.0)
    judged.branch("worse")
    propose(judged, "--version", "1.1.0", columns=["age", "noise"])
    judged.branch("main", "main")


def propose(judged: Scratch, *arguments: str, **params: Any) -> None:
    """Change params.yaml, run the pipeline and commit the version on the current branch."""
    set_params(judged, **params)
    judged.repro()
    done = judged.mintmark("propose", "loans", "--here", *arguments)
    assert done.code == 0, done.text


def set_params(judged: Scratch, **changes: Any) -> None:
    write_params(judged, LOANS, **changes)


def forge(judged: Scratch, version: str, name: str, content: bytes) -> None:
    """Put other bytes in place of a stored file or of metrics.json, and mend every record that would tell: the store,
    the pointer, version.yaml and dvc.lock. What is left is a proposal that agrees with itself."""
    folder = f"models/loans/versions/{version}"
    lock = parse(judged.read("dvc.lock"))
    out = next(out for out in lock["stages"]["fit@loans"]["outs"] if out["path"].endswith(f"/{name}"))
    new = stored(name, content)
    object_ = f".dvc/store/files/md5/{out['md5'][:2]}/{out['md5'][2:]}"
    if not judged.git("ls-tree", "main", "--", object_):  # that of the proposal alone, which nothing names any more
        judged.path(object_).unlink(missing_ok=True)
    for path in ("dvc.lock", f"{folder}/version.yaml"):
        judged.write(path, judged.read(path).replace(out["md5"], new.md5))
    judged.edit("dvc.lock", f"md5: {new.md5}\n      size: {out['size']}", f"md5: {new.md5}\n      size: {new.size}")
    with rewritten(judged.path(f"{folder}/version.yaml")) as record:
        if name == "metrics.json":
            judged.write(f"{folder}/metrics.json", content)
            record["metrics"] = json.loads(content)["metrics"]
            return
        place = record["artifact"] if record["artifact"]["path"] == name else record["files"][name]
        place |= new.to_dict()
        if name == "evaluation.parquet":
            for entry in record["data"]:
                entry["hash"] = f"sha256:{new.sha256}"
    judged.write(f"{folder}/{name}.dvc", format_pointer(new))
    judged.put(new, content)


def bytes_of(judged: Scratch, version: str, name: str) -> bytes:
    """The stored bytes of a version's file."""
    record = parse(judged.read(f"models/loans/versions/{version}/version.yaml"))
    entry = record["artifact"] if record["artifact"]["path"] == name else record["files"][name]
    return judged.path(f".dvc/store/files/md5/{entry['md5'][:2]}/{entry['md5'][2:]}").read_bytes()


@contextmanager
def rewritten(path: Path) -> Iterator[dict[str, Any]]:
    """Edit a YAML or JSON record as data."""
    data = parse(path.read_text())
    yield data
    path.write_text(json.dumps(data, indent=2) if path.suffix == ".json" else _format(data))


def parse(text: str) -> Any:
    """What `yaml.safe_load` reads, by libyaml: most of what a hostile variant took was reading its dvc.lock."""
    return yaml.load(text, Loader=yaml.CSafeLoader)


def _format(data: object) -> str:
    return str(yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False))


def nearly(tests: dict[str, Any]) -> dict[str, Any]:
    """Paired tests by metric, to be held against others; on some processors two runs differ in their last digits."""
    return {
        name: found
        and {key: pytest.approx(value, rel=1e-9) if type(value) is float else value for key, value in found.items()}
        for name, found in tests.items()
    }
