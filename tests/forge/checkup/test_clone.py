"""What the check-up finds in a clone, without a forge."""

from __future__ import annotations

import pytest
from tests.scaffold.registry import Scratch

from mintmark.core.codeowners import CODEOWNERS, write_block
from mintmark.core.layout import model_path
from mintmark.errors import InvalidRegistryError
from mintmark.forge.checkup.answers import Answer
from mintmark.forge.checkup.clone import check_clone, read_owners, used_actions
from mintmark.registry.clone import ClonedRegistry

RELEASE = ".github/workflows/release.yml"


def answers(made: Scratch) -> dict[str, Answer]:
    return {answer.topic: answer for answer in check_clone(ClonedRegistry(made.root))}


def write_owners(made: Scratch, before: str = "", after: str = "") -> None:
    made.write(CODEOWNERS, write_block(before, read_owners(ClonedRegistry(made.root))) + after)


def test_a_clone_in_order(scratch):
    write_owners(scratch)
    found = answers(scratch)
    assert {topic for topic, answer in found.items() if answer.state == "right"} >= {
        "git",
        "store",
        CODEOWNERS,
        "size of the store",
    }
    assert "gives the bytes of iris 1.2.0" in found["store"].says


def test_a_lock_that_is_not_installed_is_missing(scratch):
    assert answers(scratch)["requirements.lock"].state == "missing"


def test_a_store_without_the_bytes_is_missing(scratch):
    scratch.remove(".dvc/store")
    found = answers(scratch)["store"]
    assert found.state == "missing"
    assert found.says.startswith("iris 1.2.0: ")


def test_without_a_default_remote_there_is_no_store(scratch):
    scratch.write(".dvc/config", "[core]\n    analytics = false\n")
    assert "dvc remote add" in answers(scratch)["store"].says


def test_an_empty_registry_cannot_show_that_its_store_answers(scratch):
    for name in ("iris", "wine"):
        scratch.remove(f"models/{name}")
    assert answers(scratch)["store"].state == "unknown"


@pytest.mark.parametrize(
    ("limits", "state"),
    [
        ({"store": "1 GB"}, "right"),
        ({"store": "1 kB"}, "missing"),
        ({"file": "101 MB"}, "right"),
        ({"file": "1 GB"}, "missing"),
    ],
)
def test_the_limits_of_the_store(scratch, limits, state):
    scratch.write_settings(limits=limits)
    assert answers(scratch)["size of the store"].state == state


def test_a_store_that_is_nearly_full(scratch):
    scratch.write(".dvc/store/files/md5/aa/b", b"x" * 900_000)
    scratch.write_settings(limits={"store": "1 MB"})
    assert answers(scratch)["size of the store"].state == "advice"


def test_a_shallow_clone_lacks_its_history(scratch, tmp_path):
    scratch.git("clone", "--quiet", "--depth", "1", f"file://{scratch.root}", str(tmp_path / "shallow"))
    registry = ClonedRegistry(tmp_path / "shallow")
    found = {answer.topic: answer for answer in check_clone(registry)}["git"]
    assert (found.state, "--unshallow" in found.says) == ("missing", True)


def test_owners_that_are_not_written_are_missing(scratch):
    assert "mintmark doctor --write" in answers(scratch)[CODEOWNERS].says
    write_owners(scratch)
    scratch.edit(model_path("iris"), "owners:\n- '@", "owners:\n- '@new-")
    assert answers(scratch)[CODEOWNERS].state == "missing"


def test_lines_below_the_block_are_told(scratch):
    write_owners(scratch, after="* @eve\n")
    found = answers(scratch)[CODEOWNERS]
    assert (found.state, "* @eve" in found.says) == ("advice", True)


def test_a_file_elsewhere_is_told(scratch):
    scratch.write("CODEOWNERS", "* @ada\n")
    assert "git mv" in answers(scratch)[CODEOWNERS].says
    write_owners(scratch)
    assert "leaves CODEOWNERS out" in answers(scratch)[CODEOWNERS].says


def test_every_broken_model_is_told(scratch):
    for name in ("iris", "wine"):
        scratch.write(model_path(name), "schema: 1\n")
    with pytest.raises(InvalidRegistryError) as caught:
        read_owners(ClonedRegistry(scratch.root))
    assert {finding.path for finding in caught.value.findings} == {model_path("iris"), model_path("wine")}
    scratch.write(CODEOWNERS, "")
    assert answers(scratch)[CODEOWNERS].state == "missing"


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("on:\n  push:\n    branches: [main]\n", "right"),
        ("on:\n  push:\n    branches: [trunk]\n", "missing"),
        ("on: push\n", "missing"),
        ("on: [\n", "missing"),
    ],
)
def test_the_release_runs_on_the_base_branch(scratch, text, state):
    assert RELEASE not in answers(scratch)
    scratch.write(RELEASE, text)
    assert answers(scratch)[RELEASE].state == state


def test_the_actions_that_the_workflows_use(scratch):
    scratch.write(
        ".github/workflows/a.yml", "jobs:\n  one: {uses: ./x.yml}\n  two: {steps: [{uses: a/b@1}, {run: x}]}\n"
    )
    scratch.write(".github/workflows/b.yaml", "jobs:\n  one: {uses: acme/flows/.github/workflows/x.yml@2}\n")
    scratch.write(".github/workflows/c.yml", "jobs: [broken\n")
    found = used_actions(ClonedRegistry(scratch.root))
    assert found == ["a/b@1", "acme/flows/.github/workflows/x.yml@2"]
