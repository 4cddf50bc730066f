"""What a server remembers between runs: which versions proved themselves, and what it served last. Safe to delete.

Each file is written as a whole, and one that is damaged or belongs to another user counts for nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from mintmark.core.records import VersionRecord
from mintmark.errors import MintmarkError
from mintmark.registry.files import write_atomically
from mintmark.registry.schemas import accepts
from mintmark.registry.stored.pull_cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mintmark.core.model import Treatment


class Proof(NamedTuple):
    """That a version predicted as registered, and whether it does so of a matrix too."""

    takes_matrix: bool


class Remembered(NamedTuple):
    """The version that a slot served last, where its channel named it, and the types that were trusted for it."""

    record: VersionRecord
    commit: str
    trusted: tuple[str, ...]
    proof: str
    personal: Mapping[str, Treatment] | None


class Memory:
    """The memory of the servers of this user that follow one source."""

    def __init__(self, label: str) -> None:
        self._folder = cache_folder() / "serve"
        self._source = hashlib.sha256(label.encode()).hexdigest()[:32]

    def proof(self, key: str) -> Proof | None:
        """Return what is known of a version that proved itself here before, with these bytes and these libraries."""
        found = _read(self._folder / "proofs" / key)
        if found is None or found.get("proved") is not True or not isinstance(found.get("matrix"), bool):
            return None
        return Proof(takes_matrix=found["matrix"])

    def keep_proof(self, key: str, reference: str, proof: Proof) -> None:
        """Remember that a version proved itself."""
        about = {"proved": True, "reference": reference, "matrix": proof.takes_matrix}
        _write(self._folder / "proofs" / key, about)

    def last(self, name: str) -> Remembered | None:
        """Return what was served under a name last."""
        found = _read(self._place(name))
        if found is None or not accepts("version", found.get("record")):
            return None
        with suppress(KeyError, TypeError, ValueError):
            record = VersionRecord.from_dict(found["record"])
            trusted = tuple(map(str, found["trusted"]))
            return Remembered(record, str(found["commit"]), trusted, str(found["proof"]), _personal(found))
        return None

    def keep_last(self, name: str, last: Remembered) -> None:
        """Remember what is served under a name."""
        about = {**last._asdict(), "record": dict(last.record.document), "trusted": list(last.trusted)}
        _write(self._place(name), about)

    def forget(self, name: str) -> None:
        """Remember that nothing is served under a name: its channel is closed."""
        with suppress(OSError):
            self._place(name).unlink()

    def _place(self, name: str) -> Path:
        return self._folder / "last" / self._source / f"{name}.json"


def _personal(found: dict[str, Any]) -> dict[str, Treatment] | None:
    personal = found.get("personal")
    if not isinstance(personal, dict) or not set(personal.values()) <= {"drop", "hash"}:
        return None
    return personal


def _read(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                return None
            found = json.loads(file.read(16 << 20))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _write(path: Path, about: dict[str, Any]) -> None:
    with suppress(OSError, MintmarkError):  # a cache that cannot be written is none
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(path, json.dumps(about, ensure_ascii=False, default=str).encode())
