"""Which change an event is about: every event, every kind of group, and what an event may not say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from mintmark.errors import MintmarkError
from mintmark.forge.event import Ends, find_ends, find_steps, wanted_commits

MAIN, HEAD, MERGE, FIRST, SECOND, THIRD = (letter * 40 for letter in "abc123")
NOTHING = "0" * 40


@dataclass
class Clone:
    """A clone with these commits, by id with their parents."""

    commits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    shallow: bool = False

    def has(self, commit: str) -> bool:
        return commit in self.commits

    def is_shallow(self) -> bool:
        return self.shallow

    def parents(self, commit: str) -> tuple[str, ...]:
        return self.commits[commit]

    def steps(self, base: str, head: str) -> list[str]:
        found: list[str] = []
        while head != base:
            found.append(head)
            head = self.commits[head][0]
        return found[::-1]

    def tip(self, branch: str) -> str | None:
        return self.branches.get(branch)


def request(**head: Any) -> dict[str, Any]:
    return {"pull_request": {"number": 7, "base": {"ref": "main", "sha": FIRST}, "head": {"sha": HEAD, **head}}}


def group(base: str, head: str) -> dict[str, Any]:
    return {
        "action": "checks_requested",
        "merge_group": {
            "base_ref": "refs/heads/main", "base_sha": base,
            "head_ref": f"refs/heads/gh-readonly-queue/main/pr-7-{base}", "head_sha": head,
        },
    }  # fmt: skip


MERGED = Clone({MAIN: (), HEAD: (MAIN,), MERGE: (MAIN, HEAD)})
QUEUE = Clone({MAIN: (), FIRST: (MAIN, HEAD), SECOND: (FIRST, HEAD), THIRD: (SECOND, HEAD)})


def test_a_request_is_the_merge_that_it_would_be():
    """Its base is what the merge begins at, not what the event remembers of the base branch."""
    assert find_ends("pull_request", request(), MERGE, MERGED) == Ends(MAIN, MERGE)


@pytest.mark.parametrize(
    "name", ["main", "refs/heads/main", "$(touch x)", "a\nb", "${{ github.token }}", "x" * 1_000_000]
)
def test_the_name_of_a_forks_branch_is_nothing_special(name):
    event = request(ref=name, label=f"mallory:{name}", repo={"full_name": "mallory/models", "default_branch": name})
    assert find_ends("pull_request", event, MERGE, MERGED) == Ends(MAIN, MERGE)
    assert wanted_commits("pull_request", event, MERGE) == (MERGE,)


@pytest.mark.parametrize("parents", [(), (MAIN,), (MAIN, FIRST), (HEAD, MAIN), (MAIN, HEAD, FIRST)])
def test_another_commit_than_the_merge_of_the_request(parents):
    clone = Clone({MAIN: (), HEAD: (), FIRST: (), MERGE: parents})
    with pytest.raises(MintmarkError, match="is not the merge of bbbbbbbbbb into its base; push"):
        find_ends("pull_request", request(), MERGE, clone)


def test_a_group_of_one():
    assert find_ends("merge_group", group(MAIN, FIRST), FIRST, QUEUE) == Ends(MAIN, FIRST)
    assert find_steps(Ends(MAIN, FIRST), QUEUE) == (Ends(MAIN, FIRST),)


def test_a_group_of_three_where_each_must_be_green():
    """Each has an event of its own, and begins where the one before it ends."""
    found = [
        find_ends("merge_group", group(*ends), ends[1], QUEUE)
        for ends in ((MAIN, FIRST), (FIRST, SECOND), (SECOND, THIRD))
    ]
    assert found == [Ends(MAIN, FIRST), Ends(FIRST, SECOND), Ends(SECOND, THIRD)]
    assert [find_steps(ends, QUEUE) for ends in found] == [(ends,) for ends in found]


def test_a_group_of_three_where_the_last_must_be_green():
    """One event spans them all; taken apart, each step is one request."""
    ends = find_ends("merge_group", group(MAIN, THIRD), THIRD, QUEUE)
    assert ends == Ends(MAIN, THIRD)
    assert find_steps(ends, QUEUE) == (Ends(MAIN, FIRST), Ends(FIRST, SECOND), Ends(SECOND, THIRD))


def test_a_group_wants_both_its_ends():
    assert wanted_commits("merge_group", group(FIRST, SECOND), MAIN) == (FIRST, SECOND)


def test_a_push():
    assert find_ends("push", {"before": MAIN, "after": FIRST}, FIRST, QUEUE) == Ends(MAIN, FIRST)


def test_a_push_that_makes_a_branch():
    assert find_ends("push", {"before": NOTHING, "after": SECOND}, SECOND, QUEUE) == Ends(FIRST, SECOND)
    assert find_ends("push", {"before": NOTHING, "after": MAIN}, MAIN, QUEUE) == Ends(MAIN, MAIN)
    assert wanted_commits("push", {"before": NOTHING, "after": SECOND}, SECOND) == (SECOND,)


def test_a_push_that_deletes_a_branch():
    with pytest.raises(MintmarkError, match="deletes a branch"):
        find_ends("push", {"before": MAIN, "after": NOTHING}, MAIN, QUEUE)


@pytest.mark.parametrize("name", ["workflow_dispatch", "schedule"])
def test_by_hand_and_by_schedule(name):
    clone = Clone(QUEUE.commits, branches={"trunk": MAIN})
    event = {"repository": {"default_branch": "trunk"}, "inputs": {"model": "x"}}
    assert find_ends(name, event, SECOND, clone) == Ends(MAIN, SECOND)
    assert find_ends(name, event, MAIN, clone) == Ends(MAIN, MAIN)
    with pytest.raises(MintmarkError, match='no branch "trunk" here: git fetch origin'):
        find_ends(name, event, MAIN, QUEUE)


@pytest.mark.parametrize(
    ("name", "event", "commit"),
    [
        ("pull_request", request(), MERGE),
        ("merge_group", group(MAIN, THIRD), THIRD),
        ("push", {"before": MAIN, "after": THIRD}, THIRD),
        ("workflow_dispatch", {"repository": {"default_branch": "main"}}, THIRD),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_a_shallow_clone_and_a_missing_commit_say_what_to_fetch(name, event, commit):
    with pytest.raises(MintmarkError, match=r"git fetch --unshallow origin; .* fetch-depth: 0"):
        find_ends(name, event, commit, Clone(MERGED.commits | QUEUE.commits, {"main": MAIN}, shallow=True))
    with pytest.raises(MintmarkError, match=f"not here: git fetch origin .*{commit}$"):
        find_ends(name, event, commit, Clone({MAIN: ()}, {"main": MAIN}))


HOSTILE = [
    None,
    7,
    "",
    "main",
    "--upload-pack=x",
    MAIN[:39],
    MAIN.upper(),
    f"{MAIN}\n",
    f"{MAIN} x",
    ["a"],
    {"sha": MAIN},
]


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_what_is_no_commit_id_is_refused(value):
    """It would be an argument of Git."""
    events = [
        ("pull_request", request(sha=value), MERGE),
        ("merge_group", group(value, FIRST), FIRST),
        ("merge_group", group(MAIN, value), FIRST),
        ("push", {"before": value, "after": FIRST}, FIRST),
        ("push", {"before": MAIN, "after": value}, FIRST),
        ("pull_request", request(), value),
        ("schedule", {"repository": {"default_branch": "main"}}, value),
    ]
    clone = Clone(MERGED.commits | QUEUE.commits, {"main": MAIN})
    for name, event, commit in events:
        with pytest.raises(MintmarkError, match="is no commit id"):
            find_ends(name, event, commit, clone)


@pytest.mark.parametrize("name", ["pull_request", "merge_group", "push", "workflow_dispatch"])
@pytest.mark.parametrize(
    "event",
    [{}, {"pull_request": None}, {"merge_group": []}, {"repository": "x"}, {"repository": {"default_branch": 3}}],
    ids=repr,
)
def test_an_event_that_names_nothing(name, event):
    with pytest.raises(MintmarkError, match="is GITHUB_EVENT_PATH the event that GITHUB_EVENT_NAME names"):
        find_ends(name, event, MERGE, MERGED)
