"""A registry in a real Git repository with a real DVC project, for tests to build, change, run commands on and damage."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.scaffold.documents import (
    SETTINGS,
    metrics_document,
    model_document,
    predictions,
    profile,
    stored,
    version_document,
)
from tests.scaffold.review import Review
from tests.scaffold.warm import Result, warm

from mintmark.core import layout
from mintmark.core.records import StoredFile, format_pointer
from mintmark.registry.files import format_json, format_yaml

ROOT = Path(__file__).parents[2]
FIRST_DAY = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass
class Scratch:
    """A registry that a test may change and damage.

    Commits are one day apart, from 1 January 2026 at noon UTC; where they are not `dated`, they have the time of the clock.
    `model` is the one that its pipeline makes.
    """

    root: Path
    artifact: bytes = b""
    commits: int = 0
    environment: dict[str, str] = field(default_factory=dict)
    model: str = ""
    dated: bool = True
    prefix: str = ""  # the registry's folder in its repository

    @property
    def top(self) -> Path:
        """The root of the repository."""
        return Path(str(self.root).removesuffix(f"/{self.prefix}")) if self.prefix else self.root

    def copy(self, root: Path) -> Scratch:
        shutil.copytree(self.top, root, symlinks=True)
        return replace(self, root=root / self.prefix, environment={**self.environment})

    def git(self, *arguments: str, check: bool = True, data: bytes | None = None) -> str:
        moment = (FIRST_DAY + timedelta(days=self.commits)).isoformat()
        dates = {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment} if self.dated else {}
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

    def amend(self) -> str:
        """Make what changed part of the last commit, as somebody does who spoils a proposal and leaves it one commit."""
        self.git("add", "-A")
        self.git("commit", "--quiet", "--amend", "--no-edit")
        return self.head

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def head_tree(self) -> str:
        return self.git("rev-parse", "HEAD^{tree}")

    def branch(self, name: str, start: str = "main") -> None:
        self.git("switch", "--quiet", "-C", name, start)

    def subjects(self, revision: str = "HEAD") -> list[str]:
        return self.git("log", "--format=%s", revision).splitlines()

    def snapshot(self) -> dict[str, object]:
        """Everything that a failed or interrupted command must leave alone."""
        files = {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and ".git/" not in path.as_posix() and "/.dvc/tmp" not in path.as_posix()
        }
        folders = sorted(str(path) for path in self.path("models").rglob("*") if path.is_dir())
        return {
            "files": files,
            "folders": folders,
            "status": self.git("status", "--porcelain", "--untracked-files=all"),
            "refs": self.git("for-each-ref"),
            "head": self.head + self.git("rev-parse", "--symbolic-full-name", "HEAD"),
            "staged": self.git("diff", "--cached", "--raw"),
        }

    def write_settings(self, **changes: Any) -> None:
        self.write(layout.REGISTRY, format_yaml({**SETTINGS, **changes}, schema="../schemas/registry.schema.json"))

    def add_model(self, name: str, **changes: Any) -> None:
        document = {**model_document(name), **changes}
        self.write(layout.model_path(name), format_yaml(document, schema="../../schemas/model.schema.json"))

    @property
    def store(self) -> Path:
        return self.path(".dvc/store")

    def put(self, file: StoredFile, content: bytes, folder: Path | None = None) -> Path:
        """Put bytes where the object of a file belongs, whatever they are."""
        path = (folder or self.store) / object_path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        return path

    def put_object(self, content: bytes) -> Path:
        return self.put(stored("", content), content)

    def object_of(self, model: str, version: str, file: str = "model.skops") -> Path:
        """Where the embedded store has a file of a version."""
        text = self.read(layout.pointer_path(model, version, file))
        md5 = text.partition("md5: ")[2].split("\n")[0].strip("'")
        return self.store / f"files/md5/{md5[:2]}/{md5[2:]}"

    def add_version(
        self, model: str, version: str, contents: dict[str, bytes] | None = None, *, seed: str | None = None,
        parent: str | None = None, **changes: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """Write the record, the pointers and the bytes of a version; the same seed gives the same files."""
        contents = contents or {
            "model.skops": self.artifact,
            "predictions.parquet": predictions(f"{model} {version} {seed}"),
            "profile.json": profile(f"{model} {version} {seed}"),
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

    def register(self, model: str, version: str, **changes: Any) -> str:
        """Register a version and put it in staging, in one commit as `mintmark propose --promote` makes it."""
        self.add_version(model, version, **changes)
        self.set_channel(model, "staging", version)
        return self.commit(f"Propose {model} {version}")

    def promote(self, model: str, version: str, channel: str = "production") -> str:
        self.set_channel(model, channel, version)
        return self.commit(f"Promote {model} {version} to {channel}")

    def configure(self, text: str, *, local: bool = False) -> None:
        """Replace DVC's config."""
        self.write(".dvc/config.local" if local else ".dvc/config", text)

    def dvc(self, *arguments: str) -> str:
        """Run the real DVC, as a person would."""
        done = warm.run("dvc", *arguments, cwd=self.root)
        assert done.code == 0, done.err
        return done.out

    def repro(self) -> None:
        """Run the pipeline for real."""
        self.dvc("repro", "--quiet")

    def propose(self, **options: object) -> int:
        """Propose what the pipeline made, in this process and on the branch of now."""
        from mintmark.commands.propose import propose

        return propose(self.root, self.model, **{"here": True, **options})  # type: ignore[arg-type]

    def review(self, *arguments: str, base: str = "main", head: str = "HEAD") -> Review:
        """Run the real command; the report is read back as data."""
        folder = self.root.parent / "report"
        shutil.rmtree(folder, ignore_errors=True)
        author = () if "--author" in arguments else ("--author", "ada")
        done = self.mintmark("review", "--base", base, "--head", head, "--report-dir", str(folder), *author, *arguments)
        assert "Traceback" not in done.text, done.text
        assert (folder / "report.json").exists(), done.text
        report = json.loads((folder / "report.json").read_text())
        return Review(done.code, done.text, report, (folder / "report.md").read_text())

    def mintmark(self, *arguments: str) -> Result:
        """Run a command as a process whose imports are done."""
        return warm.run("mintmark.cli", *arguments, cwd=self.root)

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


def object_path(file: StoredFile) -> str:
    """Where DVC 3 keeps a file in a remote."""
    return f"files/md5/{file.md5[:2]}/{file.md5[2:]}"


def begin(top: Path, artifact: bytes = b"", prefix: str = "") -> Scratch:
    """A registry with settings and no model, without any commit; it may be a subfolder of its repository."""
    root = top / prefix
    root.mkdir(parents=True)
    scratch = Scratch(root, artifact, prefix=prefix)
    subprocess.run(("git", "init", "--quiet", "-b", "main", str(top)), check=True)
    with (top / ".git/config").open("a") as settings:
        settings.write("[user]\n\tname = Ada Lovelace\n\temail = ada@example.org\n[gc]\n\tauto = 0\n")
    for name in (".gitignore", ".gitattributes", ".dvcignore"):
        shutil.copy(ROOT / name, root / name)
    scratch.configure("[core]\n    analytics = false\n    remote = store\n['remote \"store\"']\n    url = store\n")
    scratch.write(".dvc/.gitignore", "/config.local\n/tmp\n/cache\n")
    scratch.write_settings()
    return scratch


def begin_committed(root: Path) -> Scratch:
    """The same, committed."""
    scratch = begin(root)
    scratch.commit("Begin")
    return scratch
