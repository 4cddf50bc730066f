"""The commands that deliver what is merged: what a release makes, and what is handed to others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.arguments.command import Command

if TYPE_CHECKING:
    import argparse


def _release_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--plan", action="store_true", help="print what would be made, and make nothing")
    channel = "write what a channel is to run to the branch deploy, and tell the forge"
    what.add_argument("--deploy", metavar="CHANNEL", help=channel)


DELIVERY_COMMANDS: dict[str, Command] = {
    "release": Command(
        "tag and deploy what is merged",
        ("mintmark release", "mintmark release --plan", "mintmark release --deploy breast-cancer@production"),
        _release_arguments,
        "mintmark.commands.delivery.release:release",
    ),
}
