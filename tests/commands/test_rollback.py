from __future__ import annotations

import pytest
from tests.scaffold.registry import Scratch

from mintmark.commands.promote import promote
from mintmark.commands.rollback import rollback
from mintmark.commands.yank import yank
from mintmark.errors import MintmarkError, UsageError

PRODUCTION = "models/tiny/channels/production.yaml"


def test_goes_back_to_the_version_that_held_the_channel_before(
    released: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rollback(released.root, "tiny", here=True) == 0
    assert "version: 1.0.0\n" in released.read(PRODUCTION)
    assert released.subjects()[0] == "rollback tiny 1.0.0 in production"
    assert released.git("status", "--porcelain") == ""
    assert "from 1.1.0 to 1.0.0" in capsys.readouterr().out


def test_git_revert_of_the_promotion_gives_the_same_tree(released: Scratch) -> None:
    start = released.git("rev-parse", "HEAD")
    assert released.subjects()[0] == "promote tiny 1.1.0 to production"
    released.git("revert", "--no-edit", "HEAD")
    reverted = released.head_tree()
    released.git("reset", "--hard", "--quiet", start)
    rollback(released.root, "tiny", here=True)
    assert released.head_tree() == reverted


def test_revert_gives_the_same_tree_whatever_the_file_looks_like(released: Scratch) -> None:
    rollback(released.root, "tiny", here=True)
    released.write(PRODUCTION, '# who to call: ada\nschema: 1\nversion:   "1.0.0" # pinned\n')
    released.commit()
    promote(released.root, "tiny@1.1.0", "production", here=True)
    assert released.read(PRODUCTION) == '# who to call: ada\nschema: 1\nversion:   "1.1.0" # pinned\n'
    rollback(released.root, "tiny", here=True)
    assert released.head_tree() == released.git("rev-parse", "HEAD~2^{tree}")


def test_fresh_branch_by_default(released: Scratch) -> None:
    main = released.git("rev-parse", "main")
    rollback(released.root, "tiny", "staging")
    assert released.git("branch", "--show-current") == "rollback/tiny-1.0.0-staging"
    assert released.git("rev-parse", "main") == main
    assert released.git("rev-parse", "HEAD^") == main


def test_after_a_rollback_there_is_nothing_further_back(released: Scratch) -> None:
    rollback(released.root, "tiny", here=True)
    before = released.snapshot()
    with pytest.raises(MintmarkError, match=r"no version before .* held production"):
        rollback(released.root, "tiny", here=True)
    assert released.snapshot() == before


def test_what_was_rolled_back_from_comes_back_by_a_promotion(released: Scratch) -> None:
    rollback(released.root, "tiny", here=True)
    with pytest.raises(MintmarkError, match=r"1\.1\.0 was itself rolled back from production"):
        rollback(released.root, "tiny", to="1.1.0", here=True)
    assert promote(released.root, "tiny@1.1.0", "production", here=True) == 0
    assert released.subjects()[0] == "promote tiny 1.1.0 to production"
    assert "version: 1.1.0\n" in released.read(PRODUCTION)


def test_a_yanked_version_is_refused(released: Scratch) -> None:
    rollback(released.root, "tiny", here=True)
    rollback(released.root, "tiny", "staging", here=True)
    yank(released.root, "tiny@1.1.0", reason="wrong units", here=True)
    with pytest.raises(MintmarkError, match=r"1\.1\.0 is yanked: wrong units"):
        rollback(released.root, "tiny", to="1.1.0", here=True)
    assert "version: 1.0.0" in released.read(PRODUCTION)


def test_passed_over_versions_are_named(released: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    """1.0.0, 1.1.0 and 1.2.0 held production; 1.1.0 is yanked, so the way back leads to 1.0.0."""
    copy_version(released, "1.1.0", "1.2.0")
    promote(released.root, "tiny@1.2.0", "staging", here=True)
    promote(released.root, "tiny@1.2.0", "production", here=True)
    yank(released.root, "tiny@1.1.0", reason="wrong units", replacement="1.2.0", here=True)
    rollback(released.root, "tiny", here=True)
    assert "version: 1.0.0\n" in released.read(PRODUCTION)
    assert "Passed over: 1.1.0 (yanked)." in capsys.readouterr().out
    assert "Passed over: 1.1.0 (yanked)." in released.git("log", "-1", "--format=%b")


def test_a_withdrawn_version_is_passed_over(released: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    copy_version(released, "1.1.0", "1.2.0")
    promote(released.root, "tiny@1.2.0", "staging", here=True)
    promote(released.root, "tiny@1.2.0", "production", here=True)
    released.git("rm", "-r", "--quiet", "models/tiny/versions/1.1.0")
    released.commit("withdraw")
    rollback(released.root, "tiny", here=True)
    assert "version: 1.0.0\n" in released.read(PRODUCTION)
    assert "1.1.0 (withdrawn)" in capsys.readouterr().out


def copy_version(scratch: Scratch, old: str, new: str) -> None:
    """Register the same bytes under another number, as if proposed."""
    source = scratch.root / "models/tiny/versions" / old
    for file in ("version.yaml", "metrics.json", *(path.name for path in source.glob("*.dvc"))):
        text = (source / file).read_text()
        scratch.write(f"models/tiny/versions/{new}/{file}", text.replace(f"version: {old}", f"version: {new}"))
    scratch.commit(f"propose tiny {new}")


@pytest.mark.parametrize(
    ("damage", "message"),
    [("truncate", "tiny@1.0.0 cannot be used"), ("swap", "tiny@1.0.0 cannot be used"), ("remove", "cannot be used")],
)
def test_wrong_bytes_are_not_deployed(released: Scratch, damage: str, message: str) -> None:
    md5 = next(
        line.split(": ")[1]
        for line in released.read("models/tiny/versions/1.0.0/model.json.dvc").splitlines()
        if "md5:" in line and "hash" not in line
    ).strip("'")
    stored = released.root / ".dvc/store/files/md5" / md5[:2] / md5[2:]
    content = stored.read_bytes()
    stored.chmod(0o644)
    if damage == "remove":
        stored.unlink()
    else:
        stored.write_bytes(content[:-1] if damage == "truncate" else bytes([content[0] ^ 1]) + content[1:])
    released.commit("damage")
    before = released.snapshot()
    with pytest.raises(MintmarkError, match=message):
        rollback(released.root, "tiny", here=True)
    assert released.snapshot() == before


def test_lost_evaluation_data_does_not_stop_a_rollback(released: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    line = released.read("models/tiny/versions/1.0.0/predictions.parquet.dvc").splitlines()[1]
    md5 = line.rpartition(" ")[2].strip("'")
    (released.root / ".dvc/store/files/md5" / md5[:2] / md5[2:]).unlink()
    released.commit("lost")
    assert rollback(released.root, "tiny", here=True) == 0
    assert "warning: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"channel": "prod"}, UsageError, 'no channel "prod"; its channels are staging, production'),
        ({"to": "9.9.9"}, MintmarkError, "9.9.9 never held production"),
        ({"to": "newest"}, UsageError, "is not a version"),
    ],
)
def test_refusals(released: Scratch, arguments: dict[str, str], error: type[Exception], message: str) -> None:
    before = released.snapshot()
    with pytest.raises(error, match=message):
        rollback(released.root, "tiny", here=True, **arguments)  # type: ignore[arg-type]
    assert released.snapshot() == before


def test_a_broken_channel_file_is_not_taken_for_none(released: Scratch) -> None:
    released.write(PRODUCTION, "version: 1.1.0\nversion: 1.0.0\n")
    released.commit()
    with pytest.raises(MintmarkError, match=r"production\.yaml:2:1: .*twice"):
        rollback(released.root, "tiny")


def test_nothing_to_roll_back(first: Scratch) -> None:
    with pytest.raises(MintmarkError, match="no version of tiny is in production"):
        rollback(first.root, "tiny")


def test_unknown_model(released: Scratch) -> None:
    with pytest.raises(MintmarkError, match=r'no model "tony".*did you mean "tiny"'):
        rollback(released.root, "tony")


def test_needs_history(released: Scratch) -> None:
    clone = released.root.parent / "shallow"
    released.git("clone", "--quiet", "--depth", "1", f"file://{released.root}", str(clone))
    with pytest.raises(MintmarkError, match="git fetch --unshallow"):
        rollback(clone, "tiny")


@pytest.mark.parametrize("here", [True, False])
def test_a_dvc_lock_that_repro_changed_is_no_obstacle_and_stays_as_it_is(released: Scratch, here: bool) -> None:
    changed = released.read("dvc.lock") + "# measured again\n"
    released.write("dvc.lock", changed)
    assert rollback(released.root, "tiny", here=here) == 0
    assert released.read("dvc.lock") == changed
    assert released.git("show", "--name-only", "--format=", "HEAD").split() == [PRODUCTION]
    assert released.git("status", "--porcelain").split() == ["M", "dvc.lock"]
