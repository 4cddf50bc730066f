"""Stored predictions tell the same as the review that measured them, whoever wrote the file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from tests.scaffold.work import calls_at_most

from mintmark.core.judgement.contests import Contender, contest
from mintmark.core.judgement.grading import grade, read_answer
from mintmark.core.model import Gates
from mintmark.core.provenance.training_rows import digest_training
from mintmark.core.question import Question
from mintmark.core.statistics.metrics import class_outcomes, metric_value
from mintmark.core.statistics.true_curves import TrueCurve, true_curves
from mintmark.errors import MintmarkError
from mintmark.publishing.site.drawing import stored_curves
from mintmark.publishing.site.drawing.stored_curves import Stored, paired_standing, read_line, read_outcomes

ROOT = Path(__file__).parents[4]
VERSIONS = sorted((ROOT / "models").glob("*/versions/*/version.yaml"))
BINARY = Question(task="binary-classification", target="t", metric="roc_auc")


def read_curves(source: Any, **question: Any) -> list[TrueCurve]:
    """The curves of a version's predictions, none where the file does not hold any that can be drawn."""
    line = read_line(source, **question)
    return line.curves if line is not None else []


def parquet(columns):
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


def predictions(rows=300, noise=0.25, *, seed=1, labels=(0, 1)):
    """Predictions of two classes for the same rows, better or worse."""
    truth = np.random.default_rng(0).integers(0, 2, rows)
    score = np.clip(np.random.default_rng(seed).normal(0.3 + 0.4 * truth, noise), 0, 1)
    names = np.array(labels)
    return {
        "row": np.arange(rows),
        "truth": names[truth],
        "prediction": names[(score > 0.5).astype(int)],
        f"probability_{labels[0]}": 1 - score,
        f"probability_{labels[1]}": score,
    }


def stored_files(path):
    """The record of a version and what the embedded store has of it."""
    record = yaml.safe_load(path.read_text())
    model = yaml.safe_load((path.parents[2] / "model.yaml").read_text())
    files = {}
    for name in ("predictions.parquet", "evaluation.parquet"):
        md5 = yaml.safe_load((path.parent / f"{name}.dvc").read_text())["outs"][0]["md5"]
        file = ROOT / ".dvc" / "store" / "files" / "md5" / md5[:2] / md5[2:]
        if not file.is_file():
            pytest.skip(f"{name} of {path.parent} is not in the embedded store")
        files[name] = file
    return record, model, files


def as_a_review_has_it(predicted, model, classes, known=None):
    """The outcomes by the way that judges go: pandas, and an answer that is graded."""
    table = pq.read_table(io.BytesIO(predicted) if isinstance(predicted, bytes) else predicted).to_pandas()
    question = model if isinstance(model, Question) else Question.from_dict(model)
    return grade(read_answer(table, classes), table["truth"], question, classes, known)


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: "-".join(path.parts[-4:-1:2]))
def test_the_registrys_own_versions_have_the_curves_of_their_review(path: Path) -> None:
    record, model, files = stored_files(path)
    classes = record["signature"].get("classes", [])
    file = files["predictions.parquet"]
    expected = true_curves([("m@1", as_a_review_has_it(file, model, classes))])
    assert expected
    for source in (file, file.read_bytes()):
        for known in (classes, ()):  # the columns of probabilities name them as well
            found = read_curves(
                source, task=model["task"], positive_class=model["positive_class"], classes=known, name="m@1"
            )
            assert found == expected
    outcomes = read_outcomes(file, task=model["task"], positive_class=model["positive_class"], classes=classes)
    primary = model["metric"]["name"]
    assert metric_value(primary, outcomes) == pytest.approx(record["metrics"][primary]["value"], rel=1e-8)


@pytest.mark.parametrize("labels", [("benign", "malignant"), (0, 1), (0.0, 1.5), (False, True), ("1", "2")])
def test_labels_are_of_any_kind(labels: tuple[object, object]) -> None:
    source = parquet(predictions(labels=labels))
    expected = [curve.lines for curve in true_curves([("a", as_a_review_has_it(source, BINARY, list(labels)))])]
    for classes in ((), list(labels)):
        assert [curve.lines for curve in read_curves(source, task=BINARY.task, classes=classes, name="a")] == expected
    other = read_curves(source, task=BINARY.task, positive_class=labels[0], name="a")
    assert [curve.lines for curve in other] != expected


def test_the_greater_class_is_the_positive_one_whatever_their_order() -> None:
    source = parquet(predictions())
    for classes in ((0, 1), (1, 0)):
        outcomes = read_outcomes(source, task=BINARY.task, classes=classes)
        assert outcomes.classes[outcomes.positive] == 1
        assert metric_value("roc_auc", outcomes) > 0.8


def test_a_class_that_no_row_is_of_takes_no_part() -> None:
    truth = np.array([0, 1] * 20)
    table = np.full((40, 3), 0.2)
    table[np.arange(40), truth] = 0.6
    for curve in true_curves([("a", class_outcomes(truth, truth, table, [0, 1, 2]))]):
        ((_, _, values),) = curve.lines
        assert max(values) == values[-1] == 1.0


def test_labels_without_probabilities_have_no_curve_and_still_outcomes() -> None:
    source = parquet({name: column for name, column in predictions().items() if not name.startswith("probability_")})
    assert read_curves(source, task=BINARY.task) == []
    outcomes = read_outcomes(source, task=BINARY.task)
    assert outcomes.classes == (0, 1)
    assert metric_value("accuracy", outcomes) > 0.5


def hostile_files():
    good = predictions(20)
    yield "no parquet", b"PAR1 nothing PAR1"
    yield "nothing", b""
    yield "cut", parquet(good)[:-40]
    yield "no rows", parquet({name: column[:0] for name, column in good.items()})
    yield "no truth", parquet({name: column for name, column in good.items() if name != "truth"})
    yield "lists", parquet(good | {"truth": [[1]] * 20})
    yield "unknown label", parquet(good | {"truth": [7] * 20})
    yield "no label", parquet(good | {"truth": pa.array([None] * 20, pa.int64())})
    yield "impossible", parquet(good | {"probability_1": np.full(20, 7.0)})
    yield "nan", parquet(good | {"probability_1": np.full(20, np.nan)})
    yield "text", parquet(good | {"probability_1": ["x"] * 20})
    yield "twice", pair_of_one_name(good)


def pair_of_one_name(columns):
    target = io.BytesIO()
    pq.write_table(
        pa.Table.from_arrays([pa.array(columns["truth"])] * 3, names=["truth", "truth", "prediction"]), target
    )
    return target.getvalue()


@pytest.mark.parametrize("content", [pytest.param(content, id=name) for name, content in hostile_files()])
def test_what_is_not_predictions_has_no_curve(content: bytes) -> None:
    assert read_curves(content, task="binary-classification") == []
    with pytest.raises(MintmarkError, match=r"predictions\.parquet cannot be read"):
        read_outcomes(content, task="binary-classification")
    broken = Stored(predictions=content, evaluation_sha256="a", classes=(0, 1))
    fine = Stored(predictions=parquet(predictions(20)), evaluation_sha256="a", classes=(0, 1))
    assert paired_standing(broken, fine, BINARY, margin=0.01) is None
    assert paired_standing(fine, broken, BINARY, margin=0.01) is None


@pytest.mark.parametrize("column", [["x", "y"], [True, False], [1.0, float("nan")], [1.0, float("inf")], [None, 1.0]])
def test_a_regression_needs_numbers(column: list[object]) -> None:
    assert read_curves(parquet({"truth": [1.0, 2.0], "prediction": [1.0, 2.0]}), task="regression")
    assert read_curves(parquet({"truth": [1.0, 2.0], "prediction": column}), task="regression") == []
    assert read_curves(parquet({"truth": column, "prediction": [1.0, 2.0]}), task="regression") == []


def test_a_few_bytes_that_claim_to_be_very_many_rows_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    column = np.zeros(stored_curves.MOST_ROWS + 1)
    content = parquet({"truth": column, "prediction": column})
    assert len(content) < 100_000
    with pytest.raises(MintmarkError, match="1,000,001 rows, more than can be drawn"):
        read_outcomes(content, task="regression")
    wide = parquet({"truth": [0.0] * 5, "prediction": [0.0] * 5, **{f"probability_{n}": [0.0] * 5 for n in range(10)}})
    monkeypatch.setattr(stored_curves, "MOST_CELLS", 59)
    with pytest.raises(MintmarkError, match="more than can be drawn"):
        read_outcomes(wide, task="regression")


def test_a_column_that_names_no_class_is_told_by_the_signature() -> None:
    content = parquet(predictions() | {"probability_x": np.zeros(300)})
    assert read_curves(content, task="binary-classification") == []
    assert read_curves(content, task="binary-classification", classes=(0, 1))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert read_curves(tmp_path / "gone.parquet", task="regression") == []


# -- standing --------------------------------------------------------------------------------------------------------


def side(content, *, sha256="a" * 64, classes=(0, 1), train=(-1.0,), entities=None, **more):
    """What is stored of a version that was trained on rows with these values of x; row n of the evaluation has n."""
    if not isinstance(content, bytes):
        rows = pd.DataFrame({"x": np.arange(len(content["truth"]), dtype=float), "t": content["truth"]})
        trained = pd.DataFrame({"x": list(train)})
        trained["t"] = [rows["t"].iloc[int(x)] for x in train]
        if entities is not None:
            rows["patient"], trained["patient"] = entities, "nobody"
        digests = digest_training(
            trained, inputs=["x"], target="t", has_id=False,
            entity=None if entities is None else "patient", key="k",
        )  # fmt: skip
        more = {
            "evaluation": parquet(rows.to_dict("list")), "training_rows": parquet(digests.to_dict("list")),
            "inputs": ["x"], "key": "k", **more,
        }  # fmt: skip
    return Stored(
        predictions=content if isinstance(content, bytes) else parquet(content),
        evaluation_sha256=sha256,
        classes=classes,
        **more,
    )


def test_the_standing_is_that_of_a_review() -> None:
    """Where the verdict is clear, fewer resamples say the same; the order of the two turns it round."""
    good, bad = predictions(100, 0.2), predictions(100, 0.7, seed=2)
    rows = pd.DataFrame({"t": good["truth"]})
    found = {}
    for name, (ours, theirs) in {"up": (good, bad), "down": (bad, good), "same": (good, good)}.items():
        sides = [
            Contender(name=n, outcomes=as_a_review_has_it(parquet(p), BINARY, [0, 1]))
            for n, p in (("a", ours), ("b", theirs))
        ]
        evaluation = contest(
            sides[0], sides[1], rows, BINARY, Gates(margin=0.01, slice_margin=0.01), source="base", sha256="x"
        )
        expected = next(metric.difference.standing for metric in evaluation.metrics if metric.primary)
        found[name] = paired_standing(side(ours), side(theirs), BINARY, margin=0.01)
        assert found[name] == expected
    assert found == {"up": "better", "down": "worse", "same": "inconclusive"}


def test_a_margin_forgives_and_few_rows_leave_it_open() -> None:
    good, bad = predictions(noise=0.3), predictions(noise=0.33, seed=2)
    assert paired_standing(side(bad), side(good), BINARY, margin=0.5) == "no worse"
    alike = [predictions(40, 0.3, seed=seed) for seed in (3, 5)]
    assert paired_standing(side(alike[0]), side(alike[1]), BINARY, margin=0.0) == "inconclusive"


def test_less_is_better_for_an_error() -> None:
    truth = np.linspace(0, 10, 200)
    near, far = ({"truth": truth, "prediction": truth + np.resize([d, -d], 200)} for d in (0.1, 1.0))
    question = Question(task="regression", target="t", metric="mae")
    assert paired_standing(side(near, classes=()), side(far, classes=()), question, margin=0.1) == "better"
    assert paired_standing(side(far, classes=()), side(near, classes=()), question, margin=0.1) == "worse"


def test_other_rows_cannot_be_compared() -> None:
    one = predictions()
    assert paired_standing(side(one), side(one, sha256="b" * 64), BINARY, margin=0.01) is None
    assert paired_standing(side(one, sha256=""), side(one, sha256=""), BINARY, margin=0.01) is None
    turned = one | {"truth": one["truth"][::-1]}
    assert paired_standing(side(one), side(turned), BINARY, margin=0.01) is None
    fewer = {name: column[:100] for name, column in one.items()}
    assert paired_standing(side(one), side(fewer), BINARY, margin=0.01) is None


def test_a_metric_that_one_of_them_does_not_give() -> None:
    one = predictions()
    bare = {name: column for name, column in one.items() if not name.startswith("probability_")}
    assert paired_standing(side(one), side(bare), BINARY, margin=0.01) is None
    assert paired_standing(side(bare), side(one), BINARY, margin=0.01) is None


def test_classes_may_come_in_another_order() -> None:
    one = predictions(labels=("no", "yes"))
    turned = {name: one[name] for name in ("row", "truth", "prediction", "probability_yes", "probability_no")}
    first, second = side(one, classes=("no", "yes")), side(turned, classes=("yes", "no"))
    assert paired_standing(first, second, BINARY, margin=0.01) == "no worse"


def test_it_is_judged_on_the_rows_that_neither_was_trained_on() -> None:
    """Right on the half that it saw, and no better than chance on the other: R11."""
    truth = np.arange(300) % 2
    fair = {"truth": truth, "prediction": np.where(np.arange(300) % 10, truth, 1 - truth)}
    learnt = {"truth": truth, "prediction": np.where(np.arange(300) < 150, truth, np.roll(truth, 1))}
    question = Question(task=BINARY.task, target="t", metric="accuracy")
    half = tuple(map(float, range(150)))
    assert paired_standing(side(learnt, train=half), side(fair), question, margin=0.01) == "worse"
    assert paired_standing(side(fair), side(learnt, train=half), question, margin=0.01) == "better"
    most = tuple(map(float, range(280)))
    assert paired_standing(side(learnt, train=most), side(fair), question, margin=0.01) is None, "20 rows are left"
    for unknown in ({"training_rows": None}, {"key": None}, {"evaluation": b"no table"}, {"training_rows": b""}):
        assert paired_standing(side(learnt, **unknown), side(fair), question, margin=0.01) is None


def test_rows_of_one_entity_are_drawn_together() -> None:
    """Ten rows of an entity that say the same are one observation, and then there is less to be sure of."""
    good, bad = predictions(40, 0.3, seed=3), predictions(40, 0.36, seed=4)
    many = [{name: np.repeat(column, 10) for name, column in part.items()} for part in (good, bad)]
    alone = paired_standing(side(many[0]), side(many[1]), BINARY, margin=0.05)
    question = Question(task=BINARY.task, target="t", metric="roc_auc", entity_column="patient")
    patients = [f"p{n}" for n in np.repeat(np.arange(40), 10)]
    one, other = (side(part, entities=patients) for part in many)
    together = paired_standing(one, other, question, margin=0.05)
    assert (alone, together) == ("better", "inconclusive")
    assert (
        paired_standing(side(many[0]), side(many[1]), question, margin=0.05) is None
    )  # whose rows they are is not known
    for broken in (b"", parquet({"other": [1] * 400}), parquet({"patient": [1] * 3})):
        one, other = (side(part, evaluation=broken) for part in many)
        assert paired_standing(one, other, question, margin=0.05) is None


def test_the_registrys_own_versions_against_each_other() -> None:
    paths = [path for path in VERSIONS if path.parts[-4] == "breast-cancer"]
    sides = []
    for path in paths:
        record, model, files = stored_files(path)
        sha256 = next(file["sha256"] for name, file in record["files"].items() if name == "evaluation.parquet")
        sides.append(
            Stored(
                predictions=files["predictions.parquet"],
                evaluation_sha256=sha256,
                classes=record["signature"]["classes"],
            )
        )
    assert len(sides) >= 2
    found = paired_standing(sides[1], sides[0], Question.from_dict(model), margin=model["gates"]["margin"])
    assert found in (None, "better", "no worse", "inconclusive", "worse")  # None: before versions kept training rows


def test_reading_and_comparing_is_fast() -> None:
    content = parquet(predictions(200))
    with calls_at_most(10_000):
        read_curves(content, task=BINARY.task, classes=(0, 1))
    one, other = side(predictions(500)), side(predictions(500, 0.3, seed=2))
    with calls_at_most(20_000):
        assert paired_standing(one, other, BINARY, margin=0.01)
