"""Follow a registry: when a channel moves, fetch the version, check it, let it prove itself, and swap it in.

It runs in a thread of its own. Whatever fails leaves what is served as it is, and is told by the slot.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from mintmark.core import layout
from mintmark.core.records import VersionRecord
from mintmark.errors import MintmarkError
from mintmark.registry.stored.loading import open_artifact
from mintmark.registry.stored.pull_cache import PullCache
from mintmark.registry.stored.pulling import yanked_note
from mintmark.serving.following.memory import Memory, Proof, Remembered
from mintmark.serving.following.proving import proof_key, prove
from mintmark.serving.served_version import ServedVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from mintmark.artifacts.confined.fork_server import ForkServer
    from mintmark.artifacts.loaded_model import LoadedModel
    from mintmark.core.reference import Reference
    from mintmark.registry.reading import Registry
    from mintmark.serving.following.sources import Source, State
    from mintmark.serving.slots import Slot, Slots

_PATIENCE: Final = 600.0  # seconds, the longest pause before a version that failed is tried again


class Follower:
    """Follows `source` for `slots` every so many seconds. `tell` hears what happened: an event and its details.

    With `discover`, what it names of a registry is followed too, from then on. A version that is new proves itself in a
    fork of `fork_server`, where there is one, and in a process of its own when it is tried again.
    """

    def __init__(
        self,
        source: Source,
        slots: Slots,
        *,
        every: float,
        executor: Executor,
        waiting: int,
        tell: Callable[..., None],
        discover: Callable[[Registry], list[Reference]] | None = None,
        fork_server: ForkServer | None = None,
    ) -> None:
        self._fork_server = fork_server
        self.source, self.slots, self.every = source, slots, every
        self.unreachable = ""  # why the registry could not be read the last time, empty where it could
        self.seen = ""  # the state that was read last
        self._executor, self._waiting, self._tell, self._discover = executor, waiting, tell, discover
        self._memory = Memory(source.label)
        self._failed: dict[str, tuple[str, float, float]] = {}
        self._settled: State | None = None  # what every slot has come to; there is nothing to do until it changes
        self._stopped = threading.Event()

    def run(self) -> None:
        """Poll until `stop` is called."""
        while not self._stopped.wait(self.every):
            self.poll()

    def stop(self) -> None:
        """End after the poll that is under way."""
        self._stopped.set()

    def start_up(self) -> None:
        """Read the registry once; where it cannot be had, serve what was served last."""
        self.poll()
        if self.unreachable:
            for slot in self.slots:
                if slot.current is None:
                    self._recall(slot)

    def poll(self) -> None:
        """Read the registry, and bring every slot to what it says."""
        try:
            state = self.source.read()
            if self._discover is not None:
                self.slots.add(self._discover(state.registry))
        except MintmarkError as error:
            if not self.unreachable:
                self._tell("registry unreachable", source=self.source.label, reason=str(error))
            self.unreachable = str(error)
            return
        if self.unreachable:
            self._tell("registry reachable", source=self.source.label)
        self.unreachable, self.seen = "", state.name
        if state is self._settled:
            return
        self._settled = None
        for slot in self.slots:
            try:
                self._advance(slot, state)
            except MintmarkError as error:
                self._fail(slot, str(error))
            except Exception as error:  # a library's own words; the thread must go on
                self._fail(slot, f"{type(error).__name__}: {' '.join(str(error).split())[:500]}")
        if not self._failed:
            self._settled = state

    # -- one channel -------------------------------------------------------------------------------------------------

    def _advance(self, slot: Slot, state: State) -> None:
        is_other = self._read_personal(slot, state.registry)
        record = self._wanted(slot, state)
        if record is None:
            return
        served = slot.served
        if served.current is not None and _is_same(served.current, record):
            self._failed.pop(slot.name, None)
            if is_other:
                self._remember(slot, state, record)
            slot.fault = yanked_note(state.registry, record.model, str(record.version)) or ""
            return
        if served.previous is not None and _is_same(served.previous, record):
            self._swap(slot, served.previous, "returned to a version that was still loaded")
            self._remember(slot, state, record)
            return
        digest, again, _ = self._failed.get(slot.name, ("", 0.0, 0.0))
        if digest == _digest(record) and time.monotonic() < again:
            return
        try:
            self._bring(slot, state, record)
        except Exception:
            self._postpone(slot, record)
            raise
        self._failed.pop(slot.name, None)

    def _read_personal(self, slot: Slot, registry: Registry) -> bool:
        """Note which inputs model.yaml declares personal; whether that is new. What cannot be read changes nothing."""
        before = slot.personal
        with suppress(MintmarkError):
            slot.personal = dict(registry.model(slot.model).personal)
        return slot.personal != before

    def _wanted(self, slot: Slot, state: State) -> VersionRecord | None:
        """Return the record of what a slot is to serve; None where its channel is closed, which it then is too."""
        selector = slot.reference.selector
        registry = state.registry
        if isinstance(selector, str) and selector != "latest" and registry.channel(slot.model, selector) is None:
            registry.model(slot.model)  # raises for a model that is not there, which is another matter
            if not slot.closed:
                slot.close(f"no version of {slot.model} is in {selector}")
                self._memory.forget(slot.name)
                self._tell("closed", slot=slot.name, commit=state.name)
            return None
        return registry.resolve(slot.reference)

    def _bring(self, slot: Slot, state: State, record: VersionRecord) -> None:
        """Fetch, check, prove, load and warm up a version, then let it take the traffic."""
        begin = time.perf_counter()
        trusted = state.registry.trusted_names
        store = state.registry.store(record)
        pointer = layout.pointer_path(record.model, str(record.version), record.artifact.name)
        artifact = store.fetch(record.artifact, pointer=pointer)
        key = proof_key(record, trusted)
        proof = self._memory.proof(key)
        inputs = None
        if proof is None:
            forks = None if slot.name in self._failed else self._fork_server
            inputs = prove(record, artifact, store, trusted, fork_server=forks)
        version = self._load(record, artifact, trusted, commit=state.name)
        if inputs is not None:
            proof = Proof(takes_matrix=version.prefer_matrix(inputs))
            self._memory.keep_proof(key, record.reference, proof)
        version.takes_matrix = proof is not None and proof.takes_matrix
        note = yanked_note(state.registry, record.model, str(record.version))
        self._swap(slot, version, f"after {time.perf_counter() - begin:.1f} s", fault=note or "")
        self._remember(slot, state, record)

    def _load(self, record: VersionRecord, artifact: Path, trusted: Sequence[str], *, commit: str) -> ServedVersion:
        model: LoadedModel = open_artifact(record, artifact, trusted)
        return ServedVersion(model, record, commit=commit, executor=self._executor, waiting=self._waiting)

    def _swap(self, slot: Slot, version: ServedVersion, how: str, *, fault: str = "") -> None:
        before = slot.current
        slot.swap(version)
        slot.fault = fault
        replaced = None if before is None else before.version
        self._tell(
            "serving", slot=slot.name, version=version.version, commit=version.commit, replaced=replaced, how=how
        )

    def _remember(self, slot: Slot, state: State, record: VersionRecord) -> None:
        trusted = state.registry.trusted_names
        proof = proof_key(record, trusted)
        self._memory.keep_last(slot.name, Remembered(record, state.name, trusted, proof, slot.personal))

    def _recall(self, slot: Slot) -> None:
        """Serve what was served last, from the user's cache, as the registry cannot be had."""
        last = self._memory.last(slot.name)
        if last is None:
            slot.fault = f"{self.unreachable}; nothing was served under this name before"
            return
        artifact = PullCache().kept(last.record.artifact)
        proof = self._memory.proof(last.proof)
        if proof is None or last.proof != proof_key(last.record, last.trusted):
            unproved = "was served last, and did not prove itself with the libraries that are installed now"
            slot.fault = f"{self.unreachable}; {last.record.reference} {unproved}"
            return
        try:
            version = self._load(last.record, artifact, last.trusted, commit=last.commit)
        except MintmarkError as error:
            slot.fault = f"{self.unreachable}; {last.record.reference} was served last: {error}"
            return
        version.takes_matrix = proof.takes_matrix
        slot.personal = last.personal
        self._swap(slot, version, "served last; the registry cannot be read")

    def _fail(self, slot: Slot, why: str) -> None:
        if slot.fault != why:
            self._tell("refused", slot=slot.name, reason=why)
        slot.fault = why

    def _postpone(self, slot: Slot, record: VersionRecord) -> None:
        """Try a version that failed again after a pause that doubles: a network comes back, a wrong model does not."""
        digest, _, pause = self._failed.get(slot.name, ("", 0.0, 0.0))
        pause = min(2 * pause, _PATIENCE) if digest == _digest(record) and pause else max(self.every, 1.0)
        self._failed[slot.name] = (_digest(record), time.monotonic() + pause, pause)


def _is_same(version: ServedVersion, record: VersionRecord) -> bool:
    return _digest(version.record) == _digest(record)


def _digest(record: VersionRecord) -> str:
    """What makes a version the one it is: its number, its bytes and what they take."""
    about = (record.reference, record.artifact.sha256, list(record.signature.inputs.items()), record.signature.classes)
    return repr(about)
