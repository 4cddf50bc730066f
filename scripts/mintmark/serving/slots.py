"""What is served under a name: the version that answers, and the one before, which stays loaded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mintmark.core.model import Treatment
    from mintmark.core.reference import Reference
    from mintmark.serving.served_version import ServedVersion


class UnknownModelError(MintmarkError):
    """Nothing of that name is served here."""


class NothingServedError(MintmarkError):
    """No version of a model is ready, or its channel is closed."""


@dataclass(frozen=True, slots=True)
class Served:
    """Two versions of one channel at one moment; a request takes this once, so that no answer mixes them."""

    current: ServedVersion | None = None
    previous: ServedVersion | None = None
    since: datetime = field(default_factory=lambda: datetime.now(UTC))


class Slot:
    """A reference that is followed. `fault` says what keeps it from what the registry says, `closed` that it is empty.

    `served` is replaced as a whole, by the thread that follows the registry, and read by everybody.
    """

    def __init__(self, reference: Reference) -> None:
        self.reference, self.name = reference, str(reference)
        self.model, self.channel = reference.model, str(reference.selector)
        self.served = Served()
        self.fault = ""
        self.closed = False
        self.swaps = 0
        self.personal: Mapping[str, Treatment] | None = None  # None where nobody knows yet

    @property
    def current(self) -> ServedVersion | None:
        """The version that answers now."""
        return self.served.current

    def require(self) -> ServedVersion:
        """Return the version that answers now; raise `NothingServedError`."""
        current = self.served.current
        if current is None:
            why = self.fault or "its first version is being loaded and proved"
            raise NothingServedError(f"{self.name} is not served: {why}")
        return current

    def swap(self, version: ServedVersion) -> None:
        """Let a version take the traffic, at once. Requests that came before end on the one before."""
        before = self.served.current
        self.served = Served(version, before)
        self.fault, self.closed = "", False
        self.swaps += before is not None

    def close(self, why: str) -> None:
        """Answer no more; what was served stays loaded for a return."""
        self.served = Served(None, self.served.current or self.served.previous)
        self.fault, self.closed = why, True


class Slots:
    """All that a server serves, found by name: MODEL (its first), MODEL@CHANNEL, MODEL@VERSION."""

    def __init__(self, references: Sequence[Reference]) -> None:
        self._slots: dict[str, Slot] = {}
        self._channels: dict[str, Slot] = {}  # without a version in the name; by model too, the first one of each
        self.add(references)

    def add(self, references: Sequence[Reference]) -> None:
        """Serve further references; those that are served stay as they are."""
        new = {str(reference): Slot(reference) for reference in references if str(reference) not in self._slots}
        if new:
            self._slots = {**self._slots, **new}
            named = {**{slot.model: slot for slot in reversed(self._slots.values())}, **self._slots}
            self._channels = {name: slot for name, slot in named.items() if not _version_in(name)}

    def __iter__(self) -> Iterator[Slot]:
        return iter(self._slots.values())

    def __len__(self) -> int:
        return len(self._slots)

    def first(self) -> Slot:
        """Return what was named first; raise `NothingServedError`."""
        if self._slots:
            return next(iter(self._slots.values()))
        raise NothingServedError("nothing is served yet: the registry is being read")

    def find(self, name: str, version: str | None = None) -> Slot:
        """Return what is served under a name; raise `UnknownModelError`, or `NothingServedError` before any is."""
        if version is None and (slot := self._channels.get(name)) is not None:
            return slot
        self.first()
        model, _, selector = name.partition("@")
        version = version or _version_in(name)
        if not version:
            known = ", ".join(self._slots)
            raise UnknownModelError(f'nothing is served under "{name[:100]}"; there is {known}')
        names = (model,) if selector == version else (name,)
        own = [slot for slot in self if slot.name in names or slot.model in names]
        if not own:
            return self.find(model)
        for slot in own:
            current = slot.current
            if current is not None and current.version == version:
                return slot
        serves = ", ".join(f"{slot.name} is {slot.current.version if slot.current else 'empty'}" for slot in own)
        raise UnknownModelError(f"{model}@{version[:60]} is not served here now: {serves}")

    @property
    def is_ready(self) -> bool:
        """Whether every model has a version that answers; a failed update does not change that."""
        return all(slot.current is not None or slot.closed for slot in self) and any(
            slot.current is not None for slot in self
        )


def _version_in(name: str) -> str:
    """Return the version that a name asks for, empty where it names a channel or none."""
    selector = name.partition("@")[2]
    return selector if selector[:1].isdigit() else ""
