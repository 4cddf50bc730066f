"""Of forty kinds of estimators most become skops that answers the same; the others are refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.artifacts.confined.forty_pickles import FORTY, convert_all

REFUSED = {
    "KNeighbors, as it chooses": "KDTree is not on the list",
    "KNeighborsRegressor, ball tree": "BallTree is not on the list",
    "GaussianProcessRegressor": "kernels.Product is not on the list",
    "a lambda in a FunctionTransformer": "<lambda> is not on the list",
}


@pytest.mark.long
def test_forty_kinds_become_skops_or_are_refused_by_name(tmp_path: Path) -> None:
    outcomes = {}
    for name, outcome in convert_all("skops", tmp_path):
        print(f"{name:38} {outcome}", flush=True)
        outcomes[name] = outcome
    assert len(outcomes) == len(FORTY) == 40
    refused = {name: outcome for name, outcome in outcomes.items() if not outcome.startswith("converted (")}
    assert refused.keys() == REFUSED.keys(), refused
    assert all(words in refused[name] for name, words in REFUSED.items())
