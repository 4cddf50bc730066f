"""The commands that bring models from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.arguments.command import Command

if TYPE_CHECKING:
    import argparse


def _convert_arguments(parser: argparse.ArgumentParser) -> None:
    what = "the pickle of an estimator, as pickle, joblib or cloudpickle wrote it"
    parser.add_argument("file", metavar="FILE", type=Path, help=what)
    rows = "rows to ask both models about: a .csv or .parquet file"
    parser.add_argument("--data", metavar="ROWS", type=Path, required=True, help=rows)
    parser.add_argument("--target", metavar="COLUMN", help="a column of the rows that holds the truth")
    parser.add_argument("--to", choices=("skops", "onnx"), default="skops", help="the format to write")
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, help="the file to write (default: FILE's name)")
    accepted = "write it although one of both refuses rows (refusals), or rows beside a threshold differ (thresholds)"
    parser.add_argument("--accept", choices=("refusals", "thresholds"), action="append", default=[], help=accepted)


BRINGING_COMMANDS: dict[str, Command] = {
    "convert": Command(
        "make a pickled estimator skops or ONNX, and prove that both answer the same",
        (
            "mintmark convert model.pkl --data rows.csv --target species",
            "mintmark convert model.joblib --data rows.parquet --to onnx -o model.onnx",
        ),
        _convert_arguments,
        "mintmark.commands.bringing.convert:convert",
    ),
}
