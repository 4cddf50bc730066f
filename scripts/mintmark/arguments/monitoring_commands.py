"""The command that watches what is served."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.arguments.command import Command

if TYPE_CHECKING:
    import argparse


def _monitor_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("models", metavar="MODEL", nargs="*", help="the models to judge (default: all in the log)")
    log = "the folder or the address that the server logs to, such as s3://bucket/log"
    parser.add_argument("--log", metavar="WHERE", required=True, help=log)
    labels = "labels of the one MODEL: a .csv or .parquet file, a folder of them, or an address (default: model.yaml)"
    parser.add_argument("--labels", metavar="WHERE", help=labels)
    parser.add_argument("--since", metavar="DAY", help="the first day, in UTC (default: the last 14 windows)")
    parser.add_argument("--until", metavar="DAY", help="the day after the last one, in UTC (default: until now)")
    window = "how long a window is: 1h to 12h, 1d, 2w (default: model.yaml, else 1d)"
    parser.add_argument("--window", metavar="SPAN", help=window)
    output = "write the document of each window below DIR"
    parser.add_argument("--output", metavar="DIR", type=Path, help=output)
    publish = "add the documents to the branch monitoring of the remote, from which the site is built"
    parser.add_argument("--publish", action="store_true", help=publish)
    follow = "do what on_breach in model.yaml says of an alarm: open an issue or a rollback request, or train again"
    parser.add_argument("--open", dest="follow_up", action="store_true", help=follow)
    compute = "read and count on the workers of a Dask cluster, dask://host:port (default: two threads here)"
    parser.add_argument("--compute", metavar="ADDRESS", help=compute)
    parser.add_argument("--json", dest="as_json", action="store_true", help="print JSON")


MONITORING_COMMANDS: dict[str, Command] = {
    "monitor": Command(
        "say from the prediction log whether what is served still works",
        (
            "mintmark monitor --log predictions",
            "mintmark monitor breast-cancer --log s3://acme/log --labels labels.csv",
            "mintmark monitor breast-cancer --log predictions --since 2026-03-01 --window 6h --json",
            "mintmark monitor --log s3://acme/log --compute dask://scheduler:8786",
            "mintmark monitor --log s3://acme/log --open    # in .github/workflows/monitor.yml",
        ),
        _monitor_arguments,
        "mintmark.commands.monitoring.monitor:monitor",
        extra="monitor",
        exits="0 no alarm lasts, 1 one lasts or a fault, 2 usage error, 42 no window had enough data",
    ),
}
