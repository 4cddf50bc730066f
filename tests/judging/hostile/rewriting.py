"""Rewrite what a proposal says of itself so that it agrees with itself: record, dvc.lock, store and pointers."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
from tests.judging.hostile.harness import VERSION
from tests.judging.judged_fixture import bytes_of, forge, parse, rewritten
from tests.scaffold.documents import stored
from tests.scaffold.registry import Scratch

from mintmark.training.tables import format_parquet

RECORD = f"{VERSION}/version.yaml"
STAGE = "fit@loans"
CANDIDATE = "models/loans/candidate"


@contextmanager
def record(registry: Scratch) -> Iterator[dict[str, Any]]:
    """Edit version.yaml as data, and nothing else."""
    with rewritten(registry.path(RECORD)) as data:
        yield data


@contextmanager
def lock(registry: Scratch) -> Iterator[dict[str, Any]]:
    """Edit the stage in dvc.lock and in the record alike."""
    with rewritten(registry.path("dvc.lock")) as data:
        yield data["stages"][STAGE]
    stage = parse(registry.read("dvc.lock"))["stages"][STAGE]
    with record(registry) as about:
        about["stages"] = {
            STAGE: {
                "cmd": stage["cmd"],
                "deps": {entry["path"]: f"md5:{entry['md5']}" for entry in stage["deps"]},
                "params": stage["params"],
                "outs": {entry["path"]: f"md5:{entry['md5']}" for entry in stage["outs"]},
            }
        }


def output(registry: Scratch, name: str) -> dict[str, Any]:
    """A JSON output of the pipeline, as the store has it."""
    found = parse(registry.read("dvc.lock"))["stages"][STAGE]["outs"]
    md5 = next(out["md5"] for out in found if out["path"] == f"{CANDIDATE}/{name}")
    data: dict[str, Any] = json.loads(registry.path(f".dvc/store/files/md5/{md5[:2]}/{md5[2:]}").read_bytes())
    return data


def rewrite_output(registry: Scratch, name: str, content: bytes) -> None:
    """Put other bytes in place of an output that no record stores: in the store, in dvc.lock and among the stages."""
    new = stored(name, content)
    registry.put(new, content)
    with lock(registry) as stage:
        for out in stage["outs"]:
            if out["path"] == f"{CANDIDATE}/{name}":
                out |= {"md5": new.md5, "size": new.size}


def sign(registry: Scratch, change: Callable[[dict[str, Any]], object]) -> None:
    """Change signature.json and the record alike."""
    data = output(registry, "signature.json")
    change(data)
    rewrite_output(registry, "signature.json", json.dumps(data).encode())
    with record(registry) as about:
        about["signature"] = data


def trace(registry: Scratch, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Change the lineage of data.json and of the record alike."""
    data = output(registry, "data.json")
    change(data["lineage"])
    rewrite_output(registry, "data.json", json.dumps(data).encode())
    with record(registry) as about:
        about["data"] = data["lineage"]


def measure(registry: Scratch, change: Callable[[dict[str, Any]], object]) -> None:
    """Change metrics.json, and dvc.lock and the record with it."""
    data = json.loads(registry.read(f"{VERSION}/metrics.json"))
    change(data)
    forge(registry, "1.1.0", "metrics.json", json.dumps(data, indent=2).encode())


def predict(registry: Scratch, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Change predictions.parquet, and all that names it."""
    table = pd.read_parquet(io.BytesIO(bytes_of(registry, "1.1.0", "predictions.parquet")))
    forge(registry, "1.1.0", "predictions.parquet", format_parquet(change(table)))
