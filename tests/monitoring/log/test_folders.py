"""Nothing in a log's folders is ignored without a word: it is read, it is known, or it is named."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.monitoring.real_logs import MODEL, VERSION, watch_folder

from mintmark.commands.monitoring.monitor import ALARM, FINE, exit_code
from mintmark.errors import MintmarkError
from mintmark.registry.logged.reading import PredictionLog

FILES = "and a log has only files there, as a server writes them"
FOLDERS = "and a log has only folders there: MODEL/VERSION/DAY"
DAY = f"{MODEL}/{VERSION}/2026-03-04"
NO_NAME = "has a name that no server gives to a file of the log"


def told(log: Path) -> tuple[list[str], list[str]]:
    """What is said of a log, faults and notes, without where it is; its rows are judged all the same."""
    watched = watch_folder(log, days=1)
    assert watched.documents[0].traffic.rows == 199
    assert exit_code(watched) == (ALARM if watched.faults else FINE)
    said = [[each.removeprefix(f"{log}/") for each in some] for some in (watched.faults, watched.notes)]
    return said[0], said[1]


def test_what_may_hold_rows_is_a_fault_and_other_files_are_a_note(log: Path) -> None:
    day = log / DAY
    (file,) = day.iterdir()
    (day / file.name.replace("-00000001-", "-00000002-")).mkdir()
    (day / "part-0.parquet").write_bytes(b"")
    (day / "part-0.parquet.crc").write_bytes(b"")
    (day / "rows.csv").write_text("a\n1\n")
    (day / file.name.replace("-00000001-", "-00000003-")).symlink_to(file)
    os.mkfifo(day / "pipe.parquet")
    (day / ".part.tmp").write_bytes(b"")
    (day / "_SUCCESS").write_bytes(b"")
    folder = file.name.replace("-00000001-", "-00000002-")
    link = file.name.replace("-00000001-", "-00000003-")
    assert told(log) == (
        [
            f"{DAY}/{folder}: is a folder, {FILES}; it is left out",
            f"{DAY}/{link}: is a link, {FILES}; it is left out",
            f"{DAY}/pipe.parquet: is neither a file nor a folder, {FILES}; it is left out",
            f"{DAY}/part-0.parquet: {NO_NAME}; it is left out",
            f"{DAY}/part-0.parquet.crc: {NO_NAME}; it is left out",
        ],
        [f"{DAY}/rows.csv: {NO_NAME}; it is left out"],
    )


def test_what_lies_above_the_days_is_named_too(log: Path) -> None:
    shutil.copytree(log / DAY, log / MODEL / VERSION / "2026-3-5")
    (log / MODEL / VERSION / "2026-03-06").symlink_to("2026-03-04")
    (log / MODEL / "all.parquet").write_bytes(b"")
    (log / "README.md").write_text("ours")
    (log / "_delta_log").mkdir()
    assert told(log) == (
        [
            f"{MODEL}/all.parquet: is a file, {FOLDERS}; it is left out",
            f"{MODEL}/{VERSION}/2026-03-06: is a link, {FOLDERS}; it is left out",
            f"{MODEL}/{VERSION}/2026-3-5: is no day such as 2026-03-04; it is left out",
        ],
        [f"README.md: is a file, {FOLDERS}; it is left out"],
    )


def test_many_strange_names_take_few_lines(log: Path) -> None:
    for number in range(25):
        (log / DAY / f"{number:02}{'x' * 150}.parquet").write_bytes(b"")
    faults, _ = told(log)
    assert len(faults) == 11
    assert faults[-1] == f"{DAY}: 15 more of the same kind; they are left out"
    assert max(map(len, faults)) < 250


@pytest.mark.parametrize("closed", [DAY, f"{MODEL}/{VERSION}", MODEL])
def test_a_folder_that_cannot_be_read_is_named_and_is_no_silence(
    log: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    entries = PredictionLog.entries

    def refuse(self: PredictionLog, path: str) -> Any:
        if path == closed:
            raise PermissionError(13, "Permission denied")
        return entries(self, path)

    monkeypatch.setattr(PredictionLog, "entries", refuse)
    watched = watch_folder(log, days=1)
    assert watched.faults == (f"{log}/{closed}: cannot be read (Permission denied); it is left out",)
    assert watched.open_alarms == ()
    assert {each.kind for document in watched.documents for each in document.findings} == {
        "unreadable", "not-enough-data"
    }  # fmt: skip
    with pytest.raises(MintmarkError, match="cannot be read: Permission denied"):
        [PredictionLog(str(log)).abouts(place) for place in PredictionLog(str(log)).places()]


def test_the_mark_of_a_folder_in_a_bucket_is_none_of_its_files(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Consoles of object stores make an empty object of the folder's own name."""
    opened = PredictionLog(str(log))
    listed = opened._files.ls

    def with_mark(path: str, **options: Any) -> list[dict[str, Any]]:
        return [{"name": f"{path}/", "type": "file", "size": 0}, *listed(path, **options)]

    monkeypatch.setattr(opened._files, "ls", with_mark)
    assert opened.entries(DAY) == [(file.name, "file") for file in (log / DAY).iterdir()]
