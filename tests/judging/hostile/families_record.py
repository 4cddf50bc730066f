"""Records that say of themselves what is not so: times, parents, people, parameters, packages. Most agree with themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import yaml
from tests.judging.hostile.harness import Family
from tests.judging.hostile.rewriting import RECORD, STAGE, lock, record, rewrite_output
from tests.scaffold.registry import Scratch

Change = Callable[[dict[str, Any]], object]


def _in_record(change: Change, registry: Scratch) -> None:
    with record(registry) as data:
        change(data)


def _set(registry: Scratch, **values: Any) -> None:
    with record(registry) as data:
        data |= values


def _after(**shift: float) -> str:
    return (datetime.now(UTC) + timedelta(**shift)).strftime("%Y-%m-%dT%H:%M:%SZ")


# -- time ------------------------------------------------------------------------------------------------------------

times = Family("lies about time")

for _name, _moment in {
    "the epoch": "1970-01-01T00:00:00Z",
    "before the epoch": "1969-12-31T23:59:59Z",
    "the first year": "0001-01-01T00:00:00Z",
    "no year": "0000-01-01T00:00:00Z",
    "far ahead": "2099-01-01T00:00:00Z",
    "the last year": "9999-12-31T23:59:59Z",
    "after 2038": "2038-01-19T03:14:08Z",
    "no such day": "2026-02-30T12:00:00Z",
    "no such month": "2026-13-01T12:00:00Z",
    "a day zero": "2026-11-00T12:00:00Z",
    "no such hour": "2026-11-28T25:00:00Z",
    "no such second": "2026-11-28T12:00:61Z",
    "midnight twice": "2026-11-28T24:00:00Z",
    "another offset": "2026-11-28T12:00:00+14:00",
    "without a zone": "2026-11-28T12:00:00",
    "other digits": "２０２６-11-28T12:00:00Z",
    "a line behind it": "2026-11-28T12:00:00Z\n",
    "a day": "2026-11-28",
    "a number": 1795000000,
    "a word": "yesterday",
}.items():
    times.add(_name, partial(lambda moment, registry: _set(registry, created=moment), _moment))

for _name, _shift in {"two hours ahead": 2, "a day ahead": 24, "two hours before the parent": -3}.items():
    times.add(_name, partial(lambda hours, registry: _set(registry, created=_after(hours=hours)), _shift))

times.add("a clock that is minutes ahead", lambda registry: _set(registry, created=_after(minutes=40)), honest=True)
times.add("a clock that is minutes behind", lambda registry: _set(registry, created=_after(minutes=-10)), honest=True)

# -- parents ---------------------------------------------------------------------------------------------------------

parents = Family("lies about parents")

for _name, _parent in {
    "itself": "1.1.0",
    "nobody": None,
    "one that is not there": "0.9.0",
    "one that is to come": "1.2.0",
    "one that would pass for it": "1.0.0+build",
    "a candidate of it": "1.0.0-rc.1",
    "a range": "^1.0.0",
    "latest": "latest",
    "a channel": "production",
    "another model": "iris@1.0.0",
    "a path": "../1.0.0",
    "leading zeros": "1.0.00",
    "a short number": "1.0",
    "a float": 1.0,
    "an empty text": "",
    "a list": ["1.0.0"],
    "a line behind it": "1.0.0\n",
    "other digits": "１.0.0",
}.items():
    parents.add(_name, partial(lambda parent, registry: _set(registry, parent=parent), _parent))


@parents.variant(honest=True)
def _the_one_that_it_has(registry: Scratch) -> None:
    _set(registry, parent="1.0.0")


@parents.variant()
def _one_that_the_branch_adds(registry: Scratch) -> None:
    text = registry.read("models/loans/versions/1.0.0/version.yaml")
    registry.write("models/loans/versions/1.0.5/version.yaml", text.replace("1.0.0", "1.0.5"))
    _set(registry, parent="1.0.5")


@parents.variant()
def _one_that_was_yanked(registry: Scratch) -> None:
    _on_base(registry, lambda: registry.yank("loans", "1.0.0"))
    _set(registry, parent="0.1.0")


def _on_base(registry: Scratch, change: Callable[[], object]) -> None:
    registry.git("switch", "--quiet", "base")
    change()
    registry.commit("on the base")
    registry.git("switch", "--quiet", "attack")


# -- authors and texts -----------------------------------------------------------------------------------------------

people = Family("lies about authors and texts")

for _name, _author in {
    "somebody else": "Grace Hopper <grace@example.org>",
    "another address": "Ada Lovelace <ada@example.com>",
    "another name": "Countess Lovelace <ada@example.org>",
    "no address": "Ada Lovelace",
    "only an address": "<ada@example.org>",
    "other capitals": "ADA LOVELACE <ada@example.org>",
    "a letter of another script": "\u0410da Lovelace <ada@example.org>",
    "no space": "Ada Lovelace<ada@example.org>",
    "two of them": "Ada Lovelace <ada@example.org>, Grace Hopper <grace@example.org>",
    "a team": "@acme/risk",
    "a login": "@ada",
    "turned text": "Ada Lovelace \u202e<ada@example.org>",
    "a space without width": "Ada\u200b Lovelace <ada@example.org>",
    "an escape": "Ada \x1b[31mLovelace <ada@example.org>",
    "a link": "[Ada](https://example.org) <ada@example.org>",
    "an empty one": "",
    "very long": "A" * 400,
}.items():
    people.add(_name, partial(lambda author, registry: _set(registry, author=author), _author))

for _name, _summary in {
    "a summary with an escape": "Better.\x1b]0;gone\x07",
    "a summary that is turned": "Accuracy \u202e0.99",
    "a summary with tags": "Better.\U000e0041",
    "a summary with a bell": "Better.\x07",
    "a summary with a return": "Worse.\rBetter.",
    "a summary with hidden spaces": "Bet\u200bter.",
    "an empty summary": "",
}.items():
    people.add(_name, partial(lambda summary, registry: _set(registry, summary=summary), _summary))

for _name, _summary in {
    "a summary in other words": "C is larger.\n\nNothing else.\n",
    "a summary with an emoji": "Faster \U0001f469\u200d\U0001f4bb",
    "a summary in another script": "\u05d8\u05d5\u05d1 \u05d9\u05d5\u05ea\u05e8",
}.items():
    people.add(_name, partial(lambda summary, registry: _set(registry, summary=summary), _summary), honest=True)

# -- parameters ------------------------------------------------------------------------------------------------------

parameters = Family("lies about parameters")


def _tuned(change: Change, registry: Scratch) -> None:
    _in_record(lambda data: change(data["parameters"]["models.loans"]), registry)


for _name, _edit in {
    "another value": lambda p: p.update(C=2.0),
    "a value that is close": lambda p: p.update(C=1.0000001),
    "a text in place of a number": lambda p: p.update(C="1.0"),
    "a truth in place of a number": lambda p: p.update(every=True),
    "nothing in place of a number": lambda p: p.update(C=None),
    "one more": lambda p: p.update(penalty="l2"),
    "one less": lambda p: p.pop("C"),
    "another list": lambda p: p.update(columns=["age"]),
    "another order of a list": lambda p: p.update(columns=p["columns"][::-1]),
    "a list twice": lambda p: p.update(columns=p["columns"] * 2),
    "another kind": lambda p: p.update(estimator="forest"),
    "other capitals": lambda p: p.update(c=p.pop("C")),
    "a mapping in place of a list": lambda p: p.update(columns={"age": 1}),
    "a huge number": lambda p: p.update(C=10**400),
    "all of them gone": lambda p: p.clear(),
}.items():
    parameters.add(_name, partial(_tuned, _edit))

for _name, _edit in {
    "none at all": lambda data: data.update(parameters={}),
    "what tuning never chose": lambda data: data["parameters"].update(best={"C": 9}),
    "of another model": lambda data: data["parameters"].update({"models.iris": {"C": 1}}),
    "of a stage": lambda data: data["parameters"].update(tune={"folds": 10}),
}.items():
    parameters.add(_name, partial(_in_record, _edit))


@parameters.variant()
def _in_dvc_lock_as_well(registry: Scratch) -> None:
    with lock(registry) as stage:
        stage["params"]["params.yaml"]["models.loans"]["C"] = 2.0
    _in_record(lambda data: data["parameters"]["models.loans"].update(C=2.0), registry)


@parameters.variant()
def _what_tuning_never_wrote_in_a_file(registry: Scratch) -> None:
    rewrite_output(registry, "data.json", b'{"lineage": [], "parameters": {"C": 9}}')
    _in_record(lambda data: data["parameters"].update(best={"C": 9}), registry)


@parameters.variant(honest=True)
def _in_another_order(registry: Scratch) -> None:
    def turn(data: dict[str, Any]) -> None:
        data["parameters"]["models.loans"] = dict(reversed(data["parameters"]["models.loans"].items()))

    _in_record(turn, registry)


# -- environments ----------------------------------------------------------------------------------------------------

environments = Family("lies about environments")


def _made_in(change: Change, registry: Scratch) -> None:
    _in_record(lambda data: change(data["environment"]), registry)


def _install(package: str, registry: Scratch) -> None:
    _made_in(lambda made: made["packages"].update({package: "99.1"}), registry)


for _package in ("scikit-learn", "numpy", "skops", "pandas", "scipy", "joblib"):
    environments.add(f"another {_package}", partial(_install, _package))

for _name, _edit in {
    "another lock": lambda made: made.update(lock="sha256:" + "0" * 64),
    "an empty lock": lambda made: made.update(
        lock="sha256:" + "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    ),
    "no hash of a lock": lambda made: made.update(lock="requirements.lock"),
    "no package": lambda made: made.update(packages={}),
    "one package less": lambda made: made["packages"].pop("scikit-learn"),
    "a package that is not pinned": lambda made: made["packages"].update(torch="2.9.0"),
    "a package under another name": lambda made: made["packages"].update(sklearn="1.9.1"),
    "a range": lambda made: made["packages"].update(numpy=">=1"),
    "a version with words": lambda made: made["packages"].update(numpy="latest"),
    "no Python": lambda made: made.update(python="none"),
    "another implementation": lambda made: made.update(python="PyPy 7.3"),
    "an empty Python": lambda made: made.update(python=""),
    "a Python with an escape": lambda made: made.update(python="3.11.7\x1b[2J"),
    "a platform that is turned": lambda made: made.update(platform="Linux \u202e46_68x"),
    "a platform of two lines": lambda made: made.update(platform="Linux\nx86_64"),
    "one field more": lambda made: made.update(gpu="none"),
}.items():
    environments.add(_name, partial(_made_in, _edit))


@environments.variant(says="older requirements.lock")
def _a_lock_that_the_base_had_once(registry: Scratch) -> None:
    registry.git("switch", "--quiet", "base")
    registry.write("requirements.lock", registry.read("requirements.lock") + "# newer\n")
    registry.commit("lock")
    registry.git("switch", "--quiet", "attack")
    registry.git("rebase", "--quiet", "base")


@environments.variant(honest=True)
def _the_base_locked_again_meanwhile(registry: Scratch) -> None:
    registry.git("switch", "--quiet", "base")
    registry.write("requirements.lock", registry.read("requirements.lock") + "# newer\n")
    registry.commit("lock")
    registry.git("switch", "--quiet", "attack")


# -- stages ----------------------------------------------------------------------------------------------------------

stages = Family("lies about stages and commands")


def _staged(change: Change, registry: Scratch) -> None:
    _in_record(lambda data: change(data["stages"][STAGE]), registry)


_ZERO = "md5:" + "0" * 32
for _name, _edit in {
    "another command": lambda stage: stage.update(cmd="python scripts/honest.py"),
    "a list of commands": lambda stage: stage.update(cmd=[stage["cmd"]]),
    "one more space": lambda stage: stage.update(cmd=stage["cmd"] + " "),
    "an option more": lambda stage: stage.update(cmd=stage["cmd"] + " --seed 1"),
    "another script": lambda stage: stage["deps"].update({"scripts/fit.py": _ZERO}),
    "other data": lambda stage: stage["deps"].update({"data/loans.csv": _ZERO}),
    "no data": lambda stage: stage["deps"].pop("data/loans.csv"),
    "nothing read": lambda stage: stage.pop("deps"),
    "more read": lambda stage: stage["deps"].update({"data/more.csv": _ZERO}),
    "other parameters": lambda stage: stage["params"]["params.yaml"]["models.loans"].update(C=9),
    "no parameters": lambda stage: stage.pop("params"),
    "nothing written": lambda stage: stage.pop("outs"),
    "another model written": lambda stage: stage["outs"].update({"models/loans/candidate/model.skops": _ZERO}),
    "more written": lambda stage: stage["outs"].update({"models/loans/candidate/notes.txt": _ZERO}),
    "a field more": lambda stage: stage.update(note="trust me"),
}.items():
    stages.add(_name, partial(_staged, _edit))

for _name, _edit in {
    "another name": lambda data: data["stages"].update({"train@loans": data["stages"].pop(STAGE)}),
    "one more stage": lambda data: data["stages"].update({"audit@loans": {"cmd": "python audit.py"}}),
    "no stage": lambda data: data.update(stages={}),
}.items():
    stages.add(_name, partial(_in_record, _edit))


@stages.variant()
def _another_command_in_dvc_lock_as_well(registry: Scratch) -> None:
    with lock(registry) as stage:
        stage["cmd"] = "python scripts/honest.py"


@stages.variant()
def _less_read_in_dvc_lock_as_well(registry: Scratch) -> None:
    with lock(registry) as stage:
        stage["deps"] = [entry for entry in stage["deps"] if entry["path"] != "data/loans.csv"]


@stages.variant(honest=True)
def _what_it_wrote_in_another_order(registry: Scratch) -> None:
    text = yaml.safe_load(registry.read(RECORD))
    text["stages"][STAGE]["outs"] = dict(sorted(text["stages"][STAGE]["outs"].items(), reverse=True))
    registry.write(RECORD, yaml.safe_dump(text, sort_keys=False))


FAMILIES = [times, parents, people, parameters, environments, stages]
