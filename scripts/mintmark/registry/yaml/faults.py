"""What the YAML files here must keep to, and how a fault in one is told. Reads and writes nothing."""

from __future__ import annotations

MAX_BYTES = 1024 * 1024
MAX_LOCK_BYTES = 32 * MAX_BYTES  # dvc.lock grows by some 10 kB a model
MAX_DEPTH = 40

Position = tuple[int, int]
Positions = dict[tuple[str | int, ...], Position]


class YamlFault(ValueError):  # noqa: N818 - a fault of the data, which becomes a Finding
    """A text is not YAML (or JSON) as Mintmark reads it; `line` and `column` count from 1."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column
