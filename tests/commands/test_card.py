from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch


def test_the_card_of_a_version(scratch: Scratch) -> None:
    result = scratch.run("card", "iris@1.1.0")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("---\nlicense: apache-2.0\n")
    assert "\n# The iris model\n" in result.out
    assert "| version | `iris@1.1.0`, after `1.0.0` |" in result.out
    assert "| channels | `production` |" in result.out
    assert "Nobody has written this yet: add `limitations:` to `models/iris/model.yaml`." in result.out
    assert scratch.run("card", "iris@1.1.0") == result


@pytest.mark.parametrize(
    ("reference", "version"), [("iris@production", "1.1.0"), ("iris@staging", "1.2.0"), ("iris@latest", "1.2.0")]
)
def test_a_channel_and_the_latest(scratch: Scratch, reference: str, version: str) -> None:
    assert scratch.run("card", reference).out == scratch.run("card", f"iris@{version}").out
    assert f"mintmark pull iris@{version}\n" in scratch.run("card", reference).out


def test_it_is_written_to_a_file(scratch: Scratch, tmp_path: Path) -> None:
    printed = scratch.run("card", "iris@1.0.0").out
    file = tmp_path / "new folder" / "README.md"
    result = scratch.run("card", "iris@1.0.0", "-o", str(file))
    assert (result.code, result.out) == (0, f"wrote {file} ({len(printed.encode()) / 1000:.3g} kB)\n")
    assert file.read_bytes() == printed.encode()
    file.write_text("something else")
    assert scratch.run("card", "iris@1.0.0", "--output", str(file)).code == 0
    assert file.read_bytes() == printed.encode()
    assert [path.name for path in file.parent.iterdir()] == ["README.md"]


def test_a_folder_is_not_written_over(scratch: Scratch, tmp_path: Path) -> None:
    folder = tmp_path / "cards"
    folder.mkdir()
    result = scratch.run("card", "iris@1.0.0", "-o", str(folder))
    assert (result.code, result.out) == (2, "")
    assert (
        result.err
        == f"mintmark: {folder}: is a folder; give the name of a file in it, such as {folder / 'README.md'}\n"
    )
    assert list(folder.iterdir()) == []


def test_nothing_is_written_where_there_is_no_such_version(scratch: Scratch, tmp_path: Path) -> None:
    result = scratch.run("card", "iris@9.9.9", "-o", str(tmp_path / "README.md"))
    assert result.code == 1
    assert not (tmp_path / "README.md").exists()


@pytest.mark.parametrize(
    ("reference", "code", "sentence"),
    [
        ("iris@candidate", 2, "iris@candidate is no version yet; mintmark propose iris makes it one"),
        ("iris", 2, "names no version"),
        ("rose@latest", 1, 'there is no model "rose"'),
        ("wine@production", 1, "no version of wine is in production yet"),
    ],
)
def test_what_has_no_card(scratch: Scratch, reference: str, code: int, sentence: str) -> None:
    result = scratch.run("card", reference)
    assert (result.code, result.out) == (code, "")
    assert sentence in result.err
    assert len(result.err.splitlines()) == 1


def test_a_yanked_version_has_a_card_that_says_so(scratch: Scratch) -> None:
    scratch.yank("iris", "1.0.0", "Leaked labels.", replacement="1.1.0")
    result = scratch.run("card", "iris@1.0.0")
    assert result.code == 0
    warning = (
        "> **Warning: this version was yanked. Do not use it.**\n>\n> Leaked labels.\n>\n> Use `iris@1.1.0` instead."
    )
    assert f"# The iris model\n\n{warning}\n" in result.out
    assert "yanked" not in scratch.run("card", "iris@1.1.0").out


def test_at_a_day(scratch: Scratch) -> None:
    assert "| channels | `staging`, `production` |" in scratch.run("card", "iris@1.0.0", "--at", "2026-01-03").out
    assert "| channels | none |" in scratch.run("card", "iris@1.0.0").out
    assert "`iris@1.0.0`, the first" in scratch.run("card", "iris@production", "--at", "2026-01-03").out


@pytest.mark.parametrize(
    "path", ["models/iris/channels/production.yaml", "models/iris/status/1.2.0.yaml", "models/registry.yaml"]
)
def test_a_broken_file_beside_it_is_told_and_hides_nothing(scratch: Scratch, path: str, tmp_path: Path) -> None:
    scratch.write(path, "version: [")
    result = scratch.run("card", "iris@1.2.0")
    assert result.code == 1
    assert result.err.startswith(f"mintmark: {path}:2:1: is not valid YAML")
    assert f"> **Warning: where this version stands is not fully known**, because of faults in `{path}`." in result.out
    assert ("| channels | `staging` |" in result.out) == (path != "models/registry.yaml")
    assert scratch.run("card", "iris@1.2.0", "-o", str(tmp_path / "README.md")).code == 1
    assert (tmp_path / "README.md").read_text() == result.out


def test_one_broken_channel_does_not_hide_the_next(scratch: Scratch) -> None:
    scratch.write("models/iris/channels/staging.yaml", "version: [")
    assert "| channels | `production` |" in scratch.run("card", "iris@1.1.0").out


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("models/iris/versions/1.2.0/version.yaml", "author:", "auther:"),
        ("models/iris/versions/1.2.0/metrics.json", '"rows": 100', '"rows": -1'),
        ("models/iris/model.yaml", "task: binary", "task: ternary"),
    ],
)
def test_a_broken_record_is_findings_alone(scratch: Scratch, path: str, old: str, new: str) -> None:
    scratch.edit(path, old, new)
    result = scratch.run("card", "iris@1.2.0")
    assert (result.code, result.out) == (1, "")
    assert f"mintmark: {path}:" in result.err


def test_whole_numbers_of_any_length(scratch: Scratch) -> None:
    path = "models/iris/versions/1.2.0/metrics.json"
    document = json.loads(scratch.read(path))
    huge = 10**400
    document |= {"metrics": {"roc_auc": {"value": huge, "low": -huge}}, "cost": {"size": huge}, "rows": huge}
    scratch.write(path, json.dumps(document))
    result = scratch.run("card", "iris@1.2.0")
    assert (result.code, result.err) == (0, "")
    assert "model-index" not in result.out
    assert "| `roc_auc` (primary) | beyond any measure |  | more |" in result.out
