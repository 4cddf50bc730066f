from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.scaffold.examples import examples

from mintmark.core.judgement.rules import ModelState, check_change, check_state
from mintmark.core.settings import ChannelRule

CHANNELS = (ChannelRule(name="staging"), ChannelRule(name="production", after="staging"))
ONE, TWO = {"version.yaml": "a", "model.skops.dvc": "b"}, {"version.yaml": "c", "model.skops.dvc": "d"}

EMPTY = ModelState(model="iris")
REGISTERED = EMPTY.proposed("1.0.0", ONE)
STAGED = REGISTERED.moved("staging", "1.0.0")
DEPLOYED = STAGED.moved("production", "1.0.0")
RC = EMPTY.proposed("2.0.0-rc.1", ONE)
DOUBLES = RC.proposed("2.0.0-RC.1", TWO)
TWICE = DEPLOYED.proposed("1.1.0", TWO).moved("staging", "1.1.0").moved("production", "1.1.0")


def broken(before: ModelState, after: ModelState) -> list[tuple[str, str]]:
    return [(finding.rule, finding.path) for finding in check_change(before, after, CHANNELS)]


def with_file(state: ModelState, version: str, file: str, digest: str | None) -> ModelState:
    files = {**state.versions[version], file: digest}
    kept = {name: value for name, value in files.items() if value is not None}
    return replace(state, versions={**state.versions, version: kept})  # type: ignore[arg-type]


FOLDER = "models/iris/versions/1.0.0"
STAGING, PRODUCTION = "models/iris/channels/staging.yaml", "models/iris/channels/production.yaml"

CASES: dict[str, tuple[ModelState, ModelState, list[tuple[str, str]]]] = {
    "nothing": (DEPLOYED, DEPLOYED, []),
    "propose": (EMPTY, REGISTERED, []),
    "propose and move the first channel": (EMPTY, STAGED, []),
    "promote": (STAGED, DEPLOYED, []),
    "yank what no channel points to": (TWICE, TWICE.yanked_too("1.0.0"), []),
    "take a yank back": (TWICE.yanked_too("1.0.0"), TWICE, []),
    "withdraw what no channel points to": (TWICE, TWICE.withdrawn("1.0.0"), []),
    "withdraw and move the channel off": (STAGED, EMPTY, []),
    "close a channel": (DEPLOYED, DEPLOYED.moved("production", None), []),
    "roll back": (TWICE, TWICE.moved("production", "1.0.0"), []),
    "R1 changed": (REGISTERED, with_file(REGISTERED, "1.0.0", "version.yaml", "x"), [("R1", f"{FOLDER}/version.yaml")]),
    "R1 added": (REGISTERED, with_file(REGISTERED, "1.0.0", "extra.dvc", "x"), [("R1", f"{FOLDER}/extra.dvc")]),
    "R1 half deleted": (
        REGISTERED,
        with_file(REGISTERED, "1.0.0", "model.skops.dvc", None),
        [("R1", f"{FOLDER}/model.skops.dvc")],
    ),
    "R2 one channel": (STAGED, STAGED.withdrawn("1.0.0"), [("R2", FOLDER)]),
    "R2 both channels": (DEPLOYED, DEPLOYED.withdrawn("1.0.0"), [("R2", FOLDER)] * 2),
    "R2 a model that production points to": (
        DEPLOYED,
        replace(EMPTY, described=False),
        [("R2", STAGING), ("R2", PRODUCTION)],
    ),
    "a model that nothing points to": (REGISTERED, replace(EMPTY, described=False), []),
    "R2 a version that leaves the last channel empty, as a warning": (
        DEPLOYED,
        DEPLOYED.withdrawn("1.0.0").moved("staging", None).moved("production", None),
        [("R2", PRODUCTION)],
    ),
    "R3 other files": (
        REGISTERED.withdrawn("1.0.0"),
        REGISTERED.withdrawn("1.0.0").proposed("1.0.0", TWO),
        [("R3", f"{FOLDER}/version.yaml")],
    ),
    "R3 a file more": (
        REGISTERED.withdrawn("1.0.0"),
        REGISTERED.withdrawn("1.0.0").proposed("1.0.0", {**ONE, "z.dvc": "z"}),
        [("R3", f"{FOLDER}/version.yaml")],
    ),
    "R3 the same files": (REGISTERED.withdrawn("1.0.0"), REGISTERED, []),
    "R3 beside its double": (
        REGISTERED,
        REGISTERED.proposed("1.0.0+hotfix", TWO),
        [("R3", f"{FOLDER}+hotfix/version.yaml")],
    ),
    "R3 after its double was withdrawn": (
        RC.withdrawn("2.0.0-rc.1"),
        RC.withdrawn("2.0.0-rc.1").proposed("2.0.0-RC.1", TWO),
        [("R3", "models/iris/versions/2.0.0-RC.1/version.yaml")],
    ),
    "R3 two doubles at once": (
        EMPTY,
        EMPTY.proposed("2.0.0-rc.1", ONE).proposed("2.0.0-rc1", TWO),
        [("R3", "models/iris/versions/2.0.0-rc1/version.yaml")],
    ),
    "R3 one double takes the other's place": (
        RC,
        RC.withdrawn("2.0.0-rc.1").proposed("2.0.0-rc.01a", ONE).proposed("2.0.0-rc-1", TWO),
        [("R3", "models/iris/versions/2.0.0-rc-1/version.yaml")],
    ),
    "R3 a double that was there comes back": (DOUBLES.withdrawn("2.0.0-RC.1"), DOUBLES, []),
    "R3 other numbers": (RC, RC.proposed("2.0.0", TWO).proposed("2.0.0-rc.2", ONE).proposed("2.0.0-rc.11", ONE), []),
    "R4 no such version": (STAGED, STAGED.moved("staging", "9.0.0"), [("R4", STAGING)]),
    "R4 yanked": (REGISTERED.yanked_too("1.0.0"), STAGED.yanked_too("1.0.0"), [("R4", STAGING)]),
    "R4 yank under a channel": (DEPLOYED, DEPLOYED.yanked_too("1.0.0"), [("R4", STAGING), ("R4", PRODUCTION)]),
    "R4 never in staging": (REGISTERED, REGISTERED.moved("production", "1.0.0"), [("R4", PRODUCTION)]),
    "R4 both in one step": (REGISTERED, STAGED.moved("production", "1.0.0"), [("R4", PRODUCTION)]),
    "R4 unknown channel": (REGISTERED, REGISTERED.moved("prod", "1.0.0"), [("R4", "models/iris/channels/prod.yaml")]),
    "yank what never was": (DEPLOYED, DEPLOYED.yanked_too("7.0.0"), [("", "models/iris/status/7.0.0.yaml")]),
    "R5 yanked meanwhile": (
        TWICE.yanked_too("1.0.0"),
        TWICE.yanked_too("1.0.0").moved("production", "1.0.0"),
        [("R4", PRODUCTION)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_changes(name: str) -> None:
    before, after, expected = CASES[name]
    assert broken(before, after) == expected


def test_a_rollback_needs_no_staging() -> None:
    """R5: the version held production, though by a history that knows nothing of staging."""
    past = replace(TWICE, held={"production": ["1.0.0", "1.1.0"]}, channels={"production": "1.1.0"})
    assert broken(past, past.moved("production", "1.0.0")) == []
    assert broken(replace(past, held={}), past.moved("production", "1.0.0")) == [("R4", PRODUCTION)]


def test_old_faults_are_not_laid_at_the_door_of_a_change() -> None:
    dangling = replace(STAGED, channels={"staging": "9.0.0"})
    assert broken(dangling, dangling.proposed("1.1.0", TWO)) == []
    assert [finding.rule for finding in check_state(dangling, CHANNELS)] == ["R4"]


def test_findings_say_what_to_do() -> None:
    (finding,) = check_change(REGISTERED, REGISTERED.moved("production", "1.0.0"), CHANNELS)
    assert "mintmark promote iris@1.0.0 staging" in finding.message
    (finding,) = check_change(STAGED, STAGED.withdrawn("1.0.0"), CHANNELS)
    assert "mintmark rollback iris staging" in finding.message


STATES: dict[str, tuple[ModelState, list[str]]] = {
    "sound": (TWICE, []),
    "withdrawn": (TWICE.withdrawn("1.0.0"), []),
    "changed since its release": (with_file(REGISTERED, "1.0.0", "version.yaml", "x"), ["R1"]),
    "points to a yanked version": (STAGED.yanked_too("1.0.0"), ["R4"]),
    "points nowhere": (replace(STAGED, versions={}), ["R4"]),
    "never held staging": (REGISTERED.moved("production", "1.0.0"), ["R4"]),
    "a rollback past staging": (
        replace(TWICE.moved("production", "1.0.0"), held={"production": ["1.0.0", "1.1.0", "1.0.0"]}),
        [],
    ),
    "unknown channel": (REGISTERED.moved("prod", "1.0.0"), ["R4"]),
    "two numbers that look alike": (DOUBLES, ["R3"]),
    "a number that looks like a burnt one": (DOUBLES.withdrawn("2.0.0-rc.1"), ["R3"]),
    "the first of two that look alike": (DOUBLES.withdrawn("2.0.0-RC.1"), []),
    "a status for no version": (REGISTERED.yanked_too("7.0.0"), [""]),
    "a status that outlived its version": (TWICE.yanked_too("1.0.0").withdrawn("1.0.0"), []),
}


@pytest.mark.parametrize("name", STATES)
def test_states(name: str) -> None:
    state, rules = STATES[name]
    assert [finding.rule for finding in check_state(state, CHANNELS)] == rules


def test_rollback_target() -> None:
    assert TWICE.rollback_target("production") == "1.0.0"
    assert TWICE.yanked_too("1.0.0").rollback_target("production") is None
    assert TWICE.withdrawn("1.0.0").rollback_target("production") is None
    assert TWICE.moved("production", "1.0.0").rollback_target("production") is None
    assert EMPTY.rollback_target("production") is None


def test_arguments_stay_as_they_are() -> None:
    before = ModelState(model="iris")
    before.proposed("1.0.0", ONE).moved("staging", "1.0.0").yanked_too("1.0.0").withdrawn("1.0.0")
    assert before == EMPTY


VERSIONS = strategies.sampled_from(["1.0.0", "1.1.0", "2.0.0"])
FILES = strategies.sampled_from([ONE, TWO, {"version.yaml": "e"}])
CHANNEL = strategies.sampled_from(["staging", "production"])


class Life(RuleBasedStateMachine):
    """A registry to which only changes without a finding are applied never breaks R1 to R5.

    The rules are told again here, in another way: by a plain log of what each state held.
    """

    @initialize()
    def begin(self) -> None:
        self.state, self.log = ModelState(model="iris"), list[ModelState]()

    def apply(self, after: ModelState) -> None:
        if not list(check_change(self.state, after, CHANNELS)):
            self.log.append(self.state)
            self.state = after

    @rule(version=VERSIONS, files=FILES)
    def propose(self, version: str, files: dict[str, str]) -> None:
        self.apply(self.state.proposed(version, files))

    @rule(version=VERSIONS, files=FILES)
    def propose_and_move(self, version: str, files: dict[str, str]) -> None:
        self.apply(self.state.proposed(version, files).moved("staging", version))

    @rule(version=VERSIONS, channel=CHANNEL)
    def promote(self, version: str, channel: str) -> None:
        self.apply(self.state.moved(channel, version))

    @rule(channel=CHANNEL)
    def close(self, channel: str) -> None:
        self.apply(self.state.moved(channel, None))

    @rule(version=VERSIONS)
    def withdraw(self, version: str) -> None:
        self.apply(self.state.withdrawn(version))

    @rule(version=VERSIONS)
    def yank(self, version: str) -> None:
        self.apply(self.state.yanked_too(version))

    @rule(version=VERSIONS)
    def take_a_yank_back(self, version: str) -> None:
        self.apply(replace(self.state, yanked=self.state.yanked - {version}))

    @precondition(lambda self: self.log)
    @rule(channel=CHANNEL)
    def roll_back(self, channel: str) -> None:
        target = self.state.rollback_target(channel)
        if target is None:
            return
        before = self.state
        self.apply(before.moved(channel, target))
        assert self.state is not before, "R5: a rollback to a version that can be used is always allowed"
        assert target in [past.channels.get(channel) for past in self.log]

    @precondition(lambda self: self.log)
    @rule(data=strategies.data())
    def revert_the_last_change(self, data: Any) -> None:
        """`git revert`: the tree as it was, the past as it is."""
        last = self.log[-1]
        moves = {name: last.channels.get(name) for name in ("staging", "production")}
        after = replace(self.state, versions=last.versions, yanked=last.yanked)
        for channel, version in moves.items():
            if after.channels.get(channel) != version:
                after = after.moved(channel, version)
        self.apply(after)

    @invariant()
    def nothing_is_broken(self) -> None:
        state, log = self.state, self.log
        first: dict[str, Any] = {}
        for past in [*log, state]:
            for version, files in past.versions.items():
                assert first.setdefault(version, files) == files, "R1, R3"
        if log:
            gone = log[-1].versions.keys() - state.versions.keys()
            assert not gone & set(state.channels.values()), "R2"
        for channel, version in state.channels.items():
            assert version in state.versions, "R4: exists"
            assert version not in state.yanked, "R4: not yanked"
            if channel == "production":
                assert any(past.channels.get("staging") == version for past in log), "R4: after staging"
        assert list(check_state(state, CHANNELS)) == []


Life.TestCase.settings = settings(max_examples=examples(150), stateful_step_count=25, deadline=None)
TestLife = Life.TestCase
