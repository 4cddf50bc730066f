from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch


def test_the_models(scratch: Scratch) -> None:
    result = scratch.run("list")
    assert result.code == 0
    assert result.err == ""
    lines = [line.split() for line in result.out.splitlines()]
    assert lines[0] == ["MODEL", "STAGING", "PRODUCTION", "LATEST", "VERSIONS", "METRIC", "VALUE", "OWNERS"]
    assert lines[1][:6] == ["iris", "1.2.0", "1.1.0", "1.2.0", "3", "roc_auc"]
    assert lines[2][:6] == ["wine", "1.0.0", "-", "1.0.0", "1", "roc_auc"]


def test_the_versions_of_one_model(scratch: Scratch) -> None:
    scratch.yank("iris", "1.0.0")
    result = scratch.run("list", "iris")
    assert result.code == 0
    assert [line.split()[0] for line in result.out.splitlines()] == ["VERSION", "1.2.0", "1.1.0", "1.0.0"]
    assert "staging" in result.out.splitlines()[1]
    assert "yanked" in result.out.splitlines()[3]


def test_every_version(scratch: Scratch) -> None:
    result = scratch.run("list", "--versions")
    assert [line.split()[:2] for line in result.out.splitlines()[1:]] == [
        ["iris", "1.2.0"], ["iris", "1.1.0"], ["iris", "1.0.0"], ["wine", "1.0.0"]
    ]  # fmt: skip


def test_what_was_in_production_on_that_day(scratch: Scratch) -> None:
    assert scratch.run("list", "--at", "2026-01-04").out.splitlines()[1].split()[:4] == [
        "iris",
        "1.1.0",
        "1.0.0",
        "1.1.0",
    ]
    assert scratch.run("list", "--at", "2026-01-05").out.splitlines()[1].split()[:4] == [
        "iris",
        "1.1.0",
        "1.1.0",
        "1.1.0",
    ]


def test_json_is_stable_and_complete(scratch: Scratch) -> None:
    scratch.edit("models/iris/model.yaml", "'@ada'", "'@ada'\n- '@acme/ml'")
    first, second = scratch.run("list", "--json"), scratch.run("list", "--json")
    assert first == second
    document = json.loads(first.out)
    assert list(document) == ["models", "findings"]
    assert document["findings"] == []
    assert list(document["models"][0]) == [
        "model", "task", "owners", "versions", "latest", "channels", "metric", "measured", "value", "low", "high"
    ]  # fmt: skip
    assert document["models"][0]["owners"] == ["@ada", "@acme/ml"]
    document = json.loads(scratch.run("list", "--versions", "--json").out)
    assert list(document["versions"][0]) == [
        "model", "version", "created", "author", "summary", "size", "metric", "value", "low", "high", "channels", "yanked"
    ]  # fmt: skip


def test_one_broken_model_hides_no_other(scratch: Scratch) -> None:
    scratch.write("models/iris/model.yaml", "name: [")
    result = scratch.run("list")
    assert result.code == 1
    assert [line.split()[0] for line in result.out.splitlines()] == ["MODEL", "wine"]
    assert result.err.startswith("mintmark: models/iris/model.yaml:2:1: is not valid YAML")
    result = scratch.run("list", "iris")
    assert result.code == 1
    assert len(result.out.splitlines()) == 4
    document = json.loads(scratch.run("list", "--json").out)
    assert document["findings"][0]["line"] == 2


def test_an_unknown_model(scratch: Scratch) -> None:
    result = scratch.run("list", "irsi")
    assert (result.code, result.out) == (1, "")
    assert result.err == 'mintmark: there is no model "irsi" in the work tree; did you mean "iris"?\n'
    assert scratch.run("list", "../iris").code == 2


def test_an_empty_registry_says_what_to_do(empty_registry: Scratch) -> None:
    result = empty_registry.run("list")
    assert result.code == 0
    assert "There is no model yet" in result.out
    empty_registry.add_model("iris")
    assert "mintmark propose MODEL" in empty_registry.run("list", "iris").out
    assert json.loads(empty_registry.run("list", "--json").out)["models"][0]["latest"] is None


def test_in_a_path_with_line_breaks_and_emoji(copy_registry: Callable[[str], Scratch]) -> None:
    scratch = copy_registry("a\nb 🌷")
    assert scratch.run("list").code == 0
    assert scratch.process("list", "--versions").code == 0


def test_text_beyond_ascii_on_any_terminal(scratch: Scratch) -> None:
    scratch.add_version("iris", "1.3.0", summary="Plus précis 🌷", author="Zoë <zoe@example.org>")
    for encoding in ("utf-8", "ascii", "latin-1"):
        result = scratch.process("list", "iris", PYTHONIOENCODING=encoding)
        assert result.code == 0, result.err
        assert "1.3.0" in result.out
