"""A small registry in a real Git repository with a real DVC project, and the means to damage it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.scaffold.warm import warm

from mintmark.core.layout import channel_path, pointer_path, status_path, version_path
from mintmark.core.records import StoredFile, format_pointer
from mintmark.registry.files import format_yaml

# A user's own settings must not reach a test, nor a test's objects the user's cache.
ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "DVC_NO_ANALYTICS": "1",
}

SETTINGS = {
    "schema": 1,
    "name": "test registry",
    "channels": [{"name": "staging"}, {"name": "production", "after": "staging"}],
}


def stored(name: str, content: bytes) -> StoredFile:
    """The entry that a record holds for a file."""
    md5 = hashlib.md5(content).hexdigest()
    return StoredFile(name=name, md5=md5, sha256=hashlib.sha256(content).hexdigest(), size=len(content))


def object_path(file: StoredFile) -> str:
    """Where DVC 3 keeps a file in a remote."""
    return f"files/md5/{file.md5[:2]}/{file.md5[2:]}"


@dataclass(frozen=True)
class StoreFixture:
    """A Git repository with DVC in it whose default remote is the embedded store."""

    root: Path

    def git(self, *arguments: str) -> str:
        command = ("git", *arguments)
        return subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True).stdout.strip()

    def dvc(self, *arguments: str) -> str:
        """Run the real DVC, as a person would."""
        done = warm.run("dvc", *arguments, cwd=self.root)
        assert done.code == 0, done.err
        return done.out

    def write(self, path: str, content: str | bytes) -> Path:
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(content if isinstance(content, bytes) else content.encode())
        return full

    def configure(self, text: str, *, local: bool = False) -> None:
        """Replace DVC's config."""
        self.write(".dvc/config.local" if local else ".dvc/config", text)

    @property
    def store(self) -> Path:
        return self.root / ".dvc" / "store"

    def put(self, file: StoredFile, content: bytes, folder: Path | None = None) -> Path:
        """Put bytes where the object of a file belongs, whatever they are."""
        path = (folder or self.store) / object_path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        return path

    def add_version(
        self, model: str, version: str, files: dict[str, bytes], *, artifact: str = "model.skops", keep: bool = True
    ) -> dict[str, StoredFile]:
        """Write the record and the pointers of a version, and (`keep`) its objects to the embedded store."""
        entries = {name: stored(name, content) for name, content in files.items()}
        record = version_document(model, version, entries, artifact)
        text = format_yaml(record, schema="../../../../schemas/version.schema.json")
        self.write(version_path(model, version), text)
        for name, entry in entries.items():
            self.write(pointer_path(model, version, name), format_pointer(entry))
            if keep:
                self.put(entry, files[name])
        return entries

    def add_model(self, model: str) -> None:
        self.write(f"models/{model}/model.yaml", format_yaml({"schema": 1, "name": model}))

    def set_channel(self, model: str, channel: str, version: str) -> None:
        self.write(channel_path(model, channel), format_yaml({"schema": 1, "version": version}))

    def yank(self, model: str, version: str, **fields: Any) -> None:
        self.write(status_path(model, version), format_yaml({"schema": 1, "state": "yanked", **fields}))

    def commit(self, message: str = "Change") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")


def version_document(model: str, version: str, files: dict[str, StoredFile], artifact: str) -> dict[str, Any]:
    """A record that its schema accepts."""
    entry = files[artifact]
    return {
        "schema": 1,
        "model": model,
        "version": version,
        "parent": None,
        "created": "2026-06-01T09:30:00Z",
        "author": "Ada <ada@example.org>",
        "summary": "A version.",
        "artifact": {"path": artifact, "format": "skops", **entry.to_dict()},
        "files": {name: file.to_dict() for name, file in files.items() if name != artifact},
        "signature": {"inputs": {"x": "float64"}, "outputs": {"y": {"type": "float64", "shape": [None]}}},
        "parameters": {},
        "metrics": {"rmse": {"value": 1.0, "low": 0.5, "high": 1.5}},
        "data": [{"role": "training", "path": "data/train.csv", "hash": "md5:0", "rows": 1}],
        "stages": {"train@iris": {"cmd": "python train.py"}},
        "environment": {
            "python": "3.11.7",
            "platform": "linux",
            "packages": {"scikit-learn": "1.6.0"},
            "lock": f"sha256:{'0' * 64}",
        },
    }


def make_store_fixture(root: Path) -> StoreFixture:
    """Make an empty registry at `root`, committed; set ENVIRONMENT first."""
    root.mkdir(parents=True, exist_ok=True)
    made = StoreFixture(root)
    made.git("init", "-q", "-b", "main")
    made.write(".dvc/.gitignore", "/config.local\n/tmp\n/cache\n")
    made.configure("[core]\n    remote = store\n    analytics = false\n['remote \"store\"']\n    url = store\n")
    made.write(".dvcignore", "")
    made.write("models/registry.yaml", format_yaml(SETTINGS))
    made.commit("Begin")
    return made


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        """Keep the output of the tests free of requests."""

    def do_PUT(self) -> None:
        path = Path(self.translate_path(self.path))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(self._chunks()))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _chunks(self) -> Iterator[bytes]:
        """DVC uploads with chunked transfer encoding."""
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()


@contextmanager
def serve(folder: Path, respond: Callable[[SimpleHTTPRequestHandler], bool] | None = None) -> Iterator[str]:
    """Serve a folder over http and yield its address; `respond` may answer a GET itself and return True."""

    class Handler(_Handler):
        def do_GET(self) -> None:
            if respond is None or not respond(self):
                super().do_GET()

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
