"""A scratch registry in a real Git repository, built once and copied for each test, and ways to run Mintmark on it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from tests.scaffold.once import Once, shared_folder
from tests.scaffold.warm import Result

from mintmark.core import layout
from mintmark.core.records import StoredFile, format_pointer
from mintmark.registry.files import format_json, format_yaml

ROOT = Path(__file__).parents[1]
FIRST_DAY = datetime(2026, 1, 1, 12, tzinfo=UTC)

# A busy machine makes no test wrong: nothing here is held against the clock.
hypothesis_settings.register_profile(
    "mintmark", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.register_profile("quick", hypothesis_settings.get_profile("mintmark"), max_examples=25)
hypothesis_settings.load_profile("mintmark")  # `make test` asks for the other one


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_the_developer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Neither the user's Git and DVC settings reach a test, nor a hook's variables that point to another repository."""
    empty = tmp_path_factory.mktemp("no-settings")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("GIT_", "DVC_", "MINTMARK_"))]:
            if name != "GIT_SSL_CAINFO":
                patch.delenv(name)
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            patch.delenv(name)  # the servers of the tests are on this machine
        for name, value in {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_AUTHOR_NAME": "Ada Lovelace",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada Lovelace",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
            "DVC_NO_ANALYTICS": "1",
            "DVC_SYSTEM_CONFIG_DIR": str(empty / "system"),
            "DVC_GLOBAL_CONFIG_DIR": str(empty / "global"),
            "DVC_SITE_CACHE_DIR": str(empty / "site-cache"),
        }.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Once:
    """What is built once for all processes of this run."""
    return Once(shared_folder(tmp_path_factory, pytestconfig))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verified bytes of one test must not stand in for those that another test has lost."""
    monkeypatch.setenv("MINTMARK_CACHE", str(tmp_path / "mintmark-cache"))


SETTINGS: dict[str, Any] = {
    "schema": 1,
    "name": "Scratch registry",
    "base_branch": "main",
    "channels": [{"name": "staging"}, {"name": "production", "after": "staging"}],
}


def model_document(name: str) -> dict[str, Any]:
    """A model.yaml that its schema accepts."""
    return {
        "schema": 1,
        "name": name,
        "title": f"The {name} model",
        "task": "binary-classification",
        "owners": ["@ada"],
        "purpose": "To be read by tests.",
        "licence": "Apache-2.0",
        "metric": {"name": "roc_auc", "goal": "maximize"},
        "gates": {"margin": 0.01, "floors": {"roc_auc": 0.7}},
    }


def stored(name: str, content: bytes) -> StoredFile:
    """What a record says of a file with this content."""
    md5 = hashlib.md5(content).hexdigest()
    return StoredFile(name=name, md5=md5, sha256=hashlib.sha256(content).hexdigest(), size=len(content))


def metrics_of(version: str) -> dict[str, dict[str, float]]:
    """Metrics that differ from version to version."""
    value = round(0.9 + int(hashlib.md5(version.encode()).hexdigest()[:4], 16) / 1_000_000, 6)
    return {
        "roc_auc": {"value": value, "low": value - 0.02, "high": value + 0.02},
        "log_loss": {"value": 1 - value, "low": 0.02, "high": 0.2},
    }


def version_document(
    model: str, version: str, files: dict[str, StoredFile], *, parent: str | None = None, **changes: Any
) -> dict[str, Any]:
    """A version.yaml that its schema accepts."""
    artifact = files["model.skops"]
    return {
        "schema": 1,
        "model": model,
        "version": version,
        "parent": parent,
        "created": "2026-01-02T09:30:00Z",
        "author": "Ada Lovelace <ada@example.org>",
        "summary": f"Version {version} of {model}.\n\nTrained again.\n",
        "artifact": {"path": "model.skops", "format": "skops", **artifact.to_dict()},
        "files": {name: file.to_dict() for name, file in files.items() if name != "model.skops"},
        "signature": {
            "inputs": {"width": "float64", "length": "float64"},
            "outputs": {"prediction": {"type": "int64", "shape": [None]}},
            "classes": [0, 1],
        },
        "parameters": {"estimator": "sklearn.linear_model.LogisticRegression", "C": 0.1},
        "metrics": metrics_of(version),
        "data": [
            {"role": role, "path": f"models/{model}/candidate/{role}.parquet", "hash": f"md5:{version}", "rows": 100}
            for role in ("training", "evaluation")
        ],
        "stages": {
            "train": {
                "cmd": f"python scripts/train.py {model}",
                "deps": {"scripts/train.py": f"md5:{version}"},
                "outs": {f"models/{model}/candidate/model.skops": f"md5:{artifact.md5}"},
            }
        },
        "environment": {
            "python": "3.11.7",
            "platform": "linux-x86_64",
            "packages": {"scikit-learn": "1.6.0"},
            "lock": f"sha256:{'0' * 64}",
        },
        **changes,
    }


def metrics_document(metrics: dict[str, dict[str, float]]) -> dict[str, Any]:
    """A metrics.json that its schema accepts."""
    return {
        "schema": 1,
        "task": "binary-classification",
        "rows": 100,
        "confidence": 0.95,
        "resamples": 1000,
        "seed": 0,
        "metrics": metrics,
        "slices": {},
        "cost": {"size": 200, "load_seconds": 0.01, "latency_row_seconds": 0.0004, "latency_batch_seconds": 0.003},
        "importance": {"width": {"mean": 0.01, "std": 0.001}},
    }


@dataclass
class Scratch:
    """A registry that a test may change and damage. Commits are one day apart, from 1 January 2026 at noon UTC."""

    root: Path
    artifact: bytes = b""
    commits: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    def git(self, *arguments: str, check: bool = True, data: bytes | None = None) -> str:
        moment = (FIRST_DAY + timedelta(days=self.commits)).isoformat()
        dates = {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}
        done = subprocess.run(
            ("git", *arguments), cwd=self.root, input=data, capture_output=True, check=False,
            env={**os.environ, **dates, **self.environment},
        )  # fmt: skip
        assert done.returncode == 0 or not check, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def path(self, name: str) -> Path:
        return self.root / name

    def read(self, name: str) -> str:
        return self.path(name).read_text()

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        text = self.read(name)
        assert old in text, f"{name} does not hold {old!r}"
        self.write(name, text.replace(old, new, 1))

    def remove(self, name: str) -> None:
        path = self.path(name)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()

    def commit(self, message: str = "Change", *, paths: tuple[str, ...] = ("-A",)) -> str:
        self.git("add", *paths)
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        self.commits += 1
        return self.head

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def write_settings(self, **changes: Any) -> None:
        self.write(layout.REGISTRY, format_yaml({**SETTINGS, **changes}, schema="../schemas/registry.schema.json"))

    def add_model(self, name: str, **changes: Any) -> None:
        document = {**model_document(name), **changes}
        self.write(layout.model_path(name), format_yaml(document, schema="../../schemas/model.schema.json"))

    def put_object(self, content: bytes) -> Path:
        md5 = hashlib.md5(content).hexdigest()
        return self.write(f".dvc/store/files/md5/{md5[:2]}/{md5[2:]}", content)

    def object_of(self, model: str, version: str, file: str = "model.skops") -> Path:
        """Where the embedded store has a file of a version."""
        text = self.read(layout.pointer_path(model, version, file))
        md5 = text.partition("md5: ")[2].split("\n")[0].strip("'")
        return self.path(f".dvc/store/files/md5/{md5[:2]}/{md5[2:]}")

    def add_version(
        self, model: str, version: str, *, seed: str | None = None, parent: str | None = None, **changes: Any
    ) -> dict[str, Any]:
        """Write the record, the pointers and the bytes of a version; the same seed gives the same files."""
        contents = {
            "model.skops": self.artifact,
            "predictions.parquet": f"predictions of {model} {version} {seed}".encode(),
            "profile.json": f"profile of {model} {version} {seed}\n".encode(),
        }
        files = {name: stored(name, content) for name, content in contents.items()}
        for content in contents.values():
            self.put_object(content)
        record = version_document(model, version, files, parent=parent, **changes)
        text = format_yaml(record, schema="../../../../schemas/version.schema.json")
        self.write(layout.version_path(model, version), text)
        self.write(layout.metrics_path(model, version), format_json(metrics_document(record["metrics"])))
        for name, file in files.items():
            self.write(layout.pointer_path(model, version, name), format_pointer(file))
        return record

    def set_channel(self, model: str, channel: str, version: str | None) -> None:
        path = layout.channel_path(model, channel)
        if version is None:
            self.remove(path)
        else:
            self.write(path, format_yaml({"version": version}, schema="../../../schemas/channel.schema.json"))

    def yank(self, model: str, version: str, reason: str = "Trained on leaked labels.", **fields: Any) -> None:
        document = {"schema": 1, "state": "yanked", "reason": reason, **fields}
        self.write(
            layout.status_path(model, version), format_yaml(document, schema="../../../schemas/status.schema.json")
        )

    def propose(self, model: str, version: str, **changes: Any) -> str:
        """Register a version and put it in staging, in one commit as `mintmark propose --promote` makes it."""
        self.add_version(model, version, **changes)
        self.set_channel(model, "staging", version)
        return self.commit(f"Propose {model} {version}")

    def promote(self, model: str, version: str, channel: str = "production") -> str:
        self.set_channel(model, channel, version)
        return self.commit(f"Promote {model} {version} to {channel}")

    def run(self, *arguments: str) -> Result:
        """Run a command in this process."""
        from mintmark.cli import main

        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main(["-C", str(self.root), *arguments])
            except SystemExit as stop:
                code = stop.code if isinstance(stop.code, int) else 1
        texts = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
        return Result(code, *texts)

    def process(self, *arguments: str, cwd: Path | None = None, **environment: str) -> Result:
        """Run a command as a process of its own, as a person does."""
        done = subprocess.run(
            (sys.executable, "-m", "mintmark.cli", *arguments), cwd=cwd or self.root, capture_output=True, check=False,
            env={**os.environ, **environment}, timeout=600,
        )  # fmt: skip
        return Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def _begin(root: Path, artifact: bytes = b"") -> Scratch:
    root.mkdir(parents=True)
    scratch = Scratch(root, artifact)
    scratch.git("init", "--quiet", "-b", "main")
    for key, value in (("user.name", "Ada Lovelace"), ("user.email", "ada@example.org"), ("gc.auto", "0")):
        scratch.git("config", key, value)
    for name in (".gitignore", ".gitattributes", ".dvcignore"):
        shutil.copy(ROOT / name, root / name)
    scratch.write(
        ".dvc/config", "[core]\n    analytics = false\n    remote = store\n['remote \"store\"']\n    url = store\n"
    )
    scratch.write(".dvc/.gitignore", "/config.local\n/tmp\n/cache\n")
    scratch.write_settings()
    return scratch


def _dump_artifact(folder: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    from mintmark.artifacts.skops.format import dump_canonical

    model = LogisticRegression().fit([[0.0, 1.0], [1.0, 0.0], [0.5, 3.0], [3.0, 0.5]], [0, 1, 0, 1])
    folder.mkdir()
    (folder / "model.skops").write_bytes(dump_canonical(model))


@pytest.fixture(scope="session")
def artifact(once: Once) -> bytes:
    """A small real model as canonical skops."""
    return (once.build("artifact", _dump_artifact) / "model.skops").read_bytes()


@pytest.fixture(scope="session")
def _template(once: Once, artifact: bytes) -> Scratch:
    """Two models; iris has 1.0.0, 1.1.0 (production) and 1.2.0 (staging), wine has 1.0.0 (staging)."""
    root = once.build("template", lambda folder: _make_template(folder, artifact))
    return Scratch(root, artifact, commits=7)


def _make_template(root: Path, artifact: bytes) -> None:
    scratch = _begin(root, artifact)
    scratch.add_model("iris")
    scratch.add_model("wine")
    scratch.commit("Begin the registry")  # 1 January
    scratch.propose("iris", "1.0.0")  # 2 January
    scratch.promote("iris", "1.0.0")  # 3 January
    scratch.propose("iris", "1.1.0", parent="1.0.0")  # 4 January
    scratch.promote("iris", "1.1.0")  # 5 January
    scratch.propose("iris", "1.2.0", parent="1.1.0")  # 6 January
    scratch.propose("wine", "1.0.0")  # 7 January
    scratch.git("gc", "--quiet")  # fewer files to copy
    assert scratch.commits == 7


@pytest.fixture
def copy_registry(_template: Scratch, tmp_path: Path) -> Callable[[str], Scratch]:
    """Copies of the template under a name of the test's choice."""

    def copy(name: str) -> Scratch:
        target = tmp_path / name
        shutil.copytree(_template.root, target, symlinks=True)
        return Scratch(target, _template.artifact, _template.commits)

    return copy


@pytest.fixture
def scratch(copy_registry: Callable[[str], Scratch]) -> Scratch:
    """The template, for this test alone."""
    return copy_registry("registry")


@pytest.fixture
def empty_registry(tmp_path: Path) -> Scratch:
    """A registry with settings and no model, without any commit."""
    return _begin(tmp_path / "empty")
