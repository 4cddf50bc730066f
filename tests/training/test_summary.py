"""The data summary of data.json."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from mintmark.core.provenance.training_rows import BY_ENTITY, BY_ID, count_of, digest_training
from mintmark.training.summary import MOST_CATEGORIES, count_units, describe_table, lineage, summarise_columns


def test_each_kind_of_column_is_summarised():
    frame = pd.DataFrame(
        {
            "row": [0, 1, 2],
            "x": [1.5, np.nan, -2.0],
            "n": [3, 1, 2],
            "kind": pd.Series(["b", "a", None], dtype="str"),
            "open": [True, False, True],
            "day": pd.to_datetime(["2026-01-02", "2026-01-01", None]),
        }
    )
    assert summarise_columns(frame) == {
        "x": {"type": "float64", "missing": 1, "min": -2.0, "max": 1.5},
        "n": {"type": "int64", "missing": 0, "min": 1, "max": 3},
        "kind": {"type": "str", "missing": 1, "distinct": 2, "categories": {"a": 1, "b": 1}},
        "open": {"type": "bool", "missing": 0, "distinct": 2, "categories": {"False": 1, "True": 2}},
        "day": {"type": "datetime64[us]", "missing": 1, "min": "2026-01-01T00:00:00", "max": "2026-01-02T00:00:00"},
    }
    json.dumps(summarise_columns(frame), allow_nan=False)


def test_many_categories_are_counted_only():
    frame = pd.DataFrame({"k": [str(i) for i in range(MOST_CATEGORIES + 1)]})
    assert summarise_columns(frame)["k"] == {"type": "str", "missing": 0, "distinct": MOST_CATEGORIES + 1}


def test_an_empty_column_has_no_range():
    assert summarise_columns(pd.DataFrame({"x": [np.nan]}))["x"] == {"type": "float64", "missing": 1}


def test_lineage_is_what_a_version_record_keeps():
    table = describe_table("a.parquet", "sha256:1", pd.DataFrame({"x": [1, 2]}))
    assert table == {"path": "a.parquet", "hash": "sha256:1", "rows": 2}
    roles = lineage({"path": "s", "hash": "sha256:0", "rows": 4, "files": ["x"]}, table, table)
    assert [entry["role"] for entry in roles] == ["source", "training", "evaluation"]
    assert roles[0] == {"role": "source", "path": "s", "hash": "sha256:0", "rows": 4}


def test_ids_and_entities_are_counted_as_their_digests_tell_them_apart():
    train = pd.DataFrame(
        {"row": ["a", "b", "c", "d"], "who": ["01", "1", "2", "2"], "x": [1, 2, 3, 4], "y": [0, 1, 0, 1]}
    )
    digests = digest_training(train, inputs=["x"], target="y", has_id=True, entity="who", key="k")
    counted = count_units(digests, train, "who")
    assert counted == {"ids": 4, "entities": 2, "rows_per_entity": {"min": 1, "median": 1.0, "max": 2}}
    assert (counted["ids"], counted["entities"]) == (count_of(digests, BY_ID), count_of(digests, BY_ENTITY))
    plain = digest_training(train, inputs=["x"], target="y", has_id=False, entity=None, key="k")
    assert count_units(plain, train, None) == {}
