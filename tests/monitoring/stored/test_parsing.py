"""Stored documents that somebody else may have written: each is read as it is, or named and left out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.monitoring.example_documents import a_broken_day, a_document, a_silent_day

from mintmark.monitoring.documents import WindowDocument, format_document
from mintmark.monitoring.stored.months import fold, format_month
from mintmark.monitoring.stored.parsing import MOST_BYTES, parse_stored, place_of


def told(path: str, content: bytes | str) -> str:
    """What is said of a document that is left out."""
    content = content.encode() if isinstance(content, str) else content
    windows, month, finding = parse_stored(path, content, path)
    assert (windows, month) == ([], None)
    assert finding is not None
    return str(finding)


def changed(**parts: Any) -> str:
    return json.dumps({**a_document().to_dict(), **parts})


@pytest.mark.parametrize("document", [a_document(), a_broken_day(1), a_silent_day(2)])
def test_a_window_is_read_as_it_was_written(document: WindowDocument) -> None:
    content = format_document(document).encode()
    assert parse_stored(document.path, content, "it") == ([document], None, None)


def test_a_month_is_read_as_it_was_written() -> None:
    (month,) = fold([a_silent_day(2), a_broken_day(1), a_document(0)])
    windows, found, finding = parse_stored(month.path, format_month(month).encode(), "it")
    assert finding is None
    assert found == month
    assert [each.verdict for each in windows] == ["ok", "alarm", "alarm"]
    assert month.path == "breast-cancer/1.2.0/production/202603-1d.json"


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "breast-cancer/1.2.0/production/index.html",
        "breast-cancer/../production/20260304T0000Z-1d.json",
        "breast-cancer/one/production/20260304T0000Z-1d.json",
        "Breast/1.2.0/production/20260304T0000Z-1d.json",
        "a/breast-cancer/1.2.0/production/20260304T0000Z-1d.json",
        "breast-cancer/1.2.0/production/20260304T0000Z-1d.json\n",
    ],
)
def test_other_paths_are_no_places_of_documents(path: str) -> None:
    assert place_of(path) is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<script>alert(1)</script>", "is not valid JSON"),
        ("[" * 100_000, "is nested too deep"),
        (b"\xff\xfe", "is not UTF-8"),
        (b" " * (MOST_BYTES + 1), "is larger than 5,000,000 bytes"),
        ("[]", "is a list"),
        ("{}", "schema"),
        (changed(model="iris"), "belongs to iris/1.2.0/production"),
        (changed(verdict="<b>fine</b>"), "verdict"),
        (changed(schema=2), "schema"),
        (changed(revision=1.0), "no whole number"),
        (changed(revision=10**400), "number"),
        (changed(window={**a_document().to_dict()["window"], "start": "2026-02-31T00:00:00Z"}), "cannot be read"),
        (changed(window={**a_document().to_dict()["window"], "end": "2027-03-05T00:00:00Z"}), "does not take 1d"),
        (changed(columns=[{**a_document().to_dict()["columns"][0], "counts": [1]}]), "do not fit its bins"),
        (changed(columns=[{**a_document().to_dict()["columns"][0], "edges": [1, 3, 2, 4]}]), "edges fall"),
        (changed(traffic={**a_document().to_dict()["traffic"], "sample": float("nan")}), "NaN"),
        (changed().replace('"rows": 1000,', '"rows": 1000, "rows": 1,', 1), "twice"),
        (changed(metric="9" * 9).replace('"999999999"', "1e999"), "number"),
    ],
)
def test_what_is_no_document_is_named_and_left_out(content: bytes | str, said: str) -> None:
    assert said in told(a_document().path, content)


def test_edges_that_are_one_number_in_ten_digits_are_read() -> None:
    """The scores of a model that is sure are close to 1, and a document does not tell them apart."""
    column = {**a_document().to_dict()["columns"][0], "edges": [0, 0.9999999999, 1, 1]}
    windows, _, fault = parse_stored(a_document().path, changed(columns=[column]).encode(), "a document")
    assert (windows[0].columns[0].edges, fault) == ((0, 0.9999999999, 1, 1), None)


def test_a_month_with_windows_of_others_is_left_out() -> None:
    (month,) = fold([a_document(0)])
    data = month.to_dict()
    other = {**data["windows"][0], "version": "9.9.9"}
    assert "of another version" in told(month.path, json.dumps({**data, "windows": [data["windows"][0], other]}))
    assert "belongs to" in told(month.path, json.dumps({**data, "windows": [other]}))
    assert "verdict" in told(month.path, json.dumps({**data, "windows": [{**data["windows"][0], "verdict": 1}]}))
    assert "drifted" in told(month.path, json.dumps({**data, "columns": [{**data["columns"][0], "drifted": "no"}]}))


def test_a_month_of_before_has_no_drift_and_one_that_does_not_fit_its_windows_is_named() -> None:
    (month,) = fold([a_document(0), a_document(1)])
    data = month.to_dict()
    short = data | {"drift": [data["drift"][0] | {"distances": [0.1]}]}
    assert "worst area: its drift is not that of 2 windows" in told(month.path, json.dumps(short))
    far = data | {"drift": [data["drift"][0] | {"distances": [0.1, 7]}]}
    assert "7" in told(month.path, json.dumps(far))
    del data["drift"]
    windows, found, finding = parse_stored(month.path, json.dumps(data).encode(), "it")
    assert found is not None
    assert (len(windows), found.drift, finding) == (2, (), None)
