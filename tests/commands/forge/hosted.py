"""A registry on the fake GitHub, and the clone that a workflow there has of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.scaffold.forge.fake_forge import FakeRepository
from tests.scaffold.registry import Scratch


@dataclass
class Hosted:
    """What a workflow works with. `clone` is the checkout of the base branch, `forge` what lies on GitHub."""

    forge: FakeRepository
    clone: Scratch

    def event(self, document: dict[str, Any]) -> Path:
        """Write an event into a file, as the runner does."""
        path = self.clone.root.parent / "event.json"
        path.write_text(json.dumps(document))
        return path

    def issue_event(self, body: str, login: str = "ada") -> Path:
        """Open an issue on GitHub and return its event."""
        number = self.forge.number()
        self.forge.issues[number] = {
            "number": number, "title": "Request", "body": body, "state": "open", "author": login, "labels": [],
            "created_at": self.forge.now(), "state_reason": None,
        }  # fmt: skip
        issue = {"number": number, "body": body, "user": self.forge.user(login)}
        return self.event({"action": "opened", "issue": issue, "sender": self.forge.user(login)})

    def dispatch_event(self, login: str = "ada", **inputs: str) -> Path:
        return self.event({"inputs": inputs, "sender": self.forge.user(login)})

    def issues(self, label: str, state: str = "open") -> list[dict[str, Any]]:
        return [one for one in self.forge.issues.values() if label in one["labels"] and one["state"] == state]

    def pulls(self) -> list[dict[str, Any]]:
        return [one for one in self.forge.issues.values() if "pull_request" in one]

    def said_on(self, number: int) -> list[str]:
        return [one["body"] for one in self.forge.comments.values() if one["issue"] == number]


def host(clone: Scratch, make: Callable[..., FakeRepository], patch: pytest.MonkeyPatch) -> Hosted:
    """Put what a clone holds on the fake GitHub, and let the variables of a workflow lead there."""
    forge = make(source=clone.root)
    for name, value in forge.environment.items():
        patch.setenv(name, value)
    patch.setenv("GITHUB_RUN_ID", "4711")
    clone.git("remote", "add", "origin", forge.address)
    clone.git("fetch", "--quiet", "origin")
    return Hosted(forge, clone)
