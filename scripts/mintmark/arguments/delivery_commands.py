"""The commands that deliver what is merged: what a release makes, and what is handed to others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.arguments.command import REFERENCE, Command, add_at, add_reading

if TYPE_CHECKING:
    import argparse


def _release_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--plan", action="store_true", help="print what would be made, and make nothing")
    bundles = "keep the files of new releases in DIR, with checksums.txt, for a workflow that attests them"
    parser.add_argument("--bundles", metavar="DIR", type=Path, help=bundles)
    draft = "leave new releases as drafts, for what has to be done first; a call without --draft publishes them"
    parser.add_argument("--draft", action="store_true", help=draft)
    channel = "write what a channel is to run to the branch deploy, and tell the forge"
    what.add_argument("--deploy", metavar="MODEL@CHANNEL", help=channel)
    settle = "in a workflow: tell the forge that the moves which waited in this run were not let through"
    what.add_argument("--settle", action="store_true", help=settle)
    move = "with --deploy: only if this is still the channel's last move, the one that was let through"
    parser.add_argument("--move", metavar="TAG", help=move)


def _bundle_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", metavar="REF", help=REFERENCE)
    where = "the folder to write to (default: ./MODEL-VERSION, and . for an archive)"
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, help=where)
    packed = "write one MODEL-VERSION.zip, with the bill of materials beside it, and no folder"
    parser.add_argument("--archive", action="store_true", help=packed)
    add_reading(parser)


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", metavar="REF", help=REFERENCE)
    parser.add_argument("folder", metavar="DIR", type=Path, help="the folder to write to")
    systems = ("huggingface", "kubeflow", "sas", "tfx")
    parser.add_argument("--to", dest="system", choices=systems, required=True, help="the system that is to read it")
    add_at(parser)


def _sign_arguments(parser: argparse.ArgumentParser) -> None:
    what = f"a folder, such as a bundle; or {REFERENCE}, whose bundle is written first"
    parser.add_argument("what", metavar="FOLDER|REF", help=what)
    how = parser.add_mutually_exclusive_group(required=True)
    private = "a private key on an elliptic curve; MINTMARK_KEY_PASSWORD has its password, if it has one"
    how.add_argument("--key", metavar="PEM", type=Path, help=private)
    keyless = "sign through sigstore's servers, as the workflow or the one who logs in"
    how.add_argument("--sigstore", action="store_true", help=keyless)
    where = "the folder to write the bundle of REF to (default: ./MODEL-VERSION)"
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, help=where)
    add_at(parser)


DELIVERY_COMMANDS: dict[str, Command] = {
    "release": Command(
        "tag and deploy what is merged",
        ("mintmark release", "mintmark release --plan", "mintmark release --deploy breast-cancer@production"),
        _release_arguments,
        "mintmark.commands.delivery.release:release",
    ),
    "bundle": Command(
        "write a version with all that a stranger needs to check and load it",
        (
            "mintmark bundle breast-cancer@production",
            "mintmark bundle breast-cancer@1.4.2 --archive -o dist",
        ),
        _bundle_arguments,
        "mintmark.commands.delivery.bundle:bundle",
    ),
    "export": Command(
        "write a version in the form that another system reads",
        (
            "mintmark export breast-cancer@production --to huggingface hub",
            "mintmark export breast-cancer@1.4.2 --to sas .",
        ),
        _export_arguments,
        "mintmark.commands.delivery.export:export",
    ),
    "sign": Command(
        "sign the bundle of a version, or any folder",
        (
            "mintmark sign breast-cancer@production --key key.pem",
            "mintmark sign breast-cancer-1.4.2 --sigstore",
        ),
        _sign_arguments,
        "mintmark.commands.delivery.sign:sign",
        extra="sign",
    ),
}
