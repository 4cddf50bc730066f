"""What `mintmark review` said, read back as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Review:
    """What one review said."""

    code: int
    text: str
    report: dict[str, Any]
    markdown: str

    @property
    def kind(self) -> str:
        return str(self.report["kind"])

    def verdict(self, name: str) -> set[str]:
        """The verdicts of the checks of this name."""
        return {check["verdict"] for check in self.report["checks"] if check["name"] == name}

    def messages(self, verdict: str = "fail") -> str:
        return "\n".join(f"{c['name']}: {c['message']}" for c in self.report["checks"] if c["verdict"] == verdict)
