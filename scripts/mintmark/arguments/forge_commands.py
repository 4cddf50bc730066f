"""The commands that a forge's workflows run; each also runs on a laptop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.arguments.command import Command

if TYPE_CHECKING:
    import argparse


def _doctor_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    owners = "write .github/CODEOWNERS from the owners in model.yaml, and check nothing"
    what.add_argument("--write", action="store_true", help=owners)
    what.add_argument("--json", dest="as_json", action="store_true", help="print JSON")


def _changes_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--base", metavar="REV", help="the branch to merge into (default: from the workflow's event)")
    parser.add_argument("--head", metavar="REV", help="the branch to look at (default: from the workflow's event)")
    parser.add_argument("--json", dest="as_json", action="store_true", help="print JSON")


def _gate_arguments(parser: argparse.ArgumentParser) -> None:
    what = "read DIR/*/report.json of the reviews, and tell their verdicts"
    parser.add_argument("--reports", metavar="DIR", type=Path, help=what)
    what = "exit with 42 where a person must decide (default: tell it, and exit with 0)"
    parser.add_argument("--strict", action="store_true", help=what)


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
    "changes": Command(
        "tell what kind of change something is, which models it touches and which checks it needs",
        (
            "mintmark changes --base origin/main --head HEAD",
            "mintmark changes    # in a workflow, which knows the change from its event",
        ),
        _changes_arguments,
        "mintmark.commands.forge.changes:changes",
    ),
    "gate": Command(
        "hold the jobs of a workflow against what its change needs, as the one check that a merge waits for",
        ("mintmark gate --reports reports    # in a workflow, with NEEDS: ${{ toJSON(needs) }}",),
        _gate_arguments,
        "mintmark.commands.forge.gate:gate",
    ),
}
