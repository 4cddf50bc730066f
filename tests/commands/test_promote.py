from __future__ import annotations

import subprocess
import sys

import pytest
from tests.scaffold.registry import Scratch

from mintmark.commands.promote import promote
from mintmark.commands.rollback import rollback
from mintmark.commands.yank import yank
from mintmark.errors import InvalidRegistryError, MintmarkError, UsageError
from mintmark.registry.clone import ClonedRegistry

STAGING, PRODUCTION = (f"models/tiny/channels/{name}.yaml" for name in ("staging", "production"))


@pytest.fixture
def registered(second: Scratch) -> Scratch:
    """1.0.0 is registered and in no channel; all is clean."""
    second.git("checkout", "--quiet", ".")
    return second


def refused(scratch: Scratch, reference: str, channel: str, message: str, error: type[Exception]) -> None:
    before = scratch.snapshot()
    with pytest.raises(error, match=message) as raised:
        promote(scratch.root, reference, channel, here=True)
    assert "\n" not in str(raised.value)
    assert scratch.snapshot() == before


def test_a_new_channel_file_names_its_schema(registered: Scratch) -> None:
    promote(registered.root, "tiny@1.0.0", "staging")
    assert registered.git("branch", "--show-current") == "promote/tiny-1.0.0-staging"
    assert registered.read(STAGING) == (
        "# yaml-language-server: $schema=../../../schemas/channel.schema.json\nversion: 1.0.0\n"
    )
    assert registered.git("diff", "--name-only", "main", "HEAD") == STAGING
    assert registered.git("status", "--porcelain", "-uall") == ""


def test_staging_comes_first(registered: Scratch) -> None:
    refused(registered, "tiny@latest", "production", r"never held staging.*\[R4\]", InvalidRegistryError)
    promote(registered.root, "tiny@latest", "staging", here=True)
    promote(registered.root, "tiny@staging", "production", here=True)
    assert ClonedRegistry(registered.root).channels("tiny") == {"staging": "1.0.0", "production": "1.0.0"}


def test_staging_on_a_branch_that_is_not_merged_does_not_count(registered: Scratch) -> None:
    promote(registered.root, "tiny@1.0.0", "staging")
    registered.git("switch", "--quiet", "main")
    refused(registered, "tiny@1.0.0", "production", "never held staging", InvalidRegistryError)


def test_staging_by_a_merge_counts(registered: Scratch) -> None:
    promote(registered.root, "tiny@1.0.0", "staging")
    registered.git("switch", "--quiet", "main")
    registered.git("merge", "--quiet", "--no-ff", "--no-edit", "promote/tiny-1.0.0-staging")
    assert promote(registered.root, "tiny@1.0.0", "production", here=True) == 0


def test_there_already(released: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    before = released.snapshot()
    assert promote(released.root, "tiny@1.1.0", "production") == 0
    assert capsys.readouterr().out == "tiny 1.1.0 is in production already; nothing to do\n"
    assert released.snapshot() == before


def test_back_to_a_former_holder_is_a_rollback(released: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    promote(released.root, "tiny@1.0.0", "production")
    assert "this is a rollback" in capsys.readouterr().out
    assert released.subjects()[0] == "rollback tiny 1.0.0 in production"
    assert released.git("branch", "--show-current") == "rollback/tiny-1.0.0-production"


def test_the_message_is_for_a_reviewer(released: Scratch) -> None:
    text = released.git("log", "-1", "--format=%B")
    assert text.startswith(
        "promote tiny 1.1.0 to production\n\nproduction of tiny goes from 1.0.0 to 1.1.0.\n\n| metric | 1.1.0 | 1.0.0 |"
    )
    assert "git revert" in text


def test_yanked(released: Scratch) -> None:
    yank(released.root, "tiny@1.0.0", reason="wrong units", replacement="1.1.0", here=True)
    refused(released, "tiny@1.0.0", "production", r"1\.0\.0 is yanked: wrong units; use tiny@1\.1\.0", MintmarkError)


@pytest.mark.parametrize(
    ("reference", "channel", "message", "error"),
    [
        ("tiny@9.9.9", "staging", r"tiny has no version 9\.9\.9.*it has 1\.0\.0, 1\.1\.0", MintmarkError),
        ("tiny@1.0.0", "prod", 'no channel "prod"; its channels are staging, production', UsageError),
        ("tiny", "staging", "names no version", UsageError),
        ("tiny@candidate", "staging", "mintmark propose tiny makes it one", UsageError),
        ("../tiny@1.0.0", "staging", "cannot be a model", UsageError),
        ("tony@1.0.0", "staging", 'no model "tony"', MintmarkError),
    ],
)
def test_refusals(released: Scratch, reference: str, channel: str, message: str, error: type[Exception]) -> None:
    refused(released, reference, channel, message, error)


@pytest.mark.parametrize("staged", [False, True])
def test_a_dirty_tree(released: Scratch, staged: bool) -> None:
    released.write("params.yaml", "changed: 1\n")
    if staged:
        released.git("add", "-A")
    refused(released, "tiny@1.0.0", "production", r"params\.yaml: changed and not committed", MintmarkError)


def test_untracked_files_do_not_matter(released: Scratch) -> None:
    released.write("notes.txt", "x")
    promote(released.root, "tiny@1.0.0", "production", here=True)
    assert released.git("status", "--porcelain") == "?? notes.txt"


def test_a_broken_channel_file(released: Scratch) -> None:
    released.write(PRODUCTION, "version: 1.1.0\nversion: 1.0.0\n")
    released.commit()
    refused(released, "tiny@1.0.0", "production", r"production\.yaml:2", InvalidRegistryError)


def test_a_broken_file_elsewhere_does_not_matter(released: Scratch) -> None:
    released.write("models/other/model.yaml", "{")
    released.write("models/tiny/versions/0.9.0/version.yaml", "{")
    released.commit()
    assert promote(released.root, "tiny@1.0.0", "production", here=True) == 0


def test_from_a_folder_below(released: Scratch) -> None:
    assert promote(released.root / "models/tiny", "tiny@1.0.0", "production", here=True) == 0


def test_two_at_once(released: Scratch) -> None:
    """Of two promotions at the same time one is made, and the other either is made after it or says why not."""
    code = (
        "import sys; from pathlib import Path; from mintmark.commands.promote import promote\n"
        "promote(Path(sys.argv[1]), 'tiny@1.0.0', sys.argv[2], here=True)"
    )
    command = (sys.executable, "-c", code, str(released.root))
    running = [
        subprocess.Popen((*command, channel), stderr=subprocess.PIPE, text=True)
        for channel in ("staging", "production")
    ]
    errors = [process.communicate()[1] for process in running]
    made = [error for error in errors if not error]
    assert made, errors
    assert all("is at work in this repository" in error for error in errors if error)
    assert released.git("status", "--porcelain", "-uall") == ""
    assert sum(subject.startswith("rollback") for subject in released.subjects()) == len(made)


def test_only_the_line_moves(released: Scratch) -> None:
    rollback(released.root, "tiny", here=True)
    (released.root / PRODUCTION).write_bytes(b"# held by ada\r\nversion: '1.0.0' # since June\r\n")
    released.commit()
    promote(released.root, "tiny@1.1.0", "production", here=True)
    assert (released.root / PRODUCTION).read_bytes() == b"# held by ada\nversion: '1.1.0' # since June\n"
