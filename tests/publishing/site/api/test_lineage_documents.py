"""What versions were made from leads back to them: every statement of the lineage, held against Git and the records."""

from __future__ import annotations

import html
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from tests.publishing.site.samples.invented_lineage import MODELS, VERSIONS, invented_lineage
from tests.scaffold.registry import Scratch

from mintmark.publishing.site.api import lineage_documents
from mintmark.publishing.site.api.json_text import format_document
from mintmark.publishing.site.api.lineage_documents import model_lineage
from mintmark.publishing.site.api.lineage_index import registry_lineage
from mintmark.publishing.site.api.model_facts import ModelFacts
from mintmark.publishing.site.model_source import ModelSource
from mintmark.registry.past.chronicle import ModelChronicle

PARTS = {"packages": ("package", "version"), "scripts": ("path", "hash"), "data": ("path", "hash", "role")}
# What stages of price read that no record lists, with what it was used for.
OTHER_DATA = {
    "data/houses.csv": "source",
    "data/sold-later.csv": "evaluation",
    "models/price/candidate/training.parquet": "training",
}
Key = tuple[str, ...]


def read(site: Path, path: str) -> Any:
    return json.loads((site / "api/v1" / path).read_text())


def recorded(lively: Scratch) -> dict[Key, dict[str, list[str]]]:
    """What the records in Git name, each with the models and versions; worked out from Git and YAML alone."""
    found: dict[Key, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in lively.git("ls-tree", "-r", "--name-only", "HEAD", "models").splitlines():
        if not path.endswith("/version.yaml"):
            continue
        record = yaml.safe_load(lively.git("show", f"HEAD:{path}"))
        keys = {("data", entry["path"], entry["hash"], entry["role"]) for entry in record["data"]}
        for stage in record["stages"].values():
            deps = stage.get("deps", {}).items()
            keys |= {
                ("scripts", *pair) for pair in deps if pair[0].endswith((".py", ".R")) or pair[0] == "scripts/shared"
            }
            keys |= {("data", *pair, OTHER_DATA[pair[0]]) for pair in deps if pair[0] in OTHER_DATA}
        keys |= {("packages", *pair) for pair in record["environment"]["packages"].items()}
        for key in keys:
            found[key][record["model"]].append(record["version"])
    return found


def order(lively: Scratch, model: str) -> list[str]:
    """The versions of a model in the order in which Git got them."""
    added = lively.git("log", "--reverse", "--diff-filter=A", "--name-only", "--format=", f"models/{model}/versions")
    paths = (line.split("/") for line in added.splitlines() if line.endswith("/version.yaml"))
    return list(dict.fromkeys(parts[3] for parts in paths))


def test_the_lineage_says_what_the_records_in_git_say_and_nothing_else(lively: Scratch, built: Path) -> None:
    expected = recorded(lively)
    index = read(built, "lineage.json")
    told: dict[Key, list[Any]] = {}
    for part, fields in PARTS.items():
        for path in dict.fromkeys(path for name in index[part] for path in name["documents"]):
            rows = read(built, path)[part]
            told |= {(part, *(row[field] for field in fields)): row["models"] for row in rows}
            for name in index[part]:
                named = [row for row in rows if row[fields[0]] == name["name"]]
                assert len(named) == name["entries"]
    assert set(told) == set(expected)
    for key, models in told.items():
        assert [row["name"] for row in models] == sorted(expected[key])
        for row in models:
            versions, past = expected[key][row["name"]], order(lively, row["name"])
            channel = yaml.safe_load(lively.git("show", f"HEAD:models/{row['name']}/channels/production.yaml"))
            own = read(built, row["document"])
            assert own["name"] == row["name"]
            (entry,) = (one for one in own[key[0]] if tuple(one[field] for field in PARTS[key[0]]) == key[1:])
            assert sorted(entry["versions"]) == sorted(versions)
            assert (entry["more"], row["versions"]) == (0, len(versions))
            assert row["newest"] == entry["versions"][0]
            assert row["first"] == entry["first"] == min(versions, key=past.index)
            champion = channel["version"] if channel["version"] in versions else None
            assert row["champion"] == entry["champion"] == champion
    marks = [mark for page in index["marks"] for mark in read(built, page["document"])["marks"]]
    assert sorted((mark["part"], mark["name"], mark["mark"]) for mark in marks) == sorted(
        (key[0], key[1], key[2] if key[0] == "packages" else key[2].split(":", 1)[1]) for key in expected
    )
    assert all(
        any((mark["part"], mark["name"]) == (key[0], key[1]) for key in expected)
        and mark["document"] in {path for name in index[mark["part"]] for path in name["documents"]}
        for mark in marks
    )


def test_the_page_marks_the_champions_and_tells_how_data_was_used(built: Path) -> None:
    page = (built / "lineage/index.html").read_text()
    made, measured = page.split('id="data"')[1].split('id="measured"')
    assert "iris/candidate/training.parquet" in made
    assert "evaluation" not in made.split("</details>")[0]
    assert "iris/candidate/evaluation.parquet" in measured
    assert "training.parquet" not in measured.split("</details>")[0]
    assert re.search(r'href="../models/iris/1\.1\.0/">★ 1\.1\.0<', page)


def test_every_link_of_a_version_leads_to_an_entry_with_that_version(built: Path) -> None:
    for path in built.glob("models/*/*/index.html"):
        model, version, page = path.parent.parent.name, path.parent.name, path.read_text()
        links = re.findall(r'href="\.\./\.\./\.\./lineage/(\?[^"]*)"', page)
        if not (built / f"api/v1/models/{model}/versions/{version}.json").exists():
            continue
        assert len(links) >= (9 if model == "price" else 4)
        own = read(built, f"models/{model}/lineage.json")
        for link in links:
            (search,) = parse_qs(urlsplit(html.unescape(link)).query)["find"]
            words = [json.loads(word) for word in re.findall(r'"(?:[^"\\]|\\.)*"', search)]
            found = [
                row
                for part, keys in PARTS.items()
                for row in own[part]
                if [row[key] for key in keys[:2]][-len(words) :] == words
            ]
            assert found, words
            assert all(version in row["versions"] for row in found)


def test_a_champion_is_named_however_many_versions_are_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lineage_documents, "_MOST", 2)
    source = ModelSource("iris")
    record = {"data": [{"path": "a.csv", "hash": "md5:1", "role": "source"}], "environment": {"packages": {}}}
    source.records = {f"1.{number}.0": record for number in range(5)}
    source.channels = {"production": "1.1.0"}
    facts = ModelFacts(source=source, chronicle=ModelChronicle(), channels=("staging", "production"))
    (page,) = model_lineage(facts)
    (entry,) = page["data"]
    assert (entry["versions"], entry["more"], entry["champion"]) == (["1.4.0", "1.3.0", "1.1.0"], 2, "1.1.0")
    (row,) = registry_lineage([page], None).entries["data"]
    assert row["models"] == [
        {
            "name": "iris", "versions": 5, "newest": "1.4.0", "first": "1.0.0", "champion": "1.1.0",
            "document": "models/iris/lineage.json",
        }
    ]  # fmt: skip


@pytest.mark.slow
def test_a_large_lineage_stands_in_small_documents_that_lead_to_every_entry() -> None:
    lineage = invented_lineage()
    sizes = {path: len(format_document(document).encode()) for path, document in lineage.documents.items()}
    assert sizes.pop("lineage.json") < 200_000
    assert max(sizes.values()) < 60_000
    index = lineage.documents["lineage.json"]
    for part, entries in lineage.entries.items():
        paths = dict.fromkeys(path for name in index[part] for path in name["documents"])
        assert [row for path in paths for row in lineage.documents[path][part]] == entries
    marks = [lineage.documents[page["document"]]["marks"] for page in index["marks"]]
    assert sum(map(len, marks)) == sum(map(len, lineage.entries.values())) > 2 * MODELS * VERSIONS
    assert [(page["first"], page["last"]) for page in index["marks"]] == [
        (rows[0]["mark"], rows[-1]["mark"]) for rows in marks
    ]
    names = [mark["mark"] for rows in marks for mark in rows]
    assert names == sorted(names)
