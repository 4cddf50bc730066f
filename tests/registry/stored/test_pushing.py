"""What is pushed into a store, and the limits of the embedded one."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.registry.stored.one_object import CONTENT, FILE, FLIPPED, use_remote
from tests.scaffold.documents import stored
from tests.scaffold.registry import Scratch, object_path
from tests.scaffold.server import serve

from mintmark.core.records import format_pointer
from mintmark.core.settings import ChannelRule, Settings
from mintmark.errors import MintmarkError
from mintmark.registry.dvc import read_config
from mintmark.registry.stored.limits import check_limits, store_size
from mintmark.registry.stored.missing_objects import ObjectSizes
from mintmark.registry.stored.pushing import push
from mintmark.registry.stored.remotes import dvc_project
from mintmark.registry.stored.store import Store
from mintmark.registry.stored.streams import ObjectMissingError, WrongBytesError


def test_what_is_pushed_is_dvcs_own(made: Scratch) -> None:
    source = made.write("candidate/model.skops", CONTENT)
    created = push(made.root, [(FILE, source)])
    assert created == [made.store / object_path(FILE)]
    assert stat.S_IMODE(created[0].stat().st_mode) == 0o444
    made.write("x/model.skops.dvc", format_pointer(FILE))
    assert "deleted" in made.dvc("status", "-c", "x/model.skops.dvc")  # from the cache, that is: it is in the remote
    made.dvc("pull", "-q", "x/model.skops.dvc")
    assert (made.root / "x" / "model.skops").read_bytes() == CONTENT
    assert "in sync" in made.dvc("status", "-c", "x/model.skops.dvc")
    (made.root / "x" / "model.skops.dvc").unlink()
    made.dvc("gc", "-q", "-f", "-w", "-c")
    assert not created[0].exists()


def test_pushing_again_creates_nothing(made: Scratch) -> None:
    source = made.write("candidate/model.skops", CONTENT)
    push(made.root, [(FILE, source)])
    assert push(made.root, [(FILE, source), (FILE, source)]) == []


def test_a_push_of_other_bytes_leaves_nothing_behind(made: Scratch) -> None:
    good = made.write("candidate/profile.json", b"{}")
    bad = made.write("candidate/model.skops", FLIPPED)
    with pytest.raises(WrongBytesError, match=r"candidate/model\.skops has the sha256"):
        push(made.root, [(stored("profile.json", b"{}"), good), (FILE, bad)])
    with pytest.raises(ObjectMissingError, match=r"candidate/nothing: cannot be read"):
        push(made.root, [(stored("profile.json", b"{}"), good), (FILE, made.root / "candidate/nothing")])
    assert not [path for path in made.store.rglob("*") if path.is_file()]


def test_a_push_does_not_take_a_damaged_object_for_its_own(made: Scratch) -> None:
    made.put(FILE, FLIPPED)
    source = made.write("candidate/model.skops", CONTENT)
    with pytest.raises(WrongBytesError, match="holds other bytes than its name says"):
        push(made.root, [(FILE, source)])


def test_a_store_that_a_link_leads_out_of_the_repository_is_refused(made: Scratch, tmp_path: Path) -> None:
    source = made.write("candidate/model.skops", CONTENT)
    (tmp_path / "elsewhere").mkdir()
    made.store.mkdir()
    (made.store / "files").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MintmarkError, match="out of the repository"):
        push(made.root, [(FILE, source)])
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_push_to_a_server_goes_through_dvc(made: Scratch, tmp_path: Path) -> None:
    source = made.write("candidate/model.skops", CONTENT)
    other = made.write("candidate/profile.json", b"{}")
    (tmp_path / "far").mkdir()
    with serve(tmp_path) as address:
        use_remote(made, f"{address}/far", "method = PUT\n")
        assert push(made.root, [(FILE, source), (stored("profile.json", b"{}"), other)]) == []
        Store(made.root).check(FILE)
    assert (tmp_path / "far" / object_path(stored("p", b"{}"))).read_bytes() == b"{}"


@pytest.mark.slow
def test_a_push_that_a_server_refuses_raises(made: Scratch, tmp_path: Path) -> None:
    source = made.write("candidate/model.skops", CONTENT)
    with serve(tmp_path) as address:
        use_remote(made, f"{address}/far", "method = POST\n")  # the server knows no POST
        with pytest.raises(MintmarkError, match="dvc push"):
            push(made.root, [(FILE, source)])


def test_a_project_for_dvc_keeps_the_options_of_the_remote(made: Scratch) -> None:
    use_remote(made, "https://example.org/x", "user = ada\npassword = 'a, b # c'\n")
    remote = read_config(made.root).required_default
    with dvc_project(remote, None) as project:
        again = read_config(project).required_default
    assert (again.url, dict(again.options)) == (remote.url, dict(remote.options))
    assert again.options["password"] == "a, b # c"
    assert not project.exists()


# Limits and what is missing


def settings(file: int = 10_000_000, store: int = 500_000_000) -> Settings:
    return Settings(name="x", channels=(ChannelRule(name="production"),), file_limit=file, store_limit=store)


def test_the_limits_of_the_embedded_store_stop_with_two_commands(made: Scratch) -> None:
    check_limits(made.root, [FILE], settings(file=FILE.size, store=FILE.size))
    with pytest.raises(MintmarkError, match=r"model\.skops has 512 kB.*takes files of up to 100 kB") as caught:
        check_limits(made.root, [FILE], settings(file=100_000))
    assert "dvc remote add -d storage s3://BUCKET/PATH\n" in str(caught.value)
    with pytest.raises(MintmarkError, match=r"would grow to 512 kB.*up to 500 kB"):
        check_limits(made.root, [FILE], settings(store=500_000))


def test_the_size_of_the_store_counts_and_what_is_there_does_not_count_twice(made: Scratch) -> None:
    made.put(FILE, CONTENT)
    other = stored("profile.json", b"{}")
    assert store_size(made.root) == FILE.size
    check_limits(made.root, [FILE], settings(store=1))
    check_limits(made.root, [FILE, other, other], settings(store=FILE.size + 2))
    with pytest.raises(MintmarkError, match=r"limits\.store"):
        check_limits(made.root, [FILE, other], settings(store=FILE.size + 1))


def test_another_remote_has_no_limits(made: Scratch, tmp_path: Path) -> None:
    for url in ("s3://bucket/path", str(tmp_path / "far")):
        use_remote(made, url)
        check_limits(made.root, [FILE], settings(file=1, store=1))


@pytest.mark.slow
def test_the_two_commands_move_every_version_to_another_store(made: Scratch, tmp_path: Path) -> None:
    """Run what the message says, with a folder for the bucket and the .gitignore of this repository."""
    made.write(".gitignore", (Path(__file__).parents[3] / ".gitignore").read_bytes())
    made.add_version("iris", "1.0.0", {"model.skops": CONTENT, "profile.json": b"{}"})
    with pytest.raises(MintmarkError) as caught:
        check_limits(made.root, [stored("big", b"x" * 20)], settings(file=10))
    commands = [line.strip() for line in str(caught.value).splitlines() if line.startswith("  ")]
    assert len(commands) == 2
    for command in commands:
        line = re.sub(r"\bdvc (?=remote|fetch|push)", f"{sys.executable} -m dvc ", command)
        line = line.replace("s3://BUCKET/PATH", str(tmp_path / "far"))
        subprocess.run(line, shell=True, cwd=made.root, check=True, capture_output=True)
    shutil.rmtree(made.store)
    shutil.rmtree(made.root / ".dvc" / "cache")
    assert read_config(made.root).required_default.folder == tmp_path / "far"
    Store(made.root).check(FILE)
    assert ObjectSizes(made.root, None).faults([FILE, stored("profile.json", b"{}")]) == {}
