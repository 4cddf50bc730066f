"""What the documents of the API say of a registry with a past, read from a built site."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.publishing.site.api_checks import check_api, faults_of
from tests.publishing.site.samples.lively_registry import REPOSITORY, SITE
from tests.scaffold.registry import Scratch

from mintmark.publishing.site.api.json_text import format_document
from mintmark.publishing.site.api.model_documents import PAGE_BYTES, index_documents
from mintmark.publishing.site.api.model_facts import ModelFacts
from mintmark.publishing.site.model_source import ModelSource
from mintmark.registry.past.chronicle import ModelChronicle


@pytest.fixture(scope="module")
def api(built: Path) -> Path:
    return built / "api" / "v1"


def read(api: Path, path: str) -> Any:
    return json.loads((api / path).read_text())


def commit_of(lively: Scratch, subject: str) -> str:
    """The commit with a subject, or that begins so."""
    lines = lively.git("log", "--format=%H %s").splitlines()
    return next(line[:40] for line in lines if line[41:].startswith(subject))


def test_every_document_keeps_to_its_schema(api: Path) -> None:
    assert (
        check_api(api) == 3 + 5 + 6 + 6 + 6 + 6 + 3
    )  # config, models, audit; lineage: index, parts, marks; indexes and lineage; versions; curves; channels; monitoring


def test_a_channel_says_what_where_since_when_by_whom_and_what_was_before(lively: Scratch, api: Path) -> None:
    found = read(api, "models/iris/channels/production.json")
    moved = commit_of(lively, "rollback iris 1.2.0 in production (#10)")
    assert found["commit"] == moved
    assert (found["version"], found["rollback_to"], found["by"]) == ("1.1.0", "1.0.0", "Ada Lovelace")
    assert found["since"] == "2026-01-08T12:00:00Z"
    assert found["pull_request"] == 10
    artifact = (api / "models/iris/channels" / found["artifact"]["url"]).read_bytes()
    assert artifact == b"the bytes of iris 1.1.0\n"
    assert hashlib.sha256(artifact).hexdigest() == found["sha256"] == found["artifact"]["sha256"]
    assert (api / "models/iris/channels" / found["record"]).is_file()


def test_a_document_names_the_commit_that_last_changed_what_it_tells(lively: Scratch, api: Path) -> None:
    assert read(api, "models/iris/versions/1.1.0.json")["commit"] == commit_of(lively, "propose iris 1.1.0")
    assert read(api, "models/iris/versions/1.2.0.json")["commit"] == commit_of(lively, "yank iris 1.2.0")
    assert read(api, "models/iris/index.json")["commit"] == commit_of(lively, "propose iris 2.0.0-rc.1")
    assert read(api, "models/price/index.json")["commit"] == commit_of(lively, "Promote price 1.0.0")
    assert read(api, "config.json")["commit"] == commit_of(lively, "Begin the registry")
    assert read(api, "audit.json")["commit"] == lively.head == read(api, "models.json")["commit"]


def test_yanked_withdrawn_and_early_versions_are_told_apart(lively: Scratch, api: Path) -> None:
    index = read(api, "models/iris/index.json")
    assert [row["version"] for row in index["versions"]] == ["2.0.0-rc.1", "1.2.0", "1.1.0", "1.0.0"]
    assert index["latest"] == "1.1.0"
    yanked = index["versions"][1]["yanked"]
    assert (yanked["reason"], yanked["replacement"]) == ("Trained on *leaked* labels.", "1.1.0")
    assert (yanked["pull_request"], yanked["time"]) == (11, "2026-01-09T12:00:00Z")
    assert [row["yanked"] for row in index["versions"]].count(None) == 3
    assert [(row["version"], row["commit"]) for row in index["withdrawn"]] == [
        ("1.3.0", commit_of(lively, 'Revert "propose iris 1.3.0')),
    ]
    assert index["withdrawn"][0]["registered"]["pull_request"] == 12
    assert index["versions"][2]["channels"] == ["staging", "production"]
    assert index["versions"][0]["registered"]["pull_request"] == 14


def test_moves_are_told_newest_first_with_rollbacks_as_such(api: Path) -> None:
    moves = [move for move in read(api, "models/iris/index.json")["moves"] if move["channel"] == "production"]
    assert [(move["kind"], move["from"], move["to"]) for move in moves] == [
        ("rollback", "1.2.0", "1.1.0"),
        ("promote", "1.1.0", "1.2.0"),
        ("promote", "1.0.0", "1.1.0"),
        ("promote", None, "1.0.0"),
    ]


def test_a_row_tells_whether_the_champion_is_really_better(api: Path) -> None:
    rows = {row["name"]: row for row in read(api, "models.json")["models"]}
    iris = rows["iris"]
    assert (iris["measured"], iris["compared_with"]["version"], iris["compared_with"]["rows"]) == (
        "1.1.0",
        "1.0.0",
        "same",
    )
    assert iris["compared_with"]["standing"] in (
        "better",
        "no worse",
        "worse",
        "inconclusive",
    )  # from stored predictions
    assert iris["compared_with"]["difference"] == pytest.approx(iris["value"] - iris["compared_with"]["value"])
    assert rows["price"]["compared_with"] is None
    assert (iris["framework"], iris["licence"], iris["tags"]) == ("scikit-learn", "Apache-2.0", ["flowers", "small"])
    assert read(api, "models.json")["totals"] == {
        "models": 3,
        "models_unreadable": 0,
        "champions": 3,
        "champions_unreadable": 0,
        "versions": 6,
        "yanked": 1,
        "withdrawn": 1,
        "files_size": sum(row["size"] for name in rows for row in read(api, f"models/{name}/index.json")["versions"]),
    }


def test_no_mail_address_is_published(built: Path) -> None:
    for path in built.rglob("*"):
        if path.is_file() and path.suffix in (".html", ".json", ".xml", ".svg", ".sqlite", ".md"):
            assert b"ada@example.org" not in path.read_bytes(), path


def test_the_settings_are_there_with_the_addresses(api: Path) -> None:
    config = read(api, "config.json")
    assert (config["repository"], config["site"]) == (REPOSITORY, SITE)
    assert config["store"] == {"url": None}
    assert config["registry"]["name"] == config["name"] == "Acme models"


def test_the_database_answers_what_was_in_production_on_a_day(api: Path) -> None:
    with sqlite3.connect(f"file:{api / 'registry.sqlite'}?mode=ro", uri=True) as database:
        query = (
            "SELECT model, version FROM production_history WHERE from_time <= ? AND (to_time IS NULL OR to_time > ?)"
        )
        day = "2026-01-07T23:59:59Z"
        assert sorted(database.execute(query, (day, day))) == [("iris", "1.2.0")]
        assert database.execute("SELECT count(*) FROM versions").fetchone() == (6,)


@pytest.mark.slow
def test_an_index_of_very_many_versions_goes_on_in_further_pages() -> None:
    metric = {"name": "mae", "goal": "minimize"}
    identity = {"name": "iris", "metric": metric, "gates": {"margin": 0.1}, "purpose": "x" * 20_000}
    source = ModelSource("iris", identity=identity)
    for number in range(4000):
        version = f"1.{number}.0"
        artifact = {"path": "model.skops", "format": "skops", "md5": "0" * 32, "sha256": "0" * 64, "size": 9}
        source.records[version] = {
            "created": "2026-01-01T00:00:00Z", "author": "Ada", "summary": "Again. " * 20, "artifact": artifact,
            "files": {}, "metrics": {"mae": {"value": 1.0, "low": 0.5, "high": 1.5}},
        }  # fmt: skip
    pages = index_documents(ModelFacts(source=source, chronicle=ModelChronicle(), channels=("production",)))
    assert len(pages) > 2
    assert all(len(format_document(page).encode()) < 1_000_000 for page in pages)
    assert [page["older"] for page in pages] == [*(f"index-{n}.json" for n in range(2, len(pages) + 1)), None]
    versions = [row["version"] for page in pages for row in page["versions"]]
    assert versions == [f"1.{number}.0" for number in reversed(range(4000))]
    assert len(format_document(pages[0]).encode()) > PAGE_BYTES / 2
    assert [fault for page in pages[1:] for fault in faults_of(page)] == []
