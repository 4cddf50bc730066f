"""What a pickle holds is told in one sentence with a remedy. The pickles here are the test's own, so it loads them itself."""

from __future__ import annotations

import gzip
import pickle
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle
import joblib
import pandas as pd
import pytest
import sklearn
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mintmark.artifacts.confined.conversion_worker import _require_answer
from mintmark.artifacts.confined.pickled_model import columns_for, estimator_in, load_pickled, without_search
from mintmark.errors import MintmarkError

ROWS = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0, 5.0, 7.0], "b": [0.0, 1.0, 0.0, 3.0, 1.0, 2.0]})
MODEL = LinearRegression().fit(ROWS, ROWS["a"])


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_pickle_joblib_and_cloudpickle_packed_or_not(tmp_path: Path) -> None:
    paths = [
        written(tmp_path / "0.pkl", pickle.dumps(MODEL, protocol=0)),
        written(tmp_path / "5.pkl", pickle.dumps(MODEL, protocol=5)),
        written(tmp_path / "cloud.pkl", cloudpickle.dumps(MODEL)),
        written(tmp_path / "packed.pkl.gz", gzip.compress(pickle.dumps(MODEL))),
    ]
    for number, packed in enumerate([0, ("zlib", 3), ("xz", 3), ("bz2", 3)]):
        joblib.dump(MODEL, tmp_path / f"{number}.joblib", compress=packed)
        paths.append(tmp_path / f"{number}.joblib")
    for path in paths:
        assert load_pickled(path).predict(ROWS).tolist() == MODEL.predict(ROWS).tolist()


def test_another_version_of_scikit_learn_is_an_error(tmp_path: Path) -> None:
    here = sklearn.__version__
    other = "0" + here[1:]
    content = pickle.dumps(MODEL).replace(here.encode(), other.encode())
    with pytest.raises(MintmarkError, match=f"was written by scikit-learn {other}, and here is {here}"):
        load_pickled(written(tmp_path / "old.pkl", content))


def refusal(path: Path) -> str:
    with pytest.raises(MintmarkError) as caught:
        estimator_in(load_pickled(path), path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"just text", "is no pickle"),
        (pickle.dumps(MODEL)[:-20], "is no pickle"),
        (
            b"cnot_there\nModel\n.",
            "needs the module not_there, which is not installed here; install it (your own one as a package), or",
        ),
        (b"cxgboost.sklearn\nXGBClassifier\n.", "convert_xgboost"),
        (b"csklearn.linear_model\nGone\n.", "no longer have"),
        (b"c__main__\nGone\n.", "what a script or notebook defined"),
        (b"cbuiltins\nint\n(S'x'\ntR.", "cannot be loaded here"),
        (pickle.dumps({"model": MODEL, "columns": ["a"]}), "holds a dictionary (model, columns)"),
        (pickle.dumps(StandardScaler().fit(ROWS)), "has no predict"),
    ],
    ids=["text", "broken off", "module", "framework", "class", "main", "raises", "dictionary", "no predict"],
)
def test_what_cannot_be_used_says_why(tmp_path: Path, content: bytes, words: str) -> None:
    assert words in refusal(written(tmp_path / "model.pkl", content))


def test_an_estimator_of_another_framework_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("lightgbm")

    class Booster:
        def predict(self, table: Any) -> Any:
            return table

    Booster.__module__, Booster.__qualname__ = "lightgbm", "Booster"
    module.Booster = Booster  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lightgbm", module)
    assert "holds a model of LightGBM" in refusal(written(tmp_path / "model.pkl", pickle.dumps(Booster())))


def test_of_a_search_the_best_estimator_is_taken(tmp_path: Path) -> None:
    search = GridSearchCV(LinearRegression(), {"fit_intercept": [True, False]}, cv=2).fit(ROWS, ROWS["a"])
    model, taken_from = estimator_in(search, tmp_path)
    assert (type(model), taken_from) == (LinearRegression, "GridSearchCV")


def test_of_a_search_at_the_end_of_a_pipeline_too() -> None:
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingGridSearchCV

    search = HalvingGridSearchCV(LinearRegression(), {"fit_intercept": [True, False]}, cv=2, min_resources=2)
    pipeline = make_pipeline(StandardScaler(), search).fit(ROWS, ROWS["a"])
    made = without_search(pipeline)
    assert [type(step) for step in made] == [StandardScaler, LinearRegression]
    assert made.predict(ROWS).tolist() == pipeline.predict(ROWS).tolist()
    assert type(estimator_in(search, Path("m.pkl"))[0]) is LinearRegression


def test_columns_are_taken_by_name_or_counted(tmp_path: Path) -> None:
    rows = ROWS.assign(more=1)[["more", "b", "a"]]
    assert columns_for(MODEL, rows, tmp_path) == [2, 1]
    with pytest.raises(MintmarkError, match='was fitted on the column "b", which the rows lack'):
        columns_for(MODEL, rows[["a"]], tmp_path)
    unnamed = LinearRegression().fit(ROWS.to_numpy(), ROWS["a"])
    assert columns_for(unnamed, ROWS, tmp_path) == [0, 1]
    with pytest.raises(MintmarkError, match="was fitted on 2 columns without names, and the rows have 3"):
        columns_for(unnamed, rows, tmp_path)


def test_a_model_of_several_targets_is_named_as_one(tmp_path: Path) -> None:
    for width, words in ((2, "predicts 2 values for each row"), (1, "fit it again on the column alone")):
        model = LinearRegression().fit(ROWS, ROWS.to_numpy()[:, :width])
        with pytest.raises(MintmarkError, match=words):
            _require_answer(model, ROWS, tmp_path)
    with pytest.raises(MintmarkError, match="does not answer the rows"):
        _require_answer(LinearRegression(), ROWS, tmp_path)
