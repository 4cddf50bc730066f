"""What the stored files of a version come to: typical inputs, answers by class, trials of tuning."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mintmark.core.provenance.candidate import required_names, stored_names
from mintmark.publishing.site.drawing.trials_chart import trials_chart
from mintmark.publishing.site.pages.version_classes import accuracy_sentence, class_names, class_rows
from mintmark.publishing.site.stored.class_counts import class_counts
from mintmark.publishing.site.stored.tuning_trials import tuning_trials
from mintmark.publishing.site.stored.typical_inputs import typical_inputs
from mintmark.registry.stored.contents import check_stored_file

ROOT = Path(__file__).parents[4]
TRIALS = b"trial,score,deviation,rank,C\n0,0.9,0.01,2,1.0\n1,0.95,0.02,1,10\n2,,,3,100\n"


def predictions(truth: list[Any], said: list[Any]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"truth": truth, "prediction": said}), file)
    return file.getvalue()


def test_answers_are_counted_by_class_and_their_metrics_follow() -> None:
    content = predictions(["a", "a", "b", "b", "b", "c"], ["a", "b", "b", "b", "a", "c"])
    found = class_counts(content, task="multiclass-classification", classes=["a", "b", "c"])
    assert found == {"classes": ["a", "b", "c"], "others": 0, "counts": [[1, 1, 0], [1, 2, 0], [0, 0, 1]]}
    first, second, third = class_rows(found)
    assert (first.rows, first.precision, first.recall, first.f1) == ("2", "0.5", "0.5", "0.5")
    assert (second.precision, second.recall) == ("0.6667", "0.6667")
    assert [shade for _, shade in third.cells] == [0, 0, 9]
    assert accuracy_sentence(found) == "4 of 6 rows are answered right, 66.67%"


def test_of_many_classes_the_rest_share_a_row() -> None:
    names = [f"c{number:02d}" for number in range(50)]
    truth = [name for number, name in enumerate(names) for _ in range(50 - number)]
    found = class_counts(predictions(truth, truth), task="multiclass-classification", classes=names)
    assert found is not None
    assert (len(found["classes"]), found["others"], len(found["counts"])) == (20, 30, 21)
    assert sum(map(sum, found["counts"])) == len(truth)
    assert found["counts"][-1][-1] == sum(range(1, 31))
    assert class_names(found)[-1] == "30 other classes"
    assert class_rows(found)[-1].precision == "–", "right among thirty classes is not one thing"


@pytest.mark.parametrize("content", [b"", b"PAR1", predictions([1.5], [2.5])])
def test_a_file_that_tells_nothing_is_none(content: bytes) -> None:
    assert class_counts(content, task="binary-classification", classes=["a", "b"]) is None
    assert typical_inputs(content) is None
    assert tuning_trials(content) is None


def test_typical_inputs_are_those_of_the_profile() -> None:
    record = (ROOT / "models/diabetes-progression/versions/1.1.0/profile.json.dvc").read_text()
    md5 = record.split("md5: ")[1].split()[0]
    found = typical_inputs((ROOT / ".dvc/store/files/md5" / md5[:2] / md5[2:]).read_bytes())
    assert found is not None
    assert 18 < found["bmi"]["low"] < found["bmi"]["median"] < found["bmi"]["high"] < 45
    assert found["bmi"]["missing"] is False


def test_trials_come_with_their_parameters_and_are_drawn() -> None:
    found = tuning_trials(TRIALS)
    assert found is not None
    assert found["trials"][1] == {"trial": 1, "score": 0.95, "deviation": 0.02, "rank": 1, "parameters": {"C": "10"}}
    assert found["trials"][2]["score"] is None
    drawn = trials_chart(found["trials"])
    assert drawn.count("<circle") == 3, "two trials with a score, and a ring around the best"
    assert "The best is trial 1 with 0.95." in drawn
    assert trials_chart(found["trials"][:1]) == ""
    many = tuning_trials(b"trial,score,deviation,rank\n" + b"".join(b"%d,1,0,%d\n" % (n, 900 - n) for n in range(900)))
    assert many is not None
    assert many["count"] == 900
    assert [trial["trial"] for trial in many["trials"]] == list(range(700, 900))


def test_trials_are_kept_where_the_pipeline_makes_them(tmp_path: Path) -> None:
    lineage = [{"role": "training", "rows": 9}]
    assert stored_names(["best.json"], lineage) == required_names(lineage)
    assert stored_names(["trials.csv"], lineage) == [*required_names(lineage), "trials.csv"]
    path = tmp_path / "trials.csv"
    for content, faults in ((TRIALS, []), (b"a,b\n1,2\n", ["trial", "score", "deviation", "rank"])):
        path.write_bytes(content)
        found = list(check_stored_file(path, "trials.csv", {}, [], path="trials.csv"))
        assert [finding.message.split('"')[1] for finding in found] == faults
