"""The commands with which a team begins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.arguments.command import Command, add_writing

if TYPE_CHECKING:
    import argparse

_DRY = "write nothing, and say what would be written"
_COMMIT = "commit what was written, and nothing else, on the current branch"


def _init_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", metavar="TEXT", help="what the registry is called (default: after its folder)")
    parser.add_argument("--no-workflows", dest="workflows", action="store_false",
                        help="leave out the workflows and forms of GitHub")  # fmt: skip
    parser.add_argument("--commit", action="store_true", help=_COMMIT)
    parser.add_argument("--dry-run", action="store_true", help=_DRY)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="the name of the model, such as churn")
    rows = "the rows: a .csv or .parquet file; one outside the registry is copied to data/"
    parser.add_argument("--data", metavar="FILE", type=Path, required=True, help=rows)
    parser.add_argument("--target", metavar="COLUMN", required=True, help="the column to predict")
    tasks = ("regression", "binary-classification", "multiclass-classification")
    parser.add_argument("--task", choices=tasks, help="what kind of answer it gives (default: from the column)")
    one = "the column that says which rows are of one entity, such as a patient (default: from names and values)"
    parser.add_argument("--entity", metavar="COLUMN", help=one)
    owner = "who decides about it, such as @ada or @acme/ml (default: git config github.user, else a blank)"
    parser.add_argument("--owner", dest="owners", metavar="@NAME", action="append", default=[], help=owner)
    parser.add_argument("--purpose", metavar="TEXT", help="what the model is for (default: a blank)")
    parser.add_argument("--licence", metavar="SPDX", help="its licence, such as Apache-2.0 (default: a blank)")
    parser.add_argument("--commit", action="store_true", help=_COMMIT)
    parser.add_argument("--dry-run", action="store_true", help=_DRY)


def _upgrade_arguments(parser: argparse.ArgumentParser) -> None:
    one = "leave this file as it is; repeat it for more"
    parser.add_argument("--keep", metavar="FILE", action="append", default=[], help=one)
    parser.add_argument("--markers", action="store_true",
                        help="write both sides into a file that is in conflict, and commit nothing")  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help=_DRY)
    add_writing(parser)


BEGINNING_COMMANDS: dict[str, Command] = {
    "init": Command(
        "begin a registry in a folder",
        (
            "mintmark init",
            "mintmark init --dry-run",
            "mintmark -C ml/registry init --commit    # in a subfolder of a repository",
        ),
        _init_arguments,
        "mintmark.commands.beginning.init:init",
    ),
    "add": Command(
        "add a model for a file of rows",
        (
            "mintmark add churn --data customers.csv --target cancelled",
            "mintmark add rent --data flats.parquet --target rent --entity house --commit",
        ),
        _add_arguments,
        "mintmark.commands.beginning.add:add",
    ),
    "upgrade": Command(
        "bring the files of an older Mintmark up to date, and keep your changes",
        (
            "mintmark upgrade --dry-run",
            "mintmark upgrade --open",
            "mintmark upgrade --keep scripts/train.py",
        ),
        _upgrade_arguments,
        "mintmark.commands.beginning.upgrade:upgrade",
    ),
}
