"""What the columns of the log hold: the types of the signature, every value exact, and nothing that is personal."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.serving.log.logged import decision, inputs_of, journal, rows_of, version

from mintmark.registry.logged.form import About, log_schema
from mintmark.serving.log.columns import make_table

INPUTS = {
    "city": "str",
    "age": "int64",
    "small": "uint8",
    "share": "float64",
    "near": "float32",
    "member": "bool",
    "since": "datetime64[us]",
    "": "float64",
    "row": "int64",
}
ROW: dict[str, Any] = {
    "city": "001",
    "age": 2**53 + 1,
    "small": 255,
    "share": 0.1,
    "near": 0.5,
    "member": True,
    "since": "2026-06-01T09:30:00",
    "": -0.0,
    "row": -(2**63),
}
KEY = b"k" * 32


def file_of(folder: Path) -> Path:
    (found,) = folder.glob("*/*/*/*.parquet")
    return found


def test_each_input_has_the_type_of_the_signature_and_its_value_is_exact(tmp_path: Path) -> None:
    served = version(INPUTS)
    log = journal(tmp_path)
    log.record(decision(served, "a", [ROW]))
    assert log.flush()
    schema = pq.read_schema(file_of(tmp_path))
    found = {name.removeprefix("input_"): str(schema.field(name).type) for name in schema.names if "input_" in name}
    assert found == {
        "city": "string",
        "age": "int64",
        "small": "uint8",
        "share": "double",
        "near": "float",
        "member": "bool",
        "since": "timestamp[us]",
        "": "double",
        "row": "int64",
    }
    (row,) = inputs_of(tmp_path).to_dict("records")
    assert row == ROW | {"since": pd.Timestamp("2026-06-01T09:30:00")}
    told = rows_of(tmp_path).iloc[0]
    assert (told["id"], told["row"], told["model"], told["version"], told["status"]) == ("a", 0, "people", "1.0.0", 200)
    assert (told["prediction"], told["probability_even"], told["probability_odd"]) == ("odd", 0.25, 0.75)
    assert (told["commit"], told["channel"], told["shadow"]) == ("c" * 40, "production", False)
    assert str(told["time"]) == "2027-01-15 08:00:00+00:00"


def test_a_first_batch_of_nulls_fixes_no_type(tmp_path: Path) -> None:
    served = version(INPUTS)
    log = journal(tmp_path)
    log.record(decision(served, "a", [{**ROW, "city": None, "share": None, "since": None}]))
    assert log.flush()
    log.record(decision(served, "b", [ROW]))
    assert log.flush()
    one, other = (pq.read_schema(path) for path in sorted(tmp_path.glob("*/*/*/*.parquet")))
    assert one.remove_metadata() == other.remove_metadata()
    found = rows_of(tmp_path)
    assert found["input_city"].fillna("").tolist() == ["", "001"]
    assert found["input_share"].isna().tolist() == [True, False]


VALUES: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "whole": ("int64", st.integers(-(2**63), 2**63 - 1)),
    "large": ("uint64", st.integers(0, 2**64 - 1)),
    "small": ("int8", st.integers(-128, 127)),
    "number": ("float64", st.none() | st.floats(allow_nan=False, allow_infinity=False)),
    "near": ("float32", st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False)),
    "text": ("str", st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)),
    "truth": ("bool", st.booleans()),
    "maybe": ("boolean", st.none() | st.booleans()),
    "spare": ("Int64", st.none() | st.integers(-(2**53), 2**53)),
}


@settings(max_examples=60, deadline=None, phases=(Phase.generate,), suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(st.fixed_dictionaries({name: each for name, (_, each) in VALUES.items()}), min_size=1,
                         max_size=3), min_size=1, max_size=3))  # fmt: skip
def test_whatever_was_bound_is_what_the_log_holds(requests: list[list[dict[str, Any]]]) -> None:
    """Requests of several types of columns stand in one file: a missing whole number makes floats of its column."""
    served = version({name: kind for name, (kind, _) in VALUES.items()})
    about = About(model="people", version="1.0.0", inputs=served.signature.inputs, classes=("even", "odd"))
    decisions = [decision(served, str(place), rows) for place, rows in enumerate(requests)]
    table = make_table(decisions, log_schema(about, served.signature), about, None)
    assert table["lost"].null_count == len(table)
    rows = [row for request in requests for row in request]
    for name in VALUES:
        assert table[f"input_{name}"].to_pylist() == [row[name] for row in rows], name
    assert table["id"].to_pylist() == [str(place) for place, request in enumerate(requests) for _ in request]
    assert table["row"].to_pylist() == [row for request in requests for row in range(len(request))]


def test_a_value_that_its_column_does_not_hold_is_named_as_lost(tmp_path: Path) -> None:
    """A float32 column takes 1e300 from a caller, and the file cannot: the log says so and keeps the other rows."""
    served = version({"near": "float32", "city": "str"})
    log = journal(tmp_path)
    log.record(decision(served, "a", [{"near": 0.5, "city": "x"}]))
    log.record(decision(served, "b", [{"near": 1e300, "city": "y"}]))
    assert log.flush()
    found = rows_of(tmp_path).set_index("id")
    assert found["input_near"].tolist()[0] == 0.5
    assert np.isnan(found["input_near"].tolist()[1])
    assert [None if names is None else list(names) for names in found["lost"]] == [None, ["near"]]
    assert found["input_city"].tolist() == ["x", "y"]


def test_what_is_personal_is_left_out_or_hashed(tmp_path: Path) -> None:
    served = version({"name": "str", "age": "int64", "pay": "float64"})
    log = journal(tmp_path, personal=lambda _: {"name": "hash", "age": "hash", "pay": "drop", "other": "drop"}, key=KEY)
    for identity, name in (("a", "Ada"), ("b", "Ada"), ("c", "Bob"), ("d", None)):
        log.record(decision(served, identity, [{"name": name, "age": 41, "pay": 9.5}]))
    log.record(decision(served, "e", None, status=400, error='"age" wants numbers, and row 0 has "Eve"'))
    assert log.flush()
    content = file_of(tmp_path).read_bytes()
    assert not [word for word in (b"Ada", b"Bob", b"Eve") if word in content]
    found = rows_of(tmp_path)
    assert "input_pay" not in found.columns
    names = found["input_name"].tolist()
    assert names[0] == names[1] != names[2]
    assert found["input_name"].isna().tolist() == [False, False, False, True, True]
    assert names[0] == hmac.new(KEY, b"name\0str\0Ada", hashlib.sha256).hexdigest()
    assert found["error"].tolist()[-1] == "status 400; its message is left out, as it may quote inputs"


def test_nothing_that_was_given_is_logged_where_nobody_knows_what_is_personal(tmp_path: Path) -> None:
    log = journal(tmp_path, personal=lambda _: None)
    log.record(decision(version({"name": "str"}), "a", [{"name": "Ada"}]))
    assert log.flush()
    assert b"Ada" not in file_of(tmp_path).read_bytes()
    assert rows_of(tmp_path)["prediction"].tolist() == ["odd"]


def test_without_a_key_a_hashed_input_is_left_out_and_that_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    log = journal(tmp_path, personal=lambda _: {"name": "hash"}, tell=lambda event, **_: told.append(event))
    for _ in range(2):
        log.record(decision(version({"name": "str"}), "a", [{"name": "Ada"}]))
        assert log.flush()
    assert "input_name" not in rows_of(tmp_path).columns
    assert told == ["log without hashes"]


def test_a_type_that_says_too_little_is_kept_as_json(tmp_path: Path) -> None:
    served = version({"thing": "category"})
    log = journal(tmp_path)
    log.record(decision(served, "a", [{"thing": "x"}, {"thing": 2}, {"thing": None}]))
    assert log.flush()
    assert pa.types.is_string(pq.read_schema(file_of(tmp_path)).field("input_thing").type)
    assert inputs_of(tmp_path)["thing"].tolist() == ["x", 2, None]
