"""A whole site: the same bytes each time, other models untouched by a change, and nothing hidden by what is broken."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.publishing.site.rebuilding import rebuild
from tests.publishing.site.samples.lively_registry import REPOSITORY, SITE, write_version
from tests.scaffold.marks import first_quick
from tests.scaffold.registry import Scratch

from mintmark.core import layout
from mintmark.errors import InvalidRegistryError, MintmarkError, UsageError
from mintmark.publishing.site import build, embedded_files
from mintmark.publishing.site.api.registry_documents import Addresses
from mintmark.publishing.site.build import build_site
from mintmark.publishing.site.kept import known_model
from mintmark.publishing.site.model_site import write_model
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.past.notes import write_note

GOLDEN = Path(__file__).parent / "golden"
KEPT = ".git/mintmark/site"
REFRESH = f"{Path(sys.executable).name} -m tests.publishing.site.refresh_golden"

# What tells of the whole registry, and so of any change in it.
SHARED = {
    "index.html", "audit/index.html", "lineage/index.html", "api/v1/models.json", "api/v1/audit.json",
    "api/v1/audit.csv", "api/v1/lineage.json", "compare/index.html",
    *(f"api/v1/lineage/{part}-1.json" for part in ("data", "scripts", "packages", "marks")),
    "api/v1/feed.xml", "api/v1/registry.sqlite", "search/search_index.json", "sitemap.xml",
}  # fmt: skip


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_heads_and_search_have_texts_without_marks(built: Path) -> None:
    entries = json.loads((built / "search/search_index.json").read_text())["docs"]
    (told,) = [entry["text"] for entry in entries if entry["location"] == "models/iris/"]
    head = (built / "models/iris/index.html").read_text().partition("<body")[0]
    for text in (told, head):
        assert "Tells two kinds of iris apart. See the study." in text
        assert "**" not in text


def test_the_same_tree_gives_the_same_bytes(lively: Scratch, built: Path, tmp_path: Path) -> None:
    clone = tmp_path / "elsewhere" / "clone"
    clone.parent.mkdir()
    subprocess.run(("git", "clone", "--quiet", str(lively.root), str(clone)), check=True)
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    command = (sys.executable, "-m", "mintmark.cli", "site", "build", "-o", str(tmp_path / "again"))
    subprocess.run(command, cwd=clone, env=environment, check=True, capture_output=True)
    assert digests(tmp_path / "again") == digests(built)


@pytest.mark.slow
def test_two_processes_write_the_same_bytes_as_one_and_what_is_damaged_is_written_anew(
    own: Scratch, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "_FEW", 0)
    kept = [*own.path(KEPT).iterdir()]
    assert len(kept) > 3
    for parcel in kept:
        parcel.write_bytes(parcel.read_bytes()[:-1] + b"?")
    rebuild(own, tmp_path / "again")
    assert digests(tmp_path / "again") == digests(built)


def test_what_an_earlier_build_left_makes_the_same_bytes_and_only_what_changed_is_made(
    own: Scratch, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(build, "build_project", lambda *_, **__: pytest.fail("docs/ is as it was"))
    monkeypatch.setattr(
        known_model, "write_model", lambda plan, job, cache: made.append(job.name) or write_model(plan, job, cache)
    )
    rebuild(own, tmp_path / "again")
    assert made == []
    assert digests(tmp_path / "again") == digests(built)
    own.promote("iris", "2.0.0-rc.1")
    rebuild(own, tmp_path / "after")
    assert made == ["iris"]
    own.git("commit", "--quiet", "--amend", "-m", "promote iris to production (#77)")  # the same tree, another past
    rebuild(own, tmp_path / "amended")
    assert made == ["iris", "iris"]
    assert "#77" in (tmp_path / "amended/models/iris/index.html").read_text()


@pytest.mark.slow
def test_a_stored_file_that_comes_or_goes_is_noticed_though_nothing_else_changed(own: Scratch, tmp_path: Path) -> None:
    stored = own.object_of("iris", "1.1.0")
    place, page = "api/v1/models/iris/versions/1.1.0/model.skops", "models/iris/1.1.0/index.html"
    rebuild(own, tmp_path / "whole")
    stored.rename(tmp_path / "away")
    for name in ("without", "again without"):
        rebuild(own, tmp_path / name)
        assert not (tmp_path / name / place).exists()
        assert (tmp_path / name / page).read_bytes() != (tmp_path / "whole" / page).read_bytes()
    (tmp_path / "away").rename(stored)
    rebuild(own, tmp_path / "back")
    assert digests(tmp_path / "back") == digests(tmp_path / "whole")


def test_a_commit_is_built_as_its_work_tree_was(own: Scratch, built: Path, tmp_path: Path) -> None:
    then = own.head
    own.promote("iris", "2.0.0-rc.1")
    build_site(ClonedRegistry(own.root, at=then), tmp_path / "then")
    assert digests(tmp_path / "then") == digests(built)


@pytest.mark.slow
def test_the_documents_are_those_that_were_looked_at(golden_registry: Scratch, tmp_path: Path) -> None:
    rebuild(golden_registry, tmp_path / "site")
    kept = sorted(path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*") if path.is_file())
    assert len(kept) >= 8
    for name in kept:
        expected, found = (GOLDEN / name).read_text(), golden_text(tmp_path / "site", name)
        assert found == expected, f"{name} changed; look at it, then: {REFRESH}"


def golden_text(site: Path, name: str) -> str:
    """The text of a file of the site as it is kept: of a page, only what Mintmark put into its frame."""
    text = (site / name).read_text()
    if not name.endswith(".html"):
        return text
    start, end = text.index("<article"), text.index("</article>")
    return text[start:end] + "\n"


@pytest.fixture
def golden_registry(empty_registry: Scratch) -> Scratch:
    return make_golden(empty_registry)


def make_golden(scratch: Scratch) -> Scratch:
    """A small registry whose every byte is known: no predictions, which another pyarrow would write otherwise."""
    scratch.write_settings(name="Golden", addresses={"repository": REPOSITORY, "site": SITE})
    scratch.artifact = b"the bytes of a model\n"
    scratch.add_model("iris", title="Kinds of iris")
    scratch.commit("Begin the registry")
    scratch.register("iris", "1.0.0")
    scratch.promote("iris", "1.0.0")
    scratch.register("iris", "1.1.0", parent="1.0.0")
    scratch.promote("iris", "1.1.0")
    scratch.set_channel("iris", "production", "1.0.0")
    scratch.commit("rollback iris 1.1.0 in production (#5)")
    scratch.yank("iris", "1.1.0", replacement="1.0.0")
    scratch.set_channel("iris", "staging", "1.0.0")
    scratch.commit("yank iris 1.1.0 (#6)")
    return scratch


@pytest.mark.slow
def test_a_change_of_one_model_rewrites_no_byte_of_another(own: Scratch, built: Path, tmp_path: Path) -> None:
    write_version(own, "price", "1.1.0", quality=4.0, task="regression", parent="1.0.0")
    own.set_channel("price", "production", "1.1.0")
    own.commit("propose price 1.1.0")
    rebuild(own, tmp_path / "after")
    before, after = digests(built), digests(tmp_path / "after")
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert "models/price/index.html" in changed
    assert {name for name in changed if "/price/" not in f"/{name}"} <= SHARED


def test_broken_settings_stop_the_build_and_leave_the_old_site(own: Scratch, built: Path, tmp_path: Path) -> None:
    shutil.copytree(built, tmp_path / "site")
    own.write(layout.REGISTRY, "schema: 1\n")
    with pytest.raises(InvalidRegistryError):
        rebuild(own, tmp_path / "site")
    assert digests(tmp_path / "site") == digests(built)


def test_a_broken_page_of_the_docs_stops_the_build_with_its_name(own: Scratch, built: Path, tmp_path: Path) -> None:
    shutil.copytree(built, tmp_path / "site")
    own.edit("docs/index.md", "how-to/roll-back.md", "how-to/nowhere.md")
    with pytest.raises(MintmarkError, match=r"docs/index\.md[\s\S]*nowhere\.md"):
        rebuild(own, tmp_path / "site")
    assert digests(tmp_path / "site") == digests(built)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.slow
def test_what_is_not_committed_is_shown_as_such(own: Scratch, tmp_path: Path) -> None:
    write_version(own, "iris", "3.0.0", quality=2.0, parent="1.1.0")
    own.set_channel("iris", "production", "3.0.0")
    rebuild(own, tmp_path / "site")
    api = tmp_path / "site/api/v1/models/iris"
    version = json.loads((api / "versions/3.0.0.json").read_text())
    assert (version["commit"], version["registered"]) == (None, None)
    channel = json.loads((api / "channels/production.json").read_text())
    assert (channel["version"], channel["commit"], channel["since"]) == ("3.0.0", None, None)


def test_an_empty_registry_has_a_site_that_says_how_to_begin(empty_registry: Scratch, tmp_path: Path) -> None:
    done = rebuild(empty_registry, tmp_path / "site")  # without any commit, and without docs/
    assert (done.models, done.versions, done.findings) == (0, 0, ())
    assert "mintmark propose" in (tmp_path / "site" / "index.html").read_text()
    assert json.loads((tmp_path / "site/api/v1/models.json").read_text())["models"] == []


def test_a_shallow_clone_is_no_source_of_a_site(lively: Scratch, tmp_path: Path) -> None:
    subprocess.run(
        ("git", "clone", "--quiet", "--depth", "1", f"file://{lively.root}", str(tmp_path / "clone")), check=True
    )
    with pytest.raises(MintmarkError, match="--unshallow"):
        build_site(ClonedRegistry(tmp_path / "clone"), tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_an_old_link_to_a_withdrawn_version_says_what_became_of_it(lively: Scratch, built: Path) -> None:
    page = (built / "models/iris/1.3.0/index.html").read_text()
    assert "Withdrawn." in page
    assert '<a href="1.3.0/">1.3.0</a>' in (built / "models/iris/index.html").read_text()
    command = re.search(r"mintmark (show iris@1\.3\.0 --at [0-9a-f]+)", page)
    assert command
    assert lively.run(*command[1].split()).code == 0


def test_a_folder_of_somebody_else_is_left_alone(lively: Scratch, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="choose another"):
        rebuild(lively, tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


@pytest.mark.slow
def test_addresses_that_are_given_take_the_place_of_the_settings(lively: Scratch, tmp_path: Path) -> None:
    given = Addresses(repository="https://git.example/acme/fork", site="https://models.example")
    rebuild(lively, tmp_path / "site", addresses=given)
    page = (tmp_path / "site/models/iris/index.html").read_text()
    assert "https://git.example/acme/fork/commit/" in page
    assert REPOSITORY not in page
    assert '<link rel="canonical" href="https://models.example/models/iris/">' in page


@pytest.mark.slow
def test_of_a_large_store_the_files_in_use_are_published(
    lively: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "PUBLISHED_BYTES", 100)
    rebuild(lively, tmp_path / "site")
    versions = tmp_path / "site/api/v1/models/iris/versions"
    assert (versions / "1.1.0" / "model.skops").is_file()  # in both channels
    assert not (versions / "1.0.0").exists()
    document = json.loads((versions / "1.0.0.json").read_text())
    assert {file["url"] for file in document["files"]} == {None}


@pytest.mark.slow
def test_a_file_with_other_bytes_than_the_record_says_is_not_published(own: Scratch, tmp_path: Path) -> None:
    own.object_of("iris", "1.1.0").chmod(0o644)
    own.object_of("iris", "1.1.0").write_bytes(b"the bytes of iris 9.9.9\n")
    rebuild(own, tmp_path / "site")
    assert not (tmp_path / "site/api/v1/models/iris/versions/1.1.0/model.skops").exists()
    assert (tmp_path / "site/api/v1/models/iris/versions/1.0.0/model.skops").is_file()


@pytest.mark.slow
def test_a_store_elsewhere_is_named_without_its_password_and_asked_only_when_told(own: Scratch, tmp_path: Path) -> None:
    elsewhere = tmp_path / "remote"
    shutil.move(own.path(".dvc/store"), elsewhere)
    own.edit(".dvc/config", "url = store", f"url = {elsewhere}")
    own.commit("move the store")
    rebuild(own, tmp_path / "plain")
    rebuild(own, tmp_path / "fetched", fetch=True)
    plain, fetched = ((tmp_path / name / "models/iris/1.1.0/index.html").read_text() for name in ("plain", "fetched"))
    assert "mm-curve" not in plain
    assert "mm-curve" in fetched
    assert not list((tmp_path / "fetched/api/v1").rglob("*.skops"))  # what is drawn from is not given away
    own.edit(".dvc/config", f"url = {elsewhere}", "url = https://ada:secret@models.example/store?token=x")
    assert embedded_files.store_address(ClonedRegistry(own.root)) == "https://models.example/store"


def test_every_channel_can_be_moved_from_the_page(built: Path) -> None:
    page = (built / "models/iris/index.html").read_text()
    for channel in ("staging", "production"):
        assert f'<summary id="change-{channel}">Move {channel}</summary>' in page
        assert f'href="{REPOSITORY}/edit/main/models/iris/channels/{channel}.yaml"' in page
    assert "Roll production back to 1.0.0</span>" in page


@pytest.mark.slow
def test_zensical_builds_the_same_pages(lively: Scratch, built: Path, tmp_path: Path) -> None:
    rebuild(lively, tmp_path / "site", builder="zensical")
    ours, theirs = digests(built), digests(tmp_path / "site")
    api = {name for name in ours if name.startswith("api/")}
    assert {name: ours[name] for name in api} == {name: theirs[name] for name in api}
    for name in ("index.html", "audit/index.html", "models/iris/index.html", "models/iris/1.1.0/index.html"):
        assert content_of(tmp_path / "site" / name) == content_of(built / name), name
    assert "The Acme handbook" in (tmp_path / "site" / "docs" / "index.html").read_text()


def content_of(page: Path) -> str:
    """What Mintmark put into the frame: from the first heading to the end of the article."""
    text = page.read_text()
    start = text.index("<h1>")
    return text[start : text.index("</article>", start)].strip()


def row_of(site: Path, model: str) -> dict[str, Any]:
    rows = json.loads((site / "api/v1/models.json").read_text())["models"]
    return next(row for row in rows if row["name"] == model)


def test_a_note_marks_a_version_as_reproduced(own: Scratch, tmp_path: Path) -> None:
    blob = own.git("rev-parse", f"HEAD:{layout.version_path('iris', '1.1.0')}")
    write_note(own.root, blob, reference="iris@1.1.0", identical=True, sha256="0" * 64)
    rebuild(own, tmp_path / "site")
    assert row_of(tmp_path / "site", "iris")["badges"] == ["reproduced"]
    assert row_of(tmp_path / "site", "price")["badges"] == []
    version = json.loads((tmp_path / "site/api/v1/models/iris/versions/1.1.0.json").read_text())
    assert (version["reproduced"]["identical"], version["reproduced"]["by"]) == (True, "Ada Lovelace")
    assert "reproduced" in (tmp_path / "site/models/iris/1.1.0/index.html").read_text().lower()


@pytest.mark.slow
def test_a_champion_that_grew_old_is_stale(own: Scratch, tmp_path: Path) -> None:
    own.commits = 300  # days after the first commit
    own.edit(layout.model_path("price"), "What a house costs", "What a house costs today")
    own.commit("describe price")
    rebuild(own, tmp_path / "site")
    assert row_of(tmp_path / "site", "iris")["badges"] == ["stale"]


@pytest.mark.slow
def test_a_channel_that_points_to_a_yanked_version_is_marked(own: Scratch, tmp_path: Path) -> None:
    own.yank("price", "1.0.0")
    own.commit("yank price 1.0.0")
    rebuild(own, tmp_path / "site")
    assert row_of(tmp_path / "site", "price")["badges"] == ["yanked"]


@pytest.mark.parametrize(
    ("before", "quality", "margin", "standing"),
    first_quick(
        [
            (0.2, 3.0, 0.01, "better"),
            (3.0, 0.2, 0.01, "worse"),
            (1.0, 0.98, 0.2, "no worse"),
            (1.0, 0.98, 0.004, "inconclusive"),
        ]
    ),
)
def test_the_champion_is_judged_against_the_one_before_by_its_predictions(
    own: Scratch, tmp_path: Path, before: float, quality: float, margin: float, standing: str
) -> None:
    own.edit(layout.model_path("hostile"), "margin: 0.01", f"margin: {margin}")
    for version, made in (("1.1.0", before), ("1.2.0", quality)):
        write_version(own, "hostile", version, quality=made, parent="1.0.0")
        own.promote("hostile", version)
    rebuild(own, tmp_path / "site")
    row = row_of(tmp_path / "site", "hostile")
    assert row["compared_with"]["standing"] == standing
    assert ("inconclusive" in row["badges"]) == (standing == "inconclusive")


@pytest.mark.slow
def test_a_past_that_no_calendar_knows_is_told_all_the_same(own: Scratch, tmp_path: Path) -> None:
    own.edit(layout.model_path("price"), "What a house costs", "What a house costs today")
    own.git("add", "-A")
    environment = {**os.environ, "GIT_COMMITTER_DATE": "@253402300900 +0000", "GIT_AUTHOR_DATE": "@253402300900 +0000"}
    subprocess.run(("git", "commit", "--quiet", "-m", "describe"), cwd=own.root, env=environment, check=True)
    own.edit(layout.version_path("iris", "1.1.0"), "2026-01-02T09:30:00Z", "9999-99-99T99:99:99Z")
    own.commit("no day at all")
    assert rebuild(own, tmp_path / "site").findings == ()
    assert row_of(tmp_path / "site", "iris")["created"] == "9999-99-99T99:99:99Z"


def test_the_runs_that_verify_are_named_where_the_repository_has_them(scratch: Scratch) -> None:
    given = Addresses(repository="https://git.example/acme/models/")
    assert build._addresses(ClonedRegistry(scratch.root), given, Addresses()).verifying is None
    scratch.write(".github/workflows/verify.yml", "on: {schedule: []}\n")
    registry = ClonedRegistry(scratch.root)
    runs = "https://git.example/acme/models/actions/workflows/verify.yml"
    assert build._addresses(registry, given, Addresses()).verifying == runs
    assert build._addresses(registry, Addresses(), Addresses()).verifying is None, "nobody knows where the runs are"
