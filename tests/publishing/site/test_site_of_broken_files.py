"""A registry in which each kind of file is broken once: every page and document says so, and the rest is whole (R10)."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.publishing.site.api_checks import check_api
from tests.publishing.site.samples.lively_registry import REPOSITORY
from tests.scaffold.once import Once
from tests.scaffold.registry import Scratch, begin
from tests.scaffold.server import serve

from mintmark.core import layout
from mintmark.publishing.site.build import build_site
from mintmark.registry.clone import ClonedRegistry

MODELS = (
    "channel", "metrics", "model", "no-metrics", "no-model", "no-pointer", "no-record", "no-version", "pointer",
    "record", "status", "strange-channel", "whole",
)  # fmt: skip
RECORD = layout.version_path("record", "1.0.0")


def break_each(scratch: Scratch) -> Scratch:
    """Fill a registry with models that are named after what is broken in them; each has 1.0.0 in production."""
    scratch.write_settings(
        name="Broken", addresses={"repository": REPOSITORY, "site": "https://acme.github.io/models/"}
    )
    for model in MODELS:
        scratch.add_model(model)
        scratch.add_version(model, "1.0.0")
        scratch.set_channel(model, "staging", "1.0.0")
        scratch.set_channel(model, "production", "1.0.0")
    scratch.yank("status", "1.0.0")
    scratch.commit("Begin the registry")
    scratch.edit(RECORD, "parent: null", "parent: 7")
    scratch.remove(layout.version_path("no-record", "1.0.0"))
    scratch.write(layout.metrics_path("metrics", "1.0.0"), "{\n")
    scratch.remove(layout.metrics_path("no-metrics", "1.0.0"))
    scratch.write(layout.model_path("model"), "schema: 1\nname: [\n")
    scratch.remove(layout.model_path("no-model"))
    scratch.write(layout.channel_path("channel", "production"), "schema: 1\nversion: [\n")
    scratch.write(layout.status_path("status", "1.0.0"), "schema: 1\nstate: gone\n")
    scratch.write(layout.pointer_path("pointer", "1.0.0", "model.skops"), "outs: [\n")
    scratch.remove(layout.pointer_path("no-pointer", "1.0.0", "model.skops"))
    scratch.set_channel("no-version", "production", "9.9.9")
    scratch.set_channel("strange-channel", "elsewhere", "1.0.0")
    scratch.commit("break one file of each")
    return scratch


BROKEN = {
    "channel": layout.channel_path("channel", "production"),
    "metrics": layout.metrics_path("metrics", "1.0.0"),
    "model": layout.model_path("model"),
    "no-metrics": layout.metrics_path("no-metrics", "1.0.0"),
    "no-model": layout.model_path("no-model"),
    "no-pointer": layout.pointer_path("no-pointer", "1.0.0", "model.skops"),
    "no-record": layout.version_path("no-record", "1.0.0"),
    "no-version": layout.channel_path("no-version", "production"),
    "pointer": layout.pointer_path("pointer", "1.0.0", "model.skops"),
    "record": RECORD,
    "status": layout.status_path("status", "1.0.0"),
    "strange-channel": layout.channel_path("strange-channel", "elsewhere"),
}


@pytest.fixture(scope="session")
def broken(once: Once) -> Scratch:
    return Scratch(once.build("broken", lambda folder: break_each(begin(folder))))


@pytest.fixture(scope="session")
def site(broken: Scratch, once: Once) -> Path:
    """The site of `broken`."""
    return once.build("broken-site", lambda output: build_site(ClonedRegistry(broken.root), output))


def document(site: Path, path: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((site / "api/v1" / path).read_text())
    return loaded


def text_of(page: Path) -> str:
    """The content of a page without its tags."""
    html = page.read_text()
    start = html.index("<h1>")
    return " ".join(re.sub(r"<[^>]*>", "", html[start : html.index("</article>", start)]).split())


def test_every_broken_file_is_told_by_place_on_home_on_its_model_and_on_its_version(site: Path) -> None:
    check_api(site / "api/v1")
    home = text_of(site / "index.html")
    for model, path in BROKEN.items():
        told = [entry for entry in document(site, "models.json")["broken"] if entry["path"] == path]
        assert told, model
        assert told == [e for e in document(site, f"models/{model}/index.json")["broken"] if e["path"] == path]
        place = f"{path}, line {told[0]['line']}"
        assert place in home or f"{path}:{told[0]['line']}" in home, model
        page = text_of(site / f"models/{model}/index.html")
        assert place in page or f"{path}:{told[0]['line']}" in page, model
        assert f"{REPOSITORY}/blob/main/{path}#L{told[0]['line']}" in (site / "index.html").read_text()
        if "/versions/" in path:
            assert place in text_of(site / f"models/{model}/1.0.0/index.html"), model
            assert document(site, f"models/{model}/versions/1.0.0.json")["broken"], model
    for name in ("config.json", "models/whole/index.json", "models/whole/versions/1.0.0.json"):
        assert not document(site, name).get("broken"), name
    assert "cannot be read" not in text_of(site / "models/whole/index.html")
    assert document(site, "models.json")["totals"]["versions"] == len(MODELS)


def test_whose_commit_did_it_is_told_or_that_git_knows_none(site: Path, broken: Scratch) -> None:
    causes = {entry["path"]: entry["cause"] for entry in document(site, "models.json")["broken"]}
    commit = broken.git("rev-parse", "HEAD").strip()
    for model in ("metrics", "no-metrics", "no-record", "record", "pointer", "no-pointer", "channel"):
        cause = causes[BROKEN[model]]
        assert (cause["kind"], cause["by"], cause["commit"]) == ("damage", "Ada Lovelace", commit), model
        on_model = text_of(site / f"models/{model}/index.html")
        assert "Damaged by Ada Lovelace on " in on_model or f"Ada Lovelace damaged it in {commit[:7]}" in on_model, (
            model
        )
        if model == "record":
            registered = broken.git("rev-parse", "--short=10", "HEAD~1").strip()
            restore = f"git restore --source={registered} -- models/record/versions/1.0.0"
            assert restore in text_of(site / "models/record/1.0.0/index.html")
        if model != "channel":
            assert "Damaged by Ada Lovelace on " in text_of(site / f"models/{model}/1.0.0/index.html"), model
    kinds = {model: causes[BROKEN[model]]["kind"] for model in ("model", "no-model", "status", "no-version")}
    assert kinds == {"model": "describe", "no-model": "remove", "status": "yank", "no-version": "promote"}
    audit = [event["sentence"] for event in document(site, "audit.json")["events"] if event["kind"] == "damage"]
    assert audit.count("1.0.0 was damaged: its files were changed after it was registered") == 6
    assert "the file of production was damaged: it names no version" in audit


def test_what_is_in_production_is_never_nothing(site: Path) -> None:
    held = {model: document(site, f"models/{model}/channels/production.json").get("version") for model in MODELS}
    assert held == {**dict.fromkeys(MODELS, "1.0.0"), "channel": None, "no-version": "9.9.9"}
    rows = {row["name"]: row for row in document(site, "models.json")["models"]}
    assert {name: rows[name]["channels"].get("production") for name in rows} == {name: held[name] for name in rows}
    assert rows.keys() == {*MODELS} - {"model", "no-model"}
    with sqlite3.connect(f"file:{site}/api/v1/registry.sqlite?mode=ro", uri=True) as database:
        found = dict(database.execute("SELECT model, version FROM channels WHERE channel = 'production'"))
        assert found == {model: version for model, version in held.items() if version}
        champions = dict(database.execute("SELECT model, version FROM champions"))
        assert champions == {model: version for model, version in found.items() if model in rows}
        assert {path for (path,) in database.execute("SELECT path FROM broken")} >= {*BROKEN.values()}
    table = re.search(
        r'<table class="mm-table mm-versions".*?</table>', (site / "models/record/index.html").read_text(), re.S
    )
    assert table is not None
    assert 'href="1.0.0/"' in table[0]
    assert "cannot be read" in table[0]
    assert "binary-classification · 1 version · latest 1.0.0" in text_of(site / "models/record/index.html")
    sentence = f"points to 1.0.0, whose record cannot be read ({RECORD}, line "
    page = (site / "models/record/index.html").read_text()
    assert re.search(rf'class="mm-answer__trouble">[^<]*{re.escape(sentence)}[0-9]+\)', page)
    home = (site / "index.html").read_text()
    assert home.count('class="mm-alarm">points to 1.0.0, which cannot be read</small>') == 2  # record, no-record
    assert home.count(sentence) == 1  # with what needs attention, and neither again for staging nor for the record
    assert document(site, "models.json")["totals"] | {"files_size": 0} == {
        "models": len(MODELS),
        "models_unreadable": 2,
        "champions": len(MODELS),
        "champions_unreadable": 4,
        "versions": len(MODELS),
        "yanked": 1,
        "withdrawn": 0,
        "files_size": 0,
    }
    assert f"in production{len(MODELS)} of them cannot be read4" in text_of(site / "index.html")
    assert "whose record cannot be read" in (site / "api/v1/badges/record/production.svg").read_text()
    badges = {m: (site / f"api/v1/badges/{m}/production.svg").read_text() for m in MODELS}
    assert {m for m, badge in badges.items() if "#b42318" in badge} == {
        "record", "no-record", "no-version", "channel", "status",
    }  # fmt: skip
    assert not any(re.search(r">none<", badge) for badge in badges.values())


def test_a_reader_of_the_published_registry_is_told_what_a_clone_is_told(site: Path, broken: Scratch) -> None:
    with serve(site) as address:
        for arguments in (("list",), ("list", "--versions")):
            here, there = broken.mintmark(*arguments), broken.mintmark(*arguments, "--registry", address)
            assert here.code == there.code == 1
            for path in ("channel", "model", "no-model", "record", "no-record", "no-version"):
                assert BROKEN[path] in here.err + here.out, (arguments, path)
                assert BROKEN[path] in there.err + there.out, (arguments, path)
        for reference in ("record@production", "channel@production", "no-record@1.0.0", "record@latest"):
            here, there = broken.mintmark("show", reference), broken.mintmark("show", reference, "--registry", address)
            assert (here.code, there.code) == (1, 1), reference
            place = BROKEN[reference.partition("@")[0]]
            assert place in here.err, reference
            assert place in there.err, reference
