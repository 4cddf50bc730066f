"""Tags that somebody else pushed to break a release: one model's fault keeps no other model's tags."""

from __future__ import annotations

import pytest
from tests.scaffold.registry import Scratch


def push_tag(scratch: Scratch, name: str, target: str, kind: str = "commit", time: str = "1700000000") -> None:
    """Push a tag object as no Git command would make it."""
    content = f"object {target}\ntype {kind}\ntag {name}\ntagger Eve <eve@example.org> {time} +0000\n\nx\n".encode()
    oid = scratch.git("hash-object", "-t", "tag", "-w", "--literally", "--stdin", data=content)
    scratch.git("update-ref", f"refs/tags/{name}", oid)
    scratch.git("push", "--quiet", "origin", f"refs/tags/{name}")


@pytest.mark.parametrize("digits", [5000, pytest.param(19, marks=pytest.mark.slow)])
def test_a_time_that_no_clock_has(published: Scratch, digits: int) -> None:
    push_tag(published, "iris#production#1", published.head, time="9" * digits)
    assert published.run("release").code == 0
    assert published.run("release").out.startswith("there was nothing to release")


def test_a_tag_on_no_commit(published: Scratch) -> None:
    push_tag(published, "iris@v1.0.0", published.git("hash-object", "-w", "--stdin", data=b"x"), kind="blob")
    done = published.run("release")
    assert done.code == 1
    assert "iris@v1.0.0 on origin is a lightweight tag or on no commit" in done.err
    assert "tagged wine@v1.0.0" in done.out


def test_a_number_after_which_there_is_none(published: Scratch) -> None:
    push_tag(published, "iris#production#999999999", published.head)
    done = published.run("release")
    assert done.code == 1
    assert "iris#production#999999999 on origin has so high a number that none is left for the next tag" in done.err
    assert "tagged wine@v1.0.0" in done.out
    assert "tagged iris" not in done.out
