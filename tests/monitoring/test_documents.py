"""The document of a window: written and read again as it was, and kept to its schema."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.monitoring.example_documents import a_broken_day, a_day, a_document, a_finding, a_silent_day

from mintmark.monitoring.documents import (
    KINDS,
    WindowDocument,
    fingerprint,
    format_document,
    in_order,
    verdict_of,
)
from mintmark.monitoring.measured import Traffic
from mintmark.registry.schemas import accepts, explain, load_schema


@pytest.mark.parametrize("document", [a_document(), a_broken_day(1), a_silent_day(2)], ids=["fine", "broken", "silent"])
def test_a_document_is_read_as_it_was_written_and_keeps_to_its_schema(document: WindowDocument) -> None:
    text = format_document(document)
    data = json.loads(text)
    assert [str(fault) for fault in explain("monitoring", data, "it.json", {})] == []
    assert WindowDocument.from_dict(data) == document
    assert format_document(WindowDocument.from_dict(data)) == text
    assert text.endswith("}\n")


def test_what_a_document_may_not_hold_is_refused() -> None:
    data = a_document().to_dict()
    assert accepts("monitoring", data)
    assert not accepts("monitoring", {**data, "model": "../escape"})
    assert not accepts("monitoring", {**data, "window": {**data["window"], "start": "2026-03-04 00:00"}})
    assert not accepts("monitoring", {**data, "more": 1})


def test_the_schema_knows_the_kinds_of_findings() -> None:
    assert tuple(load_schema("monitoring")["$defs"]["finding"]["properties"]["kind"]["enum"]) == KINDS


def test_the_path_names_model_version_channel_and_window() -> None:
    assert a_document(1).path == "breast-cancer/1.2.0/production/20260305T0000Z-1d.json"
    assert replace(a_document(1), role="shadow").path == "breast-cancer/1.2.0/shadow-production/20260305T0000Z-1d.json"


def test_the_worst_finding_is_the_verdict() -> None:
    day, note, warning, alarm = a_day(), *(a_finding(severity=each) for each in ("note", "warning", "alarm"))
    thin = a_finding("not-enough-data", "not-enough-data")
    assert verdict_of((), day) == "ok"
    assert verdict_of((note,), day) == "note"
    assert verdict_of((note, warning), day) == "warning"
    assert verdict_of((thin, note), day) == "not-enough-data"
    assert verdict_of((thin, alarm), day) == "alarm"
    running = a_day(is_over=False)
    assert verdict_of((warning,), running) == "not-over"
    assert verdict_of((alarm,), running) == "alarm"
    assert [each.severity for each in in_order([note, alarm, warning])] == ["alarm", "warning", "note"]


def test_a_cause_has_one_name_in_every_window() -> None:
    first = fingerprint("iris", "1.0.0", "production", "missing", "length")
    assert first == fingerprint("iris", "1.0.0", "production", "missing", "length")
    assert len({first, fingerprint("iris", "1.0.1", "production", "missing", "length"),
                fingerprint("iris", "1.0.0", "production", "missing", "width"),
                fingerprint("iris", "1.0.0", "production", "missinglength", "")}) == 4  # fmt: skip


def test_a_number_that_json_cannot_hold_is_null_and_figures_are_short() -> None:
    column = replace(a_document().columns[0], distance=float("nan"), p_value=0.1 + 0.2)
    found = json.loads(format_document(replace(a_document(), columns=(column,))))["columns"][0]
    assert (found["distance"], found["p_value"]) == (None, 0.3)


def test_faults_of_the_server_are_told_apart_from_those_of_callers() -> None:
    assert Traffic(statuses={"200": 5, "400": 3, "500": 2, "503": 1}).failed == 3
