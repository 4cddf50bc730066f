"""Random lives of one model on real Git: whatever the commands agree to never breaks R1 to R5."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies
from tests.scaffold.registry import Scratch

from mintmark.changing.commits import commit_files, require_clean
from mintmark.changing.model_state import read_standing, require_allowed
from mintmark.commands.promote import promote
from mintmark.commands.rollback import rollback
from mintmark.commands.yank import yank
from mintmark.core.judgement.rules import check_change
from mintmark.errors import MintmarkError
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.documents import blob_oid
from mintmark.registry.yaml.text import parse_yaml

VERSIONS = ["1.0.0", "1.1.0", "1.2.0"]
STEPS = strategies.one_of(
    strategies.tuples(strategies.just("propose"), strategies.sampled_from(VERSIONS), strategies.sampled_from("ab")),
    strategies.tuples(
        strategies.just("promote"),
        strategies.sampled_from(VERSIONS),
        strategies.sampled_from(["staging", "production"]),
    ),
    strategies.tuples(strategies.just("rollback"), strategies.sampled_from(["staging", "production"])),
    strategies.tuples(strategies.just("withdraw"), strategies.sampled_from(VERSIONS)),
    strategies.tuples(strategies.just("yank"), strategies.sampled_from(VERSIONS)),
    strategies.tuples(strategies.just("revert")),
)


def register(scratch: Scratch, version: str, flavour: str) -> None:
    """What propose commits, without a pipeline: the records of 1.1.0 under another number, in one of two flavours."""
    registry = ClonedRegistry(scratch.root)
    require_clean(scratch.root)
    state = read_standing(registry, "tiny")
    if version in state.versions:
        raise MintmarkError("is there already")
    source = "models/tiny/versions/1.1.0"
    texts = {name: scratch.git("show", f"start:{source}/{name}") for name in ("version.yaml", "metrics.json")}
    texts |= {
        f"{name}.dvc": scratch.git("show", f"start:{source}/{name}.dvc") for name in ("model.json", "profile.json")
    }
    texts["version.yaml"] = texts["version.yaml"].replace("1.1.0", version).replace("author: Ada", f"author: {flavour}")
    contents = {name: f"{text}\n".encode() for name, text in texts.items()}
    after = state.proposed(version, {name: blob_oid(content) for name, content in contents.items()})
    require_allowed(check_change(state, after, registry.settings.channels))
    writes = {f"models/tiny/versions/{version}/{name}": content for name, content in contents.items()}
    commit_files(scratch.root, writes=writes, message=f"propose {version}\n", branch=None)


def withdraw(scratch: Scratch, version: str) -> None:
    registry = ClonedRegistry(scratch.root)
    state = read_standing(registry, "tiny")
    if version not in state.versions:
        raise MintmarkError("is not there")
    require_allowed(check_change(state, state.withdrawn(version), registry.settings.channels))
    scratch.git("rm", "-r", "--quiet", f"models/tiny/versions/{version}")
    scratch.git("commit", "--quiet", "-m", f"withdraw {version}")


def revert(scratch: Scratch) -> None:
    """`git revert` of the last commit where that is a promotion or a rollback: the way back that needs no Mintmark."""
    if not scratch.subjects()[0].startswith(("promote", "rollback")):
        raise MintmarkError("nothing to revert")
    channels = {**ClonedRegistry(scratch.root).channels("tiny")}
    scratch.git("revert", "--no-edit", "HEAD")
    state = read_standing(ClonedRegistry(scratch.root), "tiny")
    if any(version not in state.usable() for version in state.channels.values()):
        scratch.git("reset", "--hard", "--quiet", "HEAD^")
        assert ClonedRegistry(scratch.root).channels("tiny") == channels


def take(scratch: Scratch, step: tuple[Any, ...]) -> None:
    match step:
        case ("propose", version, flavour):
            register(scratch, version, flavour)
        case ("promote", version, channel):
            promote(scratch.root, f"tiny@{version}", channel, here=True)
        case ("rollback", channel):
            rollback(scratch.root, "tiny", channel, here=True)
        case ("withdraw", version):
            withdraw(scratch, version)
        case ("yank", version):
            yank(scratch.root, f"tiny@{version}", reason="x", here=True)
        case ("revert",):
            revert(scratch)


def held_against_the_rules(scratch: Scratch) -> None:
    """Read every commit by itself, with nothing but Git, and hold each against those before it."""
    first: dict[str, str] = {}
    staged = set[str]()
    for commit in scratch.git("rev-list", "--first-parent", "--reverse", "HEAD").splitlines():
        paths = scratch.git("ls-tree", "-r", "--name-only", commit, "models/tiny/").split()
        listed = scratch.git("ls-tree", commit, "models/tiny/versions/").splitlines()
        versions = {line.rpartition("/")[2]: line.split()[2] for line in listed}
        for version, tree in versions.items():
            assert first.setdefault(version, tree) == tree, "R1, R3"
        for channel in ("production", "staging"):
            path = f"models/tiny/channels/{channel}.yaml"
            if path not in paths:
                continue
            version = parse_yaml(scratch.git("show", f"{commit}:{path}").encode())["version"]
            assert version in versions, "R2, R4"
            assert f"models/tiny/status/{version}.yaml" not in paths, "R4"
            if channel == "staging":
                staged.add(version)
            else:
                assert version in staged, "R4"


@pytest.fixture
def origin(released: Scratch) -> Scratch:
    released.git("tag", "start")
    return released


@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(steps=strategies.lists(STEPS, min_size=5, max_size=8))
def test_no_life_breaks_a_rule(origin: Scratch, steps: list[tuple[Any, ...]]) -> None:
    folder = Path(tempfile.mkdtemp(dir=origin.root.parent))
    scratch = origin.copy(folder / "registry")
    for step in steps:
        before = scratch.git("rev-parse", "HEAD")
        with contextlib.suppress(MintmarkError):
            take(scratch, step)
            continue
        assert scratch.git("rev-parse", "HEAD") == before
        assert scratch.git("status", "--porcelain") == ""
    held_against_the_rules(scratch)
    shutil.rmtree(folder)
