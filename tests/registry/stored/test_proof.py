"""What a rollback is proven by: the bytes that a remote has, and nothing that this machine kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.stored.proof import prove_bytes
from mintmark.registry.stored.store import Store

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch


def proof(scratch: Scratch) -> dict[str, str]:
    return prove_bytes(Store(scratch.root), ClonedRegistry(scratch.root).record("iris", "1.0.0"))


def test_a_version_whose_files_are_all_there(scratch: Scratch) -> None:
    assert proof(scratch) == {}


def test_every_fault_is_told(scratch: Scratch) -> None:
    scratch.object_of("iris", "1.0.0", "profile.json").unlink()
    artifact = scratch.object_of("iris", "1.0.0")
    artifact.chmod(0o644)
    content = artifact.read_bytes()
    artifact.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    faults = proof(scratch)
    assert faults.keys() == {"model.skops", "profile.json"}
    assert "model.skops" in faults["model.skops"]


def test_what_was_pulled_before_proves_nothing(scratch: Scratch) -> None:
    record = ClonedRegistry(scratch.root).record("iris", "1.0.0")
    assert Store(scratch.root).fetch(record.artifact).exists()
    scratch.object_of("iris", "1.0.0").unlink()
    assert proof(scratch).keys() == {"model.skops"}
