"""The command line as a whole: help, exit codes, what a broken pipe or a full disk does, completion in a real shell."""

from __future__ import annotations

import inspect
import json
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mintmark import __version__
from mintmark.arguments.parser import COMMANDS, build_parser, command_of

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch


def test_version(scratch: Scratch) -> None:
    for option in ("--version", "-V"):
        result = scratch.process(option)
        assert (result.code, result.out, result.err) == (0, f"mintmark {__version__}\n", "")
    assert scratch.run("--version").out == f"mintmark {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_and_exit_codes(scratch: Scratch, command: str) -> None:
    result = scratch.run(command, "--help")
    assert (result.code, result.err) == (0, "")
    assert f"examples:\n  mintmark {command}" in result.out
    assert "\nexit codes: 0 " in result.out
    assert ("42" in result.out) is (command in ("review", "doctor", "gate", "replay", "monitor"))
    if command in ("list", "show", "history", "compare", "validate", "pull", "verify"):
        assert "--at WHEN" in result.out
        assert "--json" in result.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_example_means_something(command: str) -> None:
    """It parses, and the function behind the command takes what comes of it."""
    parsed = 0
    for line in COMMANDS[command].examples:
        words = shlex.split(line.partition(" > ")[0], comments=True)
        if words[0] != "mintmark":  # eval "$(mintmark completion zsh)"
            continue
        values = vars(build_parser(only=command).parse_args(words[1:]))
        assert values.pop("command") == command
        inspect.signature(COMMANDS[command].load()).bind(**values)
        parsed += 1
    assert parsed


def test_help_lists_every_command(scratch: Scratch) -> None:
    result = scratch.process("--help")
    assert result.code == 0
    for command in COMMANDS:
        assert f"\n    {command} " in result.out


def test_without_a_command(scratch: Scratch) -> None:
    result = scratch.process()
    assert result.code == 0
    assert "commands:" in result.out


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["list", "--nothing"], ["show"], ["history"], ["-C"], ["--nothing"], ["propose"]]
)
def test_a_wrong_call_is_code_2(scratch: Scratch, arguments: list[str]) -> None:
    result = scratch.process(*arguments)
    assert (result.code, result.out) == (2, "")
    assert "Traceback" not in result.err
    assert "usage: mintmark" in result.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["propse"], 'mintmark: error: "propse" is not a command; did you mean "propose"?'),
        (["-C", ".", "lst"], '"lst" is not a command; did you mean "list"?'),
        (["xyzzy"], '"xyzzy" is not a command; the commands are init, add, upgrade, convert, register, import,'),
        (["site", "bild"], 'mintmark site: error: "bild" is not one of build, serve; did you mean "build"?'),
        (
            ["validate", "--format", "jsn"],
            'argument --format: "jsn" is not one of text, json, github; did you mean "json"?',
        ),
        (["validate", "--format", "xml"], '"xml" is not one of text, json, github\n'),
    ],
)
def test_a_mistyped_word_is_told_what_was_meant(scratch: Scratch, arguments: list[str], sentence: str) -> None:
    result = scratch.process(*arguments)
    assert (result.code, result.out) == (2, "")
    assert sentence in result.err


def test_another_folder(scratch: Scratch, tmp_path: Path) -> None:
    assert scratch.process("-C", str(scratch.path("models/iris")), "list", cwd=tmp_path).code == 0
    result = scratch.process("list", cwd=tmp_path)
    assert result.code == 1
    assert result.err.startswith(f"mintmark: {tmp_path} is not inside a Git repository; ")
    result = scratch.process("-C", "/nothing/here", "list", cwd=tmp_path)
    assert result.code == 1
    assert len(result.err.splitlines()) == 1


def test_only_the_command_that_is_called_is_set_up() -> None:
    assert command_of(["list", "--json"]) == "list"
    assert command_of(["-C", "x", "show", "iris"]) == "show"
    assert command_of(["-C", "show"]) is None
    assert command_of([]) is None


# Python writes at once, or when there is enough and at the end.
BUFFERED = pytest.mark.parametrize("unbuffered", ["", "1"])
ANSWERS = ("list", "list --versions --json", "--version")


@BUFFERED
def test_a_reader_that_has_seen_enough(scratch: Scratch, unbuffered: str) -> None:
    done = _in_bash(scratch, "list --versions --json | head -c 10", unbuffered)
    assert done.stderr == b""
    assert len(done.stdout) == 10


@BUFFERED
@pytest.mark.parametrize("arguments", [*ANSWERS, "--help", "list --help"])
def test_a_reader_that_has_gone(scratch: Scratch, arguments: str, unbuffered: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        done = subprocess.run(
            (sys.executable, "-m", "mintmark.cli", *arguments.split()), cwd=scratch.root, stdout=nobody, check=False,
            stderr=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")


def _in_bash(scratch: Scratch, arguments: str, unbuffered: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ("bash", "-o", "pipefail", "-c", f"{sys.executable} -m mintmark.cli {arguments}"), cwd=scratch.root,
        capture_output=True, check=False, env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )  # fmt: skip


def test_output_that_is_closed(scratch: Scratch) -> None:
    done = subprocess.run(
        ("bash", "-c", f"{sys.executable} -m mintmark.cli list >&-"), cwd=scratch.root, capture_output=True, check=False
    )
    assert b"Traceback" not in done.stderr


@BUFFERED
@pytest.mark.parametrize("arguments", ANSWERS)
def test_a_disk_without_room_is_one_sentence(scratch: Scratch, arguments: str, unbuffered: str) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    done = _in_bash(scratch, f"{arguments} > /dev/full", unbuffered)
    assert done.returncode == 1
    assert done.stderr == b"mintmark: there is no space left on the disk; free some and run the command again\n"


def test_an_interrupt_is_one_line(scratch: Scratch) -> None:
    program = (
        "import os, signal, mintmark.cli as cli\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a job in the background of a shell ignores it
        "cli._run = lambda given, apart: os.kill(os.getpid(), signal.SIGINT)\n"
        "raise SystemExit(cli.main(['list']))"
    )
    done = subprocess.run((sys.executable, "-c", program), cwd=scratch.root, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (128 + signal.SIGINT, b"\nmintmark: interrupted\n")


def test_a_bug_keeps_its_traceback(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mintmark.registry.clone.ClonedRegistry.list_models", lambda registry: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        scratch.run("list")


def test_without_git_one_sentence(scratch: Scratch) -> None:
    result = scratch.process("validate", PATH="/nonexistent")
    assert result.code == 1
    assert result.err == "mintmark: git is not installed, or not on the PATH; install Git 2.38 or newer\n"
    assert scratch.process("show", "iris@production", PATH="/nonexistent").code == 0  # reads a few files


@pytest.mark.parametrize("content", ["gitdir: /nothing/here\n", "", "garbage"])
def test_a_broken_git_file_is_one_sentence(tmp_path: Path, scratch: Scratch, content: str) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(scratch.path("models"), broken / "models")
    (broken / ".git").write_text(content)
    for command in (["validate"], ["list"], ["history", "iris"], ["list", "--at", "HEAD"]):
        result = scratch.process("-C", str(broken), *command)
        assert result.code == 1
        assert "Traceback" not in result.err
        assert len(result.err.splitlines()) == 1


def test_start_up_is_quick(scratch: Scratch) -> None:
    """No timed test of a target: this only fails when something heavy is done by mistake, however busy the machine is."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert scratch.process("show", "iris@production").code == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime < 5


# Completion.


def test_bash_completes_commands(scratch: Scratch, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("needs bash")
    script = tmp_path / "mintmark.bash"
    result = scratch.process("completion", "bash")
    assert result.code == 0
    script.write_text(result.out)
    assert _complete(script, "mintmark", "val") == ["validate"]
    assert set(_complete(script, "mintmark", "pro")) == {"promote", "propose"}
    assert "--base" in _complete(script, "mintmark", "validate", "--b")
    assert "github" in _complete(script, "mintmark", "validate", "--format", "g")
    assert set(COMMANDS) <= set(_complete(script, "mintmark", ""))


def _complete(script: Path, *words: str) -> list[str]:
    """What bash offers when the cursor stands behind the last word."""
    program = (
        'source "$1"; shift\n'
        'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}\n'
        'function=$(complete -p mintmark | sed -n "s/.*-F \\([^ ]*\\) .*/\\1/p")\n'
        '"$function" mintmark "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"\n'
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ("bash", "--norc", "-c", program, "bash", str(script), *words), capture_output=True, text=True, check=True
    )
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_scripts_are_printed(scratch: Scratch, shell: str) -> None:
    result = scratch.run("completion", shell)
    assert result.code == 0
    assert "mintmark" in result.out
    if shutil.which(shell):
        subprocess.run((shell, "-n"), input=result.out, text=True, check=True, capture_output=True)


def test_json_of_every_reading_command_parses(scratch: Scratch) -> None:
    for command in (
        ["list"], ["list", "iris"], ["list", "--versions"], ["show", "iris"], ["show", "iris@latest"], ["history", "iris"],
        ["compare", "iris@1.0.0", "iris@1.1.0"], ["validate"], ["validate", "--base", "HEAD~1"],
    ):  # fmt: skip
        for at in ([], ["--at", "HEAD"], ["--at", "2026-01-06"]):
            result = scratch.run(*command, "--json", *at)
            assert result.code == 0, result.err
            json.loads(result.out)


HOSTILE = "\x1b[2J\x1b]0;title\x07\x9b31m\u202eevil\rOK \u2066x\n ::error::forged\n##[add-mask]x"


def test_what_authors_wrote_moves_no_terminal_and_no_runner(scratch: Scratch, tmp_path: Path) -> None:
    """Whichever command prints it, and as JSON that is still JSON: in one place, before it is printed."""
    scratch.yank("iris", "1.1.0", "placeholder", replacement="1.0.0")
    status = scratch.read("models/iris/status/1.1.0.yaml")
    scratch.write("models/iris/status/1.1.0.yaml", status.replace("placeholder", json.dumps(HOSTILE)))
    scratch.git("config", "user.name", "Eve \x1b[31m")
    scratch.commit("Yank \x1b[2J iris")
    commands = (
        ("show", "iris@1.1.0"),
        ("show", "iris@1.1.0", "--json"),
        ("show", "iris"),
        ("list", "--versions"),
        ("history", "iris"),
        ("history", "iris", "--json"),
        ("card", "iris@1.1.0"),
        ("pull", "iris@1.1.0", "-o", str(tmp_path)),
        ("promote", "iris@1.1.0", "production"),
        ("list", "no\x1b[2Jsuch"),
        ("list", "no\n::error::such##["),
    )
    for command in commands:
        done = scratch.run(*command)
        assert not set(done.text) & {*"\x1b\x07\x9b\r\u202e\u2066"}, command
        assert not re.search(r"(?m)^\s*::|##\[", done.text), command
        if "--json" in command:
            json.loads(done.out)
    assert "evil" in scratch.run("show", "iris@1.1.0").out
