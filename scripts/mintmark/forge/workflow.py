"""What a step of a workflow hands on: outputs, the step summary, and lines that the runner takes for no command.

Every text may come from a stranger. The runner takes a line for a command where it begins with `::`, and wherever it
holds `##[`.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mintmark.core.finding import one_line, shorten
from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_SUMMARY: Final = 1_000_000  # GitHub drops the summary of a step that is larger than 1 MiB
MOST_OUTPUT: Final = 900_000  # and refuses more outputs than 1 MiB of a job
LONGEST_LINE: Final = 2_000
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


def write_outputs(values: Mapping[str, str]) -> None:
    """Add outputs to the step, where this runs in one (GITHUB_OUTPUT).

    Each value stands between delimiters that nobody can guess, so that no value ends early and forges another one.
    """
    path = os.environ.get("GITHUB_OUTPUT")
    if not path:
        return
    text = format_outputs(values)
    if len(text.encode()) > MOST_OUTPUT:
        raise MintmarkError(f"the outputs of this step are larger than {MOST_OUTPUT:,} bytes; split the change")
    _append(path, text)


def format_outputs(values: Mapping[str, str]) -> str:
    """Return outputs as the runner reads them from the file GITHUB_OUTPUT."""
    parts = []
    for name, value in values.items():
        if not _NAME.match(name):
            raise ValueError(f"{name!r} is no name of an output")
        delimiter = f"end-{secrets.token_hex(16)}"
        if "\0" in value or delimiter in value:
            raise ValueError(f"the output {name} holds what no output may hold")
        parts.append(f"{name}<<{delimiter}\n{value}\n{delimiter}\n")
    return "".join(parts)


def write_summary(markdown: str) -> None:
    """Add Markdown to the summary of the step, where this runs in one (GITHUB_STEP_SUMMARY)."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    data = markdown.encode("utf-8", "replace")
    if len(data) > MOST_SUMMARY:
        data = data[:MOST_SUMMARY].rpartition(b"\n")[0] + b"\n\nThe rest is left out: the summary is too long.\n"
    _append(path, data.decode("utf-8", "replace").rstrip("\n") + "\n\n")


def plain_line(text: str) -> str:
    """Return a text as one line of the log in which no terminal and no runner finds a command."""
    line = one_line(shorten(text, LONGEST_LINE)).replace("##[", "# #[")
    return f". {line}" if line.lstrip().startswith("::") else line


def _append(path: str, text: str) -> None:
    with Path(path).open("a", encoding="utf-8", newline="\n") as file:
        file.write(text)


def run_address() -> str | None:
    """Return the page of the workflow's run that this is a step of, None outside of a workflow."""
    server, repository, run = (os.environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run.isdecimal() else None
