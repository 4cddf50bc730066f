"""What versions were made from leads back to them, and nothing that a record names is left out."""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from mintmark.publishing.site.api.published_schemas import published_schemas


def read(site: Path, path: str) -> dict[str, object]:
    return json.loads((site / "api/v1" / path).read_text())  # type: ignore[no-any-return]


def test_every_version_is_found_by_what_it_was_made_from(built: Path) -> None:
    schema = json.loads(published_schemas()["api-lineage.schema.json"])
    index, own, whole = (
        read(built, path) for path in ("models/iris/index.json", "models/iris/lineage.json", "lineage.json")
    )
    for document in (own, whole):
        assert list(Draft202012Validator(schema).iter_errors(document)) == []
    for row in index["versions"]:  # type: ignore[attr-defined]
        record = read(built, f"models/iris/versions/{row['version']}.json")["record"]
        for data in record["data"]:  # type: ignore[index]
            (entry,) = (one for one in own["data"] if (one["path"], one["hash"]) == (data["path"], data["hash"]))  # type: ignore[attr-defined]
            assert row["version"] in entry["versions"]
        for name, release in record["environment"]["packages"].items():  # type: ignore[index]
            (entry,) = (one for one in own["packages"] if (one["package"], one["version"]) == (name, release))  # type: ignore[attr-defined]
            assert row["version"] in entry["versions"]
    champion = index["channels"]["production"]["version"]  # type: ignore[index]
    marked = {one["champion"] for entry in whole["packages"] for one in entry["models"] if one["name"] == "iris"}  # type: ignore[attr-defined]
    assert champion in marked
    page = (built / "lineage/index.html").read_text()
    assert f"★ {champion}" in page
