"""`mintmark gate`: the one check that a merge waits for. It reads how the other jobs ended; it needs no package."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mintmark.core.judgement.review import EXIT_CODES
from mintmark.errors import UsageError
from mintmark.forge.workflow import plain_line, write_summary
from mintmark.publishing.markdown import code, escape, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Standing = Literal["pass", "fail", "skip", "decide"]

_REPORT = "report.json"
_REVIEW = "review"
_MOST_REPORT = 50_000_000
_MARKS: dict[Standing, str] = {"pass": "✓", "fail": "✗", "skip": "–", "decide": "?"}


@dataclass(frozen=True, slots=True)
class Line:
    """What the gate says of one job, or of one review."""

    name: str
    standing: Standing
    message: str


def gate(root: Path, *, reports: Path | None, strict: bool) -> int:  # noqa: ARG001 - every command is given the root
    """Print how each job ended; 1 where one failed, was cancelled, or was skipped although the change needs it.

    NEEDS holds the jobs as GitHub tells them (`toJSON(needs)`). `reports` has a folder for each review, with its
    report.json. A person's decision is told and lets the merge pass; with `strict` it gives 42.
    """
    jobs = _jobs(os.environ.get("NEEDS", ""))
    lines = [*_judge_jobs(jobs), *_judge_reports(jobs, reports)]
    code_ = _exit_code(lines, strict=strict)
    for line in lines:
        print(plain_line(f"{_MARKS[line.standing]} {line.name}: {line.message}"))
    print(_verdict(code_, lines))
    write_summary(_markdown(code_, lines))
    return code_


def _jobs(text: str) -> Mapping[str, Mapping[str, Any]]:
    try:
        needs = json.loads(text)
    except (ValueError, RecursionError):
        needs = None
    if not isinstance(needs, dict) or not needs or not all(isinstance(job, dict) for job in needs.values()):
        raise UsageError("NEEDS holds no jobs; in the workflow: env: NEEDS: ${{ toJSON(needs) }}")
    return needs


def _judge_jobs(jobs: Mapping[str, Mapping[str, Any]]) -> Iterator[Line]:
    wanted = _wanted(jobs)
    for name, job in jobs.items():
        result = job.get("result")
        if result == "success":
            yield Line(name, "pass", "passed")
        elif result == "skipped" and wanted.get(name) == "false":
            yield Line(name, "skip", "not needed by this change")
        elif result == "skipped":
            yield Line(name, "fail", "was skipped, although nothing says that the change does not need it")
        elif result in ("failure", "cancelled"):
            how = "failed; its log says why" if result == "failure" else "was cancelled; run the workflow again"
            yield Line(name, "fail", how)
        else:
            yield Line(name, "fail", "ended in a way that this gate does not know")


def _wanted(jobs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the jobs that succeeded say of the jobs after them: an output of a job's name."""
    outputs = (job.get("outputs") for job in jobs.values() if job.get("result") == "success")
    return {name: value for given in outputs if isinstance(given, dict) for name, value in given.items()}


def _judge_reports(jobs: Mapping[str, Mapping[str, Any]], folder: Path | None) -> Iterator[Line]:
    """Say of each report what its verdict is; a review that is green and without a report has not happened."""
    if folder is None:
        return
    paths = sorted(folder.glob(f"*/{_REPORT}")) if folder.is_dir() else []
    if not paths and jobs.get(_REVIEW, {}).get("result") == "success":
        yield Line(_REVIEW, "fail", f"there is no {_REPORT}; run the workflow again")
    for path in paths:
        yield _judge_report(path)


def _judge_report(path: Path) -> Line:
    name = path.parent.name
    try:
        with path.open("rb") as file:
            report = json.loads(file.read(_MOST_REPORT))
        verdict, reason = report["verdict"], str(report["reason"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Line(name, "fail", f"its {_REPORT} cannot be read; run the workflow again")
    if verdict == "decide":
        return Line(name, "decide", f"a person must decide: {reason}")
    if verdict == "pass":
        return Line(name, "pass", reason)
    return Line(name, "fail", reason)


def _exit_code(lines: Sequence[Line], *, strict: bool) -> int:
    standings = {line.standing for line in lines}
    if "fail" in standings:
        return EXIT_CODES["fail"]
    return EXIT_CODES["decide"] if strict and "decide" in standings else EXIT_CODES["pass"]


def _verdict(exit_code: int, lines: Sequence[Line]) -> str:
    if exit_code == EXIT_CODES["fail"]:
        return f"fail: {plain_line(', '.join(dict.fromkeys(line.name for line in lines if line.standing == 'fail')))}"
    if any(line.standing == "decide" for line in lines):
        blocks = "this gate waits for one" if exit_code else "an owner's approval answers, and nothing is blocked here"
        return f"a person must decide: {blocks}"
    return "pass"


def _markdown(exit_code: int, lines: Sequence[Line]) -> str:
    rows = [(_MARKS[line.standing], code(line.name), escape(line.message, most=500)) for line in lines]
    return f"## Gate: {escape(_verdict(exit_code, lines), most=500)}\n\n{table(('', 'check', ''), rows)}\n"
