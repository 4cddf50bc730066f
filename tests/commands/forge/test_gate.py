"""The one required check: what it lets pass and what it does not, and that no text in it is a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mintmark.cli import main

ROOT = Path(__file__).parents[3]
ALL = {"validate": "true", "review": "true", "reproduce": "true"}


def job(result: object, **outputs: object) -> dict[str, object]:
    return {"result": result, "outputs": outputs}


def needs(*, wanted: dict[str, str] = ALL, classify: str = "success", **results: object) -> dict[str, object]:
    jobs = {"validate": "success", "review": "success", "reproduce": "success", **results}
    return {"classify": job(classify, **wanted), **{name: job(result) for name, result in jobs.items()}}


@pytest.fixture
def gate(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))

    def run(jobs: object, *options: str) -> tuple[int, str]:
        monkeypatch.setenv("NEEDS", jobs if isinstance(jobs, str) else json.dumps(jobs))
        code = main(["gate", *options])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


def report(folder: Path, name: str, verdict: str, reason: str = "why") -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "report.json").write_text(json.dumps({"verdict": verdict, "reason": reason}))


def test_all_that_was_needed_passed(gate, tmp_path):
    code, said = gate(needs())
    assert (code, said.splitlines()[-1]) == (0, "pass")
    assert "## Gate: pass" in (tmp_path / "summary.md").read_text()


@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped", "", "neutral", None, 3, "SUCCESS"], ids=repr)
@pytest.mark.parametrize("name", ["classify", "validate", "review", "reproduce"])
def test_a_job_that_did_not_pass_is_named(gate, name, result):
    code, said = gate(needs(**{name: result}))
    assert code == 1
    assert f"✗ {name}: " in said
    assert said.splitlines()[-1].startswith("fail: ")
    assert name in said.splitlines()[-1]


def test_what_a_change_does_not_need_may_be_skipped(gate):
    nothing = dict.fromkeys(ALL, "false")
    skipped = dict.fromkeys(ALL, "skipped")
    assert gate(needs(wanted=nothing, **skipped))[0] == 0
    assert gate(needs(wanted={**ALL, "reproduce": "false"}, reproduce="skipped"))[0] == 0


@pytest.mark.parametrize(
    "said", [{}, {"reproduce": ""}, {"reproduce": "False"}, {"reproduce": None}, {"reproduce": False}], ids=repr
)
def test_only_a_plain_false_excuses_a_skipped_job(gate, said):
    wanted = {"validate": "true", "review": "true", **said}
    assert gate(needs(wanted=wanted, reproduce="skipped"))[0] == 1


def test_a_job_that_failed_excuses_nobody(gate):
    """Its outputs may be half of them."""
    code, said = gate(needs(classify="failure", wanted=dict.fromkeys(ALL, "false"), **dict.fromkeys(ALL, "skipped")))
    assert code == 1
    assert said.count("✗") == 4


def test_a_job_cannot_excuse_itself(gate):
    jobs = needs(reproduce="skipped")
    jobs["reproduce"] = job("skipped", reproduce="false")
    assert gate(jobs)[0] == 1


def test_a_decision_is_told_and_blocks_nothing(gate, tmp_path):
    reports = tmp_path / "reports"
    report(reports, "review-0", "decide", "inconclusive against the champion")
    code, said = gate(needs(), "--reports", str(reports))
    assert code == 0
    assert "? review-0: a person must decide: inconclusive against the champion" in said
    assert "a person must decide" in (tmp_path / "summary.md").read_text()
    code, said = gate(needs(), "--reports", str(reports), "--strict")
    assert code == 42
    report(reports, "review-1", "pass")
    assert gate(needs(review="failure"), "--reports", str(reports), "--strict")[0] == 1


def test_a_green_review_has_a_report(gate, tmp_path):
    assert gate(needs(), "--reports", str(tmp_path / "none"))[0] == 1
    skipped = needs(wanted={**ALL, "review": "false", "reproduce": "false"}, review="skipped", reproduce="skipped")
    assert gate(skipped, "--reports", str(tmp_path / "none"))[0] == 0


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"verdict": "pass"}',
        "\0",
        "[" * 100_000,
        '{"verdict": "PASS", "reason": ""}',
        '{"verdict": ["pass"], "reason": ""}',
    ],
    ids=lambda text: repr(text[:20]),
)
def test_a_report_that_is_none(gate, tmp_path, content):
    report(tmp_path, "review-0", "pass")
    (tmp_path / "review-0" / "report.json").write_text(content)
    code, said = gate(needs(), "--reports", str(tmp_path))
    assert code == 1
    assert "✗ review-0: " in said


def test_a_report_that_fails_where_the_job_is_green(gate, tmp_path):
    report(tmp_path, "review-0", "fail", "worse")
    assert gate(needs(), "--reports", str(tmp_path))[0] == 1


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "[" * 100_000, '{"a": 1}'], ids=lambda text: repr(text[:9]))
def test_without_jobs_there_is_nothing_to_hold(gate, text):
    code, said = gate(text)
    assert code == 2
    assert "NEEDS: ${{ toJSON(needs) }}" in said


HOSTILE = [
    "::error::x",
    "a\n::stop-commands::b",
    "##[add-mask]x",
    "\x1b[2Jx",
    "<img src=x onerror=alert(1)>",
    "| a | @all",
    "x" * 1_000_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:20]))
def test_hostile_reasons_and_names_are_text(gate, tmp_path, text):
    reports = tmp_path / "reports"
    report(reports, "review-0", "decide", text)
    code, said = gate({**needs(), text: job("success")}, "--reports", str(reports))
    assert code == 0
    assert not [line for line in said.splitlines() if line.lstrip().startswith("::") or "##[" in line]
    assert "\x1b" not in said
    summary = (tmp_path / "summary.md").read_text()
    assert len(summary) < 20_000
    assert "<img" not in summary
    assert "@all" not in summary
    assert all(line.count("|") == 4 for line in summary.splitlines() if line.startswith("|"))


def test_it_needs_no_package(tmp_path):
    """The gate always runs, so it waits for no installation: pr.yml starts it from the checkout."""
    program = f"import sys; sys.path = [p for p in sys.path if 'site-packages' not in p]; sys.path.insert(0, {str(ROOT / 'scripts')!r}); from mintmark.cli import main; sys.exit(main(['gate']))"
    environment = {"NEEDS": json.dumps(needs()), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        (sys.executable, "-I", "-S", "-c", program), env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
