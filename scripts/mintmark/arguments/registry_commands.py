"""The commands that read, judge and change a registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.arguments.command import REFERENCE, Command, add_at, add_reading, add_site, add_writing

if TYPE_CHECKING:
    import argparse


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", nargs="?", metavar="MODEL", help="list the versions of this model")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--versions", action="store_true", help="list every version of every model")
    what.add_argument("--candidates", action="store_true", help="list each candidate beside its champion")
    add_site(parser)
    add_reading(parser)


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", metavar="REF", help=f"{REFERENCE}, or MODEL alone")
    add_site(parser)
    add_reading(parser)


def _history_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="the model")
    parser.add_argument("--channel", metavar="CHANNEL", help="show this channel only")
    add_reading(parser)


def _compare_arguments(parser: argparse.ArgumentParser) -> None:
    what = f"{REFERENCE}, MODEL@candidate, or a record that evaluate wrote (.json); two, or more with --on"
    parser.add_argument("references", metavar="REF", nargs="+", help=what)
    rows = "measure all of them on the rows of this .csv or .parquet file, with the target"
    parser.add_argument("--on", metavar="DATA", type=Path, help=rows)
    what = "rows without labels (.csv or .parquet): write those that the two answer differently, and compare nothing"
    parser.add_argument("--unlabelled", metavar="FILE", type=Path, help=what)
    live = "hold what was served (the first) and its shadow (the second) against each other, as logged by serve --log"
    parser.add_argument("--live", metavar="LOG", help=live)
    truth = "with --live: the labels (.csv or .parquet), by the columns id and row or by inputs, with the target"
    parser.add_argument("--labels", metavar="FILE", type=Path, help=truth)
    output = "where --unlabelled, or --live without --labels, writes the rows to label"
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, help=output)
    add_reading(parser)


def _evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", metavar="REF", help=f"{REFERENCE}, or MODEL@candidate")
    rows = "the rows: a .csv or .parquet file with the model's inputs and the target"
    parser.add_argument("--on", metavar="DATA", type=Path, required=True, help=rows)
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="also write the record, a .json file")
    add_reading(parser)


def _validate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--base", metavar="REV", help="check only what the merge into REV would change (default: check everything)"
    )
    parser.add_argument("--steps", action="store_true",
                        help="with --base: check each commit of the first-parent line from REV by itself")  # fmt: skip
    parser.add_argument("--format", dest="style", choices=("text", "json", "github"), default="text",
                        help="what to print; github means workflow annotations (default: text)")  # fmt: skip
    what = "check only what the next commit would change, as a pre-commit hook does"
    parser.add_argument("--staged", action="store_true", help=what)
    add_reading(parser)


def _review_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--base", required=True, metavar="REV", help="the branch to merge into; its rules apply")
    parser.add_argument("--head", required=True, metavar="REV", help="the branch to review")
    parser.add_argument(
        "--report-dir", metavar="DIR", type=Path, help="write report.md, report.json and annotations.txt"
    )
    parser.add_argument("--author", metavar="LOGIN",
                        help="the author (default: from GITHUB_EVENT_PATH or git config github.user)")  # fmt: skip
    parser.add_argument("--team", dest="teams", action="append", default=[], metavar="ORG/TEAM",
                        help="a team of the author; repeat the option for more teams")  # fmt: skip
    again = "also run the recorded stages again; this runs the proposal's code, confined"
    parser.add_argument("--reproduce", action="store_true", help=again)
    step = "run as a step: print annotations, write the report into the step's summary, exit with 0 for 42"
    parser.add_argument("--workflow", action="store_true", help=step)
    parser.add_argument("--format", dest="style", choices=("text", "json", "markdown", "github"), default="text",
                        help="what to print; github means workflow annotations (default: text)")  # fmt: skip


def _reproduce_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", metavar="REF", help=REFERENCE)
    parser.add_argument("--network", action="store_true", help="let the stages use the network")
    parser.add_argument("--keep", action="store_true", help="keep the clone and print where it is")
    parser.add_argument("--note", action="store_true", help="record a success in a Git note")
    parser.add_argument("--json", dest="as_json", action="store_true", help="print JSON")


def _card_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", metavar="REF", help=REFERENCE)
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="the file to write (default: print the card)")
    add_at(parser)


def _pull_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", metavar="REF", help=REFERENCE)
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, help="the folder to write to (default: ./MODEL-VERSION)"
    )
    parser.add_argument("--all", dest="all_files", action="store_true",
                        help="also write predictions, evaluation data and reference profile")  # fmt: skip
    add_site(parser)
    add_reading(parser)


def _predict_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", metavar="REF", help=f"{REFERENCE}, or MODEL@candidate")
    parser.add_argument(
        "data", metavar="DATA", type=Path, help="the rows: a .csv or .parquet file with the model's inputs"
    )
    what = "the .csv or .parquet file to write; - prints CSV"
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, required=True, help=what)
    add_site(parser)
    add_at(parser)


def _explain_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", metavar="REF", help=f"{REFERENCE}, or MODEL@candidate")
    few = "up to 20 rows: a .csv or .parquet file with the model's inputs"
    parser.add_argument("data", metavar="DATA", type=Path, help=few)
    add_site(parser)
    add_reading(parser)


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("references", nargs="*", metavar="REF", help=f"{REFERENCE}, or MODEL (default: everything)")
    add_reading(parser)
    signed = "check a folder, such as a bundle, against the signature in it, and no version"
    parser.add_argument("--signature", metavar="FOLDER", type=Path, help=signed)
    parser.add_argument("--key", metavar="PEM", type=Path, help="the public key of the one who signed")
    parser.add_argument("--identity", metavar="NAME", help="who signed with sigstore, such as ada@example.com")
    parser.add_argument("--issuer", metavar="URL", help="the server that says so of them")


def _propose_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="the model whose candidate to propose")
    number = parser.add_mutually_exclusive_group()
    part = "the part of the number that grows (default: it follows from what changed)"
    number.add_argument("--bump", choices=("major", "minor", "patch"), help=part)
    number.add_argument("--version", metavar="X.Y.Z", help="the number of the version")
    new = "what is new, in Markdown (default: a list of what changed)"
    parser.add_argument("-m", "--summary", metavar="SUMMARY", help=new)
    parser.add_argument("--promote", action="store_true", help="also point the first channel at the version")
    add_writing(parser)


def _promote_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", metavar="REF", help=REFERENCE)
    parser.add_argument("channel", metavar="CHANNEL", help="the channel to move")
    add_writing(parser)


def _rollback_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="the model")
    parser.add_argument("channel", metavar="CHANNEL", nargs="?", help="the channel to move (default: the last one)")
    held = "a version that held the channel before (default: the most recent one)"
    parser.add_argument("--to", metavar="VERSION", help=held)
    add_writing(parser)


def _yank_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", metavar="REF", help="the version, such as MODEL@1.4.2")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why nobody should use it")
    parser.add_argument("--replacement", metavar="VERSION", help="the version to use instead")
    add_writing(parser)


def _resolve_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose: Git knows what is in conflict."""


def _site_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action", choices=("build", "serve"), help="build writes the files; serve shows them on this machine"
    )
    where = "the folder to write; it replaces a site that is there (default: site)"
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, help=where)
    add_at(parser)
    where = "the address of the GitHub repository, for links (default: addresses.repository in models/registry.yaml)"
    parser.add_argument("--repository", metavar="URL", help=where)
    where = "the address that the site will have (default: addresses.site in models/registry.yaml)"
    parser.add_argument("--site-url", metavar="URL", help=where)
    how = "the program that builds the pages of docs/ (default: mkdocs)"
    parser.add_argument("--builder", choices=("mkdocs", "zensical"), default="mkdocs", help=how)
    what = "fetch predictions, for curves and comparisons, and the notes of versions that were made again"
    parser.add_argument("--fetch", action="store_true", help=what)
    where = "the folder of documents that monitor --output wrote (default: the branch monitoring)"
    parser.add_argument("--monitoring", metavar="DIR", type=Path, help=where)
    parser.add_argument("--port", type=int, default=8000, help="the port that serve listens on (default: 8000)")


REGISTRY_COMMANDS: dict[str, Command] = {
    "list": Command(
        "list the models, or the versions of one",
        (
            "mintmark list",
            "mintmark list breast-cancer",
            "mintmark list --candidates",
            "mintmark list --at 2026-06-01    # what was where on that day",
            "mintmark list --registry https://acme.github.io/models/",
        ),
        _list_arguments,
        "mintmark.commands.list:list_registry",
    ),
    "show": Command(
        "show one version, or one model",
        (
            "mintmark show breast-cancer@production",
            "mintmark show breast-cancer@1.4.2 --json",
            "mintmark show breast-cancer",
            "mintmark show breast-cancer@production --registry https://acme.github.io/models/",
        ),
        _show_arguments,
        "mintmark.commands.show:show",
    ),
    "history": Command(
        "show who moved the channels of a model, and when",
        (
            "mintmark history breast-cancer",
            "mintmark history breast-cancer --channel production --json",
        ),
        _history_arguments,
        "mintmark.commands.history:history",
    ),
    "compare": Command(
        "compare two versions: metrics, parameters, data, code and environment",
        (
            "mintmark compare breast-cancer@production breast-cancer@latest",
            "mintmark compare breast-cancer@production breast-cancer@candidate",
            "mintmark compare breast-cancer@production breast-cancer@1.0.0 breast-cancer@candidate --on rows.csv",
            "mintmark compare digits@production digits@candidate --unlabelled new.csv -o to-label.csv",
            "mintmark compare --live predictions digits@production digits@staging --labels labels.csv",
        ),
        _compare_arguments,
        "mintmark.commands.compare:compare",
    ),
    "evaluate": Command(
        "measure a version on other rows than its own",
        (
            "mintmark evaluate breast-cancer@production --on rows.csv",
            "mintmark evaluate breast-cancer@candidate --on rows.parquet -o evaluation.json",
        ),
        _evaluate_arguments,
        "mintmark.commands.measuring.evaluate:evaluate",
    ),
    "validate": Command(
        "check the registry, or a change to it, against the rules",
        (
            "mintmark validate",
            "mintmark validate --base origin/main",
            "mintmark validate --base origin/main --format github    # in a workflow",
            "mintmark validate --staged    # in a pre-commit hook",
        ),
        _validate_arguments,
        "mintmark.commands.validate:validate",
    ),
    "review": Command(
        "judge a change, and give one verdict and one report",
        (
            "mintmark review --base origin/main --head HEAD",
            "mintmark review --base main --head propose/breast-cancer-1.2.0 --report-dir report",
            "mintmark review --base main --head HEAD --reproduce --author ada --team acme/ml",
        ),
        _review_arguments,
        "mintmark.commands.review:review",
        exits="0 pass, 1 fail, 2 usage error, 42 a person must decide",
    ),
    "reproduce": Command(
        "run the stages of a version again and compare the results",
        (
            "mintmark reproduce breast-cancer@production",
            "mintmark reproduce breast-cancer@1.4.2 --keep",
            "mintmark reproduce breast-cancer@1.4.2 --note",
        ),
        _reproduce_arguments,
        "mintmark.commands.reproduce:reproduce",
    ),
    "card": Command(
        "write the model card of a version, for the Hugging Face Hub",
        (
            "mintmark card breast-cancer@production",
            "mintmark card breast-cancer@1.1.0 -o README.md",
        ),
        _card_arguments,
        "mintmark.commands.card:card",
    ),
    "pull": Command(
        "fetch the model file of a version and check its digest",
        (
            "mintmark pull breast-cancer@production",
            "mintmark pull breast-cancer@1.4.2 -o /srv/models --all",
            "mintmark pull breast-cancer@production --registry https://acme.github.io/models/",
        ),
        _pull_arguments,
        "mintmark.commands.pull:pull",
    ),
    "predict": Command(
        "write what a version answers to the rows of a file",
        (
            "mintmark predict breast-cancer@production rows.csv -o predictions.csv",
            "mintmark predict breast-cancer@1.4.2 rows.parquet -o predictions.parquet",
            "mintmark predict breast-cancer@candidate rows.csv -o -",
            "mintmark predict breast-cancer@production rows.csv -o out.csv --registry https://acme.github.io/models/",
        ),
        _predict_arguments,
        "mintmark.commands.measuring.predict:predict",
        extra="load",
        runs_model=True,
    ),
    "explain": Command(
        "say what each input contributes to a version's answers for the rows of a file",
        (
            "mintmark explain breast-cancer@production rows.csv",
            "mintmark explain breast-cancer@candidate rows.parquet --json",
        ),
        _explain_arguments,
        "mintmark.commands.measuring.explain:explain",
        extra="load",
        runs_model=True,
    ),
    "verify": Command(
        "prove that every version can be fetched and matches its digests",
        (
            "mintmark verify",
            "mintmark verify breast-cancer@production digits",
            "mintmark verify --signature breast-cancer-1.4.2 --key key.pub",
        ),
        _verify_arguments,
        "mintmark.commands.verify:verify",
    ),
    "propose": Command(
        "turn the candidate into a version, in one commit on a new branch",
        (
            "mintmark propose breast-cancer -m 'Wider grid over C' --open",
            "mintmark propose breast-cancer --bump patch --here",
        ),
        _propose_arguments,
        "mintmark.commands.propose:propose",
    ),
    "promote": Command(
        "point a channel at a version",
        (
            "mintmark promote breast-cancer@1.4.2 staging --open",
            "mintmark promote breast-cancer@staging production",
        ),
        _promote_arguments,
        "mintmark.commands.promote:promote",
    ),
    "rollback": Command(
        "point a channel back at the version that held it before",
        (
            "mintmark rollback breast-cancer --open",
            "mintmark rollback breast-cancer staging --to 1.3.0",
        ),
        _rollback_arguments,
        "mintmark.commands.rollback:rollback",
    ),
    "yank": Command(
        "mark a version as not to be used",
        ("mintmark yank breast-cancer@1.4.1 --reason 'trained on leaked labels' --replacement 1.4.2",),
        _yank_arguments,
        "mintmark.commands.yank:yank",
    ),
    "resolve": Command(
        "settle the conflicts of a merge or rebase in the pipeline's files",
        ("mintmark resolve    # in the middle of git rebase origin/main; then git rebase --continue",),
        _resolve_arguments,
        "mintmark.commands.resolve:resolve",
    ),
    "site": Command(
        "build the site and its API as static files, or serve them on this machine",
        (
            "mintmark site build",
            "mintmark site build -o public --site-url https://acme.github.io/models/",
            "mintmark site serve",
        ),
        _site_arguments,
        "mintmark.commands.site:site",
        extra="site",
    ),
}
