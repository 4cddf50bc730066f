"""`mintmark review`: one verdict and one report on what lies between two revisions."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.commands.forge.event import find, read_event
from mintmark.errors import MintmarkError, UsageError
from mintmark.judging.judge_code import run_base_code, runs_base_code
from mintmark.registry import git
from mintmark.registry.clone import find_root
from mintmark.registry.files import write_atomically
from mintmark.temporary import TemporaryFolder
from mintmark.terminal import unescaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.core.judgement.review import Review

_REPORTS = ("report.md", "report.json", "annotations.txt")


def review(
    root: Path,
    *,
    base: str,
    head: str,
    report_dir: Path | None,
    author: str | None,
    teams: Sequence[str],
    reproduce: bool,
    style: str,
    workflow: bool = False,
) -> int:
    """Judge the change from `base` to `head` and print the report; 0 pass, 1 fail, 42 a person must decide.

    With `report_dir`, report.md, report.json and annotations.txt are written there. What judges is the base's code:
    where other code runs this, the base's is laid out in a temporary folder and does the work.

    A `workflow` prints annotations, has the report in its step's summary, and gives 0 for 42: its gate tells that.
    """
    top = find_root(root)
    if report_dir is not None:
        _make_folder(report_dir)
    author = author or _known_author(top)
    if not workflow:
        return _judge(top, base, head, report_dir, author, teams, reproduce=reproduce, style=style)
    if report_dir is None:
        raise UsageError("--workflow needs --report-dir, where the report for the step's summary lies")
    code = _judge(top, base, head, report_dir, author, teams, reproduce=reproduce, style="github")
    return _tell_workflow(report_dir / _REPORTS[0], code)


def _tell_workflow(report: Path, code: int) -> int:
    """Show the report as the summary of the step; return its exit code, in which a person's decision is no failure."""
    from mintmark.core.judgement.review import EXIT_CODES
    from mintmark.forge.workflow import write_summary

    if report.is_file():  # a fault that no report tells is in the log
        write_summary(report.read_text(encoding="utf-8"))
    return EXIT_CODES["pass"] if code == EXIT_CODES["decide"] else code


def _judge(
    top: Path,
    base: str,
    head: str,
    report_dir: Path | None,
    author: str | None,
    teams: Sequence[str],
    *,
    reproduce: bool,
    style: str,
) -> int:
    """Have the base's code judge, here or in a process of its own, and tell what it found; return the exit code."""
    from mintmark.judging.judge import review_between, review_of_fault

    if report_dir is not None:
        for name in _REPORTS:  # of an earlier review, which nobody may take for this one's
            (report_dir / name).unlink(missing_ok=True)
    arguments = _arguments(top, base, head, report_dir, author, teams, reproduce=reproduce, style=style)
    try:
        code = _judge_elsewhere(top, base, arguments)
    except Exception as fault:
        if isinstance(fault, UsageError):
            raise
        return _tell(review_of_fault(fault, base, head, author), report_dir, style)
    if code is None:
        found = review_between(top, base, head, author=author, teams=teams, reproduce=reproduce)
        return _tell(found, report_dir, style)
    if report_dir is None or (report_dir / "report.json").exists() or code == UsageError.exit_code:
        return code if code >= 0 else 1
    ended = MintmarkError(f"the code of the base ended with exit code {code} and wrote no report; the log says why")
    return _tell(review_of_fault(ended, base, head, author), report_dir, style)


def _judge_elsewhere(top: Path, base: str, arguments: list[str]) -> int | None:
    """Have the base's own code judge where this process runs other code; None where it need not."""
    commit = git.resolve_commit(top, base)
    if runs_base_code(top, commit):
        return None
    code = TemporaryFolder("judge")
    with code as folder:
        return run_base_code(top, commit, folder, arguments, keep=code.handle)


def _tell(found: Review, report_dir: Path | None, style: str) -> int:
    """Write the reports and print one; a review that cannot be told has failed, and one that is not read has not."""
    from mintmark.judging.judge import review_of_fault

    try:
        text = _format(found, style)
        if report_dir is not None:
            _write_reports(report_dir, found)
    except Exception as fault:
        if isinstance(fault, MintmarkError):  # the disk, or the folder
            raise
        found = review_of_fault(fault, found.base, found.head, found.author)
        return _tell(found, report_dir, style)
    if report_dir is not None and style == "text":
        text += f"\nwritten: {', '.join(str(report_dir / name) for name in _REPORTS)}\n"
    with suppress(BrokenPipeError):  # the reader, such as head, has seen enough, which changes no verdict
        print(text, end="", file=unescaped(sys.stdout) if style == "github" else sys.stdout, flush=True)
    return found.exit_code


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--report-dir {folder}: {error.strerror}; give a folder") from None


def _arguments(
    root: Path,
    base: str,
    head: str,
    report_dir: Path | None,
    author: str | None,
    teams: Sequence[str],
    *,
    reproduce: bool,
    style: str,
) -> list[str]:
    given = ["-C", str(root), "review", "--base", base, "--head", head, "--format", style]
    given += ["--report-dir", str(report_dir.absolute())] if report_dir is not None else []
    given += ["--author", author] if author else []
    given += [part for team in teams for part in ("--team", team)]
    return [*given, "--reproduce"] if reproduce else given


def _known_author(root: Path) -> str | None:
    """Return who opened the pull request, as GitHub tells a workflow; else the login that Git's settings hold."""
    if os.environ.get("GITHUB_EVENT_PATH"):
        author = find(read_event(None), "pull_request.user.login", str)
        if author is not None:
            return author
        print("warning: GITHUB_EVENT_PATH names no pull request; name the author with --author", file=sys.stderr)
    return git.ask_git("config", "--get", "github.user", cwd=root) or None


def _write_reports(folder: Path, found: Review) -> None:
    from mintmark.publishing.review.annotations import format_annotations
    from mintmark.publishing.review.json_report import format_json
    from mintmark.publishing.review.markdown_report import format_markdown

    for name, format_report in zip(_REPORTS, (format_markdown, format_json, format_annotations), strict=True):
        # A name in Git may be no text: what UTF-8 cannot hold is escaped.
        write_atomically(folder / name, format_report(found).encode("utf-8", "backslashreplace"))


def _format(found: Review, style: str) -> str:
    if style == "json":
        from mintmark.publishing.review.json_report import format_json as shown
    elif style == "markdown":
        from mintmark.publishing.review.markdown_report import format_markdown as shown
    elif style == "github":
        from mintmark.publishing.review.annotations import format_annotations as shown
    else:
        from mintmark.publishing.review.terminal_report import format_terminal as shown
    text: str = shown(found)
    return text if text.endswith("\n") else f"{text}\n"
