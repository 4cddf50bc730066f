from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.registry.past.chronicle import read_chronicle

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch


def test_the_newest_move_first(scratch: Scratch) -> None:
    result = scratch.run("history", "iris")
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].split() == ["WHEN", "CHANNEL", "WHAT", "VERSIONS", "WHO", "COMMIT", "SUBJECT"]
    assert lines[1].startswith("2026-01-06T12:00:00Z  staging     promoted  1.1.0 -> 1.2.0  Ada Lovelace  ")
    assert lines[-1].startswith("2026-01-02T12:00:00Z  staging     promoted  - -> 1.0.0")
    assert len(lines) == 6


def test_one_channel(scratch: Scratch) -> None:
    lines = scratch.run("history", "iris", "--channel", "production").out.splitlines()
    assert [line.split()[1] for line in lines[1:]] == ["production", "production"]
    result = scratch.run("history", "iris", "--channel", "canary")
    assert result.code == 1
    assert 'this registry has no channel "canary"; its channels are staging, production' in result.err


def test_json(scratch: Scratch) -> None:
    scratch.promote("iris", "1.2.0")
    scratch.git("revert", "--no-edit", "HEAD")
    first = scratch.run("history", "iris", "--channel", "production", "--json")
    assert first == scratch.run("history", "iris", "--channel", "production", "--json")
    document = json.loads(first.out)
    assert document["model"] == "iris"
    assert [move["kind"] for move in document["moves"]] == ["rollback", "promote", "promote", "promote"]
    assert document["moves"][0] == {
        "channel": "production",
        "before": "1.2.0",
        "after": "1.1.0",
        "kind": "rollback",
        "commit": scratch.head,
        "author": "Ada Lovelace <ada@example.org>",
        "time": "2026-01-09T12:00:00Z",
        "subject": 'Revert "Promote iris 1.2.0 to production"',
    }


def test_the_anchor_is_told_and_who_moved_it(scratch: Scratch) -> None:
    path = "models/iris/model.yaml"
    scratch.write(path, scratch.read(path) + "anchor: 1.1.0\n")
    scratch.commit("Hold iris against 1.1.0")
    scratch.edit(path, "anchor: 1.1.0\n", "")
    scratch.edit(path, "purpose: ", "purpose: Now ")
    scratch.commit("Go back to the first champion")
    lines = scratch.run("history", "iris").out.splitlines()
    assert [" ".join(line.split()[1:8]) for line in lines[1:3]] == [
        "(anchor) moved 1.1.0 -> the first champion",
        "(anchor) moved the first champion -> 1.1.0",
    ]
    assert lines[2].endswith("Hold iris against 1.1.0")
    assert lines[3].split()[1] == "staging"
    told = json.loads(scratch.run("history", "iris", "--json").out)["anchors"]
    assert [(each["before"], each["after"]) for each in told] == [("1.1.0", None), (None, "1.1.0")]
    assert "(anchor)" not in scratch.run("history", "iris", "--channel", "staging").out
    assert [event.kind for event in read_chronicle(scratch.root, "HEAD").events[-4:]] == ["describe", "anchor"] * 2


def test_a_revert_is_told_as_rolled_back(scratch: Scratch) -> None:
    scratch.promote("iris", "1.2.0")
    scratch.git("revert", "--no-edit", "HEAD")
    assert "rolled back  1.2.0 -> 1.1.0" in scratch.run("history", "iris").out


def test_a_closed_channel(scratch: Scratch) -> None:
    scratch.set_channel("iris", "production", None)
    scratch.commit("Close")
    assert "closed    1.1.0 -> -" in scratch.run("history", "iris").out


def test_up_to_a_day(scratch: Scratch) -> None:
    assert len(scratch.run("history", "iris", "--at", "2026-01-03").out.splitlines()) == 3


def test_nothing_was_ever_moved(scratch: Scratch, empty_registry: Scratch) -> None:
    scratch.add_model("rose")
    scratch.commit()
    result = scratch.run("history", "rose")
    assert result.code == 0
    assert "mintmark promote rose@VERSION CHANNEL moves one" in result.out
    assert json.loads(scratch.run("history", "rose", "--json").out) == {"model": "rose", "moves": [], "anchors": []}
    empty_registry.add_model("rose")
    assert "No channel of rose was ever moved" in empty_registry.run("history", "rose").out


def test_an_unknown_model(scratch: Scratch) -> None:
    assert scratch.run("history", "rose").code == 1
    assert scratch.run("history", "a/b").code == 2


def test_a_shallow_clone(scratch: Scratch, tmp_path: Path) -> None:
    scratch.git("clone", "--quiet", "--depth", "1", scratch.root.as_uri(), str(tmp_path / "shallow"))
    scratch.root = tmp_path / "shallow"
    result = scratch.run("history", "iris")
    assert result.code == 1
    assert result.err == (
        "mintmark: this is a shallow clone, and the history of the registry is needed: git fetch --unshallow\n"
    )
    assert scratch.run("list").code == 0
    assert scratch.run("show", "iris@production").code == 0


def test_names_and_subjects_of_any_kind(scratch: Scratch) -> None:
    scratch.set_channel("iris", "production", "1.2.0")
    scratch.git("add", "-A")
    scratch.git(
        "-c",
        "i18n.commitEncoding=UTF-8",
        "commit",
        "-m",
        b"caf\xe9 \x01\x02\x1b[31m".decode("utf-8", "surrogateescape"),
    )
    for arguments in (("history", "iris"), ("history", "iris", "--json")):
        result = scratch.run(*arguments)
        assert result.code == 0
        assert "caf" in result.out
    json.loads(result.out)
