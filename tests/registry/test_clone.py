from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mintmark.core.version import parse_version
from mintmark.errors import InvalidRegistryError, MintmarkError, UsageError
from mintmark.registry.clone import ClonedRegistry, find_root

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch


def test_references_resolve(scratch: Scratch) -> None:
    registry = ClonedRegistry(scratch.root)
    for reference, version in {
        "iris@1.0.0": "1.0.0",
        "iris@production": "1.1.0",
        "iris@staging": "1.2.0",
        "iris@latest": "1.2.0",
    }.items():
        assert registry.resolve(reference).reference == f"iris@{version}"
        assert str(registry.resolve_version(reference)) == version


def test_latest_is_neither_a_prerelease_nor_yanked(scratch: Scratch) -> None:
    scratch.add_version("iris", "2.0.0-rc.1")
    scratch.add_version("iris", "1.10.0+build-7")
    scratch.add_version("iris", "1.9.0")
    assert str(ClonedRegistry(scratch.root).latest("iris")) == "1.10.0+build-7"
    scratch.yank("iris", "1.10.0+build-7")
    assert str(ClonedRegistry(scratch.root).latest("iris")) == "1.9.0"
    assert [str(version) for version in ClonedRegistry(scratch.root).versions("iris")] == [
        "1.0.0", "1.1.0", "1.2.0", "1.9.0", "1.10.0+build-7", "2.0.0-rc.1"
    ]  # fmt: skip


def test_only_yaml_files_yank(scratch: Scratch) -> None:
    for name in ("1.2.0.json", "1.2.0.yaml.orig", "1.2.0", ".gitkeep"):
        scratch.write(f"models/iris/status/{name}", "x")
    assert ClonedRegistry(scratch.root).yanked("iris") == set()
    assert str(ClonedRegistry(scratch.root).latest("iris")) == "1.2.0"


def test_a_yanked_version_says_why(scratch: Scratch) -> None:
    scratch.yank("iris", "1.2.0", "Leaked labels.", replacement="1.1.0")
    status = ClonedRegistry(scratch.root).status("iris", "1.2.0")
    assert status is not None
    assert (status.reason, status.replacement) == ("Leaked labels.", parse_version("1.1.0"))
    assert ClonedRegistry(scratch.root).status("iris", "1.1.0") is None


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("rose@1.0.0", 'there is no model "rose" in the work tree; there are iris, wine'),
        ("iri@1.0.0", 'did you mean "iris"?'),
        ("iris@9.9.9", "iris has no version 9.9.9 in the work tree; it has 1.0.0, 1.1.0, 1.2.0"),
        ("wine@production", "no version of wine is in production yet; mintmark promote wine@VERSION production"),
        ("iris@canary", 'this registry has no channel "canary"; its channels are staging, production'),
        ("rose@latest", 'there is no model "rose"'),
        ("iris@candidate", "is no version yet; mintmark propose iris makes it one"),
        ("iris", "names no version"),
        ("../iris@1.0.0", "cannot be a model"),
    ],
)
def test_what_does_not_resolve_says_what_there_is(scratch: Scratch, reference: str, sentence: str) -> None:
    with pytest.raises(MintmarkError) as caught:
        ClonedRegistry(scratch.root).resolve(reference)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["../iris", "a/b", "..", "", "Iris", "iris\n", "iris@1.0.0", "/etc"])
def test_no_path_can_be_asked_for_as_a_model(scratch: Scratch, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a model"):
        ClonedRegistry(scratch.root).model(name)


def test_a_model_without_a_version(scratch: Scratch) -> None:
    scratch.add_model("rose")
    registry = ClonedRegistry(scratch.root)
    assert registry.versions("rose") == []
    assert registry.latest("rose") is None
    with pytest.raises(MintmarkError, match="rose has no released version; mintmark propose rose makes one"):
        registry.resolve("rose@latest")
    with pytest.raises(MintmarkError, match="mintmark propose rose makes the first"):
        registry.resolve("rose@1.0.0")


def test_a_record_that_says_it_is_another_is_refused(scratch: Scratch) -> None:
    scratch.remove("models/iris/versions/1.0.0")
    shutil.copytree(scratch.path("models/iris/versions/1.1.0"), scratch.path("models/iris/versions/1.0.0"))
    with pytest.raises(InvalidRegistryError) as caught:
        ClonedRegistry(scratch.root).resolve("iris@1.0.0")
    assert str(caught.value) == (
        'models/iris/versions/1.0.0/version.yaml:4:1: version: "1.1.0" disagrees with the folder, which says 1.0.0'
    )
    scratch.edit("models/wine/model.yaml", "name: wine", "name: iris")
    with pytest.raises(
        InvalidRegistryError, match=r"models/wine/model\.yaml:3:1: name: .iris. disagrees with the folder"
    ):
        ClonedRegistry(scratch.root).model("wine")


def test_a_half_deleted_record_is_told_as_that(scratch: Scratch) -> None:
    scratch.remove("models/iris/versions/1.2.0/version.yaml")
    with pytest.raises(MintmarkError, match=r"1\.2\.0/version\.yaml:1: is missing, and its folder is still there"):
        ClonedRegistry(scratch.root).resolve("iris@latest")
    scratch.remove("models/wine/model.yaml")
    with pytest.raises(MintmarkError, match=r"models/wine/model\.yaml:1: is missing"):
        ClonedRegistry(scratch.root).model("wine")


def test_a_broken_record_hides_no_other(scratch: Scratch) -> None:
    scratch.write("models/iris/versions/1.0.0/version.yaml", "a: [")
    scratch.write("models/iris/model.yaml", "a: [")
    registry = ClonedRegistry(scratch.root)
    with pytest.raises(InvalidRegistryError):
        registry.resolve("iris@1.0.0")
    assert registry.resolve("iris@production").reference == "iris@1.1.0"
    assert registry.resolve("wine@latest").reference == "wine@1.0.0"


def test_many_documents_with_one_that_cannot_be_read(scratch: Scratch) -> None:
    paths = [f"models/{name}/model.yaml" for name in ("iris", "wine", "nothing")]
    scratch.path(paths[0]).unlink()
    scratch.path(paths[0]).symlink_to("../wine/model.yaml")
    found = ClonedRegistry(scratch.root).read_many("model", paths)
    assert found[paths[1]].data is not None
    assert str(found[paths[0]].findings[0]) == f"{paths[0]}:1: is a symbolic link where a file belongs"
    assert paths[2] not in found


# Where and when.


@pytest.mark.parametrize(
    ("at", "production"),
    [
        ("2026-01-03", "1.0.0"),  # the end of the day on which it was promoted at noon
        ("2026-01-04", "1.0.0"),
        ("2026-01-05", "1.1.0"),
        ("2026-01-05T11:59:59Z", "1.0.0"),
        ("2026-01-05T13:30+01:00", "1.1.0"),
        ("2030-01-01", "1.1.0"),
        ("HEAD~4", "1.0.0"),
        ("main", "1.1.0"),
        ("freeze", "1.0.0"),
        ("freeze-note", "1.0.0"),
        ("side", "1.1.0"),
        ("HEAD@{0}", "1.1.0"),
        ("main~1^0", "1.1.0"),
    ],
)
def test_any_moment_and_any_revision(scratch: Scratch, at: str, production: str) -> None:
    scratch.git("tag", "freeze", "HEAD~4")
    scratch.git("tag", "-a", "freeze-note", "-m", "note", "HEAD~4")
    scratch.git("branch", "side")
    assert ClonedRegistry(scratch.root, at=at).channels("iris")["production"] == production


def test_a_short_id(scratch: Scratch) -> None:
    assert ClonedRegistry(scratch.root, at=scratch.head[:7]).revision == scratch.head


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        ("nonsense", "is neither a revision of this repository nor a date such as 2026-06-01"),
        ("", "is neither a revision of this repository nor a date"),
        ("--help", "is neither a revision"),
        ("HEAD:models", "is neither a revision"),
        ("2026-02-30", "is not a date"),
        ("2025-12-31", "this registry had no commit yet on 2025-12-31"),
    ],
)
def test_a_moment_that_is_none(scratch: Scratch, at: str, sentence: str) -> None:
    with pytest.raises(MintmarkError) as caught:
        ClonedRegistry(scratch.root, at=at)
    assert sentence in str(caught.value)


def test_a_date_on_a_branch_is_that_of_its_first_parents(scratch: Scratch) -> None:
    scratch.git("switch", "--quiet", "-c", "promotion", "HEAD~1")
    scratch.promote("iris", "1.0.0")  # 8 January, on a branch
    scratch.git("switch", "--quiet", "main")
    scratch.commits = 9
    scratch.git("merge", "--quiet", "--no-ff", "-m", "Merge", "promotion")  # 10 January
    assert ClonedRegistry(scratch.root, at="2026-01-09").channels("iris")["production"] == "1.1.0"
    assert ClonedRegistry(scratch.root, at="2026-01-10").channels("iris")["production"] == "1.0.0"


def test_a_work_tree_without_commits(empty_registry: Scratch) -> None:
    registry = ClonedRegistry(empty_registry.root)
    assert registry.models() == []
    with pytest.raises(MintmarkError, match="is neither a revision"):
        ClonedRegistry(empty_registry.root, at="HEAD")


def test_not_a_repository(tmp_path: Path) -> None:
    with pytest.raises(MintmarkError, match="is not inside a Git repository; git clone your registry"):
        find_root(tmp_path)


def test_a_repository_that_is_no_registry(scratch: Scratch) -> None:
    scratch.remove("models/registry.yaml")
    with pytest.raises(
        MintmarkError, match=r"models/registry\.yaml is not there in the work tree, so this is no Mintmark"
    ):
        _ = ClonedRegistry(scratch.root).settings


def test_from_any_folder_inside(scratch: Scratch) -> None:
    assert ClonedRegistry(scratch.path("models/iris/versions")).root == scratch.root.resolve()


@pytest.mark.parametrize("at", [None, "HEAD"])
def test_a_second_work_tree(scratch: Scratch, tmp_path: Path, at: str | None) -> None:
    scratch.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "second"), "HEAD~4")
    registry = ClonedRegistry(tmp_path / "second", at=at)
    assert registry.channels("iris") == {"staging": "1.0.0", "production": "1.0.0"}
    assert registry.history("iris").holders("production") == ["1.0.0"]
    assert scratch.path(".git/mintmark/cache.sqlite").exists()


def test_a_detached_head_is_read(scratch: Scratch) -> None:
    scratch.git("switch", "--quiet", "--detach", "HEAD~4")
    registry = ClonedRegistry(scratch.root)
    assert registry.channels("iris")["production"] == "1.0.0"
    assert registry.history("iris").holders("production") == ["1.0.0"]


def test_a_path_that_is_not_ascii(copy_registry: Callable[[str], Scratch]) -> None:
    scratch = copy_registry("régistre\n🌷 'x' \"y\"")
    assert str(ClonedRegistry(scratch.root).latest("iris")) == "1.2.0"
    assert str(ClonedRegistry(scratch.root, at="HEAD").latest("iris")) == "1.2.0"


def test_windows_line_ends(scratch: Scratch) -> None:
    for path in scratch.root.glob("models/**/*.yaml"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    registry = ClonedRegistry(scratch.root)
    assert registry.resolve("iris@production").summary == "Version 1.1.0 of iris.\n\nTrained again.\n"
    assert registry.settings.last_channel == "production"
