"""The past of a registry as its commits tell it: what happened, in which order, and which commit touched what last."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scaffold.registry import Scratch

from mintmark.core import layout
from mintmark.errors import MintmarkError
from mintmark.registry.past.chronicle import Chronicle, read_chronicle


def told(chronicle: Chronicle, model: str | None = None) -> list[tuple[Any, ...]]:
    events = chronicle.events if model is None else chronicle.model(model).events
    return [(event.kind, event.model, event.version, event.channel, event.before, event.after) for event in events]


def test_everything_is_told_in_the_order_of_commits(scratch: Scratch) -> None:
    scratch.promote("iris", "1.0.0")  # back
    scratch.yank("iris", "1.1.0", "leaked")
    scratch.commit("yank iris 1.1.0")
    scratch.remove(layout.status_path("iris", "1.1.0"))
    scratch.commit("unyank")
    scratch.set_channel("wine", "staging", None)
    scratch.remove(layout.version_folder("wine", "1.0.0"))
    scratch.commit("withdraw wine 1.0.0")
    scratch.edit(layout.model_path("wine"), "To be read by tests.", "To be read.")
    scratch.commit("describe")
    scratch.remove("models/wine")
    scratch.commit("no more wine")
    chronicle = read_chronicle(scratch.root, "HEAD")
    assert told(chronicle, "iris") == [
        ("create", "iris", None, None, None, None),
        ("propose", "iris", "1.0.0", None, None, None),
        ("promote", "iris", "1.0.0", "staging", None, "1.0.0"),
        ("promote", "iris", "1.0.0", "production", None, "1.0.0"),
        ("propose", "iris", "1.1.0", None, None, None),
        ("promote", "iris", "1.1.0", "staging", "1.0.0", "1.1.0"),
        ("promote", "iris", "1.1.0", "production", "1.0.0", "1.1.0"),
        ("propose", "iris", "1.2.0", None, None, None),
        ("promote", "iris", "1.2.0", "staging", "1.1.0", "1.2.0"),
        ("rollback", "iris", "1.0.0", "production", "1.1.0", "1.0.0"),
        ("yank", "iris", "1.1.0", None, None, None),
        ("unyank", "iris", "1.1.0", None, None, None),
    ]
    assert told(chronicle, "wine")[-4:] == [
        ("close", "wine", None, "staging", "1.0.0", None),
        ("withdraw", "wine", "1.0.0", None, None, None),
        ("describe", "wine", None, None, None, None),
        ("remove", "wine", None, None, None, None),
    ]
    times = [event.time for event in chronicle.events]
    assert times == sorted(times)
    assert len(chronicle.events) == sum(len(model.events) for model in chronicle.models.values())


def test_who_damages_a_version_is_told_and_it_was_not_withdrawn(scratch: Scratch) -> None:
    before = told(read_chronicle(scratch.root, "HEAD"))
    record, metrics = layout.version_path("iris", "1.2.0"), layout.metrics_path("iris", "1.2.0")
    content, measured = scratch.read(record), scratch.read(metrics)
    scratch.remove(record)
    lost = scratch.commit("Lose a record")
    scratch.write(metrics, "{}\n")
    scratch.commit("Spoil its metrics")
    scratch.write(record, content)
    scratch.commit("Bring the record back")  # which leaves the metrics as they are
    scratch.write(metrics, measured)
    scratch.commit("Bring the metrics back")
    scratch.remove(record)
    scratch.commit("Lose it again")
    scratch.set_channel("iris", "staging", "1.1.0")
    scratch.remove(layout.version_folder("iris", "1.2.0"))
    scratch.commit("Withdraw the rest")
    chronicle = read_chronicle(scratch.root, "HEAD")
    fresh = [event for event in chronicle.events[len(before) :] if event.version == "1.2.0"]
    assert [event.kind for event in fresh] == ["damage", "damage", "mend", "damage", "withdraw"]
    assert (fresh[0].commit, fresh[0].subject) == (lost, "Lose a record")
    assert len(chronicle.events) == len(before) + 6  # and staging went back


def test_a_file_of_a_channel_without_a_version_was_damaged_and_nobody_moved_it(scratch: Scratch) -> None:
    before = told(read_chronicle(scratch.root, "HEAD"))
    path = layout.channel_path("iris", "production")
    content = scratch.read(path)
    for text in ("version: [\n", "version: <b>\n", content, "- \n", content.replace("1.1.0", "1.0.0")):
        scratch.write(path, text)
        scratch.commit("Write production")
    scratch.remove(path)
    scratch.commit("Close it")
    assert told(read_chronicle(scratch.root, "HEAD"))[len(before) :] == [
        ("damage", "iris", None, "production", None, None),
        ("mend", "iris", None, "production", None, None),
        ("damage", "iris", None, "production", None, None),
        ("rollback", "iris", "1.0.0", "production", "1.1.0", "1.0.0"),
        ("close", "iris", None, "production", "1.0.0", None),
    ]


def test_a_yank_says_why_and_who(scratch: Scratch) -> None:
    scratch.yank("iris", "1.1.0", "Trained on leaked labels.")
    commit = scratch.commit("yank iris 1.1.0 (#4)")
    event = read_chronicle(scratch.root, "HEAD").events[-1]
    assert (event.kind, event.reason, event.commit) == ("yank", "Trained on leaked labels.", commit)
    assert event.author == "Ada Lovelace <ada@example.org>"
    assert event.subject == "yank iris 1.1.0 (#4)"


def test_a_status_that_is_no_yaml_hides_nothing(scratch: Scratch) -> None:
    scratch.write(layout.status_path("iris", "1.1.0"), "reason: [\n")
    scratch.commit("break it")
    event = read_chronicle(scratch.root, "HEAD").events[-1]
    assert (event.kind, event.version, event.reason) == ("yank", "1.1.0", None)


def test_names_that_are_none_are_told_of_nowhere(scratch: Scratch) -> None:
    known = told(read_chronicle(scratch.root, "HEAD"))
    scratch.write("models/iris/versions/<b>/version.yaml", "schema: 1\n")
    scratch.write("models/IRIS/model.yaml", "schema: 1\n")
    scratch.write("models/iris/channels/<i>.yaml", "version: 1.0.0\n")
    scratch.write(layout.channel_path("iris", "production"), "version: <script>\n")
    scratch.commit("hostile")
    assert told(read_chronicle(scratch.root, "HEAD")) == [
        *known,
        ("damage", "iris", None, "production", None, None),
    ]


def test_the_last_commit_is_that_of_the_model_and_of_the_version(scratch: Scratch) -> None:
    before = read_chronicle(scratch.root, "HEAD")
    proposed = before.model("iris").touched["1.1.0"]
    assert proposed.subject == "Propose iris 1.1.0"
    scratch.yank("iris", "1.1.0")
    yanked = scratch.commit("yank")
    scratch.write("README.md", "other files are no part of a registry")
    scratch.commit("say so")
    after = read_chronicle(scratch.root, "HEAD")
    assert after.model("iris").touched["1.1.0"].oid == yanked
    assert after.model("iris").touched["1.0.0"] == before.model("iris").touched["1.0.0"]
    assert after.model("iris").last is not None
    assert after.model("iris").last.oid == yanked
    assert after.model("wine").last == before.model("wine").last
    assert after.last is not None
    assert after.last.oid == yanked
    assert after.settings is not None
    assert after.settings.subject == "Begin the registry"


def test_a_registry_without_a_past_has_no_events(empty_registry: Scratch) -> None:
    empty_registry.commit("begin")
    chronicle = read_chronicle(empty_registry.root, "HEAD")
    assert chronicle.events == []
    assert chronicle.model("iris").history.moves == []


def test_a_shallow_clone_cannot_tell(scratch: Scratch, tmp_path: Any) -> None:
    scratch.git("clone", "--quiet", "--depth", "1", f"file://{scratch.root}", str(tmp_path / "shallow"))
    with pytest.raises(MintmarkError, match="--unshallow"):
        read_chronicle(tmp_path / "shallow", "HEAD")
