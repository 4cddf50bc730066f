"""Labels that come later: each finds its row, the newest counts, and what does not fit is said."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.monitoring.real_logs import DAY, MODEL, VERSION, as_it_is, labels_of, rows_of, watch_folder, write_log
from tests.serving.log.of_repository import ROOT

from mintmark.commands.monitoring.label_files import read_labels
from mintmark.core.model import LabelSource
from mintmark.errors import MintmarkError
from mintmark.monitoring.documents import WindowDocument
from mintmark.monitoring.known_versions import KnownVersion, know_version
from mintmark.monitoring.labels import MOST_SAMPLED, KnownLabels, LabelIndex, know_labels
from mintmark.monitoring.measured import Labels
from mintmark.monitoring.watching import Watched
from mintmark.monitoring.window_labels import undecided_labels
from mintmark.registry.clone import ClonedRegistry

KINDS = {"id": pa.string(), "row": pa.int64(), "input_age": pa.float64()}
TARGET = "diagnosis"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("log"), {0: as_it_is, 1: as_it_is})


@pytest.fixture(scope="module")
def known() -> KnownVersion:
    return know_version(ClonedRegistry(ROOT), MODEL, VERSION)


def watched(log: Path, labels: pd.DataFrame, tmp_path: Path, *, known: dict[str, object] | None = None) -> Watched:
    """What is found with labels in a file; `known` changes what model.yaml says of them."""
    file = tmp_path / "labels.parquet"
    labels.drop(columns="day", errors="ignore").to_parquet(file, index=False)

    def read(version: KnownVersion) -> KnownLabels:
        return read_labels(str(file), version)

    return watch_folder(log, days=2, read_labels=read)


def table(**columns: list[object]) -> pa.Table:
    return pa.table(columns)


def learn(labels: pa.Table, join: tuple[str, ...] = ("id", "row"), time: str | None = None) -> KnownLabels:
    return know_labels(labels, TARGET, join, time, KINDS, where="labels.csv")


def by_id(found: KnownLabels, rows: pa.Table) -> list[object]:
    from mintmark.monitoring.digests import digest_columns

    digests = digest_columns([rows.column(name).combine_chunks() for name in ("id", "row")])
    places = found.index.find(digests)
    values = found.values.to_pylist()
    return [None if place < 0 else values[place] for place in places.tolist()]


def test_the_newest_label_counts_and_what_was_said_before_is_counted() -> None:
    labels = table(
        id=["a", "b", "a", "a", "c"],
        row=[0, 0, 0, 0, 0],
        diagnosis=["x", "y", "z", "x", None],
        at=["2026-03-05T00:00:00Z", "2026-03-05T00:00:00Z", "2026-03-07T02:00:00+02:00", "2026-03-06T00:00:00Z", None],
    )
    asked = table(id=["a", "b", "c", "a"], row=[0, 0, 0, 1])
    newest = learn(labels, time="at")
    assert by_id(newest, asked) == ["z", "y", None, None]
    assert sorted(zip(newest.values.to_pylist(), newest.again.tolist(), newest.conflicts.tolist(), strict=True)) == [
        ("y", 0, 0),
        ("z", 2, 2),
    ]
    assert by_id(learn(labels), asked) == ["x", "y", None, None], "without times the last one in the file"


def test_files_that_say_different_labels_of_a_row_are_told_where_no_time_decides() -> None:
    labels = table(
        id=["a", "b", "c", "c", "a", "b", "d"],
        row=[0] * 7,
        diagnosis=["x", "y", "x", "y", "z", "y", "x"],
        at=["2026-03-05T00:00:00Z", *["2026-03-05T00:00:00Z"] * 3, "2026-03-05T00:00:00Z", None, None],
    )
    files = np.array([0, 0, 0, 0, 1, 1, 1])
    untimed = know_labels(labels, TARGET, ("id", "row"), None, KINDS, files=files, where="labels")
    assert untimed.undecided == 1, "b is said twice alike, and within a file the last one counts"
    said = undecided_labels(untimed, MODEL)
    assert said.startswith(
        "labels of breast-cancer: for 1 row several files say different labels, which have no time; "
    )
    tied = know_labels(labels, TARGET, ("id", "row"), "at", KINDS, files=files, where="labels")
    assert "which have the same time" in undecided_labels(tied, MODEL)
    later = labels.set_column(3, "at", pa.array(["2026-03-05T00:00:00Z"] * 4 + ["2026-03-06T00:00:00Z"] * 3))
    assert not know_labels(later, TARGET, ("id", "row"), "at", KINDS, files=files, where="labels").undecided


def test_no_labels_at_all_fit_too() -> None:
    assert (
        len(
            learn(
                table(id=pa.array([], pa.string()), row=pa.array([], pa.int64()), diagnosis=pa.array([], pa.string()))
            )
        )
        == 0
    )


def test_a_whole_number_in_labels_finds_the_float_of_the_log() -> None:
    found = learn(table(age=[30, 40], diagnosis=["x", "y"]), join=("age",))
    from mintmark.monitoring.digests import digest_columns

    assert found.index.find(digest_columns([pa.array([40.0, 30.0, 41.0, None])])).tolist().count(-1) == 2


@pytest.mark.parametrize(
    ("labels", "join", "time", "said"),
    [
        (table(id=["a"], diagnosis=["x"]), ("id", "row"), None, 'there is no column "row"'),
        (table(id=["a"], row=[0]), ("id", "row"), None, 'there is no column "diagnosis"'),
        (table(id=["a"], row=["first"], diagnosis=["x"]), ("id", "row"), None, 'column "row" does not hold what the log has'),
        (table(id=["a"], diagnosis=["x"], at=["2026-03-05T00:00:00"]), ("id",), "at", "has no time zone"),
        (table(id=["a"], diagnosis=["x"], at=["soon"]), ("id",), "at", 'column "at": "soon" is no time such as'),
        (table(id=["a"], diagnosis=["x"], at=[5]), ("id",), "at", "write times with their zone"),
    ],
)  # fmt: skip
def test_labels_that_do_not_fit_are_refused_with_what_to_do(
    labels: pa.Table, join: tuple[str, ...], time: str | None, said: str
) -> None:
    with pytest.raises(MintmarkError, match=r"labels\.csv") as raised:
        learn(labels, join, time)
    assert said in str(raised.value)


def test_a_sample_is_the_same_wherever_its_rows_are() -> None:
    digests = np.sort(np.random.default_rng(0).integers(0, 2**63, size=10 * MOST_SAMPLED).astype(np.uint64))
    index = LabelIndex(("id",), digests)
    sampled = index.is_sampled(digests)
    assert abs(int(sampled.sum()) - MOST_SAMPLED) < 700
    assert (index.is_sampled(digests[::-1])[::-1] == sampled).all()
    assert index.is_sampled(digests[:10]).tolist() == sampled[:10].tolist()


# -- on a real log ---------------------------------------------------------------------------------------------------


def documents(found: Watched) -> tuple[WindowDocument, WindowDocument]:
    first, second = found.documents[:2]
    return first, second


def test_late_repeated_and_stray_labels_are_counted_and_the_window_is_measured(log: Path, tmp_path: Path) -> None:
    labels = labels_of([0])
    wrong = np.where(labels[TARGET] == "benign", "malignant", "benign")
    more = pd.concat([labels.head(30).assign(diagnosis=wrong[:30]), labels.assign(known_at="x"), labels.tail(5)])
    stray = labels.head(2).assign(id="nobody", row=[0, 1])
    found = watched(log, pd.concat([more, stray])[["id", "row", TARGET]], tmp_path)
    first, second = documents(found)
    assert first.labels is not None
    assert (first.labels.labelled, first.labels.duplicates, first.labels.conflicting) == (199, 35, 30)
    assert found.labels[MODEL].unmatched == 2
    assert second.labels is not None
    assert (second.labels.labelled, second.performance) == (0, None)
    assert first.performance is not None
    measured = first.performance.metrics["accuracy"]
    assert measured.registered is not None
    assert measured.value == pytest.approx(measured.registered.value), "the last label of each row counts"


@pytest.mark.slow
def test_a_document_says_how_new_its_labels_are(log: Path, known: KnownVersion, tmp_path: Path) -> None:
    """The time of the newest one that can be: a mistyped year would be newer than every correction."""
    timed = replace(known.model, monitoring=replace(known.model.monitoring, labels=LabelSource(time="at")))
    labels, files = labels_of([0]).drop(columns="day").assign(at="2026-03-05T12:00:00.25Z"), []
    labels.loc[0, "at"] = "2206-03-06T12:00:00Z"
    corrected = labels.copy()
    corrected.loc[1, TARGET] = "malignant" if labels.loc[1, TARGET] == "benign" else "benign"
    for number, each in enumerate((labels, labels.sample(frac=1, random_state=0), corrected)):
        files.append(tmp_path / f"{number}.csv")
        each.to_csv(files[-1], index=False)
        os.utime(files[-1], (1_700_000_000, 1_700_000_000 + number))

    def told(file: Path) -> Labels | None:
        return documents(
            watch_folder(log, days=2, read_labels=lambda _: read_labels(str(file), replace(known, model=timed)))
        )[0].labels

    first, shuffled, other = (told(file) for file in files)
    assert first is not None
    assert shuffled is not None
    assert other is not None
    assert first.newest == datetime(2026, 3, 5, 12, 0, 0, 250_000, tzinfo=UTC)
    assert shuffled.changed == datetime.fromtimestamp(1_700_000_001, UTC)
    assert first.digest == shuffled.digest != other.digest


def test_labels_that_tell_of_a_worse_model_warn_and_then_alarm(log: Path, tmp_path: Path) -> None:
    """The inputs are as ever, and their meaning has changed: no estimate can see that."""
    labels = labels_of([0, 1])
    flipped = np.random.default_rng(0).random(len(labels)) < 0.3
    labels.loc[flipped, TARGET] = np.where(labels[TARGET] == "benign", "malignant", "benign")[flipped]
    found = watched(log, labels, tmp_path)
    for document in documents(found):
        assert document.verdict == "warning"
        assert document.estimate is not None
        assert document.estimate.metrics["roc_auc"].worse is False
        (finding,) = [each for each in document.findings if each.kind == "performance" and not each.slice]
        assert "by" not in finding.words.split()[0]
        assert "with labels, registered 0.99" in finding.words
    assert ("performance", 2) in {(each.kind, each.windows) for each in found.open_alarms}


@pytest.mark.slow
def test_a_day_with_one_class_has_no_area_and_says_why(log: Path, tmp_path: Path) -> None:
    labels = labels_of([0])
    first, _ = documents(watched(log, labels[labels[TARGET] == "benign"], tmp_path))
    assert first.performance is not None
    measured = first.performance.metrics["roc_auc"]
    assert (measured.value, measured.worse) == (None, None)
    assert measured.reason == "every row has the class 'benign'"
    assert first.performance.metrics["accuracy"].value is not None


@pytest.mark.slow
def test_labels_that_nobody_knows_are_no_class(log: Path, tmp_path: Path) -> None:
    labels = labels_of([0])
    labels.loc[:99, TARGET] = "unclear"
    found = watched(log, labels, tmp_path)
    first, _ = documents(found)
    assert first.performance is not None
    assert first.performance.rows == 99
    assert found.notes == (
        'labels of breast-cancer: 100 of 199 are none of its classes, such as "unclear"; they are left out',
    )


def test_labels_that_are_all_written_otherwise_are_refused(log: Path, tmp_path: Path) -> None:
    """Else every row would have a label, and nobody would see that none of them counts."""
    labels = labels_of([0])
    labels[TARGET] = labels[TARGET].str.upper()
    said = r'^labels of breast-cancer: none is one of its classes \(benign, malignant\); one is "(BENIGN|MALIGNANT)"$'
    with pytest.raises(MintmarkError, match=said):
        watched(log, labels, tmp_path)


def test_labels_of_a_request_alone_will_not_do_where_requests_had_several_rows(log: Path, tmp_path: Path) -> None:
    with pytest.raises(MintmarkError, match='add the column "row", which counts from 0'):
        watched(log, labels_of([0])[["id", TARGET]].drop_duplicates("id"), tmp_path)


def test_a_folder_of_labels_and_csv_are_read_too(known: KnownVersion, tmp_path: Path) -> None:
    labels = labels_of([0, 1])
    for day in (0, 1):
        labels[labels["day"] == day].drop(columns="day").to_csv(tmp_path / f"{day}.csv", index=False)
    (tmp_path / "notes.txt").write_text("no labels")
    assert len(read_labels(str(tmp_path), known)) == 2 * 199
    assert len(read_labels(f"file://{tmp_path}/0.csv", known)) == 199
    with pytest.raises(MintmarkError, match=r"cannot be read|is no"):
        read_labels(str(tmp_path / "none.csv"), known)
    (tmp_path / "empty").mkdir()
    with pytest.raises(MintmarkError, match=r"there is no \.csv and no \.parquet file"):
        read_labels(str(tmp_path / "empty"), known)


def test_each_file_of_a_folder_may_write_its_times_in_its_own_way(known: KnownVersion, tmp_path: Path) -> None:
    """And has columns that no label needs, in kinds of its own."""
    model = replace(known.model, monitoring=replace(known.model.monitoring, labels=LabelSource(time="at")))
    version = replace(known, model=model)
    labels = labels_of([0])[["id", "row", TARGET]]
    (tmp_path / "labels").mkdir()
    first, second = tmp_path / "labels" / "1.parquet", tmp_path / "labels" / "2.csv"
    noon = pd.Timestamp("2026-03-06T12:00", tz="Europe/Berlin")
    labels.assign(at=noon, note=1).to_parquet(first, index=False)
    other = labels.assign(at="2026-03-06T13:00:00+04:00", note="x")
    other[TARGET] = "unclear"
    other.loc[0, "at"] = "9999-12-31T23:59:59-05:00"
    other.to_csv(second, index=False)
    found = read_labels(str(tmp_path / "labels"), version)
    assert found.values.to_pylist().count("unclear") == 1, "of the two times the one that is later in UTC counts"
    labels.assign(at=noon.tz_localize(None)).to_parquet(first, index=False)
    with pytest.raises(MintmarkError, match=r'1\.parquet: column "at" is timestamp.*; write times with their zone'):
        read_labels(str(tmp_path / "labels"), version)
    labels.assign(at=noon, id=5).to_parquet(first, index=False)
    with pytest.raises(MintmarkError, match=r"labels: the files do not have the same kinds of columns: .*\bid\b"):
        read_labels(str(tmp_path / "labels"), version)


@pytest.mark.slow
def test_labels_may_name_their_row_by_inputs(log: Path, known: KnownVersion, tmp_path: Path) -> None:
    rows = pd.concat([rows_of(0, number) for number in range(20)])[["worst area", "mean texture", TARGET]]
    file = tmp_path / "labels.csv"
    rows.drop_duplicates().to_csv(file, index=False)
    joined = LabelSource(join=("worst area", "mean texture"))
    model = replace(known.model, monitoring=replace(known.model.monitoring, labels=joined))
    found = watch_folder(log, days=2, read_labels=lambda _: read_labels(str(file), replace(known, model=model)))
    first, second = documents(found)
    assert first.labels is not None
    assert second.labels is not None
    assert (first.labels.coverage, second.labels.coverage) == (1.0, 1.0), "both days asked of the same rows"
    assert first.window.start == DAY
