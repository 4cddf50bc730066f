"""Behaviour tests of each kind as model.yaml declares them, and answers to hold against them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from mintmark.core.behaviour_tests import behaviour_test
from mintmark.core.judgement import behaviour
from mintmark.core.judgement.answers import Answer

ROWS = pd.DataFrame(
    {
        "size": [1.0, 2.0, 4.0, 8.0, np.nan, 64.0],
        "count": [1, 2, 3, 4, 5, 6],
        "flag": [True, False, True, True, False, True],
        "site": ["u", "v", "v", "w", "w", "u"],
        "day": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05", "2026-01-06"]),
        "tiny": np.array([1, 2, 3, 4, 5, 100], dtype=np.int8),
        "half": np.array([0.5] * 6, dtype=np.float32),
    }
)
ALL_INPUTS = ["missing-column", "nan", "wrong-type", "no-rows"]


def minimum(*cases: dict[str, Any], name: str = "plain") -> dict[str, Any]:
    return {"name": name, "kind": "minimum-functionality", "cases": list(cases)}


def invariance(
    change: dict[str, Any], *, tolerance: float = 0.5, share: float = 1, name: str = "steady"
) -> dict[str, Any]:
    return {"name": name, "kind": "invariance", "change": change, "tolerance": tolerance, "share": share}


def direction(change: dict[str, Any], expect: str = "increase", *, share: float = 1) -> dict[str, Any]:
    return {"name": "rising", "kind": "direction", "change": change, "expect": expect, "share": share}


def malformed(*inputs: str, expect: str = "error") -> dict[str, Any]:
    return {"name": "refuses", "kind": "malformed", "inputs": list(inputs), "expect": expect}


def probes(tests: Sequence[dict[str, Any]], rows: pd.DataFrame, *, seed: int) -> dict[str, pd.DataFrame]:
    return behaviour.probes(list(map(behaviour_test, tests)), rows, seed=seed)


def judge_behaviour(tests: Sequence[dict[str, Any]], *arguments: Any, **about: Any) -> list[Any]:
    return behaviour.judge_behaviour(list(map(behaviour_test, tests)), *arguments, **about)


def judge(test, answer, *, rows=None, unchanged=None, classes=(), positive=None):
    """Judge one test by answers that are written down; a malformed test has one for each input."""
    rows = pd.DataFrame({"x": [float(i) for i in range(len(unchanged.prediction))]}) if rows is None else rows
    asked = probes([test], rows, seed=1)
    answers = dict.fromkeys(asked, answer) if isinstance(answer, Answer) else dict(zip(asked, answer, strict=True))
    (result,) = judge_behaviour([test], rows, asked, answers, unchanged or Answer(), classes=classes, positive=positive)
    json.dumps([result.message, result.share, list(result.failures)], allow_nan=False)  # plain values only
    return result


def numbers(*values: Any) -> Answer:
    return Answer(prediction=values)


def chances(*positive: float) -> Answer:
    """An answer of two classes, `no` and `yes`, by the probability of `yes`."""
    return Answer(
        prediction=["yes" if p > 0.5 else "no" for p in positive], probabilities=[[1 - p, p] for p in positive]
    )


# -- invariance ------------------------------------------------------------------------------------------------------
ADD = {"column": "x", "add": 1}

# -- minimum functionality -------------------------------------------------------------------------------------------
X = pd.DataFrame({"x": [1.0, 2.0], "y": [0.0, 0.0]})
