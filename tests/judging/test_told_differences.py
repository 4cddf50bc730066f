"""What a review tells of the differences between a proposal and its champion: each part by itself, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.scaffold.documents import stored
from tests.scaffold.registry import ROOT, Scratch, begin

from mintmark.core import layout
from mintmark.core.comparison import PARTS
from mintmark.core.judgement.review import Subject
from mintmark.judging.proposals import judge_proposal
from mintmark.judging.span import Span

SAME: dict[str, Any] = {"kept": "as it is"}


def made(number: int) -> dict[str, Any]:
    """A record that differs in one value of each part from that of another number."""
    given = {"tune": {"folds": number, **SAME}, "evaluate": {"resamples": 100 * number, **SAME}}
    return {
        "parameters": {"C": number, **SAME},
        "data": [
            {"role": role, "path": f"data/{role}.csv", "hash": f"md5:{digest}", "rows": 100}
            for role, digest in (("training", number), ("evaluation", 0))
        ],
        "stages": {
            "train@loans": {
                "cmd": "python scripts/train.py loans",
                "deps": {"scripts/train.py": f"md5:{number}", "data/training.csv": f"md5:{number}"},
                "outs": {},
                "params": {"params.yaml": {f"models.loans.{name}": section for name, section in given.items()}},
            }
        },
        "environment": {
            "python": "3.11.7", "platform": "linux-x86_64", "packages": {"numpy": f"2.{number}.0", "skops": "0.13.0"},
            "lock": f"sha256:{'0' * 64}",
        },
        "signature": {
            "inputs": {"width": f"float{32 * number}", "length": "float64"},
            "outputs": {"prediction": {"type": "int64", "shape": [None]}}, "classes": [0, 1],
        },
    }  # fmt: skip


def add(registry: Scratch, version: str, number: int) -> None:
    """Register a version whose metrics.json differs too: in a slice, and in what the model costs."""
    contents = {"model.skops": f"model {number}".encode(), "profile.json": b"{}\n"}
    registry.add_version("loans", version, contents, **made(number))
    path = layout.metrics_path("loans", version)
    measured = json.loads(registry.read(path))
    of_slice = {"rows": 40 + number, "metrics": {"roc_auc": {"value": 0.5}}}
    measured |= {"slices": {"old": of_slice}, "cost": {**measured["cost"], "load_seconds": 0.01 * number}}
    registry.write(path, json.dumps(measured))


def test_every_part_that_differs_is_told_with_both_values_and_nothing_else(tmp_path: Path) -> None:
    registry = begin(tmp_path / "r")
    registry.add_model("loans")
    add(registry, "1.0.0", 1)
    registry.set_channel("loans", "staging", "1.0.0")
    registry.set_channel("loans", "production", "1.0.0")
    base = registry.commit("Propose loans 1.0.0")
    add(registry, "1.1.0", 2)
    head = registry.commit("Propose loans 1.1.0")
    subject = Subject(model="loans", version="1.1.0", incumbent=None, channel=None)
    judging = judge_proposal(Span(registry.root, base, head), [subject])
    tables = next(opinion.tables for opinion in judging if opinion.tables)
    files = [stored("model.skops", f"model {number}".encode()) for number in (1, 2)]
    assert [(table.title, list(table.rows)) for table in tables] == [
        ("Parameters", [("C", "1", "2")]),
        ("Search space", [("tune.folds", "1", "2")]),
        ("Stage parameters", [("evaluate.resamples", "100", "200")]),
        ("Data", [("training data/training.csv.hash", "md5:1", "md5:2")]),
        ("Code", [("scripts/train.py", "md5:1", "md5:2")]),
        ("Environment", [("packages.numpy", "2.1.0", "2.2.0")]),
        ("Signature", [("inputs.width", "float32", "float64")]),
        ("Artifact", [("md5", *(f.md5 for f in files)), ("sha256", *(f.sha256 for f in files))]),
        ("Slices", [("old: rows", "41", "42")]),
        ("Cost", [("load_seconds", "0.01", "0.02")]),
    ]
    assert [table.header for table in tables] == [(words, "1.0.0", "1.1.0") for words in PARTS.values()]


def test_the_page_names_the_parts() -> None:
    page = (ROOT / "docs/reference/review.md").read_text()
    assert f"In this order: {', '.join(PARTS.values())}." in " ".join(page.split())
