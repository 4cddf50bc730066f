"""Two models of real rows, and what is asked of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from mintmark.core.judgement.answers import Answer
from mintmark.core.judgement.contests import Contender, contest
from mintmark.core.judgement.grading import grade
from mintmark.core.model import Gates
from mintmark.core.question import Question, Slice
from mintmark.core.statistics.metrics import regression_outcomes

CANCER = load_breast_cancer(as_frame=True)
INPUTS = list(CANCER.data.columns)
ROWS = CANCER.data.assign(diagnosis=np.where(CANCER.target == 0, "malignant", "benign")).iloc[:190]
EVALUATED = ROWS.iloc[120:].reset_index(drop=True)
LABELS = ["benign", "malignant"]


def answers(inputs, *, probabilities=True):
    """What a model of some of the columns, fitted on the other rows, answers to the evaluated ones."""
    scaler = StandardScaler().fit(ROWS.iloc[:120][inputs])
    model = LogisticRegression().fit(scaler.transform(ROWS.iloc[:120][inputs]), ROWS.iloc[:120]["diagnosis"])
    scaled = scaler.transform(EVALUATED[inputs])
    table = model.predict_proba(scaled).tolist() if probabilities else None
    return Answer(prediction=model.predict(scaled).tolist(), probabilities=table)


def question(**changes):
    asked = {
        "task": "binary-classification",
        "target": "diagnosis",
        "metric": "roc_auc",
        "positive_class": "malignant",
    }
    slices = tuple(map(Slice.from_dict, changes.pop("slices", ())))
    return Question(**{**asked, **changes}, slices=slices)


def cancer(candidate, champion, *, rows=EVALUATED, gates=None, is_dummy=False, **changes):
    asked = question(**changes)
    gates = gates or Gates(margin=0.01, slice_margin=0.05)
    one, other = both(asked, candidate, champion)
    return contest(one, other, rows, asked, gates, source="base", sha256="0" * 64, is_dummy=is_dummy)


GOOD, POOR = answers(INPUTS), answers(["mean smoothness"])


def both(asked, candidate=GOOD, champion=POOR):
    one, other = (
        Contender(name=name, outcomes=grade(answer, EVALUATED["diagnosis"], asked, LABELS))
        for name, answer in (("cancer@1.1.0", candidate), ("cancer@1.0.0", champion))
    )
    return one, other


def errors(candidate, champion, *, margin=0.0, slices=(), least=10, **columns):
    """A contest of two regressions by their errors on rows with these columns."""
    truth = np.zeros(len(candidate))
    sides = [
        Contender(name=name, outcomes=regression_outcomes(truth, error))
        for name, error in (("size@1.1.0", candidate), ("size@1.0.0", champion))
    ]
    rows = pd.DataFrame({"y": truth, **columns})
    entity = "who" if "who" in columns else None
    asked = Question(
        task="regression",
        target="y",
        metric="mae",
        slices=tuple(map(Slice.from_dict, slices)),
        entity_column=entity,
    )
    gates = Gates(margin=margin, slice_margin=margin, slice_min_rows=least)
    return contest(sides[0], sides[1], rows, asked, gates, source="base", sha256="0" * 64)
