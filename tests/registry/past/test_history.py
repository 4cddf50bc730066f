"""What Git tells of a model's past: along the first-parent line, through merges, reverts and damage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.registry.past.history import channel_target, model_history, read_history
from mintmark.registry.past.rule_past import FileIds, read_rule_past

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch


@pytest.fixture(autouse=True)
def _the_past_of_the_rules_agrees(scratch: Scratch) -> Iterator[None]:
    """Whatever a test did here, what the rules ask of all models at once is the same in short."""
    yield
    read = git.start_first_parent_log(scratch.root, "HEAD", ["models"])
    told = {name: (past.released, past.held) for name, past in read_history(scratch.root, read()).items()}
    read = git.start_first_parent_log(scratch.root, "HEAD", ["models"])
    short = {name: (past.released, past.held) for name, past in read_rule_past(scratch.root, read()).items()}
    assert short == {name: past for name, past in told.items() if any(past)}


def moves(
    scratch: Scratch, channel: str = "production", revision: str = "HEAD"
) -> list[tuple[str | None, str | None, str]]:
    past = model_history(scratch.root, revision, "iris")
    return [(move.before, move.after, move.kind) for move in past.moves if move.channel == channel]


TEMPLATE = [(None, "1.0.0", "promote"), ("1.0.0", "1.1.0", "promote")]


def test_who_moved_what_when_and_in_which_commit(scratch: Scratch) -> None:
    past = model_history(scratch.root, "HEAD", "iris")
    last = [move for move in past.moves if move.channel == "production"][-1]
    assert (last.before, last.after, last.kind) == ("1.0.0", "1.1.0", "promote")
    assert last.author == "Ada Lovelace <ada@example.org>"
    assert last.time == "2026-01-05T12:00:00Z"
    assert last.subject == "Promote iris 1.1.0 to production"
    assert scratch.git("show", "-s", "--format=%s", last.commit) == last.subject
    assert past.holders("production") == ["1.0.0", "1.1.0"]
    assert past.holders("staging") == ["1.0.0", "1.1.0", "1.2.0"]
    assert past.holders("nothing") == []


def test_the_past_of_a_revision_ends_there(scratch: Scratch) -> None:
    assert moves(scratch, revision="HEAD~3") == TEMPLATE[:1]


def test_another_model_has_a_past_of_its_own(scratch: Scratch) -> None:
    assert model_history(scratch.root, "HEAD", "wine").holders("production") == []
    assert model_history(scratch.root, "HEAD", "nothing").moves == []


def test_a_revert_of_a_promotion_is_a_rollback(scratch: Scratch) -> None:
    scratch.promote("iris", "1.2.0")
    scratch.git("revert", "--no-edit", "HEAD")
    assert moves(scratch) == [*TEMPLATE, ("1.1.0", "1.2.0", "promote"), ("1.2.0", "1.1.0", "rollback")]


def test_promotions_by_merge_are_told_once_at_the_merge(scratch: Scratch) -> None:
    scratch.git("switch", "--quiet", "-c", "promotion")
    scratch.promote("iris", "1.0.0")
    scratch.promote("iris", "1.2.0")
    scratch.git("switch", "--quiet", "main")
    scratch.write("README.md", "meanwhile")
    scratch.commit("Meanwhile")
    scratch.git("merge", "--quiet", "--no-ff", "-m", "Merge pull request 7", "promotion")
    assert moves(scratch) == [*TEMPLATE, ("1.1.0", "1.2.0", "promote")]
    assert model_history(scratch.root, "HEAD", "iris").moves[-1].subject == "Merge pull request 7"


def test_a_squash_merge_is_one_move(scratch: Scratch) -> None:
    scratch.git("switch", "--quiet", "-c", "promotion")
    scratch.promote("iris", "1.0.0")
    scratch.promote("iris", "1.2.0")
    scratch.git("switch", "--quiet", "main")
    scratch.git("merge", "--quiet", "--squash", "promotion")
    scratch.git("commit", "--quiet", "-m", "Squashed (#8)")
    assert moves(scratch) == [*TEMPLATE, ("1.1.0", "1.2.0", "promote")]


def test_a_revert_of_a_merge_is_a_rollback(scratch: Scratch) -> None:
    scratch.git("switch", "--quiet", "-c", "promotion")
    scratch.promote("iris", "1.2.0")
    scratch.git("switch", "--quiet", "main")
    scratch.git("merge", "--quiet", "--no-ff", "-m", "Merge", "promotion")
    scratch.git("revert", "--no-edit", "-m", "1", "HEAD")
    assert moves(scratch)[-1] == ("1.2.0", "1.1.0", "rollback")


def test_a_channel_that_is_closed_and_opened_again(scratch: Scratch) -> None:
    scratch.set_channel("iris", "production", None)
    scratch.commit("Close")
    assert model_history(scratch.root, "HEAD", "iris").holders("production")[-1] is None
    scratch.promote("iris", "1.2.0")
    assert moves(scratch) == [*TEMPLATE, ("1.1.0", None, "close"), (None, "1.2.0", "promote")]
    scratch.promote("iris", "1.0.0")
    assert moves(scratch)[-1] == ("1.2.0", "1.0.0", "rollback")


def test_a_rewritten_file_with_the_same_version_is_no_move(scratch: Scratch) -> None:
    scratch.write("models/iris/channels/production.yaml", "# a comment\nversion: 1.1.0\n")
    scratch.commit("Reformat")
    assert moves(scratch) == TEMPLATE


@pytest.mark.parametrize(
    "content",
    [b"version: [", b"", b"- 1.0.0\n", b"version: 3\n", b"version: \xff\n", b"a: " + b"x" * 2_000_000, b"other: 1\n"],
)
def test_a_broken_channel_file_names_no_version(scratch: Scratch, content: bytes) -> None:
    assert channel_target(content) is None
    scratch.write("models/iris/channels/production.yaml", content)
    scratch.commit("Damage")
    scratch.set_channel("iris", "production", "1.1.0")
    assert moves(scratch) == TEMPLATE  # nobody closed the channel
    scratch.commit("Mend")
    assert moves(scratch) == TEMPLATE
    scratch.write("models/iris/channels/production.yaml", content)
    scratch.commit("Damage it again")
    scratch.set_channel("iris", "production", "1.0.0")
    scratch.commit("Mend it and go back")
    assert moves(scratch) == [*TEMPLATE, ("1.1.0", "1.0.0", "rollback")]


def test_a_link_and_a_submodule_name_no_version(scratch: Scratch) -> None:
    path = scratch.path("models/iris/channels/production.yaml")
    path.unlink()
    path.symlink_to("staging.yaml")
    scratch.commit("Link")
    scratch.git("update-index", "--cacheinfo", f"160000,{'2' * 40},models/iris/channels/production.yaml")
    scratch.git("commit", "--quiet", "-m", "Submodule")
    assert moves(scratch) == TEMPLATE
    scratch.remove("models/iris/channels/production.yaml")
    scratch.commit("Close")
    assert moves(scratch) == [*TEMPLATE, ("1.1.0", None, "close")]


def test_what_each_version_was_released_with(scratch: Scratch) -> None:
    released = model_history(scratch.root, "HEAD", "iris").released
    assert set(released) == {"1.0.0", "1.1.0", "1.2.0"}
    assert set(released["1.0.0"]) == {
        "version.yaml", "metrics.json", "model.skops.dvc", "predictions.parquet.dvc", "profile.json.dvc"
    }  # fmt: skip
    assert released["1.0.0"]["version.yaml"] == scratch.git("rev-parse", "HEAD:models/iris/versions/1.0.0/version.yaml")


def test_a_withdrawn_number_keeps_what_it_was_released_with(scratch: Scratch) -> None:
    before = model_history(scratch.root, "HEAD", "iris").released["1.0.0"]
    scratch.remove("models/iris/versions/1.0.0")
    scratch.commit("Withdraw")
    scratch.add_version("iris", "1.0.0", seed="another")
    scratch.commit("Use the number again")
    past = model_history(scratch.root, "HEAD", "iris")
    assert past.released["1.0.0"] == before
    assert past.first_seen["1.0.0"].subject == "Propose iris 1.0.0"


def test_a_file_that_came_later_was_not_released(scratch: Scratch) -> None:
    scratch.write("models/iris/versions/1.0.0/late.dvc", "x")
    scratch.commit("Late")
    assert "late.dvc" not in model_history(scratch.root, "HEAD", "iris").released["1.0.0"]


def test_subjects_of_any_kind_do_not_break_the_past(scratch: Scratch) -> None:
    scratch.set_channel("iris", "production", "1.2.0")
    scratch.commit("a\x01b\x02c")
    assert moves(scratch)[-1] == ("1.1.0", "1.2.0", "promote")


def test_a_shallow_clone_is_refused(scratch: Scratch, tmp_path: Path) -> None:
    scratch.git("clone", "--quiet", "--depth", "2", scratch.root.as_uri(), str(tmp_path / "shallow"))
    with pytest.raises(
        MintmarkError, match="this is a shallow clone, and the history of the registry is needed: git fetch"
    ):
        model_history(tmp_path / "shallow", "HEAD", "iris")


def test_the_name_of_one_model_may_begin_that_of_another(scratch: Scratch) -> None:
    scratch.add_model("iris-large")
    scratch.add_version("iris-large", "9.0.0")
    scratch.set_channel("iris-large", "production", "9.0.0")
    scratch.commit("Another model")
    assert moves(scratch) == TEMPLATE
    assert model_history(scratch.root, "HEAD", "iris-large").holders("production") == ["9.0.0"]


def test_commits_out_of_order_in_time_are_told_in_order_of_the_branch(scratch: Scratch) -> None:
    scratch.commits = 0  # a clock that went wrong
    scratch.promote("iris", "1.2.0")
    assert moves(scratch)[-1] == ("1.1.0", "1.2.0", "promote")


def test_the_ids_of_files_are_those_of_a_dict() -> None:
    files = {"version.yaml": "0f" * 20, "model.skops.dvc": "ab" * 20}
    ids = FileIds(files)
    assert ids == files
    assert files == ids
    assert ids == FileIds(dict(reversed(files.items())))
    assert ids != FileIds({**files, "version.yaml": "0e" * 20})
    assert ids != FileIds({"version.yaml": "0f" * 20})
    assert [ids.get("model.skops.dvc"), ids.get("metrics.json")] == ["ab" * 20, None]
    assert dict(FileIds({})) == {}
