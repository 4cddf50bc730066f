"""A hand-made request with a number that was used before, or that passes for one, is refused by every command (R3)."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tests.scaffold.marks import first_quick

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch

DOUBLES_OF_1_1_0 = ["1.1.0+hotfix", "1.1.0+1.1.0"]
DOUBLES_OF_RC_1 = ["2.0.0-RC.1", "2.0.0-rc1", "2.0.0-rc-1", "2.0.0-rc.l", "2.0.0-Rc.1+linux"]


def add_by_hand(scratch: Scratch, version: str, **changes: object) -> str:
    """Commit a version on a branch of its own, as anybody could with an editor; return the path of its record."""
    scratch.git("switch", "--quiet", "-C", "change")
    scratch.add_version("iris", version, **changes)
    scratch.commit("By hand")
    return f"models/iris/versions/{version}/version.yaml"


def refusals(scratch: Scratch) -> list[str]:
    """What `validate --base`, `validate` and `review` say of the branch; each of them must end in 1."""
    told = []
    for arguments in (("validate", "--base", "main"), ("validate",), ("review", "--base", "main", "--head", "HEAD")):
        result = scratch.run(*arguments)
        assert result.code == 1, (arguments, result.text)
        told.append(result.text)
    return told


def burn(scratch: Scratch, version: str) -> None:
    scratch.add_version("iris", version)
    scratch.commit(f"Propose {version}")
    scratch.git("revert", "--no-edit", "HEAD")
    assert scratch.run("validate").code == 0


@pytest.mark.parametrize("version", DOUBLES_OF_1_1_0)
def test_beside_a_version_that_is_there(scratch: Scratch, version: str) -> None:
    path = add_by_hand(scratch, version, seed="another")
    for text in refusals(scratch):
        assert f"{version} would pass for 1.1.0, a number that iris used before" in text
        assert "take another number: mintmark propose iris" in text
        assert path in text
        assert "R3" in text


@pytest.mark.parametrize("version", first_quick(DOUBLES_OF_RC_1))
def test_after_a_number_that_was_burnt(scratch: Scratch, version: str) -> None:
    burn(scratch, "2.0.0-rc.1")
    path = add_by_hand(scratch, version, seed="another")
    for text in refusals(scratch):
        assert f"{version} would pass for 2.0.0-rc.1, a number that iris used before" in text
        assert path in text
        assert "R3" in text


def test_the_same_number_with_other_files(scratch: Scratch) -> None:
    burn(scratch, "2.0.0-rc.1")
    path = add_by_hand(scratch, "2.0.0-rc.1", seed="another")
    validated, _, reviewed = refusals(scratch)
    for text in (validated, reviewed):
        assert "the number 2.0.0-rc.1 is burnt" in text
        assert path in text
        assert "R3" in text


def test_the_same_number_with_the_same_files(scratch: Scratch) -> None:
    burn(scratch, "2.0.0-rc.1")
    scratch.git("switch", "--quiet", "-C", "change")
    scratch.git("revert", "--no-edit", "HEAD")
    assert scratch.run("validate", "--base", "main").code == 0
    assert scratch.run("validate").code == 0


def test_numbers_that_only_resemble_one_another(scratch: Scratch) -> None:
    burn(scratch, "2.0.0-rc.1")
    for version in ("2.0.0-rc.2", "2.0.0-rc.11", "2.0.0", "1.1.1"):
        add_by_hand(scratch, version, seed=version)
    assert scratch.run("validate", "--base", "main").code == 0
    assert scratch.run("validate").code == 0


def test_a_number_that_main_took_in_the_meantime(scratch: Scratch) -> None:
    add_by_hand(scratch, "1.3.0+mine", seed="mine")
    scratch.git("switch", "--quiet", "main")
    scratch.add_version("iris", "1.3.0", seed="theirs")
    scratch.commit("Theirs")
    scratch.git("switch", "--quiet", "change")
    for arguments in (("validate", "--base", "main"), ("review", "--base", "main", "--head", "HEAD")):
        result = scratch.run(*arguments)
        assert result.code == 1
        assert "1.3.0+mine would pass for 1.3.0" in result.text


@pytest.mark.parametrize("status", ["1.1.0+hotfix", "2.0.0-RC.1"])
def test_a_status_for_a_double(scratch: Scratch, status: str) -> None:
    """A status file speaks of a version that is, or was, there under this very number."""
    burn(scratch, "2.0.0-rc.1")
    scratch.git("switch", "--quiet", "-C", "change")
    scratch.yank("iris", status)
    scratch.commit("By hand")
    result = scratch.run("validate", "--base", "main")
    assert result.code == 1
    assert f"models/iris/status/{status}.yaml" in result.out
    assert f"iris never had a version {status}; delete this file or mend its name" in result.out


def test_a_withdrawn_double_gives_its_number_free_to_nobody(scratch: Scratch) -> None:
    """The folder moves to a number that looks the same: what was pulled under it yesterday is another model today."""
    burn(scratch, "2.0.0-rc.1")
    scratch.git("switch", "--quiet", "-C", "change")
    scratch.git("checkout", "--quiet", "main~1", "--", "models/iris/versions/2.0.0-rc.1")
    shutil.move(scratch.path("models/iris/versions/2.0.0-rc.1"), scratch.path("models/iris/versions/2.0.0-RC1"))
    scratch.edit("models/iris/versions/2.0.0-RC1/version.yaml", "version: 2.0.0-rc.1", "version: 2.0.0-RC1")
    scratch.commit("Renamed")
    assert "2.0.0-RC1 would pass for 2.0.0-rc.1" in refusals(scratch)[0]
