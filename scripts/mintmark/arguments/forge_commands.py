"""The commands that a forge's workflows run; each also runs on a laptop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.arguments.command import Command

if TYPE_CHECKING:
    import argparse


def _doctor_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    owners = "write .github/CODEOWNERS from the owners in model.yaml, and check nothing"
    what.add_argument("--write", action="store_true", help=owners)
    what.add_argument("--json", dest="as_json", action="store_true", help="print JSON")


FORGE_COMMANDS: dict[str, Command] = {
    "doctor": Command(
        "check the settings of the repository, and say where to set what is missing",
        (
            "mintmark doctor",
            "mintmark doctor --json",
            "mintmark doctor --write    # .github/CODEOWNERS",
        ),
        _doctor_arguments,
        "mintmark.commands.forge.doctor:doctor",
    ),
}
