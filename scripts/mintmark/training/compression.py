"""Make a trained model smaller: prune its trees, distil it into another estimator, or quantise it. Reads no files.

Pruning is scikit-learn's minimal cost-complexity pruning (Breiman, Friedman, Olshen and Stone 1984). Distillation fits
a student to the teacher's answers, probabilities included (Hinton, Vinyals and Dean 2015). `quantisation` has the last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mintmark.artifacts.skops.format import dump_canonical
from mintmark.core.question import RecipeFault
from mintmark.training import estimators
from mintmark.training.quantisation import quantised

if TYPE_CHECKING:
    from mintmark.training.recipe import Compression

_PRUNED: Final = "ccp_alpha"
_PLACE: Final = ("compress",)


def compress(
    model: Any, inputs: pd.DataFrame, truth: pd.Series, plan: Compression, *, seed: int, trusted: tuple[str, ...]
) -> bytes:
    """Return the smaller model as the bytes of its file, the same ones for the same rows.

    `inputs` and `truth` are the training rows. Raises `RecipeFault` where the method does not fit the model.
    """
    if plan.method == "int8":
        return quantised(model, inputs)
    smaller = pruned(model, plan.ccp_alpha) if plan.method == "prune" else student(plan, seed, trusted)
    if plan.method == "prune":
        return dump_canonical(smaller.fit(inputs, truth))
    return dump_canonical(taught(smaller, model, inputs))


def pruned(model: Any, ccp_alpha: float) -> Any:
    """Return the same estimator, not fitted, whose trees give up what costs more than it gains."""
    from sklearn.base import clone

    names = [name for name in model.get_params(deep=True) if name.rpartition("__")[2] == _PRUNED]
    if not names:
        raise RecipeFault(
            (*_PLACE, "method"), "nothing in this estimator has ccp_alpha, so it has no trees to prune; distil it"
        )
    return clone(model).set_params(**dict.fromkeys(names, ccp_alpha))


def student(plan: Compression, seed: int, trusted: tuple[str, ...]) -> Any:
    """Return the estimator of the section, not fitted."""
    specification = {"trusted": list(trusted), **(plan.estimator or {})}
    return estimators.build(specification, seed=seed, place=(*_PLACE, "estimator"))


def taught(smaller: Any, teacher: Any, inputs: pd.DataFrame) -> Any:
    """Fit a student to what the teacher answers.

    A classifier learns each row once for each class, as heavy as the teacher's probability of it, where its last step
    takes weights; else it learns the teacher's labels.
    """
    classes = getattr(teacher, "classes_", None)
    weight = _weight_name(smaller)
    if classes is None or weight is None or not hasattr(teacher, "predict_proba"):
        return smaller.fit(inputs, teacher.predict(inputs))
    shares = teacher.predict_proba(inputs)
    rows, labels = np.nonzero(shares > 0)
    taken = inputs.iloc[rows].reset_index(drop=True)
    return smaller.fit(taken, np.asarray(classes)[labels], **{weight: shares[rows, labels]})


def _weight_name(model: Any) -> str | None:
    from sklearn.utils.validation import has_fit_parameter

    name, last = "sample_weight", model
    while hasattr(last, "steps"):
        step, last = last.steps[-1]
        name = f"{step}__{name}" if last is not None else name
    return name if has_fit_parameter(last, "sample_weight") else None


class OnnxEstimator:
    """An ONNX model with the face of the estimator that it was made from; `classes` are those of its training rows."""

    def __init__(self, model: Any, classes: list[Any]) -> None:
        self._model = model
        if classes:
            self.classes_ = np.asarray(classes)
        if classes and model.gives_probabilities:
            self.predict_proba = model.predict_proba

    def predict(self, rows: pd.DataFrame) -> Any:
        """Return labels or values, shape (n,)."""
        return self._model.predict(rows)
