"""Files as people have them: what comes out of each, or the sentence that says what is wrong."""

from __future__ import annotations

import datetime
import decimal
import io
import re
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mintmark.core.question import RecipeFault
from mintmark.training.reading import decide_types, join_typed, read_csv, read_parquet
from mintmark.training.recipe import Source


def read(content: str | bytes, types: dict[str, Any] | None = None, **options: Any) -> pd.DataFrame:
    source = Source(path="data/x.csv", **options)
    data = content.encode() if isinstance(content, str) else content
    return decide_types(read_csv("data/x.csv", data, source), source, types or {})


MANY = "".join(f"{n}.50\n" for n in range(200_000))

VALUES: dict[str, tuple[str | bytes, dict[str, Any], list[Any]]] = {
    "leading zeros": ("code\n01234\n1234\n", {}, ["01234", "1234"]),
    "declared text that looks like numbers": ("x\n1.50\n1e3\n", {"types": {"x": "string"}}, ["1.50", "1e3"]),
    "declared category": ("x\n1\nNA\n", {"types": {"x": "category"}}, ["1", "NA"]),
    "NA is Namibia": ("country\nDE\nNA\n", {}, ["DE", "NA"]),
    "NA is no number": ("x\n1\nNA\n", {}, [1.0, np.nan]),
    "an empty cell": ("x,y\na,1\n,2\n", {}, ["a", None]),
    "words that are said": ("x\n1\n-\n?\n", {"missing": ["-", "?"]}, [1.0, np.nan, np.nan]),
    "words that are said, in text": ("x\na\nunknown\n", {"missing": ["unknown"]}, ["a", None]),
    "whole numbers": ("x\n1\n+2\n-3\n", {}, [1, 2, -3]),
    "more digits than a number keeps": ("x\n12345678901234567890123\n1\n", {}, ["12345678901234567890123", "1"]),
    "a large whole number": ("x\n9007199254740993\n", {}, [9007199254740993]),
    "truths": ("x\ntrue\nFALSE\n", {}, [True, False]),
    "truths with a gap stay text": ("x,y\ntrue,1\n,2\n", {}, ["true", None]),
    "a decimal comma": ("x;y\n1,5;a\n2;b\n", {"separator": ";", "decimal": ","}, [1.5, 2.0]),
    "a point beside a decimal comma": ("x;y\n1.500;a\n2;b\n", {"separator": ";", "decimal": ","}, ["1.500", "2"]),
    "a tab": ("x\ty\n1\t2\n", {"separator": "\t"}, [1]),
    "latin-1": ("x\nM\xfcnchen\n".encode("latin-1"), {"encoding": "latin-1"}, ["München"]),
    "utf-16": ("x\nZürich\n".encode("utf-16"), {"encoding": "utf-16"}, ["Zürich"]),
    "a mark at the beginning": ("\ufeffx\n1\n", {}, [1]),
    "ends of lines": ("x,y\r\n1,a\r\n2,b\r\n", {}, [1, 2]),
    "empty lines": ("x,y\n1,a\n\n2,b\n\n", {}, [1, 2]),
    "spaces around numbers": ("x\n 1\n2 \n", {}, [1, 2]),
    "a line end in quotes": ('x,y\n"a\nb",1\n', {}, ["a\nb"]),
    "a header of two lines": ('"x\ny",z\n1,2\n', {}, [1]),
    "units": ("x\n12 kg\n13\n", {}, ["12 kg", "13"]),
    "the digits that a file has": ("x\n0.1\n1e-7\n123456.789012345678\n", {}, [0.1, 1e-7, 123456.789012345678]),
}


@pytest.mark.parametrize("name", VALUES)
def test_what_a_file_holds_comes_out(name: str) -> None:
    content, options, wanted = VALUES[name]
    options = dict(options)
    found = read(content, options.pop("types", None), **options).iloc[:, 0].tolist()
    assert [None if value is None or value != value else value for value in found] == [
        None if value is None or value != value else value for value in wanted
    ]
    assert [type(value) for value in found if value == value and value is not None] == [
        type(value) for value in wanted if value == value and value is not None
    ]


def test_a_type_is_decided_over_the_whole_column() -> None:
    """A reader that decides block by block gives 1.5 in the first rows and "1.50" in the last ones."""
    found = read("x\n" + MANY + "none\n")["x"]
    assert (found.iloc[0], found.iloc[-2], found.iloc[-1]) == ("0.50", "199999.50", "none")


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("a,b\n1,2\n3\n", {}, "data/x.csv, line 3: has 1 fields, and the header has 2"),
        ("a,b\n1,2\n3,4,5\n", {}, "data/x.csv, line 3: has 3 fields, and the header has 2"),
        ('a,b\n"1\n1",2\n\n3\n', {}, "data/x.csv, line 5: has 1 fields"),
        ("a,a\n1,2\n", {}, 'line 1: two columns are called "a"; give'),
        ("a,b,a,b,a\n1,2,3,4,5\n", {}, 'line 1: 3 columns are called "a"'),
        ("e\u0301,\u00e9\n1,2\n", {}, "but for what nobody sees ('e\\u0301', '\\xe9'); give"),
        ("a, a\u00a0\n1,2\n", {}, 'two columns are called "a" but for what nobody sees'),
        ("a\u200b,a\n1,2\n", {}, "but for what nobody sees ('a\\u200b', 'a'); give"),
        ("a;b\n1;2\n", {}, "line 1: has one column; write separator: ';'"),
        ("", {}, "data/x.csv cannot be read: it is empty"),
        (b"a\n1\n\xff\n", {}, "data/x.csv, line 3: cannot be read as utf-8; write encoding: latin-1"),
        ("a\n1\n", {"encoding": "klingon"}, "there is no encoding 'klingon'"),
        ("a\n1\n\0\n", {}, "line 3: holds a NUL"),
        ("a\n1\n", {"encoding": "undefined"}, "line 1: cannot be read as undefined; write encoding: latin-1"),
        ("a\n1\n".encode("utf-16"), {}, "cannot be read as utf-8; write encoding: utf-16, as its first bytes say"),
        (b"a\n1\n+2AA-\n", {"encoding": "utf-7"}, "line 3: holds half of a pair of surrogates"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(content: str | bytes, options: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeFault, match=re.escape(message)) as caught:
        read(content, **options)
    assert caught.value.place[0] == "source"


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def test_columns_of_parquet_are_numbers_texts_and_times() -> None:
    table = pa.table(
        {
            "price": pa.array([decimal.Decimal("1.50"), None], pa.decimal128(10, 2)),
            "day": pa.array([datetime.date(2026, 1, 2), None]),
            "kind": pa.array(["a", "b"]).dictionary_encode(),
            "code": pa.array(["01", "NA"]),
        }
    )
    source = Source(path="x.parquet")
    found = decide_types(read_parquet("x.parquet", parquet(table)), source, {"code": "string"})
    assert found["price"].tolist()[0] == 1.5
    assert str(found["price"].dtype) == "float64"
    assert str(found["day"].dtype).startswith("datetime64")
    assert found["kind"].tolist() == ["a", "b"]
    assert found["code"].tolist() == ["01", "NA"]


def test_numbers_that_no_float_tells_apart_stay_what_they_are() -> None:
    """A DECIMAL without decimals is a whole number, and gaps make no floats of large ones."""
    large = [2**53 + 1, 2**53 + 2]
    wide = [decimal.Decimal(10**30 + 1), decimal.Decimal(10**30 + 2)]
    table = pa.table(
        {
            "id": pa.array(map(decimal.Decimal, large), pa.decimal128(20, 0)),
            "wide": pa.array(wide, pa.decimal256(40, 0)),
            "price": pa.array([decimal.Decimal("1.50")] * 2, pa.decimal128(10, 2)),
            "gap": pa.array([large[0], None], pa.int64()),
            "small": pa.array([1, None], pa.int64()),
            "code": pa.array([7, None], pa.int64()),
        }
    )
    read = read_parquet("x.parquet", parquet(table))
    found = decide_types(read, Source(path="x.parquet"), {"price": "string", "code": "category"})
    assert found["id"].tolist() == large
    assert found["wide"].tolist() == [str(10**30 + 1), str(10**30 + 2)]
    assert found["price"].tolist() == ["1.50", "1.50"]
    assert (found["gap"][0], found["code"][0], found["small"][0]) == (str(large[0]), "7", 1.0)
    csv = decide_types(read_csv("x.csv", b"gap,y\n9007199254740993,1\n,1\n", Source(path="x")), Source(path="x"), {})
    assert csv["gap"][0] == "9007199254740993"


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([[1], [2]]), 'x.parquet: the column "x" holds list'),
        (pa.array([b"a", b"b"]), 'x.parquet: the column "x" holds binary'),
    ],
)
def test_a_column_of_parquet_that_is_none_of_those_is_one_sentence(column: pa.Array, message: str) -> None:
    source = Source(path="x.parquet")
    with pytest.raises(RecipeFault, match=message):
        decide_types(read_parquet("x.parquet", parquet(pa.table({"x": column}))), source, {})


def test_all_columns_that_no_table_holds_are_told_unless_they_are_dropped() -> None:
    content = parquet(
        pa.table({"x": [1, 2], "l": [[1], [2]], "b": [b"a", b"b"], "v": pa.array(["a", "b"], pa.string_view())})
    )
    with pytest.raises(RecipeFault) as caught:
        read_parquet("x.parquet", content)
    assert [fault.message.partition(" holds ")[0] for fault in caught.value.faults] == [
        'x.parquet: the column "l"', 'x.parquet: the column "b"',
    ]  # fmt: skip
    assert caught.value.faults[0].message.endswith('; write drop: ["l"], or store it as one of those')
    table = read_parquet("x.parquet", content, dropped=["l", "b"])
    assert table["v"].to_pylist() == ["a", "b"]


def test_files_that_do_not_fit_together_are_one_sentence() -> None:
    source = Source(path="data", files="*")
    parts = {name: read_csv(name, text, source) for name, text in (("a.csv", b"x,y\n1,2\n"), ("b.csv", b"y,x\n4,3\n"))}
    assert join_typed(parts, source, {})["x"].tolist() == [1, 3], "the order of columns is that of the first"
    parts["c.csv"] = read_csv("c.csv", b"x\n5\n", source)
    with pytest.raises(RecipeFault, match=r'c\.csv has other columns than a\.csv: it lacks "y"'):
        join_typed(parts, source, {})


def test_text_that_is_no_text_is_refused() -> None:
    half = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\3\0\0\0"), pa.py_buffer(b"\xed\xa0\x80")]
    )
    with pytest.raises(RecipeFault, match=r"x\.parquet cannot be read: .*Invalid UTF8"):
        read_parquet("x.parquet", parquet(pa.table({"x": half})))
