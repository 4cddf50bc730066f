from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch


def test_a_version(scratch: Scratch) -> None:
    result = scratch.run("show", "iris@production")
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0] == "iris@1.1.0"
    for expected in ("Version 1.1.0 of iris.", "channels     production", "parent       1.0.0", "Python 3.11.7",
                     "created      2026-01-02T09:30:00Z by Ada Lovelace <ada@example.org>", "mintmark pull iris@1.1.0"):  # fmt: skip
        assert expected in result.out
    assert "roc_auc" in result.out


def test_a_model(scratch: Scratch) -> None:
    result = scratch.run("show", "iris")
    assert result.code == 0
    for expected in ("iris: The iris model", "licence      Apache-2.0", "roc_auc, more is better", "latest       1.2.0",
                     "staging      1.2.0", "production   1.1.0", "versions     3"):  # fmt: skip
        assert expected in result.out
    assert "production   none" in scratch.run("show", "wine").out


def test_a_yanked_version_says_so_first(scratch: Scratch) -> None:
    scratch.yank("iris", "1.0.0", "Leaked labels.", replacement="1.1.0")
    result = scratch.run("show", "iris@1.0.0")
    assert result.out.splitlines()[2] == "YANKED: Leaked labels.; use iris@1.1.0"
    document = json.loads(scratch.run("show", "iris@1.0.0", "--json").out)
    assert document["yanked"] == {"reason": "Leaked labels.", "replacement": "1.1.0"}


def test_json_holds_the_whole_record(scratch: Scratch) -> None:
    first = scratch.run("show", "iris@1.1.0", "--json")
    assert first == scratch.run("show", "iris@production", "--json")
    document = json.loads(first.out)
    assert document["artifact"]["sha256"]
    assert (document["channels"], document["yanked"]) == (["production"], None)
    document = json.loads(scratch.run("show", "iris", "--json").out)
    assert document["versions"] == ["1.0.0", "1.1.0", "1.2.0"]
    assert (document["latest"], document["channels"]) == ("1.2.0", {"staging": "1.2.0", "production": "1.1.0"})


def test_at_a_day(scratch: Scratch) -> None:
    assert scratch.run("show", "iris@production", "--at", "2026-01-03").out.splitlines()[0] == "iris@1.0.0"
    result = scratch.run("show", "iris@1.2.0", "--at", "2026-01-03")
    assert result.code == 1
    assert "iris has no version 1.2.0 in " in result.err


@pytest.mark.parametrize(
    ("path", "reference"),
    [
        ("models/iris/channels/production.yaml", "iris@1.0.0"),
        ("models/iris/channels/production.yaml", "iris"),
        ("models/iris/status/1.0.0.yaml", "iris@1.0.0"),
        ("models/registry.yaml", "iris@1.0.0"),
        ("models/registry.yaml", "iris"),
    ],
)
def test_a_broken_file_beside_it_is_told_and_hides_nothing(scratch: Scratch, path: str, reference: str) -> None:
    scratch.write(path, "version: [")
    for arguments in ((), ("--json",)):
        result = scratch.run("show", reference, *arguments)
        assert result.code == 1
        assert result.err.startswith(f"mintmark: {path}:2:1: is not valid YAML")
        assert len(result.err.splitlines()) == 1
        assert "roc_auc" in result.out


def test_a_broken_record_is_findings_alone(scratch: Scratch) -> None:
    scratch.edit("models/iris/versions/1.0.0/version.yaml", "parent: null\n", "")
    scratch.edit("models/iris/versions/1.0.0/version.yaml", "author:", "auther:")
    result = scratch.run("show", "iris@1.0.0")
    assert (result.code, result.out) == (1, "")
    assert "auther: is not a field here" in result.err
    assert 'the field "parent" is missing' in result.err
    assert 'the field "author" is missing' in result.err


@pytest.mark.parametrize(
    ("reference", "code", "sentence"),
    [("iris@v1.0", 2, "neither a version"), ("iris@v1", 1, "no channel"), ("Iris@1.0.0", 2, "cannot be a model"), ("../x", 2, "cannot be a model"),
     ("nothing", 1, "there is no model"), ("iris@candidate", 2, "is no version yet"), ("", 2, "cannot be a model")],
)  # fmt: skip
def test_what_cannot_be_shown(scratch: Scratch, reference: str, code: int, sentence: str) -> None:
    result = scratch.run("show", reference)
    assert (result.code, result.out) == (code, "")
    assert sentence in result.err


def test_a_model_without_a_version(scratch: Scratch) -> None:
    scratch.add_model("rose")
    assert "latest       none" in scratch.run("show", "rose").out
    assert json.loads(scratch.run("show", "rose", "--json").out)["latest"] is None


def test_outside_of_git(tmp_path_factory: pytest.TempPathFactory, scratch: Scratch) -> None:
    scratch.root = tmp_path_factory.mktemp("nowhere")
    result = scratch.run("show", "iris")
    assert result.code == 1
    assert "is not inside a Git repository" in result.err
    assert len(result.err.splitlines()) == 1


def test_a_summary_cannot_write_to_the_terminal(scratch: Scratch) -> None:
    scratch.add_version("iris", "1.9.0", summary="red \x1b[31m text")
    result = scratch.run("show", "iris@1.9.0")
    assert (result.code, "\x1b" in result.out) == (0, False)
    assert "red \\x1b[31m text" in result.out
    assert "\x1b" not in scratch.run("list", "iris").out
