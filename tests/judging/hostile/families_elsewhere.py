"""Proposals that leave out what a version was trained on, so that no evaluation row counts as seen (R11)."""

from __future__ import annotations

import pandas as pd
import yaml
from tests.judging.hostile.harness import VERSION, Family
from tests.judging.hostile.rewriting import CANDIDATE, STAGE, lock, record, trace
from tests.judging.judged_fixture import bytes_of, forge
from tests.scaffold.documents import stored
from tests.scaffold.registry import Scratch

from mintmark.training.tables import format_parquet

NAME = "training-rows.parquet"
BROUGHT = "data/loans-model.skops"

elsewhere = Family("trained elsewhere")


def _store_no_digests(registry: Scratch) -> None:
    """Neither the pipeline nor the record names the digests of training rows any more."""
    with record(registry) as about:
        del about["files"][NAME]
    registry.remove(f"{VERSION}/{NAME}.dvc")
    registry.edit("dvc.yaml", f"        - models/${{key}}/candidate/{NAME}\n", "")
    with lock(registry) as stage:
        stage["outs"] = [out for out in stage["outs"] if out["path"] != f"{CANDIDATE}/{NAME}"]


def _name_no_training(registry: Scratch) -> None:
    trace(registry, lambda data: data.remove(next(each for each in data if each["role"] == "training")))


def _bring_the_artifact(registry: Scratch) -> None:
    """Let the stage read what it writes, from a place where somebody put it."""
    content = bytes_of(registry, "1.1.0", "model.skops")
    registry.write(BROUGHT, content)
    registry.edit("dvc.yaml", "deps: [scripts/fit.py,", f"deps: [{BROUGHT}, scripts/fit.py,")
    entry = {"path": BROUGHT, "hash": "md5", "md5": stored("model.skops", content).md5, "size": len(content)}
    with lock(registry) as stage:
        stage["deps"] = [entry, *stage["deps"]]


@elsewhere.variant(says="its data.json names no training table")
def _the_lineage_names_no_training(registry: Scratch) -> None:
    _store_no_digests(registry)
    _name_no_training(registry)


@elsewhere.variant(says="loans@1.0.0 of the base tells it")
def _a_training_of_no_rows(registry: Scratch) -> None:
    """An empty table has seen nothing."""
    digests = pd.DataFrame({"of": pd.Series([], dtype="str"), "digest": pd.Series([], dtype="int64")})
    forge(registry, "1.1.0", NAME, format_parquet(digests))
    trace(registry, lambda data: next(each for each in data if each["role"] == "training").update(rows=0))


@elsewhere.variant(says="it was trained elsewhere")
def _the_artifact_is_brought(registry: Scratch) -> None:
    _store_no_digests(registry)
    _name_no_training(registry)
    _bring_the_artifact(registry)


@elsewhere.variant(model=True, says="nobody can tell which of these rows loans@1.1.0 was trained on")
def _the_artifact_is_brought_and_runs(registry: Scratch) -> None:
    _the_artifact_is_brought(registry)


@elsewhere.variant(says=f"files.{NAME}: is left out")
def _the_digests_alone_are_gone(registry: Scratch) -> None:
    _store_no_digests(registry)


@elsewhere.variant(says=f"files.{NAME}: is left out")
def _the_artifact_is_brought_and_trained(registry: Scratch) -> None:
    _store_no_digests(registry)
    _bring_the_artifact(registry)


@elsewhere.variant(says="data.json counts 0 in the training")
def _the_lineage_alone_is_silent(registry: Scratch) -> None:
    _name_no_training(registry)


@elsewhere.variant(says="in data.json it is")
def _the_record_alone_is_silent(registry: Scratch) -> None:
    _store_no_digests(registry)
    with record(registry) as about:
        about["data"] = [each for each in about["data"] if each["role"] != "training"]


@elsewhere.variant(says="data/loans-model.skops")
def _no_such_file_is_brought(registry: Scratch) -> None:
    """What the stage is said to have read is nowhere to be seen."""
    _the_artifact_is_brought(registry)
    registry.remove(BROUGHT)


@elsewhere.variant(says="is modified")
def _another_file_is_brought(registry: Scratch) -> None:
    _the_artifact_is_brought(registry)
    registry.write(BROUGHT, b"PK\x03\x04 something else")


@elsewhere.variant(says="dvc.lock: stages.fit@loans")
def _the_artifact_is_brought_in_the_lock_alone(registry: Scratch) -> None:
    _the_artifact_is_brought(registry)
    registry.edit("dvc.yaml", f"deps: [{BROUGHT}, ", "deps: [")


@elsewhere.variant(says="says something else of deps")
def _the_artifact_is_brought_in_the_record_alone(registry: Scratch) -> None:
    _store_no_digests(registry)
    _name_no_training(registry)
    with record(registry) as about:
        about["stages"][STAGE]["deps"][BROUGHT] = f"md5:{about['artifact']['md5']}"
    assert BROUGHT not in yaml.safe_load(registry.read("dvc.lock"))["stages"][STAGE]


FAMILIES = [elsewhere]
