"""What is in a log counts once, and what cannot be read is named: on files that the real journal wrote."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.monitoring.real_logs import (
    DAY,
    MODEL,
    REQUESTS,
    ROWS,
    VERSION,
    as_it_is,
    ask,
    moment,
    rows_of,
    watch_folder,
    write_day,
    write_log,
)
from tests.serving.log.logged import decision, journal, version
from tests.serving.log.of_repository import ROOT

from mintmark.monitoring.documents import WindowDocument
from mintmark.monitoring.log.files import LogFile, read_head
from mintmark.monitoring.watching import Watched, Watching, watch
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.logged.reading import PredictionLog
from mintmark.serving.served_version import Answer

DAY_ROWS = 199


def the_file(log: Path) -> Path:
    (file,) = log.rglob("*.parquet")
    return file


def first(watched: Watched) -> WindowDocument:
    return watched.documents[0]


def kinds(document: WindowDocument) -> set[str]:
    return {finding.kind for finding in document.findings}


def test_requests_rows_and_statuses_are_those_that_came(log: Path) -> None:
    document = first(watch_folder(log, days=1))
    traffic = document.traffic
    assert (traffic.requests, traffic.rows, traffic.logged, traffic.read) == (REQUESTS, DAY_ROWS, DAY_ROWS, DAY_ROWS)
    assert (traffic.statuses, traffic.duplicates, traffic.silent) == ({"200": REQUESTS}, 0, False)
    assert traffic.latency is not None
    assert traffic.latency.p50 == pytest.approx(0.01, rel=0.05)
    assert len(document.columns) == 30
    assert [column.name for column in document.outputs] == ["prediction", "probability_benign", "probability_malignant"]
    for column in (*document.columns, *document.outputs):
        assert column.rows == DAY_ROWS
        assert sum(column.counts) == DAY_ROWS


def test_rows_that_came_again_count_once_in_whatever_order_the_files_are(tmp_path: Path) -> None:
    """A redelivery says the same, another one something else; the first in time counts."""
    for name, order in (("one", (0, 1, 2)), ("two", (2, 1, 0))):
        written = journal(tmp_path / name)
        days = [[ask(0, number) for number in range(REQUESTS)]]
        days.append([ask(0, number, time=moment(0, number) + 5) for number in range(4)])
        other = ask(0, 5, time=moment(0, 5) + 9)
        assert other.answer is not None
        flipped = np.where(other.answer.predictions == "benign", "malignant", "benign").astype(object)
        days.append([other._replace(answer=Answer(flipped, other.answer.probabilities))])
        for number in order:
            for each in days[number]:
                written.record(each)
            assert written.flush()
    one, two = (first(watch_folder(tmp_path / name, days=1)) for name in ("one", "two"))
    assert (one.traffic.duplicates, one.traffic.conflicts) == (50, 10)
    assert one.traffic.read == DAY_ROWS + 50
    assert one.columns[0].rows == DAY_ROWS
    assert "conflicts" in kinds(one)
    assert one == two
    once = first(watch_folder(write_log(tmp_path / "once", {0: as_it_is}), days=1))
    assert (one.columns, one.outputs, one.estimate) == (once.columns, once.outputs, once.estimate)


def test_the_first_in_time_counts_though_its_file_is_the_later_one(tmp_path: Path) -> None:
    """A server that was cut off delivers what it has after the one that took its place."""
    written = journal(tmp_path)
    first_answer = ask(0, 5)
    assert first_answer.answer is not None
    flipped = Answer(np.full(ROWS, "malignant", dtype=object), first_answer.answer.probabilities)
    written.record(ask(0, 0))
    written.record(first_answer._replace(answer=flipped, time=moment(0, 5) + 60))
    assert written.flush()
    written.record(first_answer)
    assert written.flush()
    document = first(watch_folder(tmp_path, days=1, span="1d"))
    said = [*ask(0, 0).answer.predictions, *first_answer.answer.predictions]  # type: ignore[union-attr]
    counts = dict(zip(document.outputs[0].levels, document.outputs[0].counts, strict=False))
    assert counts == {label: said.count(label) for label in ("benign", "malignant")}
    assert said.count("benign") > 1


@pytest.mark.slow
def test_files_that_are_there_twice_count_once(log: Path) -> None:
    file = the_file(log)
    shutil.copy(file, file.with_name(file.name.replace("-00000001-", "-00000007-")))
    traffic = first(watch_folder(log, days=1)).traffic
    assert (traffic.duplicates, traffic.conflicts, traffic.read) == (DAY_ROWS, 0, 2 * DAY_ROWS)


@pytest.mark.slow
def test_one_id_in_two_windows_is_two_requests(tmp_path: Path) -> None:
    written = journal(tmp_path)
    write_day(written, 0)
    written.record(ask(0, 3, time=moment(1, 3)))
    assert written.flush()
    assert [each.traffic.duplicates for each in watch_folder(tmp_path, days=2).documents] == [0, 0]


def test_a_truncated_file_is_named_and_the_rest_counts(tmp_path: Path) -> None:
    written = journal(tmp_path)
    write_day(written, 0)
    written.record(ask(0, 0, id="another"))
    assert written.flush()
    short = sorted((tmp_path / MODEL / VERSION / "2026-03-04").iterdir())[-1]
    short.write_bytes(short.read_bytes()[:-100])
    watched = watch_folder(tmp_path, days=1)
    (fault,) = watched.faults
    assert f"{short.name}: is no whole Parquet file" in fault
    document = first(watched)
    assert document.traffic.read == DAY_ROWS
    assert "unreadable" in kinds(document)


def test_a_file_that_is_broken_in_its_middle_counts_for_nothing(log: Path) -> None:
    """Its end is whole, so the fault shows while rows are counted."""
    file = the_file(log)
    shutil.copy(file, file.with_name(file.name.replace("-00000001-", "-00000007-")))
    place = pq.ParquetFile(file).metadata.row_group(0)
    column = next(
        place.column(number)
        for number in range(place.num_columns)
        if "worst area" in place.column(number).path_in_schema
    )
    content = bytearray(file.read_bytes())
    content[column.data_page_offset + 20 : column.data_page_offset + 120] = b"\xff" * 100
    file.write_bytes(content)
    watched = watch_folder(log, days=1)
    assert len(watched.faults) == 1
    assert file.name in watched.faults[0]
    assert (first(watched).traffic.read, first(watched).traffic.duplicates) == (DAY_ROWS, 0)


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        pytest.param(b"PAR1", marks=pytest.mark.slow),
        pytest.param(b"no parquet at all " * 50, marks=pytest.mark.slow),
    ],
)
def test_a_file_that_is_none_is_named(log: Path, junk: bytes) -> None:
    file = the_file(log)
    other = file.with_name(file.name.replace("-00000001-", "-00000007-"))
    other.write_bytes(junk)
    watched = watch_folder(log, days=1)
    assert [other.name in fault for fault in watched.faults] == [True]
    assert first(watched).traffic.read == DAY_ROWS


def test_a_file_of_another_version_and_one_of_no_log_are_left_out(log: Path) -> None:
    file = the_file(log)
    stray = log / MODEL / "1.1.0" / "2026-03-04" / file.name
    stray.parent.mkdir(parents=True)
    shutil.copy(file, stray)
    table = pq.read_table(file)
    pq.write_table(table.replace_schema_metadata(None), stray.with_name(file.name.replace("-00000001-", "-00000003-")))
    watched = watch_folder(log, days=1)
    assert "says that it is of breast-cancer@1.2.0" in watched.faults[0]
    assert "is no file of a prediction log" in watched.faults[1]
    assert {each.version for each in watched.documents if each.traffic.read} == {VERSION}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mintmark.counts", '[["soon", "production", false, 200, 1, 1, 1, 0]]'),
        ("mintmark.counts", '[["2026-03-04T00:01", "production", false, 200, 1e99, 1, 1, 0]]'),
        ("mintmark.counts", '[["2026-03-04T00:01", "production", false, "200", 1, 1, 1, 0]]'),
        ("mintmark.counts", '[["2026-03-04T00:01", ["x"], false, 200, 1, 1, 1, 0]]'),
        ("mintmark.counts", '{"a": 1}'),
        ("mintmark.counts", "{"),
        ("mintmark.counts", "[" * 100_000),
        ("mintmark.counts", f'[["2026-03-04T00:01", "production", false, 200, {10**400}, 1, 1, 0]]'),
        ("mintmark.about", "[]"),
        ("mintmark.about", "{}"),
        ("mintmark.log", "2"),
    ],
)
def test_what_a_file_says_of_itself_is_not_believed(plain: Path, tmp_path: Path, key: str, value: str) -> None:
    table = pq.read_table(the_file(plain))
    told = {**table.schema.metadata, key.encode(): value.encode()}
    pq.write_table(table.replace_schema_metadata(told), tmp_path / "it.parquet")
    head = read_head(LogFile(str(tmp_path), "it.parquet", MODEL, VERSION))
    assert head.fault.startswith(f"{tmp_path}/it.parquet: ")
    assert read_head(LogFile(str(plain), str(the_file(plain).relative_to(plain)), MODEL, VERSION)).fault == ""


def edit(file: Path, name: str, column: pa.Array) -> None:
    """Write a file again with another column, as somebody with access to the folder could."""
    table = pq.read_table(file)
    place = table.schema.get_field_index(name)
    pq.write_table(
        table.set_column(place, pa.field(name, column.type), column).replace_schema_metadata(table.schema.metadata),
        file,
    )


@pytest.mark.parametrize("values", [["12"], [[1.0]], [{"a": 1}], [True]], ids=["text", "list", "struct", "boolean"])
def test_a_file_with_another_kind_of_input_is_named(plain: Path, tmp_path: Path, values: list[object]) -> None:
    file = tmp_path / "it.parquet"
    shutil.copy(the_file(plain), file)
    edit(file, "input_worst area", pa.array(values * DAY_ROWS))
    head = read_head(LogFile(str(tmp_path), file.name, MODEL, VERSION))
    assert re.search(r"it\.parquet: its column input_worst area is .*, not double; it is left out", head.fault)


@pytest.mark.slow
def test_rows_that_name_another_model_are_left_out(log: Path) -> None:
    edit(the_file(log), "model", pa.array(["digits"] * 50 + [MODEL] * (DAY_ROWS - 50)))
    watched = watch_folder(log, days=1)
    assert watched.faults == (f"{MODEL}/{VERSION}: 50 rows say that they are of another model; they are left out",)
    assert first(watched).columns[0].rows == DAY_ROWS - 50


def test_channels_that_nobody_declared_make_no_documents(tmp_path: Path) -> None:
    written = journal(tmp_path)
    write_day(written, 0)
    for number in range(30):
        written.record(ask(0, number % REQUESTS, id=f"x{number}", channel=f"made-up-{number}"))
    assert written.flush()
    watched = watch_folder(tmp_path, days=1)
    assert {each.channel for each in watched.documents} == {"production"}
    assert watched.faults == ()
    assert "rows are of channels that models/registry.yaml does not name" in watched.notes[0]


def test_times_without_a_zone_are_refused(log: Path) -> None:
    file = the_file(log)
    naive = pc.cast(pq.read_table(file).column("time").combine_chunks(), pa.timestamp("us"))
    edit(file, "time", naive)
    (fault,) = watch_folder(log, days=1).faults
    assert "its column time is timestamp[us], not timestamp[us, tz=UTC], and a time without a zone" in fault


def test_a_version_that_the_registry_lacks_has_its_traffic_and_a_warning(tmp_path: Path) -> None:
    written = journal(tmp_path)
    stranger = version({"age": "float64"}, number="9.9.9")
    for number in range(3):
        written.record(decision(stranger, f"r{number}", [{"age": 3.0}], model=MODEL, time=moment(0, number)))
    assert written.flush()
    (document,) = watch_folder(tmp_path, days=1).documents
    assert (document.version, document.traffic.requests, document.columns) == ("9.9.9", 3, ())
    assert kinds(document) == {"unknown-version"}


def test_models_and_folders_that_somebody_made_up_are_named_and_few(log: Path) -> None:
    for number in range(40):
        (log / f"made-up-{number}" / "1.0.0" / "2026-03-04").mkdir(parents=True)
        (log / MODEL / f"..{number}" / "2026-03-04").mkdir(parents=True)
    (log / MODEL / VERSION / "not-a-day").mkdir()
    now = DAY + timedelta(days=1)
    watched = watch(ClonedRegistry(ROOT), PredictionLog(str(log)), [], Watching(now=now))
    assert len(watched.documents) == 1
    assert sum("made-up" in note for note in watched.notes) == 10
    assert "30 more models" in " ".join(watched.notes)


@pytest.mark.slow
def test_shadows_are_told_apart_and_raise_no_alarm(tmp_path: Path) -> None:
    written = journal(tmp_path)
    write_day(written, 0)
    wrong = lambda rows: rows.assign(**{"worst area": rows["worst area"] * 100})  # noqa: E731
    write_day(written, 0, wrong, shadow=True, channel="staging", version="1.1.0")
    watched = watch_folder(tmp_path, days=1)
    roles = {(each.role, each.version, each.channel): each for each in watched.documents}
    assert set(roles) == {("served", "1.2.0", "production"), ("shadow", "1.1.0", "staging")}
    assert roles["shadow", "1.1.0", "staging"].traffic.requests == REQUESTS
    assert "out-of-range" in kinds(roles["shadow", "1.1.0", "staging"])
    assert watched.alarms == ()


@pytest.mark.slow
def test_hours_are_windows_of_a_day(tmp_path: Path) -> None:
    log = write_log(tmp_path, {0: as_it_is, 1: as_it_is})
    watched = watch_folder(log, days=2, span="6h")
    assert [each.traffic.rows for each in watched.documents if each.traffic.rows] == [60, 60, 60, 19] * 2
    whole = watch_folder(log, days=2, span="2d")
    assert [each.traffic.rows for each in whole.documents] == [2 * DAY_ROWS]


def test_a_window_that_still_runs_tells_of_broken_values_and_of_no_drift(tmp_path: Path) -> None:
    written = journal(tmp_path)
    write_day(written, 0, lambda rows: rows.assign(**{"worst area": rows["worst area"] * 100}))
    log = PredictionLog(str(tmp_path))
    now = datetime(2026, 3, 4, 22, tzinfo=UTC)
    (document,) = watch(ClonedRegistry(ROOT), log, [MODEL], Watching(now=now)).documents
    assert not document.window.is_over
    assert document.verdict == "alarm"
    assert {"drift", "prediction-drift", "estimate"} & kinds(document) == set()
    write_day(journal(tmp_path / "fine"), 0)
    (fine,) = watch(ClonedRegistry(ROOT), PredictionLog(str(tmp_path / "fine")), [MODEL], Watching(now=now)).documents
    assert fine.verdict == "not-over"


def missing(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(**{"worst area": np.nan})


def test_values_that_are_missing_are_told_though_every_such_request_was_refused(tmp_path: Path) -> None:
    written = journal(tmp_path)
    write_day(written, 0)
    for number in range(REQUESTS):
        answered = ask(0, number, id=f"r{number}")
        assert answered.version is not None
        rows = missing(rows_of(0, number))
        bound = answered.version.binding.from_columns(
            {name: rows[name].to_numpy() for name in answered.version.signature.inputs}
        )
        written.record(answered._replace(rows=bound, answer=None, status=422, error="worst area is missing"))
    assert written.flush()
    document = first(watch_folder(tmp_path, days=1))
    told = {finding.kind: finding for finding in document.findings}
    assert told["missing"].words == '"worst area" has no value in 50% of the rows; in the profile in 0%.'
    assert told["missing"].severity == "alarm"
    assert told["refused"].words == "50% of the requests were refused."


def test_a_model_that_nobody_asked_is_silent_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    watched = watch_folder(tmp_path / "empty", days=3)
    assert {each.verdict for each in watched.documents if each.window.is_over} == {"alarm"}
    assert {each.kind for each in watched.open_alarms} == {"silence"}
    log = PredictionLog(str(tmp_path / "empty"))
    assert watch(ClonedRegistry(ROOT), log, [], Watching(now=DAY)).documents == ()


def test_a_channel_that_begins_in_these_windows_was_not_silent_before(tmp_path: Path) -> None:
    written = journal(tmp_path)
    for day in (0, 2):
        written.record(ask(day, 0))
    written.record(ask(2, 1, channel="staging"))
    assert written.flush()
    silent = {
        (each.channel, each.window.start.day)
        for each in watch_folder(tmp_path, days=4).documents
        if each.traffic.silent
    }
    assert silent == {("production", 5), ("production", 7), ("staging", 7)}


def test_requests_that_no_version_could_answer_count_as_failed(tmp_path: Path) -> None:
    written = journal(tmp_path)
    write_day(written, 0)
    for number in range(100):
        written.record(
            ask(0, 0, id=f"n{number}")._replace(version=None, rows=None, answer=None, status=503, error="not ready")
        )
    assert written.flush()
    document = first(watch_folder(tmp_path, days=1))
    assert (document.traffic.requests, document.traffic.failed) == (REQUESTS + 100, 100)
    assert "errors" in kinds(document)


@pytest.mark.slow
def test_the_older_format_of_a_profile_is_enough(tmp_path: Path) -> None:
    written = journal(tmp_path)
    write_day(written, 0, version="1.1.0")
    document = first(watch_folder(tmp_path, days=1))
    assert document.version == "1.1.0"
    assert all(column.drifted is not None for column in document.columns)
