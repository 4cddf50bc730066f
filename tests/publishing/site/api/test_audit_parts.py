"""The audit in documents: none grows without end, none that is full changes, and together they are the whole."""

from __future__ import annotations

from typing import Any

import pytest
from tests.publishing.site.api_checks import check_document
from tests.publishing.site.samples.sample_documents import DOCUMENTS

from mintmark.publishing.site.api import audit_parts as module
from mintmark.publishing.site.api.audit_parts import audit_parts

EVENT = {**DOCUMENTS["audit"]["events"][0]}


def audit(*times: str) -> dict[str, Any]:
    """An audit of events at these times, the oldest first."""
    events = [{**EVENT, "time": f"{time}T12:00:00Z"} for time in times]
    return {"$schema": "schemas/api-audit.schema.json", "commit": EVENT["commit"], "events": events[::-1]}


def whole(documents: dict[str, Any]) -> list[Any]:
    first = documents["audit.json"]
    return [*first["events"], *(event for part in first["parts"] for event in documents[part["path"]]["events"])]


def test_each_year_is_a_document_and_a_busy_one_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    told = audit("2024-01-01", "2024-02-01", "2024-03-01", "2023-12-31", "2024-05-01", "2026-01-01", "2026-02-01")
    documents = audit_parts(told)
    assert [*documents] == ["audit.json", "audit/2024.json", "audit/2024-2.json", "audit/2024-3.json"]
    assert whole(documents) == told["events"], "in the order of the commits, whatever a clock said"
    assert documents["audit.json"]["parts"][1] == {
        "path": "audit/2024-2.json", "events": 2, "from": "2023-12-31T12:00:00Z", "to": "2024-03-01T12:00:00Z",
    }  # fmt: skip
    for document in documents.values():
        check_document(document)
    later = audit_parts({**told, "events": [*audit("2026-03-01")["events"], *told["events"]]})
    assert later["audit/2026.json"]["events"] == documents["audit.json"]["events"]
    assert {path: later[path] for path in documents if path != "audit.json"} == {
        path: documents[path] for path in documents if path != "audit.json"
    }


def test_nothing_that_happened_is_a_document_too() -> None:
    (document,) = audit_parts(audit()).values()
    assert (document["events"], document["parts"]) == ([], [])
