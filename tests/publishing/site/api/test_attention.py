"""What needs attention, as the documents of a registry in trouble tell it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.publishing.site.api_checks import check_api


def items(site: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((site / "api/v1/models.json").read_text())["attention"]
    return found


def test_every_trouble_is_told_with_its_model_and_the_gravest_comes_first(troubled: Path) -> None:
    check_api(troubled / "api/v1")
    found = items(troubled)
    told = [(item["severity"], item["kind"], item["model"], item["channel"]) for item in found]
    assert [entry for entry in told if entry[0] == "high"] == [
        ("high", "yanked", "recalled", "production"),
        ("high", "unreadable", "broken", "production"),
        ("high", "unreadable", "gone", None),
        ("high", "unverified", "lost-bytes", "production"),
        ("high", "gates", "missing-a-gate", "production"),
    ]
    order = [severity for severity, *_ in told]
    assert order == sorted(order, key=["high", "medium", "low"].index)
    assert {"fine", "new"}.isdisjoint(model for _, _, model, _ in told)
    assert ("medium", "inconclusive", "unsure", "production") in told
    assert ("medium", "stale", "old", None) in told
    assert ("low", "waiting", "unsure", "production") in told


def test_a_sentence_says_what_and_where_and_names_no_day_of_today(troubled: Path) -> None:
    found = {(item["kind"], item["model"], item["channel"]): item for item in items(troubled)}
    yanked = found["yanked", "recalled", "production"]
    assert yanked["sentence"] == "production points to 1.1.0, which was yanked: It was trained on leaked labels"
    assert yanked["file"] == "models/recalled/channels/production.yaml"
    broken = found["unreadable", "broken", "production"]
    assert (broken["file"], broken["line"]) == ("models/broken/versions/1.1.0/version.yaml", 5)
    told = (
        "production points to 1.1.0, whose record cannot be read (models/broken/versions/1.1.0/version.yaml, line 5): "
    )
    assert broken["sentence"].startswith(told)
    assert [key for key in found if key[1] == "broken"] == [("unreadable", "broken", "production")]  # once
    assert "at least 0.999 is required" in found["gates", "missing-a-gate", "production"]["sentence"]
    waiting = found["waiting", "unsure", "production"]
    assert (waiting["version"], waiting["sentence"]) == ("1.2.0", "1.2.0 is in staging and was never in production")
    assert waiting["since"].startswith("2026-01-")


def test_a_model_has_its_own_and_its_rows_say_what_the_lists_do(troubled: Path) -> None:
    def index(model: str) -> Any:
        return json.loads((troubled / f"api/v1/models/{model}/index.json").read_text())

    own = [item for item in items(troubled) if item["model"] == "unsure"]
    assert index("unsure")["attention"] == own
    assert index("fine")["attention"] == []
    rows = {model: index(model)["versions"][0] for model in ("fine", "lost-bytes", "missing-a-gate")}
    assert [row["verified"] for row in rows.values()] == [True, False, True]
    assert [len(row["missed"]) for row in rows.values()] == [0, 0, 1]
    champion = index("unsure")["champion"]
    assert (champion["version"], champion["compared_with"]["version"]) == ("1.1.0", "1.0.0")
    assert champion["compared_with"]["standing"] == "inconclusive"
    assert (troubled / "api/v1/models/unsure" / champion["url"]).is_file()
    assert index("new")["champion"] is None
