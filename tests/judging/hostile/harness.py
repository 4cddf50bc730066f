"""Hostile proposals in families: each changes a registry on a branch, and none may pass the review.

A family is a list of variants. Each variant is a function that changes a fresh registry; what it leaves in the work
tree is committed on the branch `attack` (a proposal that it spoils stays one commit), which is then reviewed against
the branch `base` with the real command, in this process. The registry is the one of tests/judging: `loans` has 1.0.0
in staging and production, and `better` is an honest proposal of 1.1.0.

A variant begins on `start`: `better` (an honest proposal that it spoils), or `main` (nothing is proposed yet). It may move
`base` as well, by committing there and coming back to `attack`.

Most variants do not need the model to run, so the trial is left out, and what they try has to be found without it;
`model=True` brings it back. `reproduce=True` is what only running the stages again finds. An honest neighbour (`honest=True`) looks alike and has to pass.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.scaffold.registry import Scratch

VERSION = "models/loans/versions/1.1.0"
LONGEST = 60  # seconds of processor time, of the review and of the processes that it started
_LONGEST_WAIT = 300  # seconds by the clock, on a machine that has other things to do as well
_TRIAL = "mintmark.judging.trials.trial.hold_trial"
_START = "mintmark.judging.proposals.start_model"

Change = Callable[[Scratch], object]


@dataclass(frozen=True)
class Variant:
    """One thing that somebody tries; `says` is what the report has to tell of it, if it has to be that."""

    name: str
    change: Change
    start: str = "better"
    model: bool = False
    honest: bool = False
    says: str = ""
    reproduce: bool = False


@dataclass
class Family:
    """Variants of one kind, collected by decorators."""

    name: str
    variants: list[Variant] = field(default_factory=list)

    def variant(
        self,
        *,
        start: str = "better",
        model: bool = False,
        honest: bool = False,
        says: str = "",
        reproduce: bool = False,
    ) -> Callable[[Change], Change]:
        """Add the function below as a variant, under its own name."""

        def add(change: Change) -> Change:
            name = change.__name__.strip("_")
            self.add(name, change, start=start, model=model, honest=honest, says=says, reproduce=reproduce)
            return change

        return add

    def add(
        self,
        name: str,
        change: Change,
        *,
        start: str = "better",
        model: bool = False,
        honest: bool = False,
        says: str = "",
        reproduce: bool = False,
    ) -> None:
        """Add a variant; for those that a loop makes."""
        assert name not in {variant.name for variant in self.variants}, f"{self.name} has {name} twice"
        self.variants.append(Variant(name, change, start, model, honest, says, reproduce))

    @property
    def hostile(self) -> list[Variant]:
        return [variant for variant in self.variants if not variant.honest]


@dataclass(frozen=True)
class Outcome:
    """What one review came to."""

    variant: Variant
    code: int
    seconds: float
    waited: float
    text: str
    reported: bool

    @property
    def fault(self) -> str:
        """Why this is not what it should be, empty where it is."""
        if "Traceback" in self.text:
            return f"a traceback: {self.text[-600:]}"
        if not self.reported:
            return f"no report was written: {self.text[-300:]}"
        if self.seconds > LONGEST or self.waited > _LONGEST_WAIT:
            return f"it took {self.seconds:.0f} s of processor time, and {self.waited:.0f} s in all"
        if self.variant.honest:
            return "" if self.code == 0 else f"it is honest and was refused ({self.code}): {self.text[-600:]}"
        if self.code not in (1, 42):
            return f"it passed with exit code {self.code}"
        return "" if self.variant.says in self.text else f'the report does not say "{self.variant.says}": {self.text}'


def try_family(
    variants: list[Variant], registry: Scratch, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Outcome]:
    """Review each variant in a registry that is as new; reports lie below `folder`."""
    settings, refs = (registry.top / ".git/config").read_text(), _refs(registry)
    for variant in variants:
        (registry.top / ".git/config").write_text(settings)
        _restore(registry, refs)
        registry.git("switch", "--quiet", "--force", "-C", "attack", variant.start)
        registry.git("clean", "--quiet", "-ffd")
        registry.git("branch", "--force", "base", "main")
        variant.change(registry)
        registry.git("add", "-A")
        if registry.git("status", "--porcelain"):
            spoiled = variant.start != "main" and registry.head == registry.git("rev-parse", variant.start)
            registry.git("commit", "--quiet", *(["--amend"] if spoiled else []), "-m", variant.name)
        with monkeypatch.context() as patch, _without_model(patch, variant):
            yield _review(registry, variant, folder)


def _refs(registry: Scratch) -> dict[str, str]:
    lines = registry.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return dict(line.split() for line in lines)


def _restore(registry: Scratch, refs: dict[str, str]) -> None:
    """Give the branches and tags back as the template has them."""
    registry.git("checkout", "--quiet", "--force", "--detach")
    wanted = [f"update {name} {oid}" for name, oid in refs.items()]
    gone = [f"delete {name}" for name in _refs(registry).keys() - refs.keys()]
    registry.git("update-ref", "--stdin", data="\n".join([*wanted, *gone, ""]).encode())


@contextmanager
def _without_model(patch: pytest.MonkeyPatch, variant: Variant) -> Iterator[None]:
    if not variant.model:
        patch.setattr(_TRIAL, lambda _case, _process: iter(()))
        patch.setattr(_START, lambda _version, _trusted: nullcontext())
    yield


def _review(registry: Scratch, variant: Variant, folder: Path) -> Outcome:
    for old in folder.glob("*"):
        old.unlink()
    began, worked = time.monotonic(), _processor_time()
    given = ("--base", "base", "--head", "attack", "--author", "ada", "--report-dir", str(folder))
    done = registry.run("review", *given, *(["--reproduce"] if variant.reproduce else []))
    seconds, waited = _processor_time() - worked, time.monotonic() - began
    return Outcome(variant, done.code, seconds, waited, done.text, (folder / "report.json").exists())


def _processor_time() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system
