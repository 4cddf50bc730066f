from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from mintmark.errors import MintmarkError
from mintmark.registry import files, tree
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.rows import Listing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.scaffold.registry import Scratch


def models(scratch: Scratch, at: str | None = None) -> Listing:
    return ClonedRegistry(scratch.root, at=at).list_models()


def versions(scratch: Scratch, *names: str, at: str | None = None) -> Listing:
    registry = ClonedRegistry(scratch.root, at=at)
    return registry.list_versions(names or registry.models())


@pytest.mark.parametrize("at", [None, "HEAD"])
def test_a_row_for_each_model(scratch: Scratch, at: str | None) -> None:
    listing = models(scratch, at)
    assert listing.findings == []
    iris, wine = listing.models
    assert (iris.model, iris.versions, iris.latest, iris.measured) == ("iris", 3, "1.2.0", "1.1.0")
    assert iris.channels == {"staging": "1.2.0", "production": "1.1.0"}
    assert (iris.metric, iris.task, iris.owners) == ("roc_auc", "binary-classification", ["@ada"])
    champion = ClonedRegistry(scratch.root).record("iris", "1.1.0").metrics["roc_auc"]
    assert (iris.value, iris.low, iris.high) == (champion.value, champion.low, champion.high)
    assert wine.measured == "1.0.0"  # no champion: the latest


@pytest.mark.parametrize("at", [None, "HEAD"])
def test_a_row_for_each_version(scratch: Scratch, at: str | None) -> None:
    scratch.yank("iris", "1.0.0")
    scratch.commit()
    for _ in range(2):
        listing = versions(scratch, at=at)
        assert listing.findings == []
        assert [(row.model, row.version, row.channels, row.yanked) for row in listing.versions] == [
            ("iris", "1.2.0", ["staging"], False),
            ("iris", "1.1.0", ["production"], False),
            ("iris", "1.0.0", [], True),
            ("wine", "1.0.0", ["staging"], False),
        ]
    row = listing.versions[0]
    assert (row.created, row.author) == ("2026-01-02T09:30:00Z", "Ada Lovelace <ada@example.org>")
    assert row.summary == "Version 1.2.0 of iris."


def _edit_in_place(scratch: Scratch) -> None:
    """As many bytes as before in the same file, which then has its old time again."""
    path = scratch.path("models/iris/model.yaml")
    before = path.stat()
    with path.open("r+b") as file:
        file.write(path.read_bytes().replace(b"@ada", b"@eve"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: list[Callable[[Scratch], object]] = [
    lambda scratch: scratch.set_channel("iris", "production", "1.2.0"),
    lambda scratch: scratch.remove("models/iris/channels/staging.yaml"),
    lambda scratch: scratch.set_channel("iris", "production", "9.9.9"),
    lambda scratch: scratch.set_channel("iris", "production", "1.1.0"),
    lambda scratch: scratch.yank("iris", "1.2.0"),
    lambda scratch: scratch.remove("models/iris/status/1.2.0.yaml"),
    lambda scratch: scratch.add_version("iris", "1.3.0"),
    lambda scratch: scratch.remove("models/iris/versions/1.3.0"),
    _edit_in_place,
    lambda scratch: scratch.write("models/iris/versions/1.1.0/version.yaml", "a: ["),
    lambda scratch: scratch.git("checkout", "--", "models"),
    lambda scratch: scratch.remove("models/wine"),
    lambda scratch: scratch.git("checkout", "--", "models"),
    lambda scratch: scratch.edit("models/registry.yaml", "name: production", "name: live"),
    lambda scratch: scratch.git("checkout", "--", "models"),
]


def test_a_model_is_read_again_once_anything_of_it_changed(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    read = files.read_text_file
    monkeypatch.setattr(tree, "read_text_file", lambda path, limit: opened.append(path) or read(path, limit=limit))
    listing = models(scratch)
    monkeypatch.setattr(tree, "_TICK", -10)  # the files of a test are new, and so their times are not trusted
    opened.clear()
    assert models(scratch) == models(scratch) == listing
    assert sum("iris" in str(path) for path in opened) > 1  # once: the first one remembered nothing
    opened.clear()
    assert models(scratch) == listing
    assert [os.path.basename(str(path)) for path in opened] == ["registry.yaml"]
    for number, change in enumerate(CHANGES):
        change(scratch)
        remembered = models(scratch)
        shutil.rmtree(scratch.path(".git/mintmark"))
        assert remembered == models(scratch), number
    scratch.path("models").rename(scratch.path("elsewhere"))
    scratch.path("models").symlink_to("elsewhere")
    with pytest.raises(MintmarkError, match="lies behind models, which is a symbolic link"):
        models(scratch)


def test_a_commit_is_listed_by_the_trees_of_its_models(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    first = models(scratch, "HEAD")
    scratch.set_channel("iris", "production", "1.2.0")
    scratch.commit()
    assert models(scratch, "HEAD~1") == first
    assert models(scratch, "HEAD").models[0].channels["production"] == "1.2.0"
    asked: list[str] = []
    find = tree.GitTree.find
    monkeypatch.setattr(tree.GitTree, "find", lambda self, paths: asked.extend(paths) or find(self, paths))
    assert models(scratch, "HEAD").models[1] == first.models[1]
    assert asked == ["models/registry.yaml"]


def test_versions_are_in_their_own_order(scratch: Scratch) -> None:
    for version in ("1.10.0", "1.9.0", "2.0.0-rc.1", "2.0.0-rc.10", "2.0.0-rc.2"):
        scratch.add_version("iris", version)
    assert [row.version for row in versions(scratch, "iris").versions] == [
        "2.0.0-rc.10", "2.0.0-rc.2", "2.0.0-rc.1", "1.10.0", "1.9.0", "1.2.0", "1.1.0", "1.0.0"
    ]  # fmt: skip


@pytest.mark.parametrize("committed", [False, True])
def test_one_broken_file_costs_its_own_row(scratch: Scratch, committed: bool) -> None:
    scratch.write("models/iris/versions/1.1.0/version.yaml", "a: [")
    if committed:
        scratch.commit()
    for _ in range(2):
        listing = models(scratch)
        assert [row.model for row in listing.models] == ["iris", "wine"]
        assert [finding.path for finding in listing.findings] == ["models/iris/versions/1.1.0/version.yaml"]
        assert listing.models[0].value is None
        listing = versions(scratch)
        assert [row.version for row in listing.versions] == ["1.2.0", "1.0.0", "1.0.0"]
        assert [finding.path for finding in listing.findings] == ["models/iris/versions/1.1.0/version.yaml"]


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("content", ["name: [", None])
def test_a_broken_identity_hides_no_version(scratch: Scratch, content: str | None, committed: bool) -> None:
    path = "models/iris/model.yaml"
    scratch.remove(path) if content is None else scratch.write(path, content)
    if committed:
        scratch.commit()
    for at in (None, None, "HEAD") if committed else (None, None):
        listing = models(scratch, at)
        assert [row.model for row in listing.models] == ["wine"]
        assert [(finding.path, finding.line is None) for finding in listing.findings] == [(path, False)]
        listing = versions(scratch, at=at)
        assert [row.model for row in listing.versions] == ["iris", "iris", "iris", "wine"]
        assert [(finding.path, finding.line is None) for finding in listing.findings] == [(path, False)]


def test_a_candidate_alone_is_no_model_yet(scratch: Scratch) -> None:
    scratch.write("models/rose/candidate/metrics.json", "{}")
    listing = models(scratch)
    assert [row.model for row in listing.models] == ["iris", "wine"]
    assert listing.findings == []


def test_a_channel_that_points_nowhere_is_told(scratch: Scratch) -> None:
    scratch.set_channel("iris", "production", "9.9.9")
    (finding,) = models(scratch).findings
    assert finding.message.startswith("points to 9.9.9, and iris has no such version")
    assert (finding.path, finding.line) == ("models/iris/channels/production.yaml", 1)


def test_a_broken_channel_hides_no_other(scratch: Scratch) -> None:
    scratch.write("models/iris/channels/production.yaml", "version: [")
    for listing in (models(scratch), versions(scratch)):
        assert [finding.path for finding in listing.findings] == ["models/iris/channels/production.yaml"]
    assert models(scratch).models[0].channels == {"staging": "1.2.0"}


@pytest.mark.parametrize("committed", [False, True])
def test_what_its_folder_contradicts_has_no_row(scratch: Scratch, committed: bool) -> None:
    scratch.path("models/iris/versions/1.0.0").rename(scratch.path("models/iris/versions/3.0.0"))
    if committed:
        scratch.commit()
    for _ in range(2):
        listing = versions(scratch, "iris")
        assert [row.version for row in listing.versions] == ["1.2.0", "1.1.0"]
        assert [finding.path for finding in listing.findings] == ["models/iris/versions/3.0.0/version.yaml"]


def test_a_copied_model_is_not_taken_for_its_original(scratch: Scratch) -> None:
    shutil.copytree(scratch.path("models/iris"), scratch.path("models/rose"))
    scratch.commit()
    first = versions(scratch)
    assert versions(scratch) == first
    shutil.rmtree(scratch.path(".git/mintmark"))
    assert versions(scratch) == first
    assert "rose" not in {row.model for row in first.versions}


@pytest.mark.parametrize("how", ["link", "folder link", "missing", "folder"])
def test_what_stands_in_place_of_a_record_is_told(scratch: Scratch, how: str) -> None:
    path = scratch.path("models/iris/versions/1.0.0/version.yaml")
    path.unlink()
    if how == "link":
        path.symlink_to("../1.1.0/version.yaml")
    elif how == "folder":
        path.mkdir()
    elif how == "folder link":
        shutil.rmtree(path.parent)
        path.parent.symlink_to("1.1.0")
    listing = versions(scratch, "iris")
    assert [row.version for row in listing.versions] == ["1.2.0", "1.1.0"]
    assert [(finding.path, finding.line) for finding in listing.findings] == [
        ("models/iris/versions/1.0.0/version.yaml", 1)
    ]


def test_uncommitted_versions_are_listed(scratch: Scratch) -> None:
    versions(scratch)
    scratch.add_version("iris", "1.3.0")
    assert versions(scratch, "iris").versions[0].version == "1.3.0"
    scratch.remove("models/iris/versions/1.3.0")
    assert versions(scratch, "iris").versions[0].version == "1.2.0"
    scratch.edit("models/iris/versions/1.2.0/version.yaml", "Version 1.2.0 of iris.", "Edited.")
    assert versions(scratch, "iris").versions[0].summary == "Edited."


def test_a_model_without_channels_at_a_revision(scratch: Scratch) -> None:
    assert versions(scratch, "wine", at="HEAD~6").findings == []
    listing = models(scratch, at="HEAD~6")
    assert [(row.model, row.versions, row.channels, row.value) for row in listing.models] == [
        ("iris", 0, {}, None),
        ("wine", 0, {}, None),
    ]
    assert listing.findings == []
