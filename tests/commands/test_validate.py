from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.registry.damage import CHANNEL, DAMAGES

from mintmark.core.finding import Finding
from mintmark.publishing.review.annotations import format_annotation

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch


def test_a_clean_registry(scratch: Scratch) -> None:
    result = scratch.run("validate")
    assert (result.code, result.out, result.err) == (0, "2 models, 4 versions: nothing is wrong\n", "")


def test_a_clean_change(scratch: Scratch) -> None:
    scratch.git("switch", "--quiet", "-c", "change")
    scratch.promote("iris", "1.2.0")
    result = scratch.run("validate", "--base", "main")
    assert (result.code, result.err) == (0, "")
    assert result.out == "the change since main (1 model, no versions read): nothing is wrong\n"


def test_findings_as_text(scratch: Scratch) -> None:
    scratch.set_channel("iris", "production", "9.9.9")
    result = scratch.run("validate")
    assert result.code == 1
    assert result.out.splitlines()[0].startswith(f"{CHANNEL}:2:1: version: ")
    assert result.out.splitlines()[0].endswith("[R4]")
    assert result.out.splitlines()[-1] == "2 models, 4 versions: 2 findings; docs/reference/rules.md explains R4"


def test_columns_that_nobody_has_and_faults_in_params_yaml(scratch: Scratch) -> None:
    identity = scratch.read("models/iris/model.yaml")
    scratch.write("models/iris/model.yaml", f"{identity}monitoring:\n  columns: [length, widht]\n")
    scratch.write("params.yaml", "schema: 1\nmodels: 3\n")
    found = scratch.run("validate")
    assert found.code == 1
    first, second, last = found.out.splitlines()
    assert first.startswith(f"models/iris/model.yaml:{identity.count(chr(10)) + 2}:")
    assert first.endswith('monitoring.columns[1]: there is no column "widht"; did you mean "width"?')
    assert second.startswith("params.yaml:2:")
    assert last.startswith("2 models, 4 versions: 2 findings")
    scratch.git("add", "-A")
    scratch.git("commit", "--quiet", "-m", "broken")
    assert scratch.run("validate", "--base", "HEAD").code == 0
    assert scratch.run("validate", "--base", "HEAD~1").out.splitlines()[:2] == [first, second]


def test_a_pipeline_of_a_team_s_own_may_write_params_yaml_as_it_likes(scratch: Scratch) -> None:
    scratch.write("params.yaml", "models:\n  iris: {depth: 3}\n")
    assert scratch.run("validate").code == 0


def test_findings_as_json(scratch: Scratch) -> None:
    scratch.set_channel("iris", "production", "9.9.9")
    first = scratch.run("validate", "--json")
    assert first.code == 1
    assert first == scratch.run("validate", "--format", "json")
    document = json.loads(first.out)
    assert (document["clean"], document["models"], document["versions"]) == (False, 2, 4)
    assert document["findings"][0]["path"] == CHANNEL
    assert set(document["findings"][0]) == {"path", "message", "line", "column", "where", "rule", "severity"}


def test_findings_as_annotations(scratch: Scratch) -> None:
    scratch.yank("iris", "1.1.0")
    result = scratch.run("validate", "--format", "github")
    assert result.code == 1
    line = result.out.splitlines()[0]
    assert line.startswith(f"::error file={CHANNEL},line=2,col=1,title=R4::version: points to 1.1.0, which is yanked")


@pytest.mark.parametrize(
    ("finding", "line"),
    [
        (Finding(path="a.yaml", message="m"), "::error file=a.yaml::m"),
        (Finding(path="a", message="m", severity="warning", line=3), "::warning file=a,line=3::m"),
        (
            Finding(path="a,b:c%d\ne", message="100%\r\n::set-output::x", line=1, column=2, rule="R1", where="x.y"),
            "::error file=a%2Cb%3Ac%25d%0Ae,line=1,col=2,title=R1::x.y: 100%25%0D%0A::set-output::x",
        ),
    ],
)
def test_annotations_are_escaped(finding: Finding, line: str) -> None:
    assert format_annotation(finding) == line


@pytest.mark.parametrize("style", ["text", "json", "github"])
def test_no_name_of_a_file_writes_a_line_of_its_own(scratch: Scratch, style: str) -> None:
    """In a workflow, a line that begins with `::` is a command."""
    for name in ("a file with a line break", "a name that is not UTF-8"):
        DAMAGES[name].do(scratch)
    result = scratch.run("validate", "--format", style)
    assert result.code == 1
    commands = [line for line in result.out.splitlines() if line.startswith("::")]
    assert all(line.startswith("::error file=models/iris/versions/1.0.0/") for line in commands)
    assert bool(commands) == (style == "github")
    assert "\x1b" not in result.out
    if style == "json":
        paths = {finding["path"] for finding in json.loads(result.out)["findings"]}
        assert paths == {"models/iris/versions/1.0.0/x\n::error::y.dvc", "models/iris/versions/1.0.0/\udcff.dvc"}
    assert scratch.process("validate", "--format", style).code == 1


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--base", "nothing"), 1, '"nothing" names no commit here'),
        (("--base", ""), 1, '"" names no commit here'),
        (("--at", "nothing"), 1, "is neither a revision"),
        (("--format", "xml"), 2, '"xml" is not one of text, json, github'),
        (("--bse", "main"), 2, "unrecognized arguments"),
    ],
)
def test_a_wrong_call(scratch: Scratch, arguments: tuple[str, ...], code: int, sentence: str) -> None:
    result = scratch.run("validate", *arguments)
    assert (result.code, result.out) == (code, "")
    assert sentence in result.err
    assert "Traceback" not in result.err


def test_at_a_revision(scratch: Scratch) -> None:
    scratch.set_channel("iris", "production", "9.9.9")
    scratch.commit()
    assert scratch.run("validate", "--at", "HEAD~1").code == 0
    assert scratch.run("validate", "--at", "HEAD").code == 1


def test_an_empty_registry(empty_registry: Scratch) -> None:
    result = empty_registry.run("validate")
    assert (result.code, result.out) == (0, "no models, no versions: nothing is wrong\n")
    assert empty_registry.run("validate", "--base", "main").code == 1


def test_a_shallow_clone_is_one_sentence(scratch: Scratch, tmp_path: Path) -> None:
    scratch.git("clone", "--quiet", "--depth", "1", scratch.root.as_uri(), str(tmp_path / "shallow"))
    scratch.root = tmp_path / "shallow"
    for arguments in (("validate",), ("validate", "--base", "HEAD")):
        result = scratch.run(*arguments)
        assert (result.code, result.out) == (1, "")
        assert "git fetch --unshallow" in result.err


def test_inside_a_hook_of_git(scratch: Scratch) -> None:
    """A hook has GIT_DIR and GIT_INDEX_FILE set; the command must read the repository that it stands in."""
    hook = scratch.write(".git/hooks/pre-commit", '#!/bin/sh\n"$PYTHON" -m mintmark.cli validate --base HEAD\n')
    hook.chmod(0o755)
    import sys

    scratch.environment["PYTHON"] = sys.executable
    scratch.register("iris", "1.3.0")
    scratch.edit("models/iris/versions/1.0.0/version.yaml", "C: 0.1", "C: 0.2")
    scratch.git("add", "-A")
    scratch.git("commit", "--quiet", "-m", "Tamper", check=False)
    assert scratch.git("log", "-1", "--format=%s") == "Propose iris 1.3.0"


def test_nothing_but_the_cache_is_written(scratch: Scratch) -> None:
    def files() -> dict[str, int]:
        return {
            str(path.relative_to(scratch.root)): path.stat().st_mtime_ns
            for path in scratch.root.rglob("*")
            if path.is_file() and ".git/mintmark" not in str(path)
        }

    before = files()
    scratch.set_channel("iris", "production", "1.2.0")
    changed = files()
    for arguments in (["validate"], ["validate", "--base", "HEAD"], ["list"], ["show", "iris"], ["history", "iris"]):
        scratch.run(*arguments)
    assert files() == changed
    assert before.keys() == changed.keys()


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX processes")
def test_two_at_once(scratch: Scratch) -> None:
    import subprocess
    import sys

    command = (sys.executable, "-m", "mintmark.cli", "validate")
    processes = [
        subprocess.Popen(command, cwd=scratch.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)
    ]
    results = [process.communicate(timeout=600) for process in processes]
    assert results == [(b"2 models, 4 versions: nothing is wrong\n", b"")] * 3
