"""Texts that would be commands to a shell, a runner, a terminal or GitHub, and what a run that met them may have done."""

from __future__ import annotations

import re
from pathlib import Path

from tests.scaffold.workflows import TOKEN, WorkflowRun

BRANCH = "x$(touch${IFS}pwned)`touch${IFS}pwned`;touch${IFS}pwned;'\"&&touch${IFS}pwned|"
HOSTILE = (
    "$(touch pwned) `touch pwned`; touch pwned; ' \" && touch pwned\n::error::forged\n::stop-commands::x\n##[add-mask]a\n"
    "::add-mask::a\n::set-output name=review::false\nreview=false\nEOF\nreview<<EOF\nfalse\nEOF\n${{ github.token }}"
    " ${{ secrets.GITHUB_TOKEN }}\x1b[2J\x1b]0;forged\x07 <script>alert(1)</script> @everyone"
)
FILE = HOSTILE.replace("/", "|")[:200]
MEGABYTE = HOSTILE * 2700
_OBEYED = {"set-output", "summary", "error", "warning", "notice"}


def assert_harmless(folder: Path, run: WorkflowRun) -> None:
    """Nothing hostile was carried out below the folder of a test, and the runner obeyed nothing but Mintmark."""
    assert [event for event in run.events if event.get("command", "summary") not in _OBEYED] == []
    assert not [
        event for kind in ("error", "warning", "notice") for event in run.commands(kind) if event["arg"] == "forged"
    ]
    printed = [event["msg"] for event in run.events if event.get("raw_output")]
    assert [text for text in printed if re.search(r"\x1b\[2J|\x1b\]0;|##\[", text)] == [], run.text
    assert {event["name"]: event["arg"] for event in run.commands("set-output")}.get("review") != "false"
    assert TOKEN not in run.text
    assert not list(folder.rglob("pwned"))


def assert_text(said: str) -> None:
    """What is posted holds the hostile words as text that a reader sees, and none that a browser or GitHub would obey."""
    outside = re.sub(r"(?s)(`+)(?!`).*?(?<!`)\1(?!`)", "", said)
    assert "<script>" not in outside
    assert not re.search(r"(?<![\w`])@everyone", outside)
    assert "\x1b" not in said
