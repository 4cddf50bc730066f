"""The command that serves what is registered."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.arguments.command import Command

if TYPE_CHECKING:
    import argparse

_SECONDS = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)?\Z")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """Return a time such as 10s, 500ms or 5m in seconds."""
    match = _SECONDS.match(text)
    if match is None:
        raise ArgumentTypeError(f'"{text}" is no time such as 10s, 500ms or 5m')
    return float(match[1]) * _UNITS[match[2] or "s"]


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 1 << 40:
        raise ArgumentTypeError(f'"{text}" is no whole number above zero')
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise ArgumentTypeError(f'"{text}" is no share above 0, and 1 at most')
    return share


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise ArgumentTypeError(f'"{text}" is no port (0 to 65535)')
    return int(text)


def _grpc_port(text: str) -> int | None:
    return None if text == "off" else _port(text)


def _serve_arguments(parser: argparse.ArgumentParser) -> None:
    what = "MODEL@CHANNEL, MODEL@latest or MODEL@VERSION (default: the last channel of every model)"
    parser.add_argument("references", metavar="REF", nargs="*", help=what)
    where = "the registry to follow: a clone, a Git address (...git, ssh://...) or its site (default: the one here)"
    parser.add_argument("--registry", metavar="WHERE", help=where)
    parser.add_argument("--every", metavar="TIME", type=seconds, default=10.0, help="how often to look (default: 10s)")
    host = "the address to listen on (default: 127.0.0.1, which this machine alone reaches)"
    parser.add_argument("--host", metavar="HOST", default="127.0.0.1", help=host)
    parser.add_argument("--port", metavar="PORT", type=_port, default=8080, help="the port (default: 8080; 0: any)")
    grpc_port = "the port for gRPC (default: 8081; 0: any; off: none)"
    parser.add_argument("--grpc-port", metavar="PORT", type=_grpc_port, default=8081, help=grpc_port)
    tokens = "ask callers for one of the tokens in FILE, one a line (Authorization: Bearer TOKEN)"
    parser.add_argument("--tokens", metavar="FILE", type=Path, help=tokens)
    origin = "let pages of ORIGIN ask from a browser, such as the registry's site (https://acme.github.io); repeatable"
    parser.add_argument("--allow-origin", dest="origins", metavar="ORIGIN", action="append", default=[], help=origin)
    parser.add_argument("--max-rows", metavar="N", type=_positive, default=10_000,
                        help="rows in one request (default: 10000)")  # fmt: skip
    parser.add_argument("--max-bytes", metavar="N", type=_positive, default=10_000_000,
                        help="bytes in one request (default: 10000000)")  # fmt: skip
    parser.add_argument("--timeout", metavar="TIME", type=seconds, default=30.0,
                        help="how long an answer may take (default: 30s)")  # fmt: skip
    drain = "on SIGTERM, say that it is not ready for so long before it stops (default: 0s)"
    parser.add_argument("--drain", metavar="TIME", type=seconds, default=0.0, help=drain)
    workers = "processes that share the port, each with its own copy of the models (default: 1)"
    parser.add_argument("--workers", metavar="N", type=_positive, default=1, help=workers)
    shadow = "let this version answer too, off the path, and log its answers beside those that callers get; repeat it"
    parser.add_argument("--shadow", metavar="REF", dest="shadows", action="append", default=[], help=shadow)
    log = "log every prediction as Parquet in a folder or at an address such as s3://bucket/log"
    parser.add_argument("--log", metavar="WHERE", help=log)
    parser.add_argument("--log-sample", metavar="SHARE", type=_share, default=1.0,
                        help="the share of requests to log, such as 0.1; all are counted (default: 1)")  # fmt: skip
    key = "hash the personal inputs in the log with the key in FILE (needed where model.yaml says hash)"
    parser.add_argument("--log-key", metavar="FILE", type=Path, help=key)
    check = "load what would be served, let it prove itself, say whether all is well, and serve nothing"
    parser.add_argument("--check", action="store_true", help=check)


def _replay_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("identity", metavar="ID", help="the request id, as its answer named it")
    parser.add_argument("log", metavar="LOG", help="the folder or the address that the server logs to")
    where = "where the version is: a clone, a Git address or a site (default: the registry here)"
    parser.add_argument("--registry", metavar="WHERE", help=where)
    parser.add_argument("--json", action="store_true", dest="as_json", help="print JSON")


SERVING_COMMANDS: dict[str, Command] = {
    "serve": Command(
        "answer requests with what the channels name, and follow their moves",
        (
            "mintmark serve",
            "mintmark serve breast-cancer@production digits@production --every 10s",
            "mintmark serve breast-cancer@production --shadow breast-cancer@staging --log predictions",
            "mintmark serve --registry https://github.com/acme/models.git",
        ),
        _serve_arguments,
        "mintmark.commands.serving.serve:serve",
        extra="serve",
    ),
    "replay": Command(
        "find a logged decision, run its version again, and see whether the same answer comes out",
        ("mintmark replay 5f2a9c0e7d1b4638 predictions",),
        _replay_arguments,
        "mintmark.commands.measuring.replay:replay",
        extra="serve",
        exits="0 the same answer, 1 another one or a fault, 2 usage error, 42 nobody can tell",
    ),
}
