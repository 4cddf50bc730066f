"""A registry with a hard past: what its site tells of every change is what plain Git tells of it."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.publishing.site.test_site_of_broken_files import text_of
from tests.scaffold.once import Once
from tests.scaffold.registry import Scratch, begin

from mintmark.core import layout
from mintmark.publishing.site.build import build_site
from mintmark.registry.clone import ClonedRegistry

MODELS = ("wine", "cost", "rose", "gone", "lone")
CHANNELS = ("staging", "production")
_COST = {"task": "regression", "metric": {"name": "mae", "goal": "minimize"}, "target": "y"}
Told = tuple[str, str, str, str | None, str | None, str | None, str | None]


def make_eventful(scratch: Scratch) -> Scratch:
    """Revert a revert and yank what is in production; damage, close, withdraw; miss a gate of a regression."""
    scratch.write_settings(name="Eventful")
    for model in MODELS:
        scratch.add_model(
            model, **({**_COST, "gates": {"margin": 0.1, "floors": {"mae": 0.25}}} if model == "cost" else {})
        )
    scratch.commit("Begin the registry")
    for version, parent in (("1.0.0", None), ("1.1.0", "1.0.0"), ("1.2.0", "1.1.0")):
        scratch.register("wine", version, parent=parent)
        scratch.promote("wine", version)
    scratch.set_channel("wine", "production", "1.1.0")
    by_another(scratch, 'Revert "Promote wine 1.2.0" (#7)')
    scratch.set_channel("wine", "production", "1.2.0")
    by_another(scratch, 'Revert "Revert 1.2.0" (#8)')
    scratch.yank("wine", "1.2.0", "Leaks *labels*.", replacement="1.1.0")
    scratch.commit("yank wine 1.2.0 (#9)")
    for version, parent in (("1.0.0", None), ("1.1.0", "1.0.0")):
        scratch.register("rose", version, parent=parent)
        scratch.promote("rose", version)
    scratch.edit(layout.version_path("rose", "1.1.0"), "version: 1.1.0", "version: [1.1.0")
    by_another(scratch, "oops")
    scratch.register("gone", "1.0.0")
    scratch.promote("gone", "1.0.0")
    scratch.set_channel("gone", "production", None)
    scratch.commit("Close gone")
    scratch.set_channel("gone", "staging", None)
    scratch.remove(layout.version_folder("gone", "1.0.0"))
    scratch.commit("Withdraw gone 1.0.0")
    scratch.register("lone", "1.0.0")
    scratch.remove(layout.version_path("lone", "1.0.0"))
    by_another(scratch, "tidy up")
    for version, error in (("1.0.0", 0.2), ("1.1.0", 0.4)):
        metrics = {"mae": {"value": error, "low": error - 0.05, "high": error + 0.04}}
        scratch.add_version("cost", version, metrics=metrics)
        scratch.set_channel("cost", "staging", version)
        scratch.commit(f"Propose cost {version}")
    return scratch


def by_another(scratch: Scratch, subject: str) -> None:
    """Commit as somebody else than who makes all other commits."""
    scratch.commit(subject)
    scratch.git("commit", "--amend", "--no-edit", "--quiet", "--author", "Mallory <mallory@example.org>")


@pytest.fixture(scope="session")
def eventful(once: Once) -> Scratch:
    return Scratch(once.build("eventful", lambda folder: make_eventful(begin(folder))))


@pytest.fixture(scope="session")
def site(eventful: Scratch, once: Once) -> Path:
    """The site of `eventful`."""
    return once.build("eventful-site", lambda output: build_site(ClonedRegistry(eventful.root), output))


def states(scratch: Scratch, commit: str) -> dict[str, Any]:
    """What a commit holds, by model: folders of versions, yanked versions, and what its channels name."""
    paths = scratch.git("ls-tree", "-r", "--name-only", commit, "models").split()
    found: dict[str, Any] = {}
    for model in MODELS:
        own = [path.split("/")[2:] for path in paths if path.startswith(f"models/{model}/")]
        channels = {}
        for _, file in (parts for parts in own if parts[0] == "channels"):
            text = scratch.git("show", f"{commit}:models/{model}/channels/{file}")
            channels[file.removesuffix(".yaml")] = yaml.safe_load(text)["version"]
        found[model] = {
            "versions": {parts[1] for parts in own if parts[0] == "versions"},
            "yanked": {parts[1].removesuffix(".yaml") for parts in own if parts[0] == "status"},
            "channels": channels,
        }
    return found


def changes_of(scratch: Scratch, commits: list[str]) -> set[Told]:
    """What each commit did, found by holding it to the one before."""
    found: set[Told] = set()
    held: dict[tuple[str, str], list[str | None]] = {}
    before: dict[str, Any] = {model: {"versions": set(), "yanked": set(), "channels": {}} for model in MODELS}
    for commit in commits:
        after = states(scratch, commit)
        for model in MODELS:
            old, new = before[model], after[model]
            found |= {(commit, model, "propose", v, None, None, None) for v in new["versions"] - old["versions"]}
            found |= {(commit, model, "withdraw", v, None, None, None) for v in old["versions"] - new["versions"]}
            found |= {(commit, model, "yank", v, None, None, None) for v in new["yanked"] - old["yanked"]}
            for channel in CHANNELS:
                was, now = old["channels"].get(channel), new["channels"].get(channel)
                if was == now:
                    continue
                past = held.setdefault((model, channel), [])
                # What was there before the one that it replaces comes back; anything else is promoted.
                back = now in past and past.index(now) < past.index(past[-1])
                kind = "close" if now is None else "rollback" if back else "promote"
                past.append(now)
                found.add((commit, model, kind, now, channel, was, now))
        before = after
    return found


@pytest.mark.slow
def test_every_event_is_one_of_git(eventful: Scratch, site: Path) -> None:
    log = [
        line.split("\x1f") for line in eventful.git("log", "--reverse", "--format=%H%x1f%an%x1f%cI%x1f%s").splitlines()
    ]
    by = {commit: (who, datetime.fromisoformat(when).astimezone(UTC), subject) for commit, who, when, subject in log}
    audit = json.loads((site / "api/v1/audit.json").read_text())["events"]
    for event in audit:
        assert (event["by"], datetime.fromisoformat(event["time"]), event["subject"]) == by[event["commit"]]
    keys = ("commit", "model", "kind", "version", "channel", "from", "to")
    moved = [event for event in audit if event["kind"] not in ("create", "damage")]
    assert {tuple(event[key] for key in keys) for event in moved} == changes_of(eventful, [line[0] for line in log])
    damages = [(e["model"], e["version"], e["by"], e["subject"]) for e in audit if e["kind"] == "damage"]
    assert damages == [("lone", "1.0.0", "Mallory", "tidy up"), ("rose", "1.1.0", "Mallory", "oops")]
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=eventful.root, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""


@pytest.mark.slow
def test_pages_say_what_became_of_each(site: Path) -> None:
    page = {model: text_of(site / f"models/{model}/index.html") for model in MODELS}
    assert "In production 1.2.0 yanked It was yanked. Use 1.1.0 instead." in page["wine"]
    assert "moved by Mallory in" in page["wine"]
    assert "promoted to 1.2.0" in page["wine"], "a version that was rolled back from comes back by a promotion"
    assert "Every version was withdrawn." in page["gone"]
    assert "no versions" in page["gone"]
    assert "No versions, 1 withdrawn" in page["gone"]
    assert "There is no version that it could point to." in page["lone"]
    assert "the upper bound is 0.44, and at most 0.25 is required" in page["cost"]
    home = text_of(site / "index.html")
    assert "not yet; latest is 1.0.0which cannot be read" in home
    assert home.count("Mallory damaged it in ") == 2
    audit = text_of(site / "audit/index.html")
    assert "damageFiles of a version changed after it was registered" in audit
