"""What the README and docs/ say of the command line is so, their links lead somewhere, and they build as a site."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.bench.coverage import HEAD, KINDS, lines
from tests.bench.creep import WORLDS
from tests.bench.estimates import SIZES as ESTIMATED_SIZES
from tests.bench.estimates import WORLDS as ESTIMATED
from tests.bench.monitoring import CHANGES, SIZES, slow
from tests.bench.production import WORLDS as PRODUCTION

from mintmark.arguments.parser import COMMANDS, build_parser
from mintmark.core.finding import RULES
from mintmark.core.judgement.rules import ModelState, check_change
from mintmark.core.settings import ChannelRule
from mintmark.registry.files import read_yaml

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
REFERENCE = ROOT / "docs" / "reference" / "commands.md"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
_INLINE = re.compile(r"(?<!`)`(mintmark [^`]+)`")
_OPTION = re.compile(r"(?<![\w-])--?[a-zA-Z][a-z-]*")
_LINK = re.compile(r"\[[^]]*]\(([^)\s]+)\)")


@cache
def parsers() -> dict[str, argparse.ArgumentParser]:
    """The parser of each command."""
    (verbs,) = (action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction))
    return dict(verbs.choices)


def options_of(command: str) -> set[str]:
    return {name for action in parsers()[command]._actions for name in action.option_strings}


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    """The text below each heading of the second level."""
    parts = re.split(r"^## (.+)$", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def prose_of(text: str) -> str:
    return _FENCE.sub("", text)


def commands_in(text: str) -> Iterator[list[str]]:
    """Yield the arguments of each `mintmark` call in the fenced shell lines of a page."""
    for language, body in _FENCE.findall(text):
        if language not in ("sh", "bash", "console"):
            continue
        for line in body.replace("\\\n", " ").splitlines():
            if language != "console" or line.startswith("$ "):
                yield from calls_in(line.removeprefix("$ "))


def calls_in(line: str) -> Iterator[list[str]]:
    for inner in re.findall(r"\$\((mintmark [^)]*)\)", line):
        yield shlex.split(inner)[1:]
    words: list[str] = []
    reader = shlex.shlex(line, posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    for word in [*reader, ";"]:
        if word[0] not in "&|;<>":
            words.append(word)
            continue
        if words[:1] == ["mintmark"]:
            yield words[1:]
        words = []


def test_calls_are_found_in_shell_lines():
    found = list(calls_in("mintmark pull a@b -o x && mintmark list  # all\n"))
    assert found == [["pull", "a@b", "-o", "x"], ["list"]]
    assert list(calls_in('eval "$(mintmark completion zsh)"')) == [["completion", "zsh"]]
    assert list(calls_in("mintmark completion bash > file")) == [["completion", "bash"]]
    assert list(commands_in("```console\n$ mintmark list\nmintmark: no\n```\n")) == [["list"]]


def test_every_fenced_command_parses():
    parser = build_parser()
    for page in PAGES:
        for arguments in commands_in(text_of(page)):
            assert exit_code(parser, arguments) == 0, f"{page}: mintmark {shlex.join(arguments)}"


def exit_code(parser: argparse.ArgumentParser, arguments: list[str]) -> object:
    try:
        parser.parse_args(arguments)
    except SystemExit as stop:  # --help and --version stop with 0, a fault with 2
        return stop.code
    return 0


def test_every_command_and_option_in_the_text_exists():
    for page in PAGES:
        for call in _INLINE.findall(prose_of(text_of(page))):
            name = call.split()[1]
            if name == "COMMAND" or name.startswith("-"):
                continue
            assert name in COMMANDS, f"{page}: {call}"
            unknown = set(_OPTION.findall(re.sub(r"\"[^\"]*\"", "", call))) - options_of(name)
            assert not unknown, f"{page}: {call}"


def test_examples_of_help_parse():
    for command in COMMANDS.values():
        for line in command.examples:
            calls = list(calls_in(line))
            assert calls, line
            for arguments in calls:
                build_parser().parse_args(arguments)


def test_the_readme_tells_of_every_command():
    table = sections(text_of(ROOT / "README.md"))["Commands"]
    assert re.findall(r"^\| `mintmark ([a-z]+)", table, flags=re.M) == list(COMMANDS)


def test_the_reference_has_a_section_for_each_command():
    titles = [title for title in sections(text_of(REFERENCE)) if title.startswith("mintmark ")]
    assert titles == [f"mintmark {name}" for name in COMMANDS]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_reference_says_what_help_says(name):
    page = sections(text_of(REFERENCE))
    section, command = page[f"mintmark {name}"], COMMANDS[name]
    shared = "".join(text for title, text in page.items() if title.startswith("Options of") and f"`{name}`" in text)
    summary = command.summary[0].upper() + command.summary[1:]
    assert summary in " ".join(section.split())
    assert [line for line in "\n".join(_FENCE.findall(section)[0][1:]).splitlines() if line] == list(command.examples)
    assert documented(section + shared) == options_of(name) - {"-h", "--help"}


def documented(text: str) -> set[str]:
    """The options in the first column of the tables of a section."""
    cells = re.findall(r"^\| (`.*?) \|", text, flags=re.M)
    return {option for cell in cells for option in _OPTION.findall(cell)}


@pytest.mark.parametrize("name", COMMANDS)
def test_choices_in_the_reference_are_those_of_the_parser(name):
    section = sections(text_of(REFERENCE))[f"mintmark {name}"]
    for action in parsers()[name]._actions:
        for choice in action.choices or ():
            assert re.search(rf"\b{choice}\b", section), f"{action.dest}: {choice}"


def test_relative_links_lead_somewhere():
    for page in PAGES:
        for link in _LINK.findall(prose_of(text_of(page))):
            if link.startswith(("https://", "http://", "mailto:")):
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.is_file(), f"{page}: {link}"
            if anchor:
                assert anchor in anchors(text_of(target)), f"{page}: {link}"


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", prose_of(text), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_files_and_targets_in_the_text_exist():
    """Paths of this repository in backticks, and targets of make."""
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), flags=re.M))
    for page in PAGES:
        assert set(re.findall(r"`make ([a-z]+)`", text_of(page))) <= targets, page
        for path in re.findall(r"`((?:docs|schemas|scripts|tests)/[\w./-]+\.\w+)`", text_of(page)):
            assert (ROOT / path).is_file(), f"{page}: {path}"


def test_the_site_builds_without_a_warning_and_fetches_nothing(tmp_path):
    result = subprocess.run(
        (sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")),
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    built = list((tmp_path / "site").rglob("*.html"))
    assert len(built) > len(list((ROOT / "docs").rglob("*.md")))  # and the page for what is not found
    loaded = re.compile(
        r"<(?:script|img|iframe)[^>]* src=\"?https?:|<link[^>]*rel=\"?(?:stylesheet|preconnect)\"? href=\"?https?:"
    )
    for page in built:
        assert not loaded.search(page.read_text(encoding="utf-8")), page.name


def pages_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.md")}


def test_the_index_names_every_page():
    index = set(_LINK.findall(text_of(ROOT / "docs" / "index.md")))
    decisions = {f"decisions/{link}" for link in _LINK.findall(text_of(ROOT / "docs" / "decisions" / "index.md"))}
    assert index | decisions | {"index.md"} == pages_in(ROOT / "docs")


def test_the_navigation_names_every_page_once():
    nav: list[Any] = read_yaml(ROOT / "mkdocs.yml")["nav"]
    named = sorted(_leaves(nav))
    assert named == sorted(pages_in(ROOT / "docs"))


def _leaves(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    else:
        for inner in part.values() if isinstance(part, dict) else part:
            yield from _leaves(inner)


def test_no_plugin_runs_text_as_a_template():
    configuration: dict[str, Any] = read_yaml(ROOT / "mkdocs.yml")
    assert configuration["plugins"] == ["search"]
    assert configuration["theme"]["font"] is False


# In parts, so that this file does not hold what it looks for.
_HOMES = ("home", "Users", "root", "work", "tmp", "private")
_MACHINE = re.compile(rf"(?<![\w.}}/-])/(?:{'|'.join(_HOMES)})/[\w.-]".encode())
_INDEX = re.compile(
    rb"--(?:extra-)?index-(?:url)[ =]|--find-(?:links)|--trusted-(?:host)|https?://\S+/(?:simple)\b|pythonhosted[.](?:org)"
)


def test_no_tracked_file_names_a_machine_or_a_package_index():
    git = ("git", "-c", f"safe.directory={ROOT}")  # in a container the checkout may belong to another user
    listed = subprocess.run((*git, "ls-files", "-z"), cwd=ROOT, capture_output=True, check=True).stdout
    here = re.compile(rb"(?<![\w.}/-])" + re.escape(os.fsencode(ROOT)) + rb"\b")
    for name in listed.decode().split("\0")[:-1]:
        path = ROOT / name
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        for pattern in (_MACHINE, _INDEX, here):
            found = pattern.search(content)
            assert not found, f"{name}: {found and found[0]!r}"


@pytest.mark.parametrize(
    "text",
    ["cd /" + "home/ada/models", "x=/" + "tmp/a", "pip --index-" + "url x", "see https://a.org/" + "simple"],
)
def test_what_must_not_be_named_is_recognised(text):
    assert _MACHINE.search(text.encode()) or _INDEX.search(text.encode())
    assert not _MACHINE.search(b"a/home/b ~/.cache/mintmark /srv/models ../mintmark/tmp/x")


RULE_PAGE = text_of(ROOT / "docs" / "reference" / "rules.md")


def test_each_rule_that_a_message_can_name_has_its_section():
    titles = [re.match(r"(R[0-9]+): ", title) for title in sections(RULE_PAGE)]
    assert [title and title[1] for title in titles] == list(RULES)


def test_the_code_names_no_other_rule():
    for path in (ROOT / "scripts").rglob("*.py"):
        assert set(re.findall(r"\bR[0-9]+\b", path.read_text())) <= {*RULES}, path


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_says_what_it_asks_why_who_checks_it_and_what_to_do(rule):
    text = next(text for title, text in sections(RULE_PAGE).items() if title.startswith(f"{rule}: "))
    for part in ("What it asks.", "Why.", "Who checks it.", "What to do."):
        assert text.count(f"**{part}**") == 1
    for line in "".join(body for _, body in _FENCE.findall(text)).splitlines():
        assert line.endswith(f"[{rule}]") or not line.endswith("]")


ONE, TWO = {"version.yaml": "a"}, {"version.yaml": "b"}
IRIS = ModelState(model="iris").proposed("1.0.0", ONE)
STAGED = IRIS.moved("staging", "1.0.0")
BROKEN = {
    "R1": (IRIS, replace(IRIS, versions={"1.0.0": TWO})),
    "R2": (STAGED, STAGED.withdrawn("1.0.0")),
    "R3": (IRIS.withdrawn("1.0.0"), IRIS.withdrawn("1.0.0").proposed("1.0.0", TWO)),
    "R3, a double": (IRIS, IRIS.proposed("1.0.0+hotfix", TWO)),
    "R4": (IRIS, IRIS.moved("production", "1.0.0")),
    "R4, no version": (IRIS, IRIS.moved("staging", "9.0.0")),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_messages_on_the_page_are_those_of_the_rules(name):
    before, after = BROKEN[name]
    channels = (ChannelRule(name="staging"), ChannelRule(name="production", after="staging"))
    (finding,) = check_change(before, after, channels)
    assert f"\n{finding}\n" in RULE_PAGE


def test_the_simulated_rates_are_lines_of_the_bench() -> None:
    """docs/explanation/judging.md has a line for each kind and size of tests/bench/coverage.py, and for each world of creep.py."""
    page = text_of(ROOT / "docs" / "explanation" / "judging.md")
    (table,) = re.findall(rf"^{re.escape(HEAD)}\n.*?\n((?:\|.*\n)+)", page, flags=re.M)
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]
    assert [(name, rows) for name, rows, *_ in cells] == [
        (kind.name, f"{rows:,}") for kind in KINDS for rows in kind.sizes
    ]
    assert all(int(holds) >= 90 for _, _, holds, *_ in cells if holds != "-")
    assert all(int(harmful) <= 8 for _, _, _, harmful, *_ in cells)
    worlds = re.findall(r"^\| ([a-z]+) (?:\| [0-9.]+ ){3}\|$", page, flags=re.M)
    assert worlds == [*WORLDS, *WORLDS], "what is lost, and what passes of those that lose nothing"


def rows_below(page: str, head: str) -> list[list[str]]:
    """The cells of the table with this head."""
    (table,) = re.findall(rf"^{re.escape(head)}\n.*?\n((?:\|.*\n)+)", page, flags=re.M)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]


def test_the_figures_of_monitoring_are_lines_of_the_bench() -> None:
    """docs/explanation/monitoring.md has lines of each world of tests/bench/monitoring.py, and of estimates.py."""
    page = text_of(ROOT / "docs" / "explanation" / "monitoring.md")
    false = rows_below(page, "| columns | reference | rows | a window | an alarm |")
    assert {name for name, *_ in false} == {world.name for world in PRODUCTION}
    assert {rows for _, _, rows, *_ in false} <= {f"{rows:,}" for rows in SIZES}
    assert all(float(once) <= 3 for name, _, _, once, _ in false if "differ" not in name)
    power = rows_below(page, "| column | change | 100 | 1,000 | 10,000 | 100,000 |")
    assert {change for _, change, *_ in power} == set(CHANGES)
    estimated = rows_below(page, "| world | evaluation | window | metric | interval holds | calm |")
    assert {(world, before, now) for world, before, now, *_ in estimated} <= {
        (world, f"{before:,}", f"{now:,}") for world in ESTIMATED for before, now in ESTIMATED_SIZES
    }
    assert all(int(holds) >= 84 for *_, holds, _ in estimated)


@pytest.mark.slow
def test_a_line_of_monitoring_comes_out_again() -> None:
    *_, line = slow(60, [100])
    assert line in text_of(ROOT / "docs" / "explanation" / "monitoring.md").splitlines()


@pytest.mark.slow
def test_a_line_of_the_simulated_rates_comes_out_again() -> None:
    (line,) = lines("accuracy, 10%", [30], samples=400, resamples=400)
    assert line in text_of(ROOT / "docs" / "explanation" / "judging.md").splitlines()
