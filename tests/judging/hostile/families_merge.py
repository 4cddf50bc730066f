"""What two requests do together, what commits do and take back, and what returns without being judged again."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial

from tests.judging.hostile.harness import Family
from tests.scaffold.registry import Scratch

MODEL = "models/loans"
STAGING, PRODUCTION = (f"{MODEL}/channels/{name}.yaml" for name in ("staging", "production"))
Step = Callable[[Scratch], object]

crossing = Family("crossing requests")
detours = Family("detours and returns")
rebases = Family("histories that a rebase spoils")


def point(channel: str, version: str) -> Step:
    return lambda registry: registry.write(f"{MODEL}/channels/{channel}.yaml", f"version: {version}\n")


def both(version: str) -> Step:
    return in_turn(point("staging", version), point("production", version))


def yank(version: str, *, reason: str = "It leaks.", instead: str = "") -> Step:
    status = f"schema: 1\nstate: yanked\nreason: {reason}\n{f'replacement: {instead}' if instead else ''}\n"
    return lambda registry: registry.write(f"{MODEL}/status/{version}.yaml", status)


def withdraw(version: str) -> Step:
    return lambda registry: registry.remove(f"{MODEL}/versions/{version}")


def copy(version: str, *, summary: str = "") -> Step:
    """Register the files of 1.1.0 under another number."""

    def change(registry: Scratch) -> None:
        folder = registry.path(f"{MODEL}/versions/1.1.0")
        for path in folder.iterdir():
            registry.write(f"{MODEL}/versions/{version}/{path.name}", path.read_bytes())
        record = f"{MODEL}/versions/{version}/version.yaml"
        registry.edit(record, "version: 1.1.0", f"version: {version}")
        if summary:
            registry.write(record, f"{registry.read(record)}# {summary}\n")

    return change


def in_turn(*steps: Step) -> Step:
    def change(registry: Scratch) -> None:
        for step in steps:
            step(registry)

    return change


def commits(*steps: Step) -> Step:
    """One commit for each step."""

    def change(registry: Scratch) -> None:
        for step in steps:
            step(registry)
            registry.commit("A step")

    return change


def edit_readme(registry: Scratch) -> None:
    registry.write("README.md", f"{registry.commits} and on\n")


def restore(*paths: str) -> Step:
    return lambda registry: registry.git("checkout", "--quiet", "base", "--", *paths)


def remove(path: str) -> Step:
    return lambda registry: registry.remove(path)


def registered(*steps: Step) -> Step:
    """The base has 1.1.0, and goes through these steps, before the attack begins."""

    def change(registry: Scratch) -> None:
        registry.git("merge", "--quiet", "--ff-only", "better")
        commits(*steps)(registry)
        registry.git("branch", "--force", "base", "attack")

    return change


def cross(common: Step, attack: Step, base: Step, registry: Scratch) -> None:
    """Both start where `common` leaves the registry; the base does its part before the attack is reviewed."""
    common(registry)
    attack(registry)
    registry.commit("The attack")
    registry.git("switch", "--quiet", "base")
    base(registry)
    registry.commit("What the base did meanwhile")
    registry.git("switch", "--quiet", "attack")


def on_side(side: Step, here: Step, registry: Scratch) -> None:
    """A branch within the change, merged into it."""
    registry.git("switch", "--quiet", "-C", "side")
    side(registry)
    registry.git("switch", "--quiet", "attack")
    here(registry)
    registry.commit("Here")
    registry.git("merge", "--quiet", "--no-ff", "-m", "Merge side", "side")


def in_merge(own: Step, registry: Scratch) -> None:
    """A merge commit that holds what neither of its parents has."""
    registry.git("switch", "--quiet", "-C", "side")
    registry.write("docs/side.md", "side\n")
    registry.commit("Side")
    registry.git("switch", "--quiet", "attack")
    registry.write("docs/here.md", "here\n")
    registry.commit("Here")
    registry.git("merge", "--quiet", "--no-ff", "--no-commit", "side")
    own(registry)
    registry.commit("Merge side")


TWO = registered()
THREE = registered(copy("1.2.0"))
STAGED = registered(point("staging", "1.1.0"))
LIVE = registered(point("staging", "1.1.0"), point("production", "1.1.0"))
LIVE_OF_THREE = registered(copy("1.2.0"), point("staging", "1.1.0"), point("production", "1.1.0"))

for _name, (_common, _attack, _base) in {
    "withdraw, what was staged": (TWO, withdraw("1.1.0"), point("staging", "1.1.0")),
    "withdraw, what was staged and promoted": (STAGED, withdraw("1.1.0"), point("production", "1.1.0")),
    "withdraw, what was rolled back to": (LIVE, withdraw("1.0.0"), point("production", "1.0.0")),
    "withdraw, what staging went back to": (LIVE, withdraw("1.0.0"), point("staging", "1.0.0")),
    "yank, what was staged": (TWO, yank("1.1.0"), point("staging", "1.1.0")),
    "yank, what was promoted": (TWO, yank("1.1.0"), commits(point("staging", "1.1.0"), point("production", "1.1.0"))),
    "yank, what was rolled back to": (LIVE, yank("1.0.0"), point("production", "1.0.0")),
    "stage, what was yanked": (TWO, point("staging", "1.1.0"), yank("1.1.0")),
    "stage, what was withdrawn": (TWO, point("staging", "1.1.0"), withdraw("1.1.0")),
    "promote, what was yanked": (
        STAGED,
        point("production", "1.1.0"),
        in_turn(point("staging", "1.0.0"), yank("1.1.0")),
    ),
    "promote, what was withdrawn": (
        STAGED,
        point("production", "1.1.0"),
        in_turn(point("staging", "1.0.0"), withdraw("1.1.0")),
    ),
    "roll back, to what was yanked": (LIVE, point("production", "1.0.0"), yank("1.0.0")),
    "roll back, to what was withdrawn": (LIVE, point("production", "1.0.0"), withdraw("1.0.0")),
    "roll back both, to what was yanked": (LIVE, both("1.0.0"), yank("1.0.0")),
    "yank, with a replacement that was yanked": (THREE, yank("1.1.0", instead="1.2.0"), yank("1.2.0")),
    "yank, with a replacement that was withdrawn": (THREE, yank("1.1.0", instead="1.2.0"), withdraw("1.2.0")),
    "two replacements, each the other one": (
        THREE,
        yank("1.1.0", instead="1.2.0"),
        yank("1.2.0", instead="1.1.0"),
    ),
    "register, a number that was used and withdrawn": (
        TWO,
        copy("1.2.0", summary="other"),
        commits(copy("1.2.0"), withdraw("1.2.0")),
    ),
    "register, a number that looks like a new one": (TWO, copy("1.2.0"), copy("1.2.0+x")),
    "register, a number that another request took": (TWO, copy("1.2.0", summary="other"), copy("1.2.0")),
    "stage, what another request staged": (THREE, point("staging", "1.1.0"), point("staging", "1.2.0")),
    "yank, what another request yanked": (THREE, yank("1.1.0", reason="One."), yank("1.1.0", reason="Another.")),
    "move staging, which was removed": (LIVE_OF_THREE, point("staging", "1.2.0"), remove(STAGING)),
    "take objects away, that a new version needs": (
        TWO,
        in_turn(withdraw("1.1.0"), lambda registry: registry.git("rm", "-rq", ".dvc/store")),
        copy("1.2.0"),
    ),
}.items():
    crossing.add(_name, partial(cross, _common, _attack, _base), start="main")

for _name, (_common, _attack, _base) in {
    "withdraw, and the base moves on": (TWO, withdraw("1.1.0"), edit_readme),
    "yank, and the base stages another": (THREE, yank("1.1.0"), point("staging", "1.2.0")),
    "roll back, and the base yanks the other": (LIVE_OF_THREE, point("production", "1.0.0"), yank("1.2.0")),
}.items():
    crossing.add(_name, partial(cross, _common, _attack, _base), start="main", honest=True)


@crossing.variant(start="main", says="loosen")
def _two_common_ancestors_and_a_gate(registry: Scratch) -> None:
    registry.git("switch", "--quiet", "-C", "early")
    edit_readme(registry)
    registry.commit("Early")
    registry.git("switch", "--quiet", "base")
    registry.edit(f"{MODEL}/model.yaml", "accuracy: 0.7", "accuracy: 0.9")
    tightened = registry.commit("Tighten")
    registry.git("merge", "--quiet", "--no-ff", "-m", "Merge early", "early")
    registry.git("switch", "--quiet", "-C", "attack", "early")
    registry.git("merge", "--quiet", "--no-ff", "--no-commit", tightened)
    registry.edit(f"{MODEL}/model.yaml", "accuracy: 0.9", "accuracy: 0.7")
    registry.commit("Merge main")


_BACK = restore(MODEL)
for _name, _steps in {
    "production, there and back": (both("1.1.0"), both("1.0.0")),
    "staging, there and back": (point("staging", "1.1.0"), point("staging", "1.0.0")),
    "production removed and brought back": (remove(PRODUCTION), _BACK),
    "production broken and mended": (lambda r: r.write(PRODUCTION, "version: [\n"), _BACK),
    "a channel that nobody declared": (point("canary", "1.1.0"), remove(f"{MODEL}/channels/canary.yaml")),
    "to a version that is not there": (point("staging", "7.0.0"), point("staging", "1.0.0")),
    "another version on the way": (point("staging", "1.2.0"), point("staging", "1.1.0")),
    "there, back and there again": (point("staging", "1.1.0"), point("staging", "1.0.0"), point("staging", "1.1.0")),
    "a number burnt": (copy("1.2.0"), withdraw("1.2.0")),
    "a twin of a number burnt": (copy("1.2.0+x"), withdraw("1.2.0+x")),
    "the next ten numbers burnt": (
        in_turn(*(copy(f"1.{n}.0") for n in range(2, 12))),
        in_turn(*(withdraw(f"1.{n}.0") for n in range(2, 12))),
    ),
    "a lone file under a number": (
        lambda r: r.write(f"{MODEL}/versions/3.0.0/metrics.json", "{}\n"),
        withdraw("3.0.0"),
    ),
    "a number of another model": (
        lambda r: r.write("models/churn/versions/1.0.0/version.yaml", "schema: 1\n"),
        remove("models/churn"),
    ),
    "a version withdrawn and brought back": (withdraw("1.1.0"), _BACK),
    "a version rewritten and mended": (
        lambda r: r.write(f"{MODEL}/versions/1.1.0/metrics.json", "{}\n"),
        _BACK,
    ),
    "a file more in a version for a while": (
        lambda r: r.write(f"{MODEL}/versions/1.1.0/notes.dvc", "outs: []\n"),
        remove(f"{MODEL}/versions/1.1.0/notes.dvc"),
    ),
    "yanked and not yanked": (yank("1.0.0"), remove(f"{MODEL}/status/1.0.0.yaml")),
    "yanked for a reason that nobody sees": (yank("1.1.0", reason="Ada stole data."), yank("1.1.0")),
    "a status of a version that never was": (yank("9.9.9"), remove(f"{MODEL}/status/9.9.9.yaml")),
    "a pickle among the documents for a while": (
        lambda r: r.write("docs/page.md", pickle.dumps(print)),
        remove("docs/page.md"),
    ),
    "a model for a while": (
        lambda r: r.write("models/churn/model.yaml", r.read(f"{MODEL}/model.yaml").replace("loans", "churn")),
        remove("models/churn"),
    ),
}.items():
    detours.add(_name, in_turn(TWO, commits(*_steps, edit_readme)), start="main")

for _name, _change in {
    "a number burnt on a side branch": partial(on_side, commits(copy("1.2.0"), withdraw("1.2.0")), edit_readme),
    "a number burnt in a merge": in_turn(partial(in_merge, copy("1.2.0")), commits(withdraw("1.2.0"))),
    "production moved in a merge": in_turn(partial(in_merge, both("1.1.0")), commits(both("1.0.0"))),
    "a yank on a side branch": partial(
        on_side, commits(yank("1.0.0"), remove(f"{MODEL}/status/1.0.0.yaml")), edit_readme
    ),
}.items():
    detours.add(_name, in_turn(TWO, _change), start="main")

detours.add("a yank alone", in_turn(TWO, commits(yank("1.1.0"))), start="main", honest=True)
detours.add("two commits of documents", commits(edit_readme, edit_readme), start="main", honest=True)


def _first_only(*names: str) -> Step:
    """Take the files of 1.1.0 apart: only these come first."""

    def change(registry: Scratch) -> None:
        registry.git("reset", "--quiet", "--soft", "main")
        registry.git("reset", "--quiet")
        registry.git("add", ".dvc", *(f"{MODEL}/versions/1.1.0/{name}" for name in names))
        registry.git("commit", "--quiet", "-m", "Some of it")

    return change


def _note(line: str, name: str = "version.yaml") -> Step:
    path = f"{MODEL}/versions/1.1.0/{name}"
    return lambda registry: registry.write(path, f"{registry.read(path)}{line}\n")


RECORD = f"{MODEL}/versions/1.1.0/version.yaml"
for _name, _change in {
    "words added to the record": commits(_note("# in other words")),
    "a space at the end of metrics": commits(_note(" ", "metrics.json")),
    "words added and taken back": commits(_note("# x"), lambda r: r.git("checkout", "--quiet", "better", "--", MODEL)),
    "the record first": _first_only("version.yaml"),
    "the metrics first": _first_only("metrics.json"),
    "a pointer first": _first_only("model.skops.dvc"),
    "all but one file first": _first_only("version.yaml", "metrics.json", "model.skops.dvc"),
    "deleted and brought again": commits(
        withdraw("1.1.0"), lambda r: r.git("checkout", "--quiet", "better", "--", f"{MODEL}/versions/1.1.0")
    ),
    "deleted and brought with other words": commits(
        withdraw("1.1.0"),
        in_turn(lambda r: r.git("checkout", "--quiet", "better", "--", f"{MODEL}/versions/1.1.0"), _note("# x")),
    ),
    "renumbered": commits(in_turn(copy("1.2.0"), withdraw("1.1.0"))),
    "renumbered there and back": commits(
        in_turn(copy("1.2.0"), withdraw("1.1.0")),
        in_turn(lambda r: r.git("checkout", "--quiet", "better", "--", f"{MODEL}/versions/1.1.0"), withdraw("1.2.0")),
    ),
    "words on a side branch": partial(on_side, commits(_note("# side")), edit_readme),
    "words in a merge": partial(in_merge, _note("# merged")),
    "staged, back and staged": commits(point("staging", "1.1.0"), point("staging", "1.0.0"), point("staging", "1.1.0")),
    "another mode": commits(lambda r: r.path(RECORD).chmod(0o755)),
    "a link that becomes a file": commits(
        lambda r: (r.remove(RECORD), r.path(RECORD).symlink_to("metrics.json")),
        lambda r: (r.remove(RECORD), r.git("checkout", "--quiet", "better", "--", RECORD)),
    ),
    "a file more, and less": commits(
        lambda r: r.write(f"{MODEL}/versions/1.1.0/a.dvc", "outs: []\n"), remove(f"{MODEL}/versions/1.1.0/a.dvc")
    ),
}.items():
    rebases.add(_name, _change)

rebases.add("staged in a commit of its own", commits(point("staging", "1.1.0")), honest=True)


def _returning(*held: str, to: str) -> Step:
    """1.1.0 is the worse model here. The base's production held these, and the attack points it to another one."""

    def change(registry: Scratch) -> None:
        commits(*(both(version) if version != "-" else remove(PRODUCTION) for version in held))(registry)
        registry.git("branch", "--force", "base", "attack")
        point("production", to)(registry)

    return change


for _name, _held, _to in (
    ("what was rolled back from", ("1.1.0", "1.0.0"), "1.1.0"),
    ("what was rolled back from twice", ("1.1.0", "1.0.0", "1.1.0", "1.0.0"), "1.1.0"),
    ("what was removed", ("1.1.0", "-"), "1.1.0"),
):
    detours.add(_name, _returning(*_held, to=_to), start="worse", model=True)

detours.add("back to what was good", _returning("1.1.0", to="1.0.0"), start="worse", honest=True)
detours.add("back to it again", _returning("1.1.0", "1.0.0", "1.1.0", to="1.0.0"), start="worse", honest=True)

FAMILIES = [crossing, detours, rebases]
