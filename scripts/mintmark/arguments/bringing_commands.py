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
    accepted = (
        "write it although one of the two refuses rows (refusals), rows beside a threshold differ (thresholds), or "
        "labels differ that are equally likely (ties)"
    )
    parser.add_argument(
        "--accept", choices=("refusals", "thresholds", "ties"), action="append", default=[], help=accepted
    )


def _register_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="the name of the model, such as churn")
    artifact = "the model file: skops, ONNX or safetensors, whatever it is called"
    parser.add_argument("--artifact", metavar="FILE", type=Path, help=artifact)
    rows = "rows with the truth that it was not trained on: a .csv or .parquet file (default: those of last time)"
    parser.add_argument("--data", metavar="EVALUATION", type=Path, help=rows)
    told = "what it answered to these rows where it was trained: prediction, and probability_CLASS for each class"
    parser.add_argument("--predictions", metavar="FILE", type=Path, help=told)
    parser.add_argument("--target", metavar="COLUMN", help="the column with the truth (default: as model.yaml says)")
    tasks = ("regression", "binary-classification", "multiclass-classification")
    parser.add_argument("--task", choices=tasks, help="what kind of answer it gives (default: as model.yaml says)")
    _row_arguments(parser)
    again = "measure what lies in data/MODEL/, and write the candidate alone; a stage in dvc.yaml runs this"
    parser.add_argument("--measure", action="store_true", help=again)
    learned = "with --measure: the rows that a stage of your own trained it on, a .parquet file"
    parser.add_argument("--train", metavar="ROWS", type=Path, help=learned)


def _row_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is said of the columns of evaluation rows."""
    parser.add_argument("--entity", metavar="COLUMN", help="the column that says which rows are of one entity")
    carry = "a column of the rows that the model does not see, such as one that a slice needs; may be repeated"
    parser.add_argument("--carry", metavar="COLUMN", action="append", default=[], help=carry)
    classes = "a class, in the order of the probabilities; repeat it for each (default: as the model says, else sorted)"
    parser.add_argument("--class", dest="classes", metavar="CLASS", action="append", default=[], help=classes)


_TASKS = ("regression", "binary-classification", "multiclass-classification")


def _import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("system", choices=("mlflow", "gto", "huggingface"), help="what kind of registry it is")
    place = "the address of an MLflow server, a clone with GTO's tags, or a folder of the Hugging Face Hub"
    parser.add_argument("place", metavar="PLACE", help=place)
    parser.add_argument("name", metavar="NAME", nargs="?", help="the name of the model there (a folder needs none)")
    parser.add_argument("--tracking", metavar="URL", help="the MLflow server with its runs, where that is another one")
    runs = "a run of an MLflow server whose models nobody registered; repeat it for more"
    parser.add_argument("--run", dest="runs", metavar="RUN_ID", action="append", default=[], help=runs)
    parser.add_argument("--as", dest="model", metavar="MODEL", help="its name here (default: made of the name there)")
    parser.add_argument("--task", choices=_TASKS, help="what kind of answer it gives, where no model.yaml says so yet")
    parser.add_argument("--target", metavar="COLUMN", help="the column that it predicts")
    owner = "who decides about it, such as @ada; repeat it for more (default: a blank)"
    parser.add_argument("--owner", dest="owners", metavar="@NAME", action="append", default=[], help=owner)
    parser.add_argument("--licence", metavar="SPDX", help="its licence, such as Apache-2.0 (default: a blank)")
    parser.add_argument("--purpose", metavar="TEXT", help="what it is for (default: as it says there, else a blank)")
    rows = "measure each version on these rows, a .csv or .parquet file with the truth, and propose it"
    parser.add_argument("--data", metavar="EVALUATION", type=Path, help=rows)
    alias = "with --data: the channel that an alias is here, such as champion=production (default: of the same name)"
    parser.add_argument("--channel", dest="channels", metavar="ALIAS=CHANNEL", action="append", default=[], help=alias)
    _row_arguments(parser)
    only = "bring this version alone; repeat it for more"
    parser.add_argument("--only", metavar="VERSION", action="append", default=[], help=only)
    parser.add_argument("--commit", action="store_true", help="make the commits, on the branch import/MODEL")


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
    "register": Command(
        "make a model that was trained elsewhere a candidate, measured on rows that you bring",
        (
            "mintmark register churn --artifact model.onnx --data holdout.csv --target cancelled",
            "mintmark register churn --artifact model.skops --data holdout.parquet --predictions answers.csv",
            "mintmark register churn --artifact newer.onnx    # on the rows of last time",
        ),
        _register_arguments,
        "mintmark.commands.bringing.register:register",
    ),
    "import": Command(
        "bring the versions of a model from another registry",
        (
            "mintmark import mlflow http://127.0.0.1:5000 churn --task binary-classification --target cancelled",
            "mintmark import mlflow http://127.0.0.1:5000 --run 8f2c41 --as churn --data rows.csv --target cancelled",
            "mintmark import gto ../old-registry churn --task regression --target rent --commit",
            "mintmark import huggingface downloaded/churn --as churn --data holdout.csv --target cancelled",
        ),
        _import_arguments,
        "mintmark.commands.bringing.import_models:import_models",
    ),
}
