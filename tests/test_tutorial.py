"""The tutorial, word by word: what it says to type is typed in order, and what it shows is what comes out."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "tutorial.md"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
_CHANGING = [  # what is another's in each run, in the order in which it is taken out
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:T[\d:]+Z)?"), "DAY"),
    (re.compile(r"\b[0-9a-f]{7,40}\b"), "ID"),
    (re.compile(r"in \S+/flat-models"), "in …/flat-models"),
    (re.compile(r"^write \d+ files"), "write FILES"),  # one more with each workflow
    (re.compile(r"\([\d.]+ k?B\)|[\d.]+ [km]?B\b|\d+ ms|[\d.]+ s\b"), "SIZE"),
    (re.compile(r"[-+]?\d+\.\d+|(?<=[\[ (])-?\d+(?=[\],])"), "NUMBER"),  # another processor rounds otherwise
    (re.compile(r"[─\s-]+"), " "),
]


@dataclass(frozen=True)
class Block:
    """Something to type, with what the page shows below it."""

    language: str
    text: str
    shown: str


def blocks(page: str) -> Iterator[Block]:
    fences = _FENCE.findall(page)
    for number, (language, text) in enumerate(fences):
        if language:
            after = fences[number + 1] if number + 1 < len(fences) else ("", "")
            yield Block(language, text, after[1] if not after[0] else "")


def lines_to_type(text: str) -> list[str]:
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def plain(line: str) -> str:
    for pattern, word in _CHANGING:
        line = pattern.sub(word, line)
    return line.strip()


class Reader:
    """Somebody who does what the page says, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "GIT_AUTHOR_NAME": "Ada Lovelace",
            "GIT_COMMITTER_NAME": "Ada Lovelace",
            "COLUMNS": "150",
        }
        self.environment.pop("VIRTUAL_ENV", None)
        self.codes: dict[str, int] = {}

    def type(self, block: Block) -> str:
        if block.language == "yaml":
            self.replace(block.text)
            return ""
        if block.language == "python":
            return self.execute((sys.executable, "-c", block.text), block.text)
        activated = f"cd {shlex.quote(str(self.folder))}; . ../mintmark/.venv/bin/activate; "
        return "".join(self.execute(("bash", "-c", activated + line), line) for line in lines_to_type(block.text))

    def execute(self, command: tuple[str, ...], typed: str) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False,
        )  # fmt: skip
        self.codes[typed] = done.returncode
        return done.stdout

    def replace(self, part: str) -> None:
        """Put a part of params.yaml in place of the one that begins with the same line."""
        path = self.folder / "params.yaml"
        first = part.splitlines()[0]
        indent = len(first) - len(first.lstrip())
        found = re.search(
            rf"^{re.escape(first)}\n(?: {{{indent + 1},}}\S.*\n| {{{indent}}}- .*\n)+", text := path.read_text(), re.M
        )
        assert found, first
        path.write_text(text[: found.start()] + part + text[found.end() :])


def missing(shown: str, said: str) -> list[str]:
    """The lines that the page shows and that did not come, in their order."""
    rest = [plain(line) for line in said.splitlines()]
    lost = []
    for line in shown.splitlines():
        wanted = plain(line.removesuffix("…"))
        if wanted in ("...", ""):
            continue
        place = next((i for i, one in enumerate(rest) if one.startswith(wanted)), None)
        if place is None:
            lost.append(line)
        else:
            rest = rest[place + 1 :]
    return lost


def test_lines_that_did_not_come_are_found() -> None:
    said = "committed 1234567890 on main\nmae  3.25 [1.5, 4]\nend\n"
    assert missing("committed abcdef1234 on main\n...\nmae 3.26 [1.6, 5]\n", said) == []
    assert missing("end\ncommitted abcdef1234 on main\n", said) == ["committed abcdef1234 on main"]
    assert missing("committed abcdef1234 on trunk\n", said) == ["committed abcdef1234 on trunk"]


def test_from_an_empty_folder_to_a_review_it_takes_eight_commands_at_most() -> None:
    section = PAGE.read_text().partition("\n## 1.")[2].partition("\n## ")[0]
    typed = [line for block in blocks(section) if block.language == "sh" for line in lines_to_type(block.text)]
    assert [line.split()[:2] for line in typed[2:]] == [
        ["mintmark", "init"], ["mintmark", "add"], ["dvc", "repro"], ["mintmark", "propose"], ["mintmark", "review"],
    ]  # fmt: skip
    assert len(typed) == 7
    assert "Those were seven commands." in section


@pytest.mark.long
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    folder = tmp_path / "flat-models"
    folder.mkdir()
    (tmp_path / "mintmark").symlink_to(ROOT)
    reader = Reader(folder)
    begun, lost = time.monotonic(), []
    for block in blocks(PAGE.read_text()):
        said = reader.type(block)
        print(f"$ {block.text}{said}", flush=True)
        gone = missing(block.shown, said)
        lost += [f"{block.text.splitlines()[0]}: {line}" for line in gone]
        if "mintmark review --base main" in block.text:
            print(f"an empty folder to a reviewed version: {time.monotonic() - begun:.0f} s")
            assert time.monotonic() - begun < 300
    assert lost == []
    expected = {
        "mintmark review --base main --head HEAD": 42,
        "mintmark promote rent@1.0.0 production": 1,
        'mintmark yank rent@1.1.0 --reason "Far off for flats of 2026." --replacement 1.0.0 --here': 0,  # the second
    }
    assert {line: code for line, code in reader.codes.items() if code != expected.get(line, 0)} == {}
