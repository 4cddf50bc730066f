"""The folder of a site: replaced as a whole or not at all, and never a folder that holds something else."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mintmark.errors import MintmarkError, UsageError
from mintmark.publishing.site.output import MARK, SiteFolder, check_output, replacing


def a_site(folder: Path, text: str = "old") -> Path:
    site = SiteFolder(folder)
    folder.mkdir()
    site.write(MARK, "{}")
    site.write("index.html", text)
    return folder


def test_a_site_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    target = a_site(tmp_path / "site")
    with replacing(target) as fresh:
        SiteFolder(fresh).write("a/b.html", "new")
        assert (target / "index.html").read_text() == "old"
    assert [path.relative_to(target).as_posix() for path in target.rglob("*.*")] == ["a/b.html"]
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_build_that_fails_leaves_the_old_site(tmp_path: Path) -> None:
    target = a_site(tmp_path / "site")

    def build() -> None:
        with replacing(target) as fresh:
            SiteFolder(fresh).write("a.html", "half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build()
    assert (target / "index.html").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


@pytest.mark.parametrize(
    "what", ["folder", "file", "link", "registry", "above", "docs", "models", "git", "address", "long"]
)
def test_what_is_no_site_is_not_replaced(tmp_path: Path, what: str) -> None:
    root = tmp_path / "work" / "registry"
    root.mkdir(parents=True)
    target = tmp_path / "target"
    match what:
        case "folder":
            target.mkdir()
            (target / "thesis.txt").write_text("years of work")
        case "file":
            target.write_text("years of work")
        case "link":
            target.symlink_to(a_site(tmp_path / "elsewhere"))
        case "registry":
            target = root
        case "above":
            target = root.parent
        case "docs" | "models":
            target = root / what / "site"
        case "git":  # the clone of a branch that the site is published from
            (a_site(target) / ".git").mkdir()
        case "address":
            (a_site(target) / "CNAME").write_text("models.example")
        case "long":
            target = tmp_path / ("x" * 300)
    with pytest.raises(UsageError, match="choose another"):
        check_output(target, root)


def test_an_empty_folder_and_an_old_site_may_be_replaced(tmp_path: Path) -> None:
    root = tmp_path / "registry"
    root.mkdir()
    (tmp_path / "empty").mkdir()
    for target in (tmp_path / "empty", tmp_path / "new", a_site(tmp_path / "site"), root / "site"):
        check_output(target, root)


def test_text_that_is_no_unicode_is_written_all_the_same(tmp_path: Path) -> None:
    SiteFolder(tmp_path).write("a/name.html", "na\udcefve")  # as Git hands on a name in Latin-1
    assert (tmp_path / "a" / "name.html").read_text() == "na?ve"


KILLED = """
import os, signal, sys
import signal
import subprocess
import sys
from pathlib import Path
from mintmark.publishing.site import output
target, where = Path(sys.argv[1]), sys.argv[2]
def kill(*_): os.kill(os.getpid(), signal.SIGKILL)
if where == "between":  # the old site is away, the new one not yet there
    rename = Path.rename
    def first(self, to):
        rename(self, to)
        kill()
    output.Path.rename = first
with output.replacing(target) as fresh:
    (fresh / "index.html").write_text("half")
    where == "building" and kill()
kill()
"""


@pytest.mark.parametrize(("where", "text"), [("building", "old"), ("between", "old"), ("after", "half")])
def test_a_killed_build_costs_no_site_and_leaves_nothing(tmp_path: Path, where: str, text: str) -> None:
    target = a_site(tmp_path / "site")
    done = subprocess.run((sys.executable, "-c", KILLED, str(target), where), capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr

    def fail() -> None:
        with replacing(target):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):  # nor does the next build that fails
        fail()
    assert (target / "index.html").read_text() == text
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_build_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    with replacing(tmp_path / "site") as first, replacing(tmp_path / "site") as second:
        (first / "a").write_text("")
        assert second != first
        assert first.is_dir()


def test_what_many_files_were_refused_is_told_without_their_paths(tmp_path: Path) -> None:
    refused = shutil.Error([("/a", "/b", "[Errno 28] No space left on device: '/a' -> '/b'")])
    with (
        pytest.raises(MintmarkError, match=r"site could not be written: No space left on device\Z"),
        replacing(tmp_path / "s"),
    ):
        raise refused
