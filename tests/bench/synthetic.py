"""Build a registry of any size with real Git history and a real DVC remote, quickly: `git fast-import` and plain files."""

from __future__ import annotations

import functools
import hashlib
import io
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mintmark.core import layout
from mintmark.core.records import StoredFile, format_pointer
from mintmark.registry.files import format_json, format_yaml

START = 1_735_689_600  # 2025-01-01
STEP = 60  # so that no commit of the largest one lies in the future, where Git walks longer for it
ARTIFACT_SIZE = 1_000_000
MODEL_COUNT = 100
STORED = ("predictions.parquet", "evaluation.parquet", "profile.json")
COLUMNS = {f"measure_{n}": "float64" for n in range(8)} | {"region": "object", "age": "int64"}


@dataclass(frozen=True, slots=True)
class Synthetic:
    """Where a synthetic registry lies and how large it is."""

    root: Path
    remote: Path
    versions: int
    models: int
    commits: int


def build(
    folder: Path, versions: int, models: int = MODEL_COUNT, *, drawn: bool = False, one_more: int = 0
) -> Synthetic:
    """Build a registry of `versions` versions over `models` models in `folder`/registry, its bytes in `folder`/remote.

    With `drawn`, each version has real predictions of its own, from which a site draws curves. The first model has
    `one_more` versions beside its share.
    """
    root, remote = folder / "registry", folder / "remote"
    root.mkdir(parents=True)
    git = ("git", "-C", str(root))
    subprocess.run((*git, "init", "--quiet", "--initial-branch=main"), check=True)
    for key, value in (("user.name", "Bench"), ("user.email", "bench@example.org"), ("gc.auto", "0")):
        subprocess.run((*git, "config", key, value), check=True)
    with subprocess.Popen((*git, "fast-import", "--quiet"), stdin=subprocess.PIPE) as importer:
        assert importer.stdin is not None
        writer = _Writer(importer.stdin)
        share = [(n % models, n // models) for n in range(versions)]
        share += [(0, versions // models + n) for n in range(one_more)]
        _write_commits(writer, remote, share, models, drawn=drawn)
        importer.stdin.close()
        if importer.wait() != 0:
            raise SystemExit("git fast-import failed")
    subprocess.run((*git, "reset", "--quiet", "--hard", "main"), check=True)
    return Synthetic(root, remote, versions + one_more, models, writer.commits)


class _Writer:
    """Write commits in the form that `git fast-import` reads."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.commits = stream, 0

    def commit(self, subject: str, files: dict[str, str]) -> None:
        time = START + self.commits * STEP
        person = f"Ada <ada@example.org> {time} +0000"
        message = subject.encode()
        self.stream.write(f"commit refs/heads/main\nauthor {person}\ncommitter {person}\n".encode())
        self.stream.write(b"data %d\n%s\n" % (len(message), message))
        for path, text in files.items():
            content = text.encode()
            self.stream.write(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content))
        self.commits += 1


def _write_commits(writer: _Writer, remote: Path, share: list[tuple[int, int]], models: int, *, drawn: bool) -> None:
    """Write a commit for each version of `share`, by the number of its model and its own."""
    names = [f"model-{n:03d}" for n in range(models)]
    writer.commit("begin the registry", _registry_files(names))
    for number, (place, minor) in enumerate(share):
        model = names[place]
        version = f"1.{minor}.0"
        parent = f"1.{minor - 1}.0" if minor else None
        files = _version_files(model, version, parent, number, remote, drawn=drawn)
        files[layout.channel_path(model, "staging")] = _channel(version)
        writer.commit(f"propose {model} {version}", files)
        if minor % 3 == 0:
            path = layout.channel_path(model, "production")
            writer.commit(f"promote {model} {version} to production", {path: _channel(version)})


def _registry_files(names: list[str]) -> dict[str, str]:
    settings = {
        "schema": 1,
        "name": "Synthetic",
        "base_branch": "main",
        "channels": [{"name": "staging"}, {"name": "production", "after": "staging"}],
    }
    files = {
        layout.REGISTRY: format_yaml(settings, schema="../schemas/registry.schema.json"),
        ".dvc/config": "[core]\n    remote = store\n    analytics = false\n['remote \"store\"']\n    url = ../../remote\n",
        ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
        ".gitignore": (Path(__file__).parents[2] / ".gitignore").read_text(),
    }
    for name in names:
        files[layout.model_path(name)] = format_yaml(_model(name), schema="../../schemas/model.schema.json")
    return files


def _model(name: str) -> dict[str, object]:
    return {
        "schema": 1,
        "name": name,
        "title": f"Synthetic {name}",
        "task": "binary-classification",
        "owners": ["@ada"],
        "purpose": "To measure how quickly a registry of many models and versions is read.",
        "licence": "Apache-2.0",
        "metric": {"name": "roc_auc", "goal": "maximize"},
        "gates": {"margin": 0.01, "floors": {"roc_auc": 0.7}},
    }


def _channel(version: str) -> str:
    return format_yaml({"version": version}, schema="../../../schemas/channel.schema.json")


def _version_files(
    model: str, version: str, parent: str | None, number: int, remote: Path, *, drawn: bool
) -> dict[str, str]:
    artifact_size = ARTIFACT_SIZE if number == 0 else 200
    stored = {"model.skops": _store(remote, f"{number} model", artifact_size)}
    stored |= {name: _store(remote, f"{model} {name}", 100) for name in STORED}  # one file of the remote for each model
    if drawn:
        stored["predictions.parquet"] = _keep(remote, _predictions(number))
    files = [StoredFile(name=name, md5=md5, sha256=sha, size=size) for name, (md5, sha, size) in stored.items()]
    folder = layout.version_folder(model, version)
    texts = {f"{folder}/{file.name}.dvc": format_pointer(file) for file in files}
    record, metrics = _templates(number % VARIANTS, artifact_size, stored["predictions.parquet"][2])
    values = {
        _MODEL: model,
        _VERSION: version,
        _PARENT: parent or "null",
        _NUMBER: f"{number:06}",
        _DIGEST: _hash(number),
    }
    values |= {_digest(file.name, kind): getattr(file, kind) for file in files for kind in ("md5", "sha256")}
    for placeholder, value in values.items():
        record = record.replace(placeholder, value)
    texts[layout.version_path(model, version)] = record
    texts[layout.metrics_path(model, version)] = metrics
    return texts


VARIANTS = 100  # of the measured values
_MODEL, _VERSION, _PARENT, _NUMBER = "MODELNAME", "OWNVERSION", "PARENTVERSION", "WEEKNUMBER"
_DIGEST = "md5:DATADIGEST"


def _digest(name: str, kind: str) -> str:
    """Return what stands for a digest of a file in a template."""
    return f"{kind}of{name.replace('.', '')}"


@functools.cache
def _templates(variant: int, artifact_size: int, predictions_size: int) -> tuple[str, str]:
    """Return version.yaml and metrics.json with words in place of what each version has of its own.

    To write the YAML of a record takes a hundred times as long as to put the words in.
    """
    sizes = {"model.skops": artifact_size, **dict.fromkeys(STORED, 100), "predictions.parquet": predictions_size}
    files = [
        StoredFile(name=name, md5=_digest(name, "md5"), sha256=_digest(name, "sha256"), size=size)
        for name, size in sizes.items()
    ]
    metrics = _metrics(variant)
    record = format_yaml(_record(files, metrics), schema="../../../../schemas/version.schema.json")
    return record, format_json(_metrics_document(metrics))


def _predictions(number: int) -> bytes:
    """Return the predictions of a version on 500 rows, all of one size: nothing in them is packed."""
    random = np.random.default_rng(number)
    truth = random.integers(0, 2, 500)
    chance = 1 / (1 + np.exp(-(1.5 * (2 * truth - 1) + random.normal(size=500))))
    columns = {"row": np.arange(500), "truth": truth, "prediction": (chance > 0.5).astype(int)}
    columns |= {"probability_0": 1 - chance, "probability_1": chance}
    file = io.BytesIO()
    table = pa.table(columns)
    pq.write_table(table, file, compression="none", use_dictionary=False, write_statistics=False)
    return file.getvalue()


def _store(remote: Path, seed: str, size: int) -> tuple[str, str, int]:
    return _keep(remote, (seed.encode() + b"\n").ljust(size, b"."))


def _keep(remote: Path, content: bytes) -> tuple[str, str, int]:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    path = remote / "files" / "md5" / md5[:2] / md5[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return md5, hashlib.sha256(content).hexdigest(), len(content)


def _metrics(number: int) -> dict[str, dict[str, float]]:
    wobble = (number * 79 % VARIANTS) / 5_000
    names = ("roc_auc", "accuracy", "balanced_accuracy", "precision", "recall", "f1",
             "average_precision", "log_loss", "brier")  # fmt: skip
    return {
        name: {"value": round(0.8 + wobble + n / 100, 6), "low": round(0.78 + wobble + n / 100, 6),
               "high": round(0.82 + wobble + n / 100, 6)}
        for n, name in enumerate(names)
    }  # fmt: skip


def _metrics_document(metrics: dict[str, dict[str, float]]) -> dict[str, object]:
    return {
        "schema": 1,
        "task": "binary-classification",
        "rows": 500,
        "confidence": 0.95,
        "resamples": 1000,
        "seed": 0,
        "metrics": metrics,
        "slices": {name: {"rows": 120, "metrics": metrics} for name in ("young", "old", "north")},
        "cost": {"size": 200, "load_seconds": 0.01, "latency_row_seconds": 0.0004, "latency_batch_seconds": 0.003},
        "importance": {name: {"mean": 0.01, "std": 0.001} for name in COLUMNS},
    }


def _hash(*parts: object) -> str:
    return "md5:" + hashlib.md5(repr(parts).encode(), usedforsecurity=False).hexdigest()


def _record(files: list[StoredFile], metrics: dict[str, dict[str, float]]) -> dict[str, object]:
    artifact, *others = files
    candidate = f"models/{_MODEL}/candidate"
    return {
        "schema": 1,
        "model": _MODEL,
        "version": _VERSION,
        "parent": _PARENT,
        "created": "2026-06-01T09:30:00Z",
        "author": "Ada Lovelace <ada@example.org>",
        "summary": f"Trained again on the data of week {_NUMBER}.",
        "artifact": {"path": artifact.name, "format": "skops", **artifact.to_dict()},
        "files": {file.name: file.to_dict() for file in others},
        "signature": {
            "inputs": COLUMNS,
            "outputs": {"prediction": {"type": "int64", "shape": [None]}},
            "classes": [0, 1],
        },
        "parameters": {"estimator": "sklearn.linear_model.LogisticRegression", "C": 0.1, "max_iter": 1000},
        "metrics": metrics,
        "data": [
            {"role": role, "path": f"{candidate}/{role}.parquet", "hash": _DIGEST, "rows": 4000}
            for role in ("training", "evaluation")
        ],
        "stages": {
            stage: {
                "cmd": f"python scripts/{stage}.py {_MODEL}",
                "deps": {f"scripts/{stage}.py": _hash(stage), f"{candidate}/train.parquet": _DIGEST},
                "params": {f"models.{_MODEL}.{stage}": {"seed": 0}},
                "outs": {f"{candidate}/{stage}.json": _DIGEST},
            }
            for stage in ("prepare", "tune", "train", "evaluate")
        },
        "environment": {
            "python": "3.11.7",
            "platform": "linux-x86_64",
            "packages": {"numpy": "2.4.6", "scikit-learn": "1.9.1", "scipy": "1.17.1", "skops": "0.16.0"},
            "lock": "sha256:" + "0" * 64,
        },
    }


if __name__ == "__main__":
    print(build(Path(sys.argv[1]), int(sys.argv[2])))
