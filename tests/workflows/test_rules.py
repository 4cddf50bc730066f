"""What every workflow keeps to, and act does not show: rights, pins, time limits, and that no logic is in YAML."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.scaffold.workflows import ROOT, WORKFLOWS

NAMES = sorted(path.name for path in WORKFLOWS.glob("*.yml"))
# Where an expression may stand: the first three hold values that no shell reads, the others can hold nothing else.
EXPRESSIONS = ("env.*", "*.env.*", "*.with.*", "*.if", "concurrency.*", "*.concurrency.*", "*.outputs.*", "*.matrix.*", "*.environment", "*.environment.*")  # fmt: skip
_COMMAND = r"(?:\.venv/bin/mintmark|python3 -P -m mintmark\.cli)"
_WORD = r"(?:--?[a-z][a-z-]*|[A-Za-z0-9_./@-]+|\"(?:\$[A-Z][A-Z0-9_]*|[@./:-])+\")"
# A fixed message is no logic: it says what a step of somebody else's action leaves unsaid.
_MESSAGE = r"echo \"::(?:error|warning|notice)[^\"$`\\\n]*\""
RUN = re.compile(rf"make setup|{_COMMAND}(?: {_WORD})+|{_MESSAGE}|\.ci/run|make test-long")
PIN = re.compile(r"\s*(?:- )?uses: [\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
EVENTS = {
    "pull_request",
    "merge_group",
    "push",
    "schedule",
    "workflow_dispatch",
    "workflow_run",
    "workflow_call",
    "issues",
}


@cache
def text_of(name: str) -> str:
    return (WORKFLOWS / name).read_text()


@cache
def read(name: str) -> dict[str, Any]:
    """A workflow; its key `on` is the boolean True to YAML 1.1."""
    document: dict[Any, Any] = yaml.safe_load(text_of(name))
    return {"on": document.pop(True), **document}


def jobs(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = read(name)["jobs"]
    return found


def steps(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for job in jobs(name).values():
        for step in job.get("steps", ()):
            yield job, step


def triggers(name: str) -> set[str]:
    on = read(name)["on"]
    return {on} if isinstance(on, str) else set(on)


def leaves(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a document, with the path that leads to it."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from leaves(inner, f"{place}.{key}".removeprefix("."))
    if isinstance(value, str):
        yield place, value


def may_hold_an_expression(place: str) -> bool:
    patterns = (re.escape(pattern).replace(r"\*", ".*") for pattern in EXPRESSIONS)
    return any(re.fullmatch(pattern, place) for pattern in patterns)


def test_there_are_workflows() -> None:
    assert {"pr.yml", "ci.yml"} <= set(NAMES)
    assert not list(WORKFLOWS.glob("*.yaml")), "one ending for all"


@pytest.mark.parametrize("name", NAMES)
def test_nothing_has_a_right_that_its_job_does_not_ask_for(name):
    assert read(name)["permissions"] == {}
    for key, job in jobs(name).items():
        assert isinstance(job.get("permissions"), dict), f"{key} inherits rights"
        assert set(job["permissions"].values()) <= {"read", "write", "none"}
        if triggers(name) & {"pull_request", "merge_group"}:
            assert set(job["permissions"].values()) <= {"read"}, f"{key} runs for strangers"
            assert "secrets." not in text_of(name)


@pytest.mark.parametrize("name", NAMES)
def test_jobs_end_and_say_what_they_are(name):
    concurrency = read(name).get("concurrency")
    for key, job in jobs(name).items():
        assert job["name"], key
        assert "continue-on-error" not in job
        if "uses" in job:  # another workflow of this repository, which keeps to the same rules
            assert job["uses"].removeprefix("./.github/workflows/") in NAMES
            assert "secrets" not in job
            continue
        assert job["runs-on"] == "ubuntu-24.04", f"{key}: a label that moves is no reproducible machine"
        assert isinstance(job["timeout-minutes"], int), key
        assert concurrency or "concurrency" in job, f"{key} has no concurrency group"


@pytest.mark.parametrize("name", NAMES)
def test_actions_are_pinned_to_commits_with_their_version_beside_them(name):
    for line in text_of(name).splitlines():
        if re.match(r"\s*(- )?uses: (?!\./\.github/workflows/)", line):
            assert PIN.fullmatch(line), line


def test_an_action_has_one_version_everywhere():
    lines = {
        line.strip().removeprefix("- ") for name in NAMES for line in text_of(name).splitlines() if PIN.fullmatch(line)
    }
    assert len(lines) == len({line.partition("@")[0] for line in lines}), sorted(lines)


@pytest.mark.parametrize("name", NAMES)
def test_no_checkout_keeps_the_token(name):
    for _, step in steps(name):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", NAMES)
def test_expressions_stand_where_no_shell_reads_them(name):
    for place, value in leaves(read(name)):
        assert "${{" not in value or may_hold_an_expression(place), f"{place}: {value}"


@pytest.mark.parametrize("name", NAMES)
def test_each_step_is_one_command_that_a_laptop_runs_too(name):
    for job, step in steps(name):
        assert "shell" not in step
        if "run" not in step:
            continue
        assert RUN.fullmatch(step["run"]), step["run"]
        assert name == "ci.yml" or step["run"] != ".ci/run", "only there is the code of a request run"
        assert name == "long.yml" or step["run"] != "make test-long"
        known = {**read(name).get("env", {}), **job.get("env", {}), **step.get("env", {})}
        assert set(re.findall(r"\$([A-Z0-9_]+)", step["run"])) <= set(known), step["run"]


@pytest.mark.parametrize("name", NAMES)
def test_events_are_those_that_are_safe(name):
    """`pull_request_target` would run with the base's rights for whatever a stranger sends."""
    assert triggers(name) <= EVENTS


def test_the_required_check_is_never_filtered_and_always_runs():
    on = read("pr.yml")["on"]
    assert {"pull_request", "merge_group"} == set(on)
    assert not {"paths", "paths-ignore", "branches", "branches-ignore"} & {
        key for event in on.values() for key in event
    }
    assert set(on["pull_request"]["types"]) >= {"opened", "synchronize", "reopened", "edited"}
    gate = jobs("pr.yml")["gate"]
    assert gate["if"] == "${{ always() }}"
    assert set(gate["needs"]) == set(jobs("pr.yml")) - {"gate"}


def test_a_job_that_may_be_skipped_is_one_that_the_gate_knows_of():
    """Its condition is the output of `classify` that has its name."""
    outputs = jobs("pr.yml")["classify"]["outputs"]
    for key, job in jobs("pr.yml").items():
        if key not in ("classify", "gate"):
            assert job["if"] == f"needs.classify.outputs.{key} == 'true'"
            assert outputs[key] == f"${{{{ steps.changes.outputs.{key} }}}}"


def test_only_the_base_is_checked_out_for_a_request():
    base = "${{ github.event.pull_request.base.sha || github.event.merge_group.base_sha }}"
    assert read("pr.yml")["env"] == {"BASE_REVISION": base}
    refs = [step["with"]["ref"] for _, step in steps("pr.yml") if step.get("uses", "").startswith("actions/checkout@")]
    assert set(refs) == {"${{ env.BASE_REVISION }}"}
    assert len(refs) == len(jobs("pr.yml"))
    assert "github.event.pull_request.head" not in text_of("pr.yml")
    assert "head_ref" not in text_of("pr.yml")


def test_the_longest_tests_run_every_week_on_what_is_merged():
    assert read("long.yml")["on"].keys() == {"schedule", "workflow_dispatch"}
    assert "make test-long" in [step.get("run") for _, step in steps("long.yml")]


WORDS = {
    "pull_request": "a pull request", "merge_group": "an entry of the merge queue", "workflow_run": "the end of `pr.yml`",
    "push": "a push to the base branch", "workflow_call": "`release.yml` and `monitor.yml`", "workflow_dispatch": "a click",
    "issues": "an issue form", "schedule": "the clock",
}  # fmt: skip


def test_the_security_page_tells_what_each_workflow_runs_on_and_may():
    """Its table has a row for each, and its text names and counts those that may write."""
    page = (ROOT / "docs/explanation/security.md").read_text()
    rows = dict(re.findall(r"(?m)^\| `([a-z-]+\.yml)` \| (.*) \|$", page))
    assert sorted(rows) == NAMES
    writing = set()
    for name, row in rows.items():
        starts, may, _ = row.split(" | ")
        assert set(starts.split(", ")) == {WORDS[one] for one in triggers(name)}, name
        rights = {f"{value} {key}" for job in jobs(name).values() for key, value in job["permissions"].items()}
        writes = {right for right in rights if right.startswith("write")}
        assert (may == "read") == (not writes), name
        if writes:
            writing.add(name.removesuffix(".yml"))
    (told,) = re.findall(r"(?s)\nEight workflows hold a token that may write: (.*?)\.", page)
    named = re.findall(r"`([a-z-]+)`", told)
    assert (set(named), len(named)) == (writing, 8)


def test_zizmor_finds_nothing():
    run_linter("zizmor", "--quiet", "--offline", "--persona=auditor", ".github")


def test_actionlint_finds_nothing():
    bin_ = Path(sys.executable).parent
    if not shutil.which("actionlint", path=bin_):
        pytest.skip("actionlint is not built: make lint does that, where there is Go")
    run_linter("actionlint", "-shellcheck", str(bin_ / "shellcheck"))


def run_linter(program: str, *arguments: str) -> None:
    command = (str(Path(sys.executable).with_name(program)), *arguments)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_finding_that_is_accepted_says_why():
    """`# zizmor: ignore[audit] the reason`; there is no configuration that leaves out a whole audit."""
    assert not list(ROOT.glob("**/zizmor.y*ml")) or not (ROOT / ".github" / "zizmor.yml").exists()
    for name in NAMES:
        for line in text_of(name).splitlines():
            if "zizmor: ignore" in line:
                assert re.search(r"# zizmor: ignore\[[a-z-]+\] \S+ \S+", line), line


@pytest.mark.parametrize(
    "run",
    ["echo $X", "make setup && x", "make test", ".venv/bin/mintmark changes; x", ".venv/bin/mintmark changes $X",
     ".venv/bin/mintmark changes `id`", '.venv/bin/mintmark changes "$(id)"', ".venv/bin/mintmark changes > x",
     "bash -c x", 'echo "::error::$X"', ".venv/bin/mintmark", "make setup\nmake setup", '.venv/bin/mintmark changes "${{ github.head_ref }}"'],
)  # fmt: skip
def test_the_rule_for_steps_refuses(run):
    assert not RUN.fullmatch(run)


def test_the_rule_for_expressions_refuses():
    assert not may_hold_an_expression("jobs.gate.steps.0.run")
    assert not may_hold_an_expression("jobs.gate.name")
    assert may_hold_an_expression("jobs.gate.steps.0.env.NEEDS")
