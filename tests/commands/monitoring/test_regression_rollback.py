"""A rollback of a regression without any label: judged by what both are estimated to be wrong by on the same rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.commands.forge.hosted import Hosted, host
from tests.commands.monitoring.two_versions import answering, days_ago, decision, stored_version
from tests.scaffold.forge.fake_forge import FakeRepository
from tests.scaffold.once import Once
from tests.scaffold.registry import Scratch, begin
from tests.serving.log.logged import journal

from mintmark.cli import main
from mintmark.commands.monitoring.following_up import LABEL
from mintmark.core.question import Question
from mintmark.core.statistics import evaluation
from mintmark.core.statistics.metrics import regression_outcomes

MODEL, TARGET = "repair", "cost"
INPUTS = {"1.0.0": ["size"], "1.1.0": ["size", "age"]}
DAYS = 2

Change = Callable[[pd.DataFrame], pd.DataFrame]


def rows_of(count: int, seed: int) -> pd.DataFrame:
    """What costs much also varies much: above 22 nobody can say it well."""
    random = np.random.default_rng(seed)
    size, age = random.normal(size=(2, count))
    mean = 20 + 2 * size + 2 * age
    cost = mean + random.normal(size=count) * np.where(mean > 22, 8.0, 0.3)
    return pd.DataFrame({"row": np.arange(count) + seed * 10_000, "size": size, "age": age, TARGET: cost})


def version(inputs: Sequence[str]) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files of a version that is trained for real, and what its record says of it."""
    train, rows = rows_of(2000, 1), rows_of(1500, 2)
    made = make_pipeline(StandardScaler(), LinearRegression()).fit(train[inputs], train[TARGET])
    said = made.predict(rows[inputs])
    question = Question(task="regression", target=TARGET, metric="mae", positive_class=None, entity_column=None,
                        slices=())  # fmt: skip
    measured = evaluation.measure(
        regression_outcomes(rows[TARGET].to_numpy(), said), rows, question, resamples=200, seed=1
    )
    return stored_version(made, train, rows, inputs, TARGET, said, None, [], measured)


def costlier_ages(rows: pd.DataFrame) -> pd.DataFrame:
    """Another unit upstream, for a column that the version before never reads; all values have been seen."""
    return rows.assign(age=2.2 + 0.2 * rows["age"])


def costlier_sizes(rows: pd.DataFrame) -> pd.DataFrame:
    """The same for a column that both read."""
    return rows.assign(size=2.2 + 0.2 * rows["size"])


@pytest.fixture
def hosted(
    once: Once, tmp_path: Path, make_repository: Callable[..., FakeRepository], monkeypatch: pytest.MonkeyPatch
) -> Hosted:
    def make(folder: Path) -> None:
        scratch = begin(folder)
        scratch.add_model(MODEL, task="regression", target=TARGET, positive_class=None, metric={"name": "mae"},
                          gates={"margin": 0.2}, monitoring={"minimum_rows": 50, "on_breach": "propose-rollback"})  # fmt: skip
        scratch.commit("Describe the model")
        parent = None
        for number, inputs in INPUTS.items():
            files, record = version(inputs)
            scratch.register(MODEL, number, contents=files, parent=parent, **record)
            scratch.promote(MODEL, number)
            parent = number

    built = once.build("repair", make)
    return host(Scratch(built).copy(tmp_path / "clone"), make_repository, monkeypatch)


def write_log(root: Path, folder: Path, change: Change) -> Path:
    """Two days in which something upstream is otherwise than it was."""
    written = journal(folder)
    with answering(root, f"{MODEL}@1.1.0") as served:
        for day in range(DAYS):
            rows = change(rows_of(400, 10 + day))
            for number in range(20):
                moment = days_ago(DAYS - day) + timedelta(minutes=30 * number + 1)
                part = rows.iloc[number * 20 : (number + 1) * 20].reset_index(drop=True)
                written.record(decision(served, f"d{day}-{number}", part, moment))
    assert written.flush()
    return folder


def monitor(hosted: Hosted, log: Path) -> int:
    return main(["-C", str(hosted.clone.root), "monitor", MODEL, "--log", str(log), "--open"])


def bodies(hosted: Hosted) -> str:
    return "\n".join(issue["body"] for issue in hosted.issues(LABEL))


@pytest.mark.slow
def test_a_rollback_is_proposed_where_the_version_before_is_estimated_to_be_less_wrong(
    hosted: Hosted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write_log(hosted.clone.root, tmp_path / "log", costlier_ages)
    assert monitor(hosted, log) == 1, capsys.readouterr().out
    (pull,) = hosted.pulls()
    assert pull["title"] == f"rollback {MODEL} 1.0.0 in production"
    assert f"{MODEL}@1.1.0 in production: it is worse, as estimated" in {
        issue["title"] for issue in hosted.issues(LABEL)
    }
    assert "800 rows without labels" in pull["body"]
    assert "| better, as estimated |" in pull["body"]
    assert "errors at each prediction are what they were on the evaluation rows" in pull["body"]


@pytest.mark.slow
def test_none_is_proposed_where_both_are_estimated_to_be_as_wrong(
    hosted: Hosted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write_log(hosted.clone.root, tmp_path / "log", costlier_sizes)
    assert monitor(hosted, log) == 1, capsys.readouterr().out
    assert hosted.pulls() == []
    assert "`1.0.0` does no better, so no request is opened." in bodies(hosted)
    assert "| not told apart |" in bodies(hosted)
