"""Odd and hostile texts of a registry cost no page of its site, and do no harm on it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.publishing.site.rebuilding import rebuild
from tests.publishing.site.samples.lively_registry import REPOSITORY, write_version
from tests.scaffold.registry import Scratch

from mintmark.core import layout
from mintmark.errors import MintmarkError
from mintmark.publishing.site import embedded_files
from mintmark.publishing.site.api.registry_documents import Addresses


def test_no_text_of_a_registry_becomes_markup_or_a_link_to_a_script(built: Path) -> None:
    for path in built.rglob("*.html"):
        page = path.read_text()
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
        assert "<iframe" not in page.lower(), path
        assert 'href="javascript:' not in page.lower(), path
        assert "\u202e" not in page, path
    page = (built / "models/hostile/index.html").read_text()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7*7 }}" in page  # shown as it was typed, and not 49


@pytest.mark.slow
def test_versions_whose_names_collide_on_a_site_cost_only_the_files_of_one(own: Scratch, tmp_path: Path) -> None:
    for version in ("3.0.0-a", "3.0.0-a.json"):
        write_version(own, "iris", version, quality=2.0)
    own.commit("propose both")
    done = rebuild(own, tmp_path / "site")
    assert [finding.path for finding in done.findings] == [layout.version_path("iris", "3.0.0-a.json")]
    versions = tmp_path / "site/api/v1/models/iris/versions"
    assert json.loads((versions / "3.0.0-a.json").read_text())["version"] == "3.0.0-a"
    assert json.loads((versions / "3.0.0-a.json.json").read_text())["files"][0]["url"] is None
    assert (versions / "3.0.0-a" / "model.skops").is_file()


@pytest.mark.slow
def test_a_stored_file_that_a_browser_would_run_has_an_address_that_it_does_not(own: Scratch, tmp_path: Path) -> None:
    own.edit(layout.version_path("iris", "1.1.0"), "  evaluation.parquet:", "  index.html:")
    rebuild(own, tmp_path / "site")
    folder = tmp_path / "site/api/v1/models/iris/versions/1.1.0"
    assert {path.name for path in folder.iterdir()} == {
        "model.skops", "predictions.parquet", "training-rows.parquet", "index.html.bin",
    }  # fmt: skip
    files = json.loads(folder.with_name("1.1.0.json").read_text())["files"]
    assert {file["name"]: file["url"] for file in files}["index.html"] == "1.1.0/index.html.bin"


@pytest.mark.parametrize(
    "name", ["e.HTM", "e.xhtml", "e.svg", "e.xml", "x.js", "x.mjs", "x.css", "x.pdf", "x.wasm", "x.svg.bin"]
)
def test_names_that_browsers_run_are_made_inert_and_never_meet(name: str) -> None:
    assert embedded_files.published_name(name) == f"{name}.bin"
    assert embedded_files.published_name(f"{name}.bin") == f"{name}.bin.bin"


@pytest.mark.slow
def test_docs_that_lead_elsewhere_are_not_published(own: Scratch, tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere"
    secret.mkdir()
    (secret / "index.md").write_text("# Secret\n")
    (own.root / "docs" / "link.md").symlink_to(secret / "index.md")
    rebuild(own, tmp_path / "site")
    assert not (tmp_path / "site/docs/link").exists()
    shutil.rmtree(own.root / "docs")
    (own.root / "docs").symlink_to(secret)
    with pytest.raises(MintmarkError, match="symbolic link"):
        rebuild(own, tmp_path / "site")


@pytest.mark.slow
def test_tokens_in_addresses_are_not_published(own: Scratch, tmp_path: Path) -> None:
    own.edit(layout.REGISTRY, REPOSITORY, "https://ada:hunter2@github.com/acme/models")
    given = Addresses(site="https://ada:hunter2@acme.github.io/models/")
    rebuild(own, tmp_path / "site", addresses=given)
    assert json.loads((tmp_path / "site/api/v1/config.json").read_text())["repository"] == REPOSITORY
    for path in (tmp_path / "site").rglob("*"):
        found = path.read_bytes() if path.is_file() and path.suffix != ".skops" else b""
        assert b"hunter2" not in found, path


@pytest.mark.slow
@pytest.mark.parametrize("address", ["https://[::1", "https://x:y:z/a/b"])
def test_addresses_that_are_none_make_no_links(own: Scratch, tmp_path: Path, address: str) -> None:
    own.edit(layout.REGISTRY, REPOSITORY, address)
    own.edit(".dvc/config", "url = store", "url = http://[::1")
    rebuild(own, tmp_path / "site")
    assert "/edit/" not in (tmp_path / "site/models/iris/index.html").read_text()


@pytest.mark.slow
def test_of_what_is_there_again_before_a_commit_nobody_is_named(own: Scratch, tmp_path: Path) -> None:
    write_version(own, "iris", "1.3.0", quality=1.5, parent="1.1.0")  # withdrawn before
    own.yank("iris", "1.0.0")
    rebuild(own, tmp_path / "site")
    api = tmp_path / "site/api/v1/models/iris"
    assert json.loads((api / "versions/1.3.0.json").read_text())["registered"] is None
    assert json.loads((api / "index.json").read_text())["withdrawn"] == []
    assert (
        json.loads((api / "channels/production.json").read_text())["rollback_to"] is None
    )  # the yanked one is no way back


@pytest.mark.slow
def test_a_number_that_no_float_can_hold_costs_no_page(own: Scratch, tmp_path: Path) -> None:
    path = layout.metrics_path("iris", "1.1.0")
    measured = json.loads(own.read(path))
    measured["cost"]["load_seconds"] = measured["importance"]["width"]["mean"] = 10**400
    measured["slices"]["small"]["metrics"]["roc_auc"]["low"] = -(10**400)
    own.write(path, json.dumps(measured))
    assert rebuild(own, tmp_path / "site").findings == ()
    assert (tmp_path / "site/models/iris/1.1.0/index.html").is_file()
