"""What makes a command, and the arguments that several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

REFERENCE = "MODEL@1.4.2, MODEL@production or MODEL@latest"


@dataclass(frozen=True, slots=True)
class Command:
    """One verb: what `--help` says of it, its arguments, and the `module:function` that takes their values.

    `extra` is the one to install where the verb lacks a package. `exits` says what each exit code means. A verb that
    `runs_model` tells when it does, and runs in a process that ends where the model does not.
    """

    summary: str
    examples: tuple[str, ...]
    add_arguments: Callable[[argparse.ArgumentParser], None]
    function: str
    extra: str = "registry"
    exits: str = "0 pass, 1 fail, 2 usage error"
    runs_model: bool = False

    def load(self) -> Callable[..., int]:
        """Import the function; no other command is imported."""
        from importlib import import_module

        module, _, name = self.function.partition(":")
        function: Callable[..., int] = getattr(import_module(module), name)
        return function


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Add what every command has that reads."""
    add_at(parser)
    parser.add_argument("--json", dest="as_json", action="store_true", help="print JSON")


def add_site(parser: argparse.ArgumentParser) -> None:
    """Add `--registry URL`."""
    what = "read the published site at URL, not a clone; such as https://acme.github.io/models/"
    parser.add_argument("--registry", metavar="URL", dest="site", help=what)


def add_at(parser: argparse.ArgumentParser) -> None:
    """Add `--at WHEN`."""
    when = "read a revision (v1.2, main~3) or a date (2026-06-01, the end of that day in UTC, on the base branch)"
    parser.add_argument("--at", metavar="WHEN", help=when)


def add_writing(parser: argparse.ArgumentParser) -> None:
    """Add what every command has that commits a change."""
    parser.add_argument("--here", action="store_true", help="commit on the current branch, not on a new one")
    parser.add_argument("--open", dest="open_pr", action="store_true", help="push the branch and open the pull request")
