"""What the check-up asks the forge, and the answers it gives. What may not be asked is not known, and never right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from mintmark.errors import ForgeError

if TYPE_CHECKING:
    from mintmark.forge.forge import Forge

State = Literal["right", "missing", "advice", "unknown"]
PAGE = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One answer: what was looked at, how it stands, what that means, and the address where it is set."""

    topic: str
    state: State
    says: str
    address: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What the forge says of a setting: its value (None: there is none), or why it may not be asked."""

    value: Any = None
    refusal: str = ""

    @property
    def mapping(self) -> Mapping[str, Any]:
        """The value, where it is an object; else an empty one."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> Sequence[Any]:
        """The value, where it is a list; else an empty one."""
        return self.value if isinstance(self.value, Sequence) and not isinstance(self.value, str) else ()


class Asking:
    """Asks one forge for the settings of its repository, each path once."""

    def __init__(self, forge: Forge) -> None:
        self._forge = forge
        self._known: dict[str, Reply] = {}

    @cached_property
    def repository(self) -> Reply:
        """What the forge says of the repository itself."""
        return self.ask("")

    def page(self, path: str) -> str:
        """Return the address of a page of the repository for people, such as `settings/rules`."""
        return f"{self.repository.mapping.get('html_url', '')}/{path}".rstrip("/")

    def ask(self, path: str) -> Reply:
        """Return what anybody may ask who may read the repository."""
        if path not in self._known:
            self._known[path] = self._ask(path)
        return self._known[path]

    def _ask(self, path: str) -> Reply:
        try:
            return Reply(value=self._forge.settings(path))
        except ForgeError as error:
            return Reply(refusal=str(error))

    def ask_as_administrator(self, path: str) -> Reply:
        """Return what only an administrator may ask. GitHub answers others with 404, as if nothing were set."""
        reply = self.ask(path)
        if reply.refusal or reply.value is not None or self._administers:
            return reply
        return Reply(refusal="the forge answers 404, and says so too to who may not ask: ask as an administrator")

    @property
    def _administers(self) -> bool:
        permissions = self.repository.mapping.get("permissions")
        return isinstance(permissions, Mapping) and permissions.get("admin") is True

    def ask_all(self, path: str, key: str) -> Reply:
        """Return the whole of a list that the forge gives in pages, each an object with the list at `key`."""
        found: list[Any] = []
        for number in range(1, 101):
            reply = self.ask(f"{path}?per_page={PAGE}&page={number}")
            if reply.refusal:
                return reply
            entries = reply.mapping.get(key, ()) if key else reply.items
            found += entries
            total = reply.mapping.get("total_count")
            if len(entries) < PAGE or (isinstance(total, int) and len(found) >= total):
                return Reply(value=found)
        return Reply(refusal=f"the forge has more than {len(found)} entries for {path}")


def unknown(topic: str, reply: Reply, address: str) -> Answer:
    """Return the answer for what could not be asked."""
    return Answer(topic=topic, state="unknown", says=reply.refusal, address=address)


def named(names: Sequence[str], most: int = 5) -> str:
    """Return names as a text, of many only the first ones and how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
