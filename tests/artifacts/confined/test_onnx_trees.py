"""Trees as ONNX send a missing value where scikit-learn sends it, whether training had seen one or not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import ExtraTreesClassifier, IsolationForest, RandomForestRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from mintmark.artifacts.confined.onnx_export import export_onnx
from mintmark.artifacts.onnx_format import OnnxModel

random = np.random.default_rng(0)
WHOLE = pd.DataFrame(random.normal(size=(200, 3)), columns=["width", "height", "depth"]).astype("float32").astype(float)
HOLED = WHOLE.mask(random.random(WHOLE.shape) < 0.2)
TRUTH = (WHOLE["width"] + WHOLE["height"] ** 2 > 1).to_numpy().astype(int)


@pytest.mark.parametrize("trained_on", [WHOLE, HOLED], ids=["whole rows", "rows with holes"])
@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeClassifier(random_state=0),
        ExtraTreesClassifier(5, random_state=0),
        make_pipeline(RandomForestRegressor(5, random_state=0)),
        IsolationForest(n_estimators=5, random_state=0),
    ],
    ids=["tree", "extra trees", "forest", "isolation"],
)
def test_a_missing_value_goes_where_the_estimator_sends_it(model: Any, trained_on: pd.DataFrame) -> None:
    fitted = model.fit(trained_on, TRUTH)
    made = OnnxModel(export_onnx(fitted, WHOLE), path="model.onnx")
    for rows in (HOLED, *(WHOLE.assign(**{name: np.nan}) for name in WHOLE)):
        assert made.predict(rows) == pytest.approx(fitted.predict(rows), abs=1e-5)


def test_a_tree_behind_another_step_is_found_too() -> None:
    fitted = make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=3, random_state=0)).fit(HOLED, TRUTH)
    made = OnnxModel(export_onnx(fitted, WHOLE), path="model.onnx")
    rows = WHOLE.assign(height=np.nan)
    assert made.predict_proba(rows) == pytest.approx(fitted.predict_proba(rows), abs=1e-5)
