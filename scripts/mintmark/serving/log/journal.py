"""The prediction log of one server: requests are queued on their path, and a thread writes them down.

A request costs the append of a tuple. What is queued is bounded; what finds no room is counted and dropped. At most
half a second passes before what is queued is on its way to a file, and a file is there whole or not at all. A place
that cannot be written to fails no request: it is told once, and tried again.
"""

from __future__ import annotations

import io
import threading
import time
from collections import defaultdict, deque
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

from mintmark.registry.logged.form import (
    UNSERVED,
    About,
    Counted,
    FileName,
    Tally,
    add_counts,
    is_kept,
    log_schema,
    with_counts,
)
from mintmark.serving.log.columns import make_table
from mintmark.serving.log.merging import TOGETHER, Merger, open_writer
from mintmark.serving.log.storage import Stored, open_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from mintmark.core.model import Treatment
    from mintmark.serving.beside.decisions import Decision

    Personal = Callable[[str], Mapping[str, Treatment] | None]

EVERY: Final = 0.5  # seconds
ROOM: Final = 64 << 20  # bytes that may be queued, as they are estimated
_OVERHEAD: Final = 600  # bytes of a decision beside its rows
_LONGEST: Final = 30.0  # seconds until a place that failed is tried again
_PATIENCE: Final = 10.0  # seconds that the end waits for what is queued


class _File(NamedTuple):
    """A file that is to be written; it keeps its name, so that to write it again adds nothing."""

    folder: str
    name: FileName
    data: bytes


class Journal:
    """Logs decisions to a folder or an address.

    `personal` tells which inputs of a model are dropped or hashed (with `key`), and None where nobody knows: no input
    is logged then. `sample` is the share of requests that is kept; all of them are counted.
    """

    def __init__(
        self,
        where: str,
        *,
        personal: Personal,
        tell: Callable[..., None],
        key: bytes | None = None,
        sample: float = 1.0,
        every: float = EVERY,
        room: int = ROOM,
        together: int = TOGETHER,
    ) -> None:
        self.where = where
        self._storage = open_storage(where)
        self._personal, self._tell, self._key, self._sample = personal, tell, key, sample
        self._every, self._room = every, room
        self._numbers = count(1)
        self._merger = Merger(self._storage, together=together)
        self._queue: deque[Decision] = deque()
        self._queued = 0  # bytes
        self._dropped: dict[tuple[str, str, str], dict[Counted, Tally]] = defaultdict(dict)
        self._files: deque[_File] = deque()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._fault = ""
        self._keyless: set[str] = set()
        self.dropped = self.written = self.failures = 0

    # -- on the path -------------------------------------------------------------------------------------------------

    def record(self, decision: Decision) -> None:
        """Take note of a request; costs next to nothing, and never fails or waits."""
        size = _OVERHEAD + 2 * decision.size
        with self._lock:
            if self._queued + size > self._room:
                self.dropped += 1
                where = (decision.model, *_version_of(decision), _day(decision.time))
                tallies = self._dropped[where]
                what = _counted(decision)
                tally = Tally(requests=1, rows=_rows(decision), dropped=1)
                tallies[what] = tallies.get(what, Tally()) + tally
                return
            self._queued += size
            self._queue.append(decision)

    @property
    def waiting(self) -> int:
        """How many decisions are queued."""
        return len(self._queue)

    # -- the threads -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to write."""
        self._threads = [
            threading.Thread(target=self._write_on, name="log", daemon=True),
            threading.Thread(target=self._merge_on, name="log merging", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Leave the place to others, without a word written."""
        self._storage.close()

    def stop(self) -> int:
        """Write what is queued, as far as it can be written in ten seconds; return how many decisions are lost."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        end, pause = time.monotonic() + _PATIENCE, 0.1
        while not self.flush() and time.monotonic() < end:
            time.sleep(pause)
            pause = min(2 * pause, 1.0)
        self._storage.close()
        lost = len(self._queue) + len(self._files)
        if lost:
            self._tell("log lost", reason=self._fault, files=len(self._files), requests=len(self._queue))
        return lost

    def _write_on(self) -> None:
        pause = self._every
        while not self._stopped.wait(pause):
            pause = self._every if self.flush() else min(2 * pause, _LONGEST)

    def _merge_on(self) -> None:
        told, adopted = "", False
        while not self._stopped.wait(4 * self._every):
            try:
                if not adopted:
                    self._merger.adopt(self._storage.left_behind())
                    adopted = True
                while not self._stopped.is_set() and self._merger.merge(_day(time.time())):
                    pass
                told = ""
            except Exception as error:  # any library behind an address; what is not merged stays as it is
                if told != (told := _words(error)):
                    self._tell("log not merged", log=self.where, reason=told)

    # -- writing -----------------------------------------------------------------------------------------------------

    def flush(self) -> bool:
        """Write what is queued; False where that failed, and it is kept for another time."""
        try:
            self._write_files()
            self._take()
            self._write_files()
        except Exception as error:  # any library behind an address; no request may fail for it
            self.failures += 1
            if not self._fault:
                self._tell("log cannot be written", log=self.where, reason=_words(error))
            self._fault = _words(error)
            return False
        if self._fault:
            self._tell("log is written again", log=self.where)
            self._fault = ""
        return True

    def _take(self) -> None:
        """Turn what is queued into files."""
        with self._lock:
            taken, dropped = list(self._queue), dict(self._dropped)
            self._queue.clear()
            self._dropped.clear()
            self._queued = 0
        groups: dict[tuple[str, str, str], list[Decision]] = {where: [] for where in dropped}
        for decision in taken:
            groups.setdefault((decision.model, *_version_of(decision), _day(decision.time)), []).append(decision)
        for (model, version, day), decisions in groups.items():
            where = (model, version, day)
            try:
                self._files.append(self._encode(where, decisions, dropped.get(where, {})))
            except Exception:
                self.dropped += len(decisions)
                raise

    def _encode(
        self, where: tuple[str, str, str], decisions: Sequence[Decision], dropped: Mapping[Counted, Tally]
    ) -> _File:
        model, number, day = where
        version = next((one.version for one in decisions if one.version is not None), None)
        about = About(model=model, version=number, sample=self._sample)
        if version is not None:
            inputs = dict(version.signature.inputs)
            about = About(
                model=model,
                version=number,
                artifact=version.record.artifact.sha256,
                inputs=inputs,
                classes=tuple(version.signature.classes),
                personal=self._treatments(model, inputs),
                sample=self._sample,
            )
        schema = log_schema(about, None if version is None else version.signature)
        kept = _kept(decisions, self._sample)
        counts = add_counts([_count(decisions, kept), dropped])
        table = make_table([_discreet(decisions[place], about) for place in sorted(kept)], schema, about, self._key)
        self.written += len(table)
        sink = io.BytesIO()
        with open_writer(sink, with_counts(schema, counts)) as writer:
            writer.write_table(table.replace_schema_metadata(with_counts(schema, counts).metadata))
        moment = min((one.time for one in decisions), default=time.time())
        begins = datetime.fromtimestamp(moment, UTC).strftime("%Y%m%dT%H%M%S")
        name = FileName(begins, self._storage.writer, next(self._numbers), 0)
        return _File(f"{model}/{number}/{day}", name, sink.getvalue())

    def _treatments(self, model: str, inputs: Mapping[str, str]) -> dict[str, Treatment]:
        """Return what happens to personal inputs; without a key, what is to be hashed is dropped."""
        declared = self._personal(model)
        if declared is None:
            return dict.fromkeys(inputs, "drop")
        known = {name: treatment for name, treatment in declared.items() if name in inputs}
        if self._key is None and "hash" in known.values() and model not in self._keyless:
            self._keyless.add(model)
            self._tell("log without hashes", model=model, reason="there is no --log-key; these inputs are left out")
        return {name: treatment if self._key is not None else "drop" for name, treatment in known.items()}

    def _write_files(self) -> None:
        while self._files:
            file = self._files[0]
            self._storage.write(file.folder, str(file.name), file.data)
            self._files.popleft()
            self._merger.add(Stored(file.folder, file.name, len(file.data)))


def _version_of(decision: Decision) -> tuple[str]:
    return (UNSERVED if decision.version is None else decision.version.version,)


def _day(moment: float) -> str:
    return _minute(int(moment // 60))[:10]


@lru_cache(maxsize=100)
def _minute(number: int) -> str:
    return datetime.fromtimestamp(60 * number, UTC).strftime("%Y-%m-%dT%H:%M")


def _rows(decision: Decision) -> int:
    return 0 if decision.rows is None else len(decision.rows)


def _counted(decision: Decision) -> Counted:
    return Counted(_minute(int(decision.time // 60)), decision.channel, decision.shadow, decision.status)


def _count(decisions: Sequence[Decision], kept: Collection[int]) -> dict[Counted, Tally]:
    """Return how many requests and rows there are of each kind, and how many rows of those whose places are `kept`."""
    found: dict[tuple[int, str, bool, int], list[int]] = {}
    for place, one in enumerate(decisions):
        kind = (int(one.time // 60), one.channel, one.shadow, one.status)
        tally = found.get(kind)
        if tally is None:
            tally = found[kind] = [0, 0, 0]
        rows = 0 if one.rows is None else one.rows.count
        tally[0] += 1
        tally[1] += rows
        if place in kept:
            tally[2] += rows
    return {
        Counted(_minute(minute), channel, is_shadow, status): Tally(*tally)
        for (minute, channel, is_shadow, status), tally in found.items()
    }


def _kept(decisions: Sequence[Decision], sample: float) -> Collection[int]:
    """Return the places of those that belong to the sample."""
    if sample >= 1:
        return range(len(decisions))
    return {place for place, one in enumerate(decisions) if is_kept(one.id, sample)}


def _discreet(decision: Decision, about: About) -> Decision:
    """Return a decision whose error repeats no value of a personal input: messages quote what was given."""
    if decision.error and about.personal:
        return decision._replace(error=f"status {decision.status}; its message is left out, as it may quote inputs")
    return decision


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
