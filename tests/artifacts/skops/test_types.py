from __future__ import annotations

from sklearn.feature_selection import (
    chi2,
    f_classif,
    f_regression,
    mutual_info_classif,
    mutual_info_regression,
    r_regression,
)
from skops.io import _trusted_types
from skops.io._sklearn import ALLOWED_LOSSES, get_module

from mintmark.artifacts.skops.nodes import LOADERS
from mintmark.artifacts.skops.types import ALLOWED

ADDED_OBJECTS = {
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
}
SCORES = [chi2, f_classif, f_regression, r_regression, mutual_info_classif, mutual_info_regression]
LEFT_OUT = {"numpy.void", "numpy.object_"}


def test_the_list_is_what_the_installed_skops_trusts_and_what_the_checks_make_safe():
    objects = {*_trusted_types.SKLEARN_ESTIMATOR_TYPE_NAMES, *_trusted_types.SKLEARN_INTERNAL_TYPE_NAMES}
    assert ALLOWED["ObjectNode"] == objects | ADDED_OBJECTS
    functions = {*_trusted_types.NUMPY_UFUNC_TYPE_NAMES, *_trusted_types.SCIPY_UFUNC_TYPE_NAMES}
    scores = {f"{each.__module__}.{each.__name__}" for each in SCORES}
    assert ALLOWED["FunctionNode"] == functions | scores | {"sklearn.utils.validation.check_array"}
    assert ALLOWED["LossNode"] == {f"{get_module(loss)}.{loss.__name__}" for loss in ALLOWED_LOSSES}
    arrays = {"numpy.ndarray", *_trusted_types.NUMPY_DTYPE_TYPE_NAMES} - LEFT_OUT
    assert ALLOWED["NdArrayNode"] == arrays
    plain = {*_trusted_types.PRIMITIVE_TYPE_NAMES, *_trusted_types.CONTAINER_TYPE_NAMES}
    assert ALLOWED["TypeNode"] == plain | {*_trusted_types.NUMPY_DTYPE_TYPE_NAMES}


def test_every_loader_of_skops_is_known():
    import skops.io
    from skops.io._audit import NODE_TYPE_MAPPING

    assert skops.io.dump
    assert {loader for loader, _ in NODE_TYPE_MAPPING} == LOADERS
    assert set(ALLOWED) <= LOADERS


def test_loaders_that_can_call_anything_allow_nothing():
    for loader in ("ConstructorFromReduceNode", "MethodNode", "OperatorFuncNode", "QuantileForestNode"):
        assert loader not in ALLOWED
