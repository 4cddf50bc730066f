"""The kind of a change, from the paths that it touches: every kind of the closed set, and the mixtures between them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.core.judgement.changed_paths import CODE, JUDGES, MODEL, STORED, YANK, change, parts

from mintmark.core.judgement.kinds import Part
from mintmark.core.judgement.review import Subject

JUDGE = "scripts/mintmark/core/judgement/gates.py"
ENTERS = ("iris", "staging", "1.0.0", "1.1.0")
FIRST = ("iris", "staging", None, "1.0.0")
DEPLOYS = ("iris", "production", "1.0.0", "1.1.0")
RETURNS = ("iris", "production", "1.1.0", "1.0.0")
HELD = {("iris", "production", "1.0.0"), ("iris", "staging", "1.0.0")}
KINDS: dict[str, tuple[Any, str, list[tuple[str, str | None, str | None, str | None]]]] = {
    "nothing": (change(), "nothing", []),
    "a version": (change(["iris 1.1.0"]), "propose", [("iris", "1.1.0", None, None)]),
    "a version with pipeline code and its bytes": (
        change(["iris 1.1.0"], paths=[*CODE, "dvc.yaml", "data/iris.csv.dvc", STORED]),
        "propose",
        [("iris", "1.1.0", None, None)],
    ),
    "a version that enters the first channel": (
        change(["iris 1.1.0"], paths=CODE, shifts=[ENTERS]),
        "propose",
        [("iris", "1.1.0", None, "staging")],
    ),
    "the first version": (change(["iris 1.0.0"], shifts=[FIRST]), "propose", [("iris", "1.0.0", None, "staging")]),
    "a version that comes back, and held the channel before": (
        change(["iris 1.0.0"], shifts=[FIRST], held=HELD),
        "propose",
        [("iris", "1.0.0", None, "staging")],
    ),
    "a version with what keeps folders, and outputs out of Git": (
        change(["iris 1.1.0"], paths=["models/iris/candidate/plots/.gitignore", "models/iris/channels/.gitkeep"]),
        "propose",
        [("iris", "1.1.0", None, None)],
    ),
    "promotion": (change(shifts=[DEPLOYS]), "promote", [("iris", "1.1.0", "1.0.0", "production")]),
    "the first promotion": (
        change(shifts=[("iris", "production", None, "1.0.0")]),
        "promote",
        [("iris", "1.0.0", None, "production")],
    ),
    "into the first channel alone": (change(shifts=[ENTERS]), "promote", [("iris", "1.1.0", "1.0.0", "staging")]),
    "rollback": (change(shifts=[RETURNS], held=HELD), "rollback", [("iris", "1.0.0", "1.1.0", "production")]),
    "a rollback that brings the bytes back": (
        change(shifts=[RETURNS], paths=[STORED], held=HELD),
        "rollback",
        [("iris", "1.0.0", "1.1.0", "production")],
    ),
    "git revert of the first promotion": (
        change(shifts=[("iris", "production", "1.0.0", None)]),
        "rollback",
        [("iris", None, "1.0.0", "production")],
    ),
    "two channels go back": (
        change(shifts=[RETURNS, ("iris", "staging", "1.1.0", "1.0.0")], held=HELD),
        "rollback",
        [("iris", "1.0.0", "1.1.0", "production"), ("iris", "1.0.0", "1.1.0", "staging")],
    ),
    "a version goes": (change(removed=["iris 1.1.0"]), "withdraw", [("iris", "1.1.0", None, None)]),
    "git revert of a proposal": (
        change(removed=["iris 1.1.0"], paths=CODE, deleted=[STORED]),
        "withdraw",
        [("iris", "1.1.0", None, None)],
    ),
    "git revert of a proposal that moved the first channel": (
        change(removed=["iris 1.1.0"], paths=CODE, shifts=[("iris", "staging", "1.1.0", "1.0.0")], held=HELD),
        "withdraw",
        [("iris", "1.1.0", None, "staging")],
    ),
    "git revert of a proposal that opened the first channel": (
        change(removed=["iris 1.1.0"], shifts=[("iris", "staging", "1.1.0", None)]),
        "withdraw",
        [("iris", "1.1.0", None, "staging")],
    ),
    "a version goes, and both of its channels go back": (
        change(removed=["iris 1.1.0"], shifts=[("iris", "staging", "1.1.0", "1.0.0"), RETURNS], held=HELD),
        "withdraw",
        [("iris", "1.1.0", None, "production")],
    ),
    "yank": (change(paths=["models/iris/status/1.0.0.yaml"]), "yank", [("iris", "1.0.0", None, None)]),
    "two yanks of one model": (
        change(paths=["models/iris/status/1.1.0.yaml", "models/iris/status/1.0.0.yaml"]),
        "yank",
        [("iris", "1.0.0", None, None), ("iris", "1.1.0", None, None)],
    ),
    "a yank that is taken back": (
        change(deleted=["models/iris/status/1.0.0.yaml"]),
        "yank",
        [("iris", "1.0.0", None, None)],
    ),
    "a whole model goes": (
        change(
            removed=["iris 1.0.0", "iris 1.1.0"], paths=CODE, deleted=[MODEL, "models/iris/status/1.0.0.yaml", STORED]
        ),
        "withdraw",
        [("iris", None, None, None)],
    ),
    "describe": (change(paths=["models/iris/model.yaml"]), "describe", [("iris", None, None, None)]),
    "describe two models": (
        change(paths=["models/iris/model.yaml", "models/digits/model.yaml"]),
        "describe",
        [("digits", None, None, None), ("iris", None, None, None)],
    ),
    "a new model with its pipeline": (
        change(paths=["models/iris/model.yaml", "params.yaml", "dvc.yaml"]),
        "describe",
        [("iris", None, None, None)],
    ),
    "a model that goes": (change(deleted=["models/iris/model.yaml"]), "describe", [("iris", None, None, None)]),
    "code": (change(paths=["README.md", "scripts/train.py"]), "code", []),
    "what judges": (change(paths=JUDGES), "code", []),
    "stray files among the models": (
        change(paths=["models/iris/README.md", "models/iris/versions/1.0.0", "models/iris/channels/a/b.yaml"]),
        "code",
        [],
    ),
    "a registered version that is edited": (change(edited=["iris 1.0.0"]), "code", []),
    "bytes alone": (change(paths=[STORED]), "code", []),
    "a comment in a channel": (change(paths=["models/iris/channels/staging.yaml"]), "code", []),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_change_of_one_kind(name):
    found, kind, subjects = KINDS[name]
    assert found.kind == kind
    assert found.subjects == tuple(
        Subject(model=model, version=version, incumbent=incumbent, channel=channel)
        for model, version, incumbent, channel in subjects
    )
    assert found.parts == ()


MIXTURES = {
    "a model that goes while channels point to it": (
        change(
            removed=["iris 1.0.0", "iris 1.1.0"],
            paths=["params.yaml"],
            deleted=[MODEL, "models/iris/status/1.0.0.yaml", STORED],
            shifts=[("iris", "production", "1.0.0", None), ("iris", "staging", "1.1.0", None)],
        ),
        [
            ("rollback", "production of iris to no version"),
            ("rollback", "staging of iris to no version"),
            ("withdraw", "iris with all its versions, with params.yaml"),
        ],
    ),
    "a model under another name": (
        change(
            ["flower 1.0.0"],
            ["iris 1.0.0"],
            paths=["models/flower/model.yaml"],
            deleted=[MODEL],
            shifts=[("flower", "production", None, "1.0.0"), ("iris", "production", "1.0.0", None)],
        ),
        [
            ("describe", "models/flower/model.yaml"),
            ("propose", "flower 1.0.0"),
            ("promote", "flower 1.0.0 to production"),
            ("rollback", "production of iris to no version"),
            ("withdraw", "iris with all its versions"),
        ],
    ),
    "two models that go": (
        change(removed=["iris 1.0.0", "wine 1.0.0"], deleted=[MODEL, "models/wine/model.yaml"]),
        [("withdraw", "iris with all its versions"), ("withdraw", "wine with all its versions")],
    ),
    "a description that goes before its last version": (
        change(removed=["iris 1.0.0"], deleted=[MODEL], kept=["iris"]),
        [("describe", MODEL), ("withdraw", "iris 1.0.0")],
    ),
    "a promotion and a remark in another channel": (
        change(paths=["models/iris/channels/staging.yaml"], shifts=[DEPLOYS]),
        [("code", "models/iris/channels/staging.yaml"), ("promote", "iris 1.1.0 to production")],
    ),
    "a promotion and bytes": (
        change(paths=[STORED], shifts=[DEPLOYS]),
        [("code", STORED), ("promote", "iris 1.1.0 to production")],
    ),
    "a rollback that deletes bytes": (
        change(deleted=[STORED], shifts=[RETURNS], held=HELD),
        [("code", STORED), ("rollback", "production of iris to 1.0.0")],
    ),
    "a yank and bytes": (change(paths=[YANK, STORED]), [("code", STORED), ("yank", "iris 1.0.0")]),
    "a description and what the pipeline does not name": (
        change(paths=[MODEL, "docs/x.md", "data/iris.csv"]),
        [("code", "docs/x.md"), ("describe", f"{MODEL}, with data/iris.csv")],
    ),
    "a version that deletes bytes": (
        change(["iris 1.1.0"], deleted=[STORED]),
        [("code", STORED), ("propose", "iris 1.1.0")],
    ),
    "a gate that moves with its proposal": (
        change(["iris 1.1.0"], paths=["params.yaml", MODEL], shifts=[ENTERS]),
        [("describe", MODEL), ("propose", "iris 1.1.0, entering staging, with params.yaml")],
    ),
    "a gate, with bytes and what the pipeline made": (
        change(["iris 1.1.0"], paths=[STORED, "models/iris/candidate/metrics.json", MODEL]),
        [("code", "models/iris/candidate/metrics.json"), ("describe", MODEL), ("propose", "iris 1.1.0")],
    ),
    "the description of another model": (
        change(["iris 1.1.0"], paths=["models/digits/model.yaml"]),
        [("describe", "models/digits/model.yaml"), ("propose", "iris 1.1.0")],
    ),
    "two versions": (
        change(["iris 1.2.0", "iris 1.1.0"], paths=["params.yaml"]),
        [("propose", "iris 1.1.0, with params.yaml"), ("propose", "iris 1.2.0")],
    ),
    "a version in place of another": (
        change(["iris 1.1.0"], ["iris 1.0.0"], paths=["params.yaml"], shifts=[ENTERS]),
        [("propose", "iris 1.1.0, entering staging, with params.yaml"), ("withdraw", "iris 1.0.0")],
    ),
    "a version straight into the last channel": (
        change(["iris 1.1.0"], shifts=[ENTERS, DEPLOYS]),
        [("propose", "iris 1.1.0, entering staging"), ("promote", "iris 1.1.0 to production")],
    ),
    "a version and another model's channel": (
        change(["iris 1.1.0"], shifts=[("digits", "staging", "1.0.0", "1.1.0")]),
        [("propose", "iris 1.1.0"), ("promote", "digits 1.1.0 to staging")],
    ),
    "a version, and the first channel to an older one": (
        change(["iris 1.1.0"], shifts=[("iris", "staging", "1.0.0", "0.9.0")], held={("iris", "staging", "0.9.0")}),
        [("propose", "iris 1.1.0"), ("rollback", "staging of iris to 0.9.0")],
    ),
    "a version and a yank": (
        change(["iris 1.1.0"], paths=[YANK]),
        [("propose", "iris 1.1.0"), ("yank", "iris 1.0.0")],
    ),
    "a withdrawal whose channel moves on": (
        change(removed=["iris 1.0.0"], shifts=[DEPLOYS]),
        [("promote", "iris 1.1.0 to production"), ("withdraw", "iris 1.0.0")],
    ),
    "a withdrawal and another rollback": (
        change(removed=["iris 1.2.0"], paths=["params.yaml"], shifts=[RETURNS], held=HELD),
        [("rollback", "production of iris to 1.0.0"), ("withdraw", "iris 1.2.0, with params.yaml")],
    ),
    "a withdrawal and a gate": (
        change(removed=["iris 1.1.0"], paths=[MODEL], shifts=[("iris", "staging", "1.1.0", None)]),
        [("describe", MODEL), ("withdraw", "iris 1.1.0, leaving staging")],
    ),
    "two withdrawals": (
        change(removed=["iris 1.1.0", "iris 1.0.0"], paths=["params.yaml"]),
        [("withdraw", "iris 1.0.0, with params.yaml"), ("withdraw", "iris 1.1.0")],
    ),
    "two promotions": (
        change(shifts=[DEPLOYS, ENTERS]),
        [("promote", "iris 1.1.0 to production"), ("promote", "iris 1.1.0 to staging")],
    ),
    "a promotion and a rollback": (
        change(shifts=[ENTERS, RETURNS], held=HELD),
        [("promote", "iris 1.1.0 to staging"), ("rollback", "production of iris to 1.0.0")],
    ),
    "a promotion and code": (
        change(paths=["README.md"], shifts=[DEPLOYS]),
        [("code", "README.md"), ("promote", "iris 1.1.0 to production")],
    ),
    "a rollback and a gate": (
        change(paths=[MODEL], shifts=[("iris", "production", "1.1.0", None)]),
        [("describe", MODEL), ("rollback", "production of iris to no version")],
    ),
    "a rollback and a yank, which needs it": (
        change(paths=["models/iris/status/1.1.0.yaml"], shifts=[RETURNS], held=HELD),
        [("rollback", "production of iris to 1.0.0"), ("yank", "iris 1.1.0")],
    ),
    "a promotion and the end of a yank, which it needs": (
        change(deleted=["models/iris/status/1.1.0.yaml"], shifts=[DEPLOYS]),
        [("yank", "iris 1.1.0, taken back"), ("promote", "iris 1.1.0 to production")],
    ),
    "yanks of two models": (
        change(paths=[YANK, "models/iris/status/1.1.0.yaml", "models/digits/status/1.0.0.yaml"]),
        [("yank", "digits 1.0.0"), ("yank", "iris 1.0.0, 1.1.0")],
    ),
    "a yank and code": (change(paths=[YANK, "README.md"]), [("code", "README.md"), ("yank", "iris 1.0.0")]),
    "an edited version and a rollback": (
        change(edited=["iris 1.0.0"], shifts=[RETURNS], held=HELD),
        [("code", "models/iris/versions/1.0.0"), ("rollback", "production of iris to 1.0.0")],
    ),
    "a gate and what judges, with code": (
        change(paths=[MODEL, JUDGE, "README.md"]),
        [("code", f"{JUDGE}, README.md"), ("describe", MODEL)],
    ),
    "everything": (
        change(
            ["iris 1.1.0"],
            ["iris 0.9.0"],
            paths=[*CODE, JUDGE, MODEL, YANK],
            deleted=["models/iris/status/0.8.0.yaml"],
            shifts=[ENTERS, ("digits", "staging", "1.0.0", "2.0.0"), ("wine", "staging", "2.0.0", "1.0.0")],
            held={("wine", "staging", "1.0.0")},
        ),
        [
            ("code", JUDGE),
            ("describe", MODEL),
            ("yank", "iris 0.8.0, taken back"),
            ("propose", "iris 1.1.0, entering staging, with dvc.lock, params.yaml, scripts/train.py"),
            ("promote", "digits 2.0.0 to staging"),
            ("rollback", "staging of wine to 1.0.0"),
            ("yank", "iris 1.0.0"),
            ("withdraw", "iris 0.9.0"),
        ],
    ),
}


@pytest.mark.parametrize("name", MIXTURES)
def test_a_mixture_comes_with_the_split_to_make(name):
    found, expected = MIXTURES[name]
    assert found.kind == "mixture"
    assert parts(found) == expected


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize(
    "other",
    [
        {"added": ["iris 1.1.0"]},
        {"removed": ["iris 1.1.0"]},
        {"shifts": [DEPLOYS]},
        {"shifts": [RETURNS], "held": HELD},
        {"paths": [YANK]},
        {"paths": [MODEL]},
    ],
    ids=["propose", "withdraw", "promote", "rollback", "yank", "describe"],
)
def test_what_judges_changes_by_itself(judge, other):
    found = change(**{**other, "paths": [*other.get("paths", ()), judge]})
    assert found.kind == "mixture"
    assert found.parts[0] == Part(kind="code", what=judge)
    assert len(found.parts) == 2


def test_the_subjects_of_a_mixture_are_all_that_it_touches():
    found, _ = MIXTURES["everything"]
    assert {(s.model, s.version, s.channel) for s in found.subjects} == {
        ("iris", "1.1.0", None),
        ("iris", "0.9.0", None),
        ("iris", "1.0.0", None),
        ("iris", "0.8.0", None),
        ("iris", "1.1.0", "staging"),
        ("digits", "2.0.0", "staging"),
        ("wine", "1.0.0", "staging"),
        ("iris", None, None),
    }
