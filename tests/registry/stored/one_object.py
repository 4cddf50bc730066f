"""One object and where it belongs, for tests of the store."""

from __future__ import annotations

from pathlib import Path

from tests.scaffold.documents import stored
from tests.scaffold.registry import Scratch

from mintmark.core.records import StoredFile
from mintmark.registry.stored.pull_cache import cache_folder

CONTENT = bytes(range(256)) * 2000  # more than one block
FILE = stored("model.skops", CONTENT)
FLIPPED = b"\xff" + CONTENT[1:]
POINTER = "models/iris/versions/1.0.0/model.skops.dvc"


def use_remote(made: Scratch, url: str, options: str = "") -> None:
    made.configure(f"[core]\nremote = far\nanalytics = false\n['remote \"far\"']\nurl = {url}\n{options}")


def cached(file: StoredFile = FILE) -> Path:
    return cache_folder() / "sha256" / file.sha256[:2] / file.sha256[2:]


def no_leftovers(*folders: Path) -> bool:
    return not [path for folder in folders for path in folder.rglob(".mintmark-*")]
