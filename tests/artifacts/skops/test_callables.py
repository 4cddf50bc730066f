"""Functions and column selectors in a stored model can do no more than the model needs of them."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from mintmark.artifacts.skops.format import dump_canonical
from mintmark.errors import MintmarkError

TABLE = pd.DataFrame({"a": [1.0, 2, 3], "b": list("xyz")})


def with_attribute(name, value):
    model = LogisticRegression()
    setattr(model, name, value)
    return model


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (FunctionTransformer(np.log1p, kw_args={"out": np.zeros(3)}), "kw_args has out, which is not on the list"),
        (FunctionTransformer(np.log1p, kw_args={"where": False}), "kw_args has where"),
        (FunctionTransformer(np.log1p, inv_kw_args={"casting": "unsafe"}), "inv_kw_args has casting"),
        (FunctionTransformer(np.log1p, kw_args={"dtype": np.zeros(3)}), "kw_args has dtype, which is no plain value"),
        (FunctionTransformer(functools.partial(np.log1p, where=False)), "its keywords has where"),
        (FunctionTransformer(functools.partial(np.log1p, np.zeros(3))), "in front of the input"),
        (FunctionTransformer(kw_args=[1]), "kw_args is not a dictionary"),
        (make_column_selector("a"), "is not among the columns of a ColumnTransformer"),
        (with_attribute("_validate_data", make_column_selector("a")), "is not among the columns"),
        (with_attribute("transformers", [("a", "drop", make_column_selector("a"))]), "is not among the columns"),
        (ColumnTransformer([("a", make_column_selector("a"), ["a"])]), "is not among the columns"),
        (
            ColumnTransformer([("a", "drop", make_column_selector(dtype_include=np.float64))]),
            "dtype_include is no text",
        ),
    ],
)
def test_a_callable_can_do_no_more_than_a_model_needs(model, message, messages):
    assert message in messages(dump_canonical(model))


def test_a_selector_that_stands_elsewhere_too_is_refused(messages):
    selector = make_column_selector("a")
    model = ColumnTransformer([("a", "drop", selector)])
    model._check_n_features = selector
    assert "is not among the columns" in messages(dump_canonical(model))


def test_a_selector_holds_nothing_else(messages):
    selector = make_column_selector("a")
    selector.more = "b"
    assert "has other attributes" in messages(dump_canonical(ColumnTransformer([("a", "drop", selector)])))


def test_what_a_model_needs_passes(messages):
    log = FunctionTransformer(np.log1p, kw_args={"dtype": "float32"})
    columns = make_column_selector("a|b", dtype_include=["number"], dtype_exclude="bool")
    assert messages(dump_canonical(ColumnTransformer([("log", log, columns)]).fit(TABLE))) == ""


def test_keys_that_skops_would_mix_up_are_not_stored():
    with pytest.raises(MintmarkError, match="use 0 and 1"):
        dump_canonical(LogisticRegression(class_weight={False: 1, True: 4}))
