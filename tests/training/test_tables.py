"""Parquet bytes and digests follow from the rows alone."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scaffold.examples import examples

from mintmark.training.tables import digest_bytes, digest_frame, format_csv, format_parquet, parse_parquet

FRAME = pd.DataFrame(
    {
        "row": [3, 4, 9],
        "size": [1.5, np.nan, -0.0],
        "name": pd.Series(["a", None, "ß"], dtype="str"),
        "open": [True, False, True],
        "day": pd.to_datetime(["2026-01-01", "2026-01-02", None]),
    }
)


def test_a_table_comes_back_as_it_was():
    pd.testing.assert_frame_equal(parse_parquet(format_parquet(FRAME)), FRAME)


def test_the_same_rows_give_the_same_bytes_in_another_process():
    program = (
        "import pandas as pd; from mintmark.training.tables import *; import hashlib;"
        "f = pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']});"
        "print(hashlib.md5(format_parquet(f)).hexdigest(), digest_frame(f))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_bytes_do_not_depend_on_the_index():
    moved = FRAME.set_axis([7, 5, 6], axis=0)
    assert format_parquet(moved) == format_parquet(FRAME)
    assert b"pandas" not in format_parquet(FRAME)


@pytest.mark.parametrize(
    "other",
    [
        FRAME.assign(size=[1.5, np.nan, 0.0]),
        FRAME.assign(row=[3, 4, 8]),
        FRAME.rename(columns={"size": "sizes"}),
        FRAME.assign(row=FRAME["row"].astype("int32")),
        FRAME[["size", "row", "name", "open", "day"]],
        FRAME.iloc[:2],
        FRAME.assign(name=["a", "None", "ß"]),
    ],
    ids=["sign", "value", "name", "type", "order", "rows", "text"],
)
def test_another_content_has_another_digest(other):
    assert digest_frame(other) != digest_frame(FRAME)
    assert digest_frame(FRAME.copy()) == digest_frame(FRAME)


@given(st.lists(st.text(alphabet="ab\n\0'", max_size=4), min_size=1, max_size=4), st.data())
@settings(max_examples=examples(200), deadline=None)
def test_no_text_imitates_another(values, data):
    other = data.draw(st.lists(st.text(alphabet="ab\n\0'", max_size=4), min_size=1, max_size=4))
    one, two = (digest_frame(pd.DataFrame({"x": pd.Series(v, dtype="str")})) for v in (values, other))
    assert (one == two) == (values == other)


def test_csv_has_unix_lines_and_twelve_digits():
    assert format_csv(pd.DataFrame({"x": [1 / 3], "y": ["a,b"]})) == b'x,y\n0.333333333333,"a,b"\n'


def test_a_digest_names_its_algorithm():
    assert digest_bytes(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
