"""The rules held against changes since a base."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tests.registry.damage import CHANNEL, FOLDER, MODEL, RECORD
from tests.registry.validated import check, check_since, rules, told
from tests.scaffold.marks import first_quick

from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch


def branch(scratch: Scratch, name: str = "change") -> None:
    scratch.git("switch", "--quiet", "-c", name)


def test_nothing_changed(scratch: Scratch) -> None:
    branch(scratch)
    report = check_since(scratch)
    assert told(report) == []
    assert (report.models, report.versions) == (0, 0)


def test_a_proposal_is_clean(scratch: Scratch) -> None:
    branch(scratch)
    scratch.register("iris", "1.3.0", parent="1.2.0")
    assert told(check_since(scratch)) == []
    assert check_since(scratch).versions == 1


def test_a_proposal_counts_before_it_is_committed(scratch: Scratch) -> None:
    scratch.add_version("iris", "1.3.0", parent="1.2.0")
    assert check_since(scratch, "HEAD").versions == 1
    scratch.edit("models/iris/versions/1.3.0/version.yaml", "version: 1.3.0", "version: 1.4.0")
    assert "disagrees with the folder" in told(check_since(scratch, "HEAD"))[0]


def test_a_promotion_and_a_rollback_are_clean(scratch: Scratch) -> None:
    branch(scratch)
    scratch.promote("iris", "1.2.0")
    assert told(check_since(scratch)) == []
    scratch.promote("iris", "1.0.0")
    assert told(check_since(scratch)) == []


def test_a_promotion_past_a_channel_is_not(scratch: Scratch) -> None:
    branch(scratch)
    scratch.add_version("iris", "1.3.0")
    scratch.promote("iris", "1.3.0")
    (finding,) = check_since(scratch).findings
    assert (finding.path, finding.line, finding.rule) == (CHANNEL, 2, "R4")
    assert "never held staging" in finding.message


def test_staging_and_production_in_one_change_is_not(scratch: Scratch) -> None:
    branch(scratch)
    scratch.register("iris", "1.3.0")
    scratch.promote("iris", "1.3.0")
    assert "never held staging" in told(check_since(scratch))[0]


def test_a_model_goes_when_nothing_points_to_it(scratch: Scratch) -> None:
    branch(scratch)
    scratch.remove("models/iris")
    report = check_since(scratch)
    assert rules(report) == {"R2"}
    assert {finding.path for finding in report.findings} == {CHANNEL, CHANNEL.replace("production", "staging")}
    assert all("is deleted while" in finding.message for finding in report.findings)
    scratch.git("restore", ".")
    scratch.remove("models/iris/channels")
    assert told(check_since(scratch)) == []
    scratch.git("switch", "--quiet", "-C", "main")
    scratch.commit("Take iris off")
    branch(scratch, "gone")
    scratch.remove("models/iris")
    assert told(check_since(scratch)) == []


def test_an_executable_record(scratch: Scratch) -> None:
    branch(scratch)
    path = "models/iris/channels/production.yaml"
    scratch.write(path, scratch.read(path) + "# run me\n").chmod(0o755)
    scratch.commit()
    assert [finding.message for finding in check_since(scratch).findings] == [
        "is executable, and nobody runs it; git update-index --chmod=-x it"
    ]


@pytest.mark.parametrize("name", first_quick(["Models", "models.", "m\u043edels"]))
def test_a_folder_that_passes_for_models(scratch: Scratch, name: str) -> None:
    """Whatever the cache knows of models/ itself; and only the change that brings it is blamed."""
    assert told(check(scratch)) == []
    branch(scratch)
    scratch.write(f"{name}/iris/channels/production.yaml", "version: 1.0.0\n")
    scratch.commit()
    for report in (check(scratch), check_since(scratch)):
        assert [(finding.path, finding.rule) for finding in report.findings] == [(name, "R8")]
    assert told(check_since(scratch, base="change")) == []


def test_a_withdrawal_is_clean_where_no_channel_points(scratch: Scratch) -> None:
    branch(scratch)
    scratch.remove(FOLDER)
    scratch.commit("Withdraw")
    assert told(check_since(scratch)) == []


def test_a_withdrawal_under_a_channel_is_not(scratch: Scratch) -> None:
    branch(scratch)
    scratch.remove("models/iris/versions/1.1.0")
    scratch.commit("Withdraw")
    (finding,) = check_since(scratch).findings
    assert finding.rule == "R2"
    assert "mintmark rollback iris production" in finding.message


def test_reverting_a_proposal_is_a_clean_withdrawal(scratch: Scratch) -> None:
    scratch.git("revert", "--no-edit", "HEAD~1")  # of iris 1.2.0, which was in staging
    assert told(check_since(scratch, "HEAD~1")) == []
    assert told(check(scratch)) == []


def test_reverting_a_promotion_is_clean(scratch: Scratch) -> None:
    scratch.promote("iris", "1.2.0")
    scratch.git("revert", "--no-edit", "HEAD")
    assert told(check_since(scratch, "HEAD~1")) == []


def test_a_burnt_number_comes_back_only_with_the_same_bytes(scratch: Scratch) -> None:
    saved = scratch.root.parent / "saved"
    shutil.copytree(scratch.path(FOLDER), saved)
    scratch.remove(FOLDER)
    scratch.commit("Withdraw")
    branch(scratch)
    shutil.copytree(saved, scratch.path(FOLDER))
    scratch.commit("The same again")
    assert told(check_since(scratch)) == []
    scratch.add_version("iris", "1.0.0", seed="another")
    scratch.commit("Others")
    report = check_since(scratch)
    assert rules(report) == {"R3"}
    assert report.findings[0].path == RECORD
    assert "the number 1.0.0 is burnt" in report.findings[0].message
    scratch.git("switch", "--quiet", "main")
    scratch.git("merge", "--quiet", "--squash", "change")
    scratch.git("commit", "--quiet", "-m", "Merged all the same")
    assert not check(scratch).is_clean


def test_a_number_that_main_took_in_the_meantime_is_burnt(scratch: Scratch) -> None:
    branch(scratch)
    scratch.register("iris", "1.3.0", seed="mine")
    scratch.git("switch", "--quiet", "main")
    scratch.register("iris", "1.3.0", seed="theirs")
    scratch.git("switch", "--quiet", "change")
    assert rules(check_since(scratch)) == {"R3"}


def test_a_change_on_main_is_no_part_of_the_change(scratch: Scratch) -> None:
    branch(scratch)
    scratch.promote("iris", "1.2.0")
    scratch.git("switch", "--quiet", "main")
    scratch.register("wine", "1.1.0")
    scratch.git("switch", "--quiet", "change")
    report = check_since(scratch)
    assert told(report) == []
    assert report.models == 1


def test_what_was_broken_before_is_not_blamed_on_the_change(scratch: Scratch) -> None:
    scratch.edit(RECORD, "C: 0.1", "C: 0.2")
    scratch.write("models/iris/versions/1.1.0/metrics.json", "broken")
    scratch.set_channel("wine", "production", "9.9.9")
    scratch.object_of("iris", "1.2.0", "profile.json").unlink()
    scratch.write("models/iris/status/1.0.0.yaml", "state: [")
    scratch.write("models/iris/channels/old.yml", "version: 1.0.0\n")
    scratch.path("models/iris/notes").symlink_to("/etc/passwd")
    scratch.commit("Broken already")
    assert len(check(scratch).findings) >= 7
    branch(scratch)
    scratch.register("iris", "1.3.0", parent="1.2.0")
    assert told(check_since(scratch)) == []
    scratch.promote("iris", "1.2.0")
    assert told(check_since(scratch)) == []
    scratch.edit("models/wine/model.yaml", "To be read", "To be read again")
    scratch.commit("Describe")
    assert told(check_since(scratch)) == []


def test_what_is_touched_again_is_blamed(scratch: Scratch) -> None:
    scratch.edit(MODEL, "licence: Apache-2.0\n", "")
    scratch.commit("Broken already")
    branch(scratch)
    scratch.edit(MODEL, "To be read", "To be read again")
    scratch.commit("Describe")
    assert '"licence" is missing' in told(check_since(scratch))[0]


@pytest.mark.parametrize("how", ["changed", "deleted", "linked", "emptied"])
def test_objects_of_the_store_stay_as_they_are(scratch: Scratch, how: str) -> None:
    branch(scratch)
    path = scratch.object_of("iris", "1.0.0", "predictions.parquet")
    if how == "changed":
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    elif how == "emptied":
        path.write_bytes(b"")
    else:
        path.unlink()
    if how == "linked":
        path.symlink_to("/etc/passwd")
    for _ in range(2):
        report = check_since(scratch)
        assert rules(report) == {"R9"}, told(report)
        assert report.findings[0].path.startswith((".dvc/store/files/md5/", RECORD))
        scratch.commit("Damage the store")


def test_an_object_that_nothing_needs_may_go(scratch: Scratch) -> None:
    scratch.put_object(b"nobody needs this")
    scratch.commit("Store")
    branch(scratch)
    scratch.remove(".dvc/store/files/md5/" + "/".join(_split_md5(b"nobody needs this")))
    scratch.commit("Clean up")
    assert told(check_since(scratch)) == []


def _split_md5(content: bytes) -> tuple[str, str]:
    import hashlib

    digest = hashlib.md5(content).hexdigest()
    return digest[:2], digest[2:]


def test_the_bytes_of_a_proposal_must_be_there_and_right(scratch: Scratch) -> None:
    branch(scratch)
    scratch.register("iris", "1.3.0")
    path = scratch.object_of("iris", "1.3.0", "predictions.parquet")
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"?")
    report = check_since(scratch)
    assert rules(report) == {"R9"}
    assert {finding.path for finding in report.findings} >= {"models/iris/versions/1.3.0/version.yaml"}
    path.unlink()
    assert rules(check_since(scratch)) == {"R9"}


def test_a_pickle_by_another_name_is_refused(scratch: Scratch) -> None:
    branch(scratch)
    scratch.artifact = b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07builtins\x94."
    scratch.register("iris", "1.3.0")
    report = check_since(scratch)
    assert rules(report) == {"R8"}
    assert report.findings[0].line is not None


def test_a_revision_is_held_against_its_base(scratch: Scratch) -> None:
    branch(scratch)
    scratch.edit(RECORD, "C: 0.1", "C: 0.2")
    scratch.commit("Damage")
    scratch.git("switch", "--quiet", "main")
    assert told(check_since(scratch)) == []
    assert rules(check_since(scratch, at="change")) == {"R1"}


def test_a_base_that_is_none_or_of_another_family(scratch: Scratch) -> None:
    for base in ("nothing", "", "--help"):
        with pytest.raises(MintmarkError, match="names no commit here"):
            check_since(scratch, base)
    scratch.git("switch", "--quiet", "--orphan", "other")
    scratch.commit("Another family")
    with pytest.raises(MintmarkError) as caught:
        check_since(scratch)
    assert "\n" not in str(caught.value)
