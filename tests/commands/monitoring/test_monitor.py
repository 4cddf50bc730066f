"""`mintmark monitor` on logs that the real journal wrote of the real breast-cancer version."""

from __future__ import annotations

import io
import json
import re
import subprocess
from contextlib import redirect_stderr
from pathlib import Path

import pandas as pd
import pytest
from tests.monitoring.real_logs import MODEL, VERSION, as_it_is, labels_of, write_log
from tests.serving.log.of_repository import ROOT

from mintmark.cli import main
from mintmark.registry.schemas import accepts

SINCE, UNTIL = "2026-03-04", "2026-03-08"


def other_unit(rows: pd.DataFrame) -> pd.DataFrame:
    """A service upstream begins to send another unit."""
    return rows.assign(**{"worst area": rows["worst area"] * 100})


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days as they should be, one of silence, and one with a broken column."""
    return write_log(tmp_path_factory.mktemp("log"), {0: as_it_is, 1: as_it_is, 3: other_unit})


def monitor(log: Path, *arguments: str) -> int:
    return main(["-C", str(ROOT), "monitor", *arguments, "--log", str(log)])


def test_days_silence_and_a_broken_column_are_told_in_plain_words(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert monitor(log, "--since", SINCE, "--until", UNTIL, "--output", str(tmp_path)) == 1
    told = capsys.readouterr().out
    assert f"{MODEL} in production" in told
    verdicts = [line.split()[-1] for line in told.splitlines() if line.startswith("2026-")]
    assert verdicts == ["ok", "ok", "alarm", "alarm"]
    assert '"worst area" is outside of what the profile has seen (223.6 to 4254)' in told
    assert told.count("No request came.") == 0, "the silence is over: the day after has requests"
    assert "which assumes that each score means what it meant on the evaluation rows" in told
    files = sorted(tmp_path.rglob("*.json"))
    assert files[0].relative_to(tmp_path).as_posix() == f"{MODEL}/{VERSION}/production/20260304T0000Z-1d.json"
    documents = [json.loads(path.read_text()) for path in files]
    assert [each["verdict"] for each in documents] == verdicts
    assert all(accepts("monitoring", each) for each in documents)


def test_the_how_to_shows_what_this_log_says(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To refresh it: copy what the test shows into docs/how-to/watch-a-served-model.md."""
    page = (ROOT / "docs/how-to/watch-a-served-model.md").read_text()
    command, _, shown = page.partition("mintmark monitor --log predictions ")[2].partition("\n```\n\n```\n")
    assert monitor(log, *command.split()) == 1
    assert capsys.readouterr().out == shown.partition("```\n")[0]


def test_a_day_without_a_fault_ends_with_0_and_says_the_same_again(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = ["--since", SINCE, "--until", "2026-03-05"]
    assert monitor(log, *day) == 0
    first = capsys.readouterr().out
    assert first.endswith("No alarm is open.\n")
    assert monitor(log, *day) == 0
    assert capsys.readouterr().out == first


def test_windows_with_few_rows_say_nothing_and_end_with_42(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    day = ["--since", SINCE, "--until", "2026-03-05"]
    assert monitor(log, *day, "--window", "1h") == 1, "the last hours of the day are silent"
    assert "not-enough-data" in capsys.readouterr().out
    assert monitor(log, *day, "--window", "8h") == 42
    assert "39 rows; it takes 100 to say something." in capsys.readouterr().out


def test_labels_decide_and_those_without_a_prediction_are_counted(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = labels_of([0])
    file = tmp_path / "labels.csv"
    pd.concat([labels.iloc[:-60], labels.head(1).assign(id="nobody asked")]).to_csv(file, index=False)
    day = ["--since", SINCE, "--until", "2026-03-05"]
    assert monitor(log, MODEL, "--labels", str(file), *day, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["labels"] == {MODEL: {"labels": 140, "unmatched": 1}}
    assert found["documents"][0]["labels"]["coverage"] == pytest.approx(139 / 199)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "yesterday"], '"yesterday" is no day such as 2026-03-04'),
        (["--until", "0001-01-01"], '"0001-01-01" is before 1970, and no day such as 2026-03-04'),
        (["--since", "2026-03-05", "--until", "2026-03-05"], "--since 2026-03-05 is not before --until 2026-03-05"),
        (["--window", "5h"], "a window of 5h does not fit into days"),
        (["--labels", "labels.csv"], "--labels has the labels of one model"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(
    log: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert monitor(log, *arguments) == 2
    assert said in capsys.readouterr().err


def test_documents_that_cannot_be_written(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "windows").write_text("a file")
    assert monitor(log, "--since", SINCE, "--until", "2026-03-05", "--output", str(tmp_path / "windows")) == 1
    assert re.search(r"windows/.*: cannot be written: Not a directory", capsys.readouterr().err)


def test_a_model_that_nobody_knows_and_a_log_that_is_not_there(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert monitor(log, "brest-cancer") == 1
    assert "brest-cancer" in capsys.readouterr().err
    assert monitor(log / "nowhere") == 1
    assert "there is no prediction log" in capsys.readouterr().err


def test_documents_are_published_to_the_branch_of_the_remote(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    origin, clone = tmp_path / "origin.git", tmp_path / "clone"
    for arguments in (
        ["init", "--quiet", "--bare", str(origin)],
        ["clone", "--quiet", "--shared", str(ROOT), str(clone)],
    ):
        subprocess.run(["git", *arguments], check=True)
    subprocess.run(["git", "remote", "set-url", "origin", str(origin)], cwd=clone, check=True)
    arguments = ["-C", str(clone), "monitor", "--log", str(log), "--since", SINCE, "--until", "2026-03-05", "--publish"]
    assert main(arguments) == 0
    assert "published 1 document, 1 month folded on the branch monitoring" in capsys.readouterr().err
    assert main(arguments) == 0
    assert "there was nothing new to publish" in capsys.readouterr().err
    listed = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "monitoring"], cwd=origin, capture_output=True, text=True
    )
    assert listed.stdout == f"{MODEL}/{VERSION}/production/202603-1d.json\n", "the day is long ago"


def test_a_terminal_sees_how_many_rows_are_still_to_be_read(log: Path) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    with redirect_stderr(terminal):
        assert monitor(log, "--since", SINCE, "--until", "2026-03-05") == 0
    assert "199/199" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r"), "the bar goes away"
