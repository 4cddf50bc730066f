"""Rows in every form that people have them, held against a signature."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from unicodedata import normalize

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mintmark.core.signature.inputs import InputFault, fit_inputs

INPUTS = {"a": "float64", "b": "int64", "c": "str", "d": "bool"}
GOOD: dict[str, list[Any]] = {"a": [0.5, 2], "b": [1, 2], "c": ["x", "01"], "d": [True, False]}
TABLE = pd.DataFrame(GOOD)


def same(rows: Any) -> None:
    pd.testing.assert_frame_equal(fit_inputs(rows, INPUTS), TABLE)


@pytest.mark.parametrize(
    "rows",
    [
        GOOD,
        TABLE[["d", "c", "b", "a"]],
        TABLE.assign(e=1),
        pa.table(GOOD),
        TABLE.to_dict("records"),
        TABLE.to_numpy().tolist(),
        TABLE.to_numpy(),
        TABLE.convert_dtypes(),
        TABLE.convert_dtypes(dtype_backend="pyarrow"),
        TABLE.astype({"b": "uint8", "c": "category", "d": "int8"}),
        TABLE.astype({"a": "category", "b": "float32", "d": "float64"}),
        TABLE.astype(object),
        {**GOOD, "a": [Decimal("0.5"), Decimal(2)]},
    ],
    ids=["lists", "order", "further", "arrow", "records", "rows", "array", "nullable", "arrow types", "unsigned",
         "floats", "objects", "decimals"],
)  # fmt: skip
def test_every_form_is_the_same_table(rows: Any) -> None:
    same(rows)


def test_a_table_that_fits_is_not_copied() -> None:
    assert fit_inputs(TABLE, INPUTS) is TABLE


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"a": ["1.5", "x"]}, "\"a\" wants numbers, and row 0 has the text '1.5'"),
        ({"b": [1, "many"]}, "\"b\" wants numbers, and row 1 has the text 'many'"),
        ({"c": [5, 6]}, '"c" wants text, and row 0 has 5; read the column as text'),
        ({"c": [True, False]}, '"c" wants text, and row 0 has True'),
        ({"d": ["true", "false"]}, "\"d\" wants true and false, and row 0 has the text 'true'"),
        ({"d": [1, 2]}, '"d" wants true and false, and row 1 has 2'),
        ({"a": pd.to_datetime(["2026-01-01"] * 2)}, '"a" wants numbers, and row 0 has 2026-01-01'),
        ({"a": [1j, 2]}, '"a" wants numbers, and row 0 has 1j'),
        ({"a": [10**400, 1]}, "one that no float can hold"),
        ({"a": [[1], [2]]}, r'"a" wants numbers, and row 0 has \[1\]'),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_name_with_a_sample(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InputFault, match=words) as caught:
        fit_inputs(pd.DataFrame({**GOOD, **change}), INPUTS)
    assert caught.value.columns == tuple(change)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(InputFault) as caught:
        fit_inputs({**GOOD, "a": ["x", 1], "d": [5, 5]}, INPUTS)
    assert caught.value.columns == ("a", "d")
    with pytest.raises(InputFault) as caught:
        fit_inputs(pd.DataFrame({"A": [1], "c": ["x"]}), INPUTS)
    assert caught.value.faults == (
        'there is no column "a"; did you mean "A"?', 'there is no column "b"', 'there is no column "d"',
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (np.zeros((2, 3)), "3 columns without names, and the model takes 4: a, b, c, d"),
        (np.zeros(4), "1 dimension is no table"),
        ([[1, 2, "x", True], [1]], "row 1 has 1 values and row 0 has 4"),
        ("text", "a str is no table"),
        (pd.Series([1]), "a Series is no table"),
        ({"a": 1.5}, '"a" is one value and no list'),
        ({**GOOD, "a": [1]}, '"a" has 1 values and "b" has 2'),
        ([{"a": 1, "b": 1, "c": "x", "d": True}, {"a": 1}], 'row 1 has no "b"'),
        (pd.DataFrame(np.zeros((2, 4))), "taken by position: a, b, c, d"),
        (TABLE.set_axis(pd.MultiIndex.from_product([["z"], list("abcd")]), axis=1), "several levels"),
        (pd.concat([TABLE, TABLE[["a"]]], axis=1), 'there are 2 columns "a"'),
    ],
)
def test_what_is_no_table_is_told(rows: Any, words: str) -> None:
    with pytest.raises(InputFault, match=words):
        fit_inputs(rows, INPUTS)


def test_no_value_is_changed_by_a_type() -> None:
    """A fraction or nothing for an integer stays what it is: the model says whether it takes it."""
    fitted = fit_inputs(pd.DataFrame({**GOOD, "b": [2.5, None], "c": ["x", None], "d": [None, True]}), INPUTS)
    assert fitted["b"].tolist()[0] == 2.5
    assert np.isnan(fitted["b"].iloc[1])
    assert fitted["c"].isna().tolist() == [False, True]
    assert fitted["d"].tolist()[1] == 1.0
    assert fit_inputs({**GOOD, "b": [2**63, 1]}, INPUTS)["b"].tolist() == [2**63, 1]
    assert fit_inputs({"x": [1e300]}, {"x": "float32"})["x"].tolist() == [1e300]
    assert fit_inputs({"x": [1, 2]}, {"x": "float32"})["x"].dtype == np.float32


def test_times() -> None:
    inputs = {"t": "datetime64[us]"}
    for given in (["2026-01-01"], pd.to_datetime(["2026-01-01"]).as_unit("s"), pa.array([20454], pa.date32())):
        rows = pa.table({"t": given}) if isinstance(given, pa.Array) else {"t": given}
        assert fit_inputs(rows, inputs)["t"].tolist() == [pd.Timestamp("2026-01-01")]
    for wrong, words in (
        (["01/02/2026"], "wants times in ISO 8601, and row 0 has the text '01/02/2026'"),
        *(([word], f"and row 0 has the text '{word}'") for word in ("", "now", "today", "NaT", "nan")),
        ([5], "wants times, and row 0 has 5"),
        (pd.to_datetime(["2026-01-01"], utc=True), "without a time zone"),
    ):
        with pytest.raises(InputFault, match=words):
            fit_inputs(pd.DataFrame({"t": wrong}), inputs)


def test_a_type_that_says_too_little_is_not_checked() -> None:
    assert fit_inputs({"x": [1, "a"]}, {"x": "object"})["x"].tolist() == [1, "a"]


def test_no_rows_have_their_columns() -> None:
    assert list(fit_inputs([], INPUTS).columns) == list(INPUTS)
    assert fit_inputs(TABLE.iloc[:0], INPUTS).empty


def test_a_name_in_another_unicode_form_is_not_told_as_itself() -> None:
    with pytest.raises(InputFault, match="it is there with its letters in the Unicode form NFD: rename it"):
        fit_inputs(pd.DataFrame({normalize("NFD", "größe"): [1.0]}), {normalize("NFC", "größe"): "float64"})
