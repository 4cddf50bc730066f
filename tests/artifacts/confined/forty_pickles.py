"""Convert pickles of forty kinds of estimators and print what becomes of each: `python -m ...forty_pickles [skops|onnx]`."""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import joblib
import numpy as np
import pandas as pd
from sklearn import (
    calibration,
    compose,
    discriminant_analysis,
    ensemble,
    feature_extraction,
    gaussian_process,
    impute,
    isotonic,
    kernel_ridge,
    linear_model,
    model_selection,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)

from mintmark.artifacts.confined.conversion import convert_model
from mintmark.commands.bringing.convert import AT_THRESHOLDS, REFUSALS, TIES, conversion_faults
from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCEPTS = (REFUSALS, AT_THRESHOLDS, TIES)
random = np.random.default_rng(0)
COUNT = 150
ROWS = pd.DataFrame(
    {
        "width": random.normal(size=COUNT),
        "height": random.random(COUNT) * 3,
        "count": random.integers(0, 9, COUNT),
        "kind": random.choice(["oak", "elm", "ash", "yew"], COUNT, p=[0.5, 0.3, 0.18, 0.02]),
        "words": random.choice(["tall tree", "old tree by the river", "Größe", "young"], COUNT),
    }
)
NUMBERS = ROWS[["width", "height", "count"]]
VALUES = (NUMBERS @ [1.0, 2.0, 0.2] + random.normal(size=COUNT) / 5).to_numpy()
LABELS = np.where(np.median(VALUES) < VALUES, "high", "low")
THREE = pd.cut(VALUES, 3, labels=["small", "middle", "large"]).astype(object)

DOUBLE = eval("lambda table: table * 2", {"__name__": "__main__"})


def _columns(**kinds: object) -> compose.ColumnTransformer:
    numbers = pipeline.make_pipeline(impute.SimpleImputer(strategy="median"), preprocessing.StandardScaler())
    encoder = preprocessing.OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5)
    parts = [("numbers", numbers, list(NUMBERS)), ("kinds", kinds.get("encoder", encoder), ["kind"])]
    return compose.ColumnTransformer(parts)


def _text() -> compose.ColumnTransformer:
    return compose.ColumnTransformer([("words", feature_extraction.text.TfidfVectorizer(), "words")])


def _scaled(model: object) -> pipeline.Pipeline:
    return pipeline.make_pipeline(preprocessing.StandardScaler(), model)


FORTY = {
    "LogisticRegression": (_scaled(linear_model.LogisticRegression()), NUMBERS, LABELS),
    "LogisticRegression, 3 classes": (_scaled(linear_model.LogisticRegression()), NUMBERS, THREE),
    "LinearRegression": (linear_model.LinearRegression(), NUMBERS, VALUES),
    "Ridge": (_scaled(linear_model.Ridge()), NUMBERS, VALUES),
    "Lasso": (_scaled(linear_model.Lasso(0.01)), NUMBERS, VALUES),
    "ElasticNetCV": (_scaled(linear_model.ElasticNetCV(cv=3)), NUMBERS, VALUES),
    "HuberRegressor": (_scaled(linear_model.HuberRegressor()), NUMBERS, VALUES),
    "PoissonRegressor": (_scaled(linear_model.PoissonRegressor()), NUMBERS, VALUES - VALUES.min() + 1),
    "SGDClassifier": (_scaled(linear_model.SGDClassifier(loss="log_loss", random_state=0)), NUMBERS, LABELS),
    "Perceptron": (_scaled(linear_model.Perceptron(random_state=0)), NUMBERS, LABELS),
    "LinearSVC": (_scaled(svm.LinearSVC(random_state=0)), NUMBERS, LABELS),
    "SVC": (_scaled(svm.SVC()), NUMBERS, THREE),
    "SVR": (_scaled(svm.SVR()), NUMBERS, VALUES),
    "GaussianNB": (naive_bayes.GaussianNB(), NUMBERS, LABELS),
    "LinearDiscriminantAnalysis": (discriminant_analysis.LinearDiscriminantAnalysis(), NUMBERS, THREE),
    "QuadraticDiscriminantAnalysis": (discriminant_analysis.QuadraticDiscriminantAnalysis(), NUMBERS, LABELS),
    "KNeighbors, brute": (neighbors.KNeighborsClassifier(algorithm="brute"), NUMBERS, LABELS),
    "KNeighbors, as it chooses": (neighbors.KNeighborsClassifier(), NUMBERS, LABELS),
    "KNeighborsRegressor, ball tree": (neighbors.KNeighborsRegressor(algorithm="ball_tree"), NUMBERS, VALUES),
    "DecisionTree": (tree.DecisionTreeClassifier(max_depth=4, random_state=0), NUMBERS, THREE),
    "DecisionTreeRegressor": (tree.DecisionTreeRegressor(max_depth=4, random_state=0), NUMBERS, VALUES),
    "RandomForest": (ensemble.RandomForestClassifier(20, random_state=0), NUMBERS, LABELS),
    "ExtraTreesRegressor": (ensemble.ExtraTreesRegressor(20, random_state=0), NUMBERS, VALUES),
    "GradientBoosting": (ensemble.GradientBoostingClassifier(n_estimators=20, random_state=0), NUMBERS, THREE),
    "HistGradientBoosting": (ensemble.HistGradientBoostingClassifier(max_iter=20), NUMBERS, LABELS),
    "HistGradientBoosting, early stopping": (
        ensemble.HistGradientBoostingRegressor(max_iter=60, early_stopping=True, random_state=0), NUMBERS, VALUES),
    "HistGradientBoosting, categories": (
        pipeline.make_pipeline(
            _columns(encoder=preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)),
            ensemble.HistGradientBoostingClassifier(max_iter=10, categorical_features=[3])), ROWS, LABELS),
    "AdaBoost": (ensemble.AdaBoostClassifier(n_estimators=10, random_state=0), NUMBERS, LABELS),
    "Bagging": (ensemble.BaggingClassifier(n_estimators=5, random_state=0), NUMBERS, LABELS),
    "Voting": (ensemble.VotingClassifier(
        [("a", linear_model.LogisticRegression()), ("b", naive_bayes.GaussianNB())], voting="soft"), NUMBERS, LABELS),
    "Stacking": (ensemble.StackingClassifier(
        [("a", linear_model.LogisticRegression()), ("b", naive_bayes.GaussianNB())], cv=3), NUMBERS, LABELS),
    "MLPClassifier": (_scaled(neural_network.MLPClassifier((8,), max_iter=80, random_state=0)), NUMBERS, THREE),
    "CalibratedClassifierCV": (
        calibration.CalibratedClassifierCV(linear_model.LogisticRegression(), cv=3), NUMBERS, LABELS),
    "GaussianProcessRegressor": (gaussian_process.GaussianProcessRegressor(), NUMBERS, VALUES),
    "KernelRidge": (kernel_ridge.KernelRidge(), NUMBERS, VALUES),
    "columns with rare levels": (
        pipeline.make_pipeline(_columns(), linear_model.LogisticRegression()), ROWS, LABELS),
    "TF-IDF of a column": (pipeline.make_pipeline(_text(), linear_model.LogisticRegression()), ROWS, LABELS),
    "GridSearchCV": (model_selection.GridSearchCV(
        _scaled(linear_model.LogisticRegression()), {"logisticregression__C": [0.1, 1]}, cv=3), NUMBERS, LABELS),
    "a lambda in a FunctionTransformer": (
        pipeline.make_pipeline(
            preprocessing.FunctionTransformer(DOUBLE), linear_model.LinearRegression()),
        NUMBERS, VALUES),
    "IsotonicRegression": (isotonic.IsotonicRegression(out_of_bounds="clip"), NUMBERS[["width"]], VALUES),
}  # fmt: skip


def convert_all(artifact_format: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield for each kind what became of it: `converted` with what was asked and --accept it takes, or why not."""
    import cloudpickle

    for number, (name, (model, inputs, truth)) in enumerate(FORTY.items()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(inputs, truth)
        path = folder / f"model-{number}.pkl"
        with open(path, "wb") as file:
            (cloudpickle.dump if "lambda" in name else joblib.dump)(model, file)
        yield name, _outcome(path, artifact_format, inputs)


def _outcome(path: Path, artifact_format: str, rows: pd.DataFrame) -> str:
    try:
        conversion = convert_model(path, artifact_format, rows)
    except MintmarkError as error:
        return f"refused: {str(error).splitlines()[0].partition(': ')[2]}"
    agreement = conversion.agreement
    how = f"{sum(kind.rows for kind in agreement.kinds)} rows, largest difference {agreement.difference:.2g}"
    faults = list(conversion_faults(conversion, ACCEPTS))
    if faults:
        return f"refused: {'; '.join(faults)} ({how})"
    needed = [
        one for one in ACCEPTS if list(conversion_faults(conversion, [other for other in ACCEPTS if other != one]))
    ]
    accepted = f" with --accept {' '.join(needed)}" if needed else ""
    return f"converted{accepted} ({how})"


if __name__ == "__main__":
    outcomes = []
    with tempfile.TemporaryDirectory() as place:
        for kind, outcome in convert_all(sys.argv[1] if len(sys.argv) > 1 else "skops", Path(place)):
            print(f"{kind:38} {outcome}", flush=True)
            outcomes.append(outcome)
    as_it_is = sum(outcome.startswith("converted (") for outcome in outcomes)
    accepted = sum(outcome.startswith("converted with") for outcome in outcomes)
    print(f"of {len(outcomes)}: {as_it_is} converted, {accepted} more with --accept, the others refused")
