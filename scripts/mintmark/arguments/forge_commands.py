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


def _event_argument(parser: argparse.ArgumentParser) -> None:
    what = "the event, as GitHub writes it into a file (default: from GITHUB_EVENT_PATH)"
    parser.add_argument("--event", metavar="FILE", type=Path, help=what)


def _request_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("verb", nargs="?", choices=("propose", "promote", "rollback", "yank"), metavar="VERB",
                        help="propose, promote, rollback or yank, where the event does not say it")  # fmt: skip
    _event_argument(parser)


def _retrain_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("models", nargs="*", metavar="MODEL", help="the models (default: all that the pipeline makes)")


def _alarms_arguments(parser: argparse.ArgumentParser) -> None:
    what = "the age in days from which a version is too old for a channel (default: 180)"
    parser.add_argument("--stale-after", type=int, default=180, metavar="DAYS", help=what)


def _incident_arguments(parser: argparse.ArgumentParser) -> None:
    what = "how many days back to look for moves (default: 7)"
    parser.add_argument("--days", type=int, default=7, metavar="DAYS", help=what)


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
        exits="0 pass, 1 something is missing, 2 usage error, 42 something could not be asked",
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
        exits="0 pass, 1 fail, 2 usage error, 42 a person must decide (--strict)",
    ),
    "comment": Command(
        "post the report of a pull request's checks as one comment",
        ("mintmark comment    # in .github/workflows/pr-comment.yml",),
        _event_argument,
        "mintmark.commands.forge.comment:comment",
    ),
    "request": Command(
        "carry out what an issue form asks for, as a pull request",
        (
            "mintmark request             # in .github/workflows/request.yml",
            "mintmark request rollback    # in .github/workflows/rollback.yml",
        ),
        _request_arguments,
        "mintmark.commands.forge.request:request",
    ),
    "retrain": Command(
        "run the pipeline again, and propose each model that came out new",
        (
            "mintmark retrain",
            "mintmark retrain breast-cancer digits",
        ),
        _retrain_arguments,
        "mintmark.commands.forge.retrain:retrain",
    ),
    "alarms": Command(
        "verify the registry, and keep an issue open for each fault",
        (
            "mintmark alarms",
            "mintmark alarms --stale-after 365",
        ),
        _alarms_arguments,
        "mintmark.commands.forge.alarms:alarms",
    ),
    "incident": Command(
        "open an issue for each recent move of a channel back",
        (
            "mintmark incident",
            "mintmark incident --days 1",
        ),
        _incident_arguments,
        "mintmark.commands.forge.incident:incident",
    ),
}
