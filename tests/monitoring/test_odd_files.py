"""Files that no server writes: what is odd about them is said, and nothing is made up from them."""

from __future__ import annotations

import json
import math
import shutil
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.monitoring.real_logs import (
    MODEL,
    REQUESTS,
    VERSION,
    ask,
    moment,
    watch_folder,
    write_day,
)
from tests.monitoring.test_scanning import DAY_ROWS, edit, first, kinds, the_file
from tests.serving.log.logged import journal

from mintmark.commands.monitoring.window_report import format_watched
from mintmark.monitoring.log.files import LogFile, open_log_file, read_head
from mintmark.registry.logged.opening import batches_of


def test_a_latency_that_is_no_time_is_counted_and_reaches_no_percentile(tmp_path: Path) -> None:
    written = journal(tmp_path)
    for number in range(REQUESTS):
        odd = {0: math.nan, 1: math.inf, 2: -5.0}.get(number, 0.01)
        written.record(ask(0, number)._replace(seconds=odd))
    assert written.flush()
    document = first(watch_folder(tmp_path, days=1))
    assert document.traffic.untimed == 3
    assert document.traffic.latency is not None
    for seconds in (document.traffic.latency.p50, document.traffic.latency.p99):
        assert seconds == pytest.approx(0.01, rel=0.05)
    (finding,) = document.findings
    assert (finding.kind, finding.severity) == ("latency", "warning")
    assert finding.words == (
        "The log has no latency of 15% of its requests: it is missing, infinite or below zero there."
    )
    assert document.to_dict()["traffic"]["untimed"] == 3


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("prediction", [["benign"]], "list<element: string>, not the name of a class"),
        ("probability_benign", ["0.9"], "string, not a number"),
        ("probability_benign", [[0.9]], "list<element: double>, not a number"),
    ],
)
def test_a_file_with_another_kind_of_answer_is_named(
    plain: Path, tmp_path: Path, name: str, values: list[object], said: str
) -> None:
    file = tmp_path / "it.parquet"
    shutil.copy(the_file(plain), file)
    edit(file, name, pa.array(values * DAY_ROWS))
    head = read_head(LogFile(str(tmp_path), file.name, MODEL, VERSION))
    assert head.fault == f"{tmp_path}/it.parquet: its column {name} is {said}; it is left out"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("status", pa.int32()),
        pytest.param("time", pa.timestamp("us", tz="UTC"), marks=pytest.mark.slow),
        pytest.param("shadow", pa.bool_(), marks=pytest.mark.slow),
    ],
)
def test_rows_that_do_not_say_what_they_are_are_not_called_a_silence(log: Path, name: str, kind: pa.DataType) -> None:
    edit(the_file(log), name, pa.nulls(DAY_ROWS, kind))
    watched = watch_folder(log, days=1)
    (fault,) = watched.faults
    assert fault.endswith(f"{the_file(log).name}: its column {name} has rows without a value; it is left out")
    document = first(watched)
    assert kinds(document) == {"unreadable", "not-enough-data"}
    assert (document.traffic.silent, watched.open_alarms) == (False, ())
    assert "move them out of the log" in format_watched(watched)


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("status", pa.array([200] * (DAY_ROWS - 1) + [-1], pa.int32()), "goes from -1 to 200"),
        pytest.param("row", pa.array([-5] * DAY_ROWS), "goes from -5 to -5", marks=pytest.mark.slow),
    ],
)
def test_numbers_that_no_request_has_are_named(log: Path, name: str, values: pa.Array, said: str) -> None:
    """Else such rows were neither answered nor failed, and the window was called ok."""
    edit(the_file(log), name, values)
    (fault,) = watch_folder(log, days=1).faults
    assert fault.endswith(f"{the_file(log).name}: its column {name} {said}; it is left out")


def test_an_input_without_any_value_may_have_no_type(log: Path) -> None:
    """As pandas writes a column of nothing."""
    edit(the_file(log), "input_worst area", pa.nulls(DAY_ROWS))
    watched = watch_folder(log, days=1)
    assert watched.faults == ()
    (finding,) = first(watched).findings
    assert finding.words == '"worst area" has no value in 100% of the rows; in the profile in 0%.'


def test_what_is_no_probability_is_named_however_few_rows_have_it(log: Path) -> None:
    shares = np.full(DAY_ROWS, 0.5)
    shares[:3] = (7.0, -0.25, 0.5)
    edit(the_file(log), "probability_benign", pa.array(shares))
    words = [each.words for each in first(watch_folder(log, days=1)).findings if each.kind == "out-of-range"]
    assert words == ['"probability_benign" holds what is no probability: it goes from -0.25 to 7.']


def test_a_day_on_which_a_version_answered_and_a_file_is_broken_is_judged_by_the_rest(tmp_path: Path) -> None:
    written = journal(tmp_path)
    write_day(written, 0)
    junk = the_file(tmp_path).with_name(the_file(tmp_path).name.replace("-00000001-", "-00000007-"))
    junk.write_bytes(b"")
    document = first(watch_folder(tmp_path, days=1))
    assert document.traffic.read == DAY_ROWS
    assert kinds(document) == {"unreadable"}


def test_an_answer_goes_before_the_fault_of_which_the_caller_asked_again(tmp_path: Path) -> None:
    """A client that got 500 sends the same id once more."""
    written = journal(tmp_path)
    for number in range(REQUESTS):
        failed = ask(0, number)._replace(answer=None, status=500, error="try again")
        written.record(failed if number % 2 else ask(0, number))
    for number in range(1, REQUESTS, 2):
        written.record(ask(0, number, time=moment(0, number) + 2))
    assert written.flush()
    document = first(watch_folder(tmp_path, days=1))
    assert sum(document.outputs[0].counts) == DAY_ROWS, "every row has its answer"
    assert (document.traffic.conflicts, document.traffic.duplicates) == (0, 99)
    assert document.traffic.statuses == {"200": REQUESTS, "500": REQUESTS // 2}


def test_rows_of_another_day_than_their_folder_are_counted_and_told(log: Path) -> None:
    """A clock that was wrong, or somebody who moved files."""
    file = the_file(log)
    later = pc.add(pq.read_table(file).column("time").combine_chunks(), pa.scalar(timedelta(days=3)))
    edit(file, "time", later.cast(pa.timestamp("us", tz="UTC")))
    watched = watch_folder(log, days=1)
    assert watched.faults == (
        f"{MODEL}/{VERSION}: {DAY_ROWS} rows are of another day than their folder; they are left out",
    )


def test_an_input_that_is_not_there_or_twice_is_named_unless_it_is_personal(plain: Path, tmp_path: Path) -> None:
    """As it is, nobody would judge the column, and the window would be fine."""
    name, whole = "input_worst area", pq.read_table(the_file(plain))
    again = pa.Table.from_arrays(
        [*whole.columns, whole.column(name)], schema=whole.schema.append(whole.schema.field(name))
    )
    for table, said in ((whole.drop_columns([name]), "has no column"), (again, "has two columns")):
        pq.write_table(table, tmp_path / "it.parquet")
        head = read_head(LogFile(str(tmp_path), "it.parquet", MODEL, VERSION))
        assert head.fault == f"{tmp_path}/it.parquet: {said} {name}; it is left out"
    about = json.loads(whole.schema.metadata[b"mintmark.about"]) | {"personal": {"worst area": "drop"}}
    told = {**whole.schema.metadata, b"mintmark.about": json.dumps(about).encode()}
    pq.write_table(whole.drop_columns([name]).replace_schema_metadata(told), tmp_path / "it.parquet")
    assert read_head(LogFile(str(tmp_path), "it.parquet", MODEL, VERSION)).fault == ""


@pytest.mark.slow
def test_rows_with_long_texts_are_read_a_few_at_a_time(plain: Path, tmp_path: Path) -> None:
    table = pq.read_table(the_file(plain))
    long = pa.array([f"{number}{'x' * 1_000_000}" for number in range(DAY_ROWS)])
    texts = table.append_column("input_text", long)
    pq.write_table(texts, tmp_path / "it.parquet", compression="zstd", use_dictionary=False)
    with open_log_file(LogFile(str(tmp_path), "it.parquet", MODEL, VERSION)) as reader:
        sizes = [len(rows) for rows in batches_of(reader)]
    assert (sum(sizes), max(sizes) <= 128) == (DAY_ROWS, True)
    with open_log_file(LogFile(str(the_file(plain).parent), the_file(plain).name, MODEL, VERSION)) as reader:
        assert [len(rows) for rows in batches_of(reader)] == [DAY_ROWS]
