"""The parser of the command line. Building it imports no command."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from mintmark.arguments.beginning_commands import BEGINNING_COMMANDS
from mintmark.arguments.bringing_commands import BRINGING_COMMANDS
from mintmark.arguments.command import Command
from mintmark.arguments.delivery_commands import DELIVERY_COMMANDS
from mintmark.arguments.forge_commands import FORGE_COMMANDS
from mintmark.arguments.monitoring_commands import MONITORING_COMMANDS
from mintmark.arguments.registry_commands import REGISTRY_COMMANDS
from mintmark.arguments.serving_commands import SERVING_COMMANDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_ABOUT = "A machine-learning model registry made of Git, DVC and pull requests."
_CODES = "exit codes: 0 pass, 1 fail, 2 usage error, 42 a person must decide, or nobody can tell"


def build_parser(*, only: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command line; with `only`, just that command's arguments are set up (it is quicker)."""
    from mintmark.about import __version__
    from mintmark.suggestions import SuggestingParser

    parser = SuggestingParser(
        prog="mintmark", description=_ABOUT, epilog=_CODES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-V", "--version", action="version", version=f"mintmark {__version__}")
    parser.add_argument("-C", metavar="DIR", dest="root", default=".", help="run as if started in DIR")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, command in COMMANDS.items():
        if only not in (None, name):
            continue
        verb = verbs.add_parser(
            name,
            help=command.summary,
            description=_sentence(command.summary),
            epilog="\n".join(
                ["examples:", *(f"  {line}" for line in command.examples), "", f"exit codes: {command.exits}"]
            ),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(verb)
        verb.set_defaults(command=name)
    return parser


def command_of(arguments: Sequence[str]) -> str | None:
    """Return the command that the arguments name, None where all of them must be known to say what is wrong."""
    rest = list(arguments)
    if len(rest) > 2 and rest[0] == "-C":
        rest = rest[2:]
    return rest[0] if rest and rest[0] in COMMANDS else None


def _sentence(summary: str) -> str:
    return f"{summary[0].upper()}{summary[1:]}."


def _completion_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="your shell")


def completion(root: Path, shell: str) -> int:  # noqa: ARG001 - every command is given the root
    """Print the script with which bash, zsh or tcsh complete commands and options."""
    import shtab

    print(shtab.complete(build_parser(), shell=shell))
    return 0


COMMANDS: dict[str, Command] = {
    **BEGINNING_COMMANDS,
    **BRINGING_COMMANDS,
    **REGISTRY_COMMANDS,
    **DELIVERY_COMMANDS,
    **SERVING_COMMANDS,
    **MONITORING_COMMANDS,
    **FORGE_COMMANDS,
    "completion": Command(
        "print a completion script for your shell",
        (
            "mintmark completion bash > ~/.local/share/bash-completion/completions/mintmark",
            'eval "$(mintmark completion zsh)"',
        ),
        _completion_arguments,
        "mintmark.arguments.parser:completion",
    ),
}
