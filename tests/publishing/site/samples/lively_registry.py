"""A registry with a past: promotions, rollbacks, a yank, a withdrawal, pull requests, real predictions, windows, hostile texts."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tests.publishing.sample_review import sample_review
from tests.publishing.site.samples.sample_versions import HOSTILE
from tests.publishing.site.samples.sample_windows import put_windows, sample_windows
from tests.scaffold.documents import metrics_document, stored, version_document
from tests.scaffold.registry import Scratch

from mintmark.core import layout
from mintmark.core.judgement.review import Subject
from mintmark.core.provenance.training_rows import digest_training
from mintmark.core.records import format_pointer
from mintmark.core.tags.kept_review import keep_review
from mintmark.core.tags.message import Approved, TagMessage, format_message
from mintmark.registry.files import format_json, format_yaml

REPOSITORY, SITE = "https://github.com/acme/models", "https://acme.github.io/models/"
ROWS = 120
FIRST_SCRIPT = f"# train\n{HOSTILE}\n" + "".join(f"step({number})\n" for number in range(40)) + "end()\n"
NEXT_SCRIPT = FIRST_SCRIPT.replace("step(20)", "step(21, '<b>more</b>')").replace("end()\n", "")


def predictions(quality: float, *, task: str = "binary-classification") -> bytes:
    """A predictions.parquet; the same arguments give the same rows."""
    random = np.random.default_rng(7)
    truth, noise = random.integers(0, 2, ROWS), random.normal(size=ROWS)
    if task == "regression":
        columns = {"truth": truth * 10.0, "prediction": truth * 10.0 + noise / quality}
    else:
        chance = 1 / (1 + np.exp(-(quality * (2 * truth - 1) + noise)))
        columns = {"truth": truth, "prediction": (chance > 0.5).astype(int)}
        columns |= {"probability_0": 1 - chance, "probability_1": chance}
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def rows(model: str) -> bytes:
    """An evaluation.parquet, another for each model."""
    width = np.arange(ROWS) + len(model)
    targets = ("kind", "target", _HOSTILE["target"])
    return _parquet({"width": width, "length": width, **dict.fromkeys(targets, width % 2)})


def training_rows(key: str) -> bytes:
    """The digests of a training that saw none of these rows."""
    train = pd.DataFrame({"width": [-1.0, -2.0], "length": [-1.0, -2.0], "kind": [0, 1]})
    digests = digest_training(train, inputs=["width", "length"], target="kind", has_id=False, entity=None, key=key)
    return _parquet({name: digests[name].tolist() for name in digests.columns})


def _parquet(columns: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def make_lively(scratch: Scratch) -> Scratch:
    """Fill an empty registry; commits are one day apart, from 1 January 2026."""
    scratch.write_settings(
        name="Acme models", description="What Acme has in use.", addresses={"repository": REPOSITORY, "site": SITE}
    )
    scratch.write("docs/index.md", "# The Acme handbook\n\nHow we work. See [roll back](how-to/roll-back.md).\n")
    scratch.write("docs/how-to/roll-back.md", "# Roll back\n\n```sh\nmintmark rollback iris\n```\n")
    scratch.add_model("iris", **_IRIS)
    scratch.add_model("price", **_PRICE)
    scratch.add_model("hostile", **_HOSTILE)
    scratch.commit("Begin the registry")
    _propose(scratch, "iris", "1.0.0", quality=1.0, pull_request=3, stages=_trained(scratch, FIRST_SCRIPT))
    scratch.promote("iris", "1.0.0")
    _propose(
        scratch, "iris", "1.1.0", quality=2.5, parent="1.0.0", pull_request=5, stages=_trained(scratch, NEXT_SCRIPT)
    )
    _move(scratch, "iris", "1.1.0", "Merge pull request #6 from ada/promote")
    _propose(scratch, "iris", "1.2.0", quality=2.4, parent="1.1.0", pull_request=8)
    _move(scratch, "iris", "1.2.0", "promote iris 1.2.0 to production (#9)")
    _move(scratch, "iris", "1.1.0", "rollback iris 1.2.0 in production (#10)")
    scratch.yank("iris", "1.2.0", "Trained on *leaked* labels.", replacement="1.1.0")
    scratch.set_channel("iris", "staging", "1.1.0")
    scratch.commit("yank iris 1.2.0 (#11)")
    _propose(scratch, "iris", "1.3.0", quality=1.5, parent="1.1.0", pull_request=12)
    scratch.set_channel("iris", "staging", "1.1.0")
    scratch.remove(layout.version_folder("iris", "1.3.0"))
    scratch.commit('Revert "propose iris 1.3.0 (#12)"')
    _propose(scratch, "iris", "2.0.0-rc.1", quality=3.0, parent="1.1.0", pull_request=14, stage=False)
    _propose(scratch, "price", "1.0.0", quality=3.0, task="regression", pull_request=15, stages=_STAGES)
    scratch.promote("price", "1.0.0")
    _propose(scratch, "hostile", "1.0.0", quality=1.0, summary=HOSTILE, pull_request=None)
    scratch.promote("hostile", "1.0.0")
    _tag(
        scratch,
        "iris",
        "1.1.0",
        Approved(
            pull_request=5,
            approvers=("ada", "grace"),
            approved_before=("linus",),
            review=reviewed("iris@1.1.0"),
        ),
    )
    _tag(scratch, "hostile", "1.0.0", Approved(approvers=(HOSTILE,), review=_hostile_review()))
    for version, value, standing in (("1.2.0", -0.05, "worse"), ("2.0.0-rc.1", 0.05, "better")):
        told = reviewed(f"iris@{version}")
        decided = {"worse": "decide", "better": "pass"}[standing]
        told["report"] |= {"verdict": decided, "reason": f"iris@{version} is {standing} than iris@1.0.0"}
        told["report"]["comparison"]["difference"] |= {
            "value": value,
            "low": value - 0.02,
            "high": value + 0.02,
            "bound": value - 0.01,
            "standing": standing,
        }
        _tag(scratch, "iris", version, Approved(review=told))
    scratch.git("tag", "price@v1.0.0")
    put_windows(scratch, sample_windows())
    return scratch


def reviewed(reference: str) -> dict[str, Any]:
    """What a tag keeps of a review of this version, which the sample's is made to be."""
    model, version = reference.split("@")
    sample = sample_review()
    evaluations = [replace(one, candidate=reference, champion=f"{model}@1.0.0") for one in sample.evaluations]
    reason = f"{reference} is no worse than {model}@1.0.0"
    review = replace(sample, subjects=[Subject(model=model, version=version)], evaluations=evaluations, reason=reason)
    url = f"{REPOSITORY}/actions/runs/77/job/5"
    return {"check": "gate", "conclusion": "success", "url": url, "report": keep_review(review, reference)}


def _hostile_review() -> dict[str, Any]:
    made = reviewed("hostile@1.0.0")
    told: Any = made["report"]
    for part in (*told["checks"], *told["behaviour"]):
        part |= {"name": HOSTILE, "message": HOSTILE}
    told |= {"reason": HOSTILE, "judge": HOSTILE, "comparison": {**told["comparison"], "against": HOSTILE}}
    return {**made, "conclusion": HOSTILE, "url": f"https://evil.example/{HOSTILE}"}


def _tag(scratch: Scratch, model: str, version: str, approved: Approved) -> None:
    """Tag a version as a release does."""
    commit, subject = scratch.git(
        "log", "--diff-filter=A", "--format=%H%n%s", "--", layout.version_path(model, version)
    ).split("\n")
    told = TagMessage(
        sentence="It was registered.", kind="register", model=model, version=version, commit=commit,
        subject=subject, time="2026-01-05T12:00:00Z", approved=approved,
    )  # fmt: skip
    scratch.git("tag", "--annotate", "--message", format_message(told), f"{model}@v{version}", commit)


def _propose(
    scratch: Scratch, model: str, version: str, *, quality: float, pull_request: int | None, stage: bool = True,
    task: str = "binary-classification", **changes: Any,
) -> None:  # fmt: skip
    write_version(scratch, model, version, quality=quality, task=task, **changes)
    if stage:
        scratch.set_channel(model, "staging", version)
    number = f" (#{pull_request})" if pull_request else ""
    scratch.commit(f"propose {model} {version}{number}")


def write_version(
    scratch: Scratch, model: str, version: str, *, quality: float, task: str = "binary-classification", **changes: Any
) -> None:
    """Write the files of a version with predictions of a quality."""
    contents = {
        "model.skops": f"the bytes of {model} {version}\n".encode(),
        "predictions.parquet": predictions(quality, task=task),
        "evaluation.parquet": rows(model),
        "training-rows.parquet": training_rows(f"md5:{version}"),
    }
    files = {name: stored(name, content) for name, content in contents.items()}
    for content in contents.values():
        scratch.put_object(content)
    metrics = _metrics(quality, task)
    document = version_document(model, version, files, **{"metrics": metrics, **changes})
    if task == "regression":
        del document["signature"]["classes"]
    text = format_yaml(document, schema="../../../../schemas/version.schema.json")
    scratch.write(layout.version_path(model, version), text)
    measured = {**metrics_document(metrics), "task": task, "rows": ROWS, "slices": _slices(metrics)}
    scratch.write(layout.metrics_path(model, version), format_json(measured))
    for name, file in files.items():
        scratch.write(layout.pointer_path(model, version, name), format_pointer(file))


def _metrics(quality: float, task: str) -> dict[str, dict[str, float]]:
    names = ("mae", "rmse", "r2") if task == "regression" else ("roc_auc", "accuracy", "log_loss")
    return {
        name: {"value": round(1 - 0.3 / (quality + n), 6), "low": round(0.95 - 0.3 / (quality + n), 6), "high": 1.0}
        for n, name in enumerate(names)
    }


def _slices(metrics: dict[str, dict[str, float]]) -> dict[str, Any]:
    return {"small": {"rows": 60, "metrics": metrics}, "few": {"rows": 0, "metrics": {}}}


def _trained(scratch: Scratch, script: str) -> dict[str, Any]:
    """Write the script of a stage, and return the stages that say so."""
    scratch.write("scripts/train.py", script)
    md5 = hashlib.md5(script.encode(), usedforsecurity=False).hexdigest()
    deps = {"scripts/train.py": f"md5:{md5}", "code/prepare.R": f"md5:{md5[::-1]}"}  # the second is not in Git
    return {"train": {"cmd": "python scripts/train.py", "deps": deps, "outs": {}}}


def _move(scratch: Scratch, model: str, version: str, subject: str) -> None:
    scratch.set_channel(model, "production", version)
    scratch.commit(subject)


# Data that no stage wrote, code that is not Python, and a stage that only measures.
_STAGES: dict[str, Any] = {
    "prepare": {
        "cmd": "Rscript code/prepare.R",
        "deps": {"code/prepare.R": "md5:0a", "data/houses.csv": "md5:0b", "scripts/shared": "md5:0c.dir"},
        "outs": {"models/price/candidate/training.parquet": "md5:0d", "models/price/candidate/notes.json": "md5:0e"},
    },
    "train": {
        "cmd": "python scripts/train.py price",
        "deps": {
            "scripts/train.py": "md5:1.0.0",
            "models/price/candidate/training.parquet": "md5:0d",
            "models/price/candidate/notes.json": "md5:0e",
        },
        "outs": {
            "models/price/candidate/model.skops": f"md5:{hashlib.md5(b'the bytes of price 1.0.0' + bytes([10])).hexdigest()}"
        },
    },
    "evaluate": {
        "cmd": "python scripts/evaluate.py price",
        "deps": {"data/sold-later.csv": "md5:0f", "models/price/candidate/model.skops": "md5:1"},
    },
}
_IRIS: dict[str, Any] = {
    "title": "Kinds of iris",
    "owners": ["@ada", "@acme/flowers"],
    "purpose": "Tells **two** kinds of iris apart. See [the study](https://example.org/study).",
    "intended_use": "Teaching.",
    "out_of_scope": "Gardening.",
    "limitations": "Few flowers.",
    "tags": ["flowers", "small"],
    "target": "kind",
    "positive_class": 1,
    "slices": [
        {"name": "small", "description": "Short petals.", "where": {"column": "width", "below": 2}},
        {"name": "few", "where": {"column": "width", "at_least": 9}},
    ],
    "behaviour": [
        {"name": "refuses", "kind": "malformed", "inputs": ["nan", "no-rows"], "expect": "error"},
    ],
    "monitoring": {"thresholds": {"drift": 0.2}, "window": "7d"},
}
_PRICE: dict[str, Any] = {
    "title": "What a house costs",
    "task": "regression",
    "licence": "MIT",
    "owners": ["@grace"],
    "metric": {"name": "mae", "goal": "minimize"},
    "gates": {"margin": 0.1},
    "target": "price",
}
_HOSTILE: dict[str, Any] = {
    "title": f"Title {HOSTILE}".replace("\x02", "")[:200],
    "purpose": HOSTILE,
    "limitations": f"# A heading\n\n{HOSTILE}\n\n<iframe src=//evil.example></iframe>\n\n[a]: javascript:alert(5)\n\n[b][a]",
    "target": "</textarea><script>alert(6)</script>",
    "positive_class": 1,
}
