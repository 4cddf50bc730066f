from __future__ import annotations

import pytest
from tests.scaffold.registry import Scratch

from mintmark.commands.rollback import rollback
from mintmark.commands.yank import yank
from mintmark.errors import MintmarkError, UsageError
from mintmark.registry.clone import ClonedRegistry

STATUS = "models/tiny/status/1.0.0.yaml"


def test_the_status_file(released: Scratch) -> None:
    reason = "Trained on wrong units:\nuse metres.\n"
    assert yank(released.root, "tiny@1.0.0", reason=reason, replacement="1.1.0") == 0
    assert released.git("branch", "--show-current") == "yank/tiny-1.0.0"
    assert released.git("diff", "--name-only", "main", "HEAD") == STATUS
    assert released.read(STATUS).startswith(
        "# yaml-language-server: $schema=../../../schemas/status.schema.json\nschema: 1\nstate: yanked\n"
    )
    status = ClonedRegistry(released.root).status("tiny", "1.0.0")
    assert status is not None
    assert (status.reason, str(status.replacement)) == (reason.strip(), "1.1.0")
    text = released.git("log", "-1", "--format=%B")
    assert text.startswith("yank tiny 1.0.0\n\nTrained on wrong units:\nuse metres.\n\nUse tiny 1.1.0 instead.")


def test_latest_passes_over_it(released: Scratch) -> None:
    rollback(released.root, "tiny", here=True)
    rollback(released.root, "tiny", "staging", here=True)
    yank(released.root, "tiny@latest", reason="x", here=True)
    assert str(ClonedRegistry(released.root).latest("tiny")) == "1.0.0"


@pytest.mark.parametrize(
    ("reference", "options", "message", "error"),
    [
        ("tiny@1.1.0", {}, r"^staging and production point to tiny 1\.1\.0; roll back first: mintmark rollback", None),
        ("tiny@production", {}, "mintmark rollback tiny staging, mintmark rollback tiny production$", None),
        ("tiny@9.9.9", {}, "no version 9.9.9", None),
        ("tiny@1.0.0", {"replacement": "1.0.0"}, "is the version itself", None),
        ("tiny@1.0.0", {"replacement": "9.9.9"}, "is not there, or yanked", None),
        ("tiny@1.0.0", {"replacement": "newer"}, "is not a version", UsageError),
        ("tiny@1.0.0", {"reason": " \n"}, "--reason is empty", UsageError),
    ],
)
def test_refusals(
    released: Scratch, reference: str, options: dict[str, str], message: str, error: type[Exception] | None
) -> None:
    before = released.snapshot()
    with pytest.raises(error or MintmarkError, match=message):
        yank(released.root, reference, here=True, **{"reason": "x", **options})
    assert released.snapshot() == before


def test_one_channel_is_enough_to_refuse(released: Scratch) -> None:
    rollback(released.root, "tiny", here=True)
    with pytest.raises(MintmarkError, match=r"^staging points to tiny 1\.1\.0"):
        yank(released.root, "tiny@1.1.0", reason="x", here=True)


def test_only_once(released: Scratch) -> None:
    yank(released.root, "tiny@1.0.0", reason="wrong units", here=True)
    with pytest.raises(MintmarkError, match=r"tiny 1\.0\.0 is yanked already: wrong units"):
        yank(released.root, "tiny@1.0.0", reason="again", here=True)


def test_git_revert_takes_it_back(released: Scratch) -> None:
    before = released.head_tree()
    yank(released.root, "tiny@1.0.0", reason="x", here=True)
    released.git("revert", "--no-edit", "HEAD")
    assert released.head_tree() == before
    assert rollback(released.root, "tiny", here=True) == 0
