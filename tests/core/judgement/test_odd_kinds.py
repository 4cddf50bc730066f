"""Changes that nobody would write by hand are sorted out as well, and quickly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.judgement.changed_paths import CODE, JUDGES, MODEL, READ, STORED, YANK, change, folder, parts
from tests.scaffold.work import calls_at_most

from mintmark.core.judgement.carried import Sources
from mintmark.core.judgement.kinds import PathChange, Shift, classify


def test_a_proposal_of_500_versions_at_once():
    added = [f"iris 1.{number}.0" for number in range(500)]
    with calls_at_most(100_000):
        found = change(added, paths=CODE, shifts=[("iris", "staging", "1.0.0", "1.499.0")])
    assert found.kind == "mixture"
    assert len(found.parts) == 500
    assert {part.kind for part in found.parts} == {"propose"}
    assert sum("with dvc.lock" in part.what for part in found.parts) == 1
    assert [part.what for part in found.parts if "entering" in part.what] == ["iris 1.499.0, entering staging"]


def test_thousands_of_channels_are_sorted_out_in_no_time():
    shifts = [("iris", f"channel-{number}", "1.0.0", None) for number in range(5_000)]
    versions = [f"model-{number} 1.0.0" for number in range(5_000)]
    moves = [(f"model-{number}", "staging", None, "1.0.0") for number in range(5_000)]
    with calls_at_most(1_000_000):
        assert change(removed=["iris 1.0.0"], shifts=shifts).kind == "withdraw"
        assert len(change(versions, shifts=moves).parts) == 5_000
        assert len(change(versions[:2], removed=["iris 1.0.0"], shifts=shifts).parts[-1].what) < 100


def test_the_texts_of_a_split_are_short_and_of_one_line():
    long, lines = "x" * 5_000, "a\nb\x1b[31m\u202e"
    found = change(
        [f"{long} 1.0.0", f"iris {long}"],
        [f"{lines} 1.0.0"],
        paths=[f"docs/{long}", f"docs/{lines}", *(f"docs/{n}" for n in range(2_000)), f"models/{long}/model.yaml"],
        shifts=[("iris", long, "1.0.0", long), ("iris", "staging", "1.0.0", "y\n" * 90_000)],
    )
    assert found.kind == "mixture"
    for part in found.parts:
        assert len(part.what) < 500
        assert part.what.isprintable()
    assert "and 1,999 more" in " ".join(part.what for part in found.parts)


def test_a_name_is_cut_at_80_characters():
    (_, part) = parts(change(["a 1", f"{'m' * 81} 1"]))
    assert part == ("propose", f"{'m' * 79}… 1")
    (_, part) = parts(change(["a 1", f"{'m' * 80} 1"]))
    assert part == ("propose", f"{'m' * 80} 1")
    (_, part) = parts(change(["a 1", f"{'é' * 79}\n 1"]))
    assert part == ("propose", f"{'é' * 79}… 1")


@pytest.mark.parametrize(
    "path",
    [
        "models/iris/versions/1.1.0/deep/er/still\n.yaml",
        "models/iris/versions/1.1.0/model.pkl",
        "models/iris/versions/1.1.0/.dvc/config",
    ],
)
def test_whatever_comes_inside_a_new_version_is_part_of_it(path):
    assert change(["iris 1.1.0"], paths=[path]).kind == "propose"


def test_a_path_that_only_looks_like_one_of_the_judges():
    """A folder of another name is code like any other, which a stage may read; what lies below one that judges is not."""
    paths = ["scripts/mintmark_plots.py", "docs/schemas/x", "scripts/mintmark/x/y/z", ".dvc/store-notes.md"]
    for path, kind in zip(paths, ("propose", "propose", "mixture", "mixture"), strict=True):
        assert change(["iris 1.1.0"], paths=[path], reads=Sources.of(paths)).kind == kind
        assert change(["iris 1.1.0"], paths=[path]).kind == "mixture"


ANY_PATH = st.one_of(
    st.sampled_from(
        [*CODE, *JUDGES, STORED, MODEL, YANK, "models/iris/channels/staging.yaml", "models/a\nb/model.yaml"]
    ),
    st.sampled_from([*folder("iris", "1.0.0"), *folder("iris", "1.1.0"), *folder("wine", "2.0.0")]),
    st.lists(st.sampled_from(["models", "versions", "channels", "status", "x", "", "1.0.0"]), max_size=6).map("/".join),
)
CHANGES = st.lists(st.builds(PathChange, ANY_PATH, st.sampled_from(["added", "changed", "deleted"])), max_size=8)
SHIFTS = st.lists(
    st.builds(
        Shift,
        st.sampled_from(["iris", "wine"]),
        st.sampled_from(["staging", "production"]),
        st.sampled_from([None, "1.0.0", "1.1.0"]),
        st.sampled_from([None, "1.0.0", "1.1.0", "2.0.0"]),
    ),
    max_size=3,
    unique_by=lambda shift: (shift.model, shift.channel),
)
WORLD = {("iris", "1.0.0"): (True, True), ("iris", "1.1.0"): (False, True), ("wine", "2.0.0"): (True, False)}


def sorted_out(paths, shifts):
    return classify(
        paths,
        shifts,
        versions=lambda model, version: WORLD.get((model, version), (True, True)),
        remains=lambda model: model != "wine",
        reads=lambda model: READ,
        holders=lambda model, channel: ["1.0.0"],
        first_channel="staging",
    )


@given(CHANGES, SHIFTS, st.randoms(use_true_random=False))
def test_the_order_of_paths_and_channels_does_not_matter(paths, shifts, random):
    shuffled, moved = list(paths), list(shifts)
    random.shuffle(shuffled)
    random.shuffle(moved)
    assert sorted_out(shuffled, moved) == sorted_out(paths, shifts)


@given(CHANGES, SHIFTS)
def test_a_mixture_is_split_into_two_requests_at_least(paths, shifts):
    found = sorted_out(paths, shifts)
    assert (found.kind == "mixture") == (len(found.parts) > 1)
    assert (found.kind == "nothing") == (not paths and not shifts)


@given(CHANGES, SHIFTS, st.sampled_from([MODEL, "models/other/model.yaml"]))
def test_no_proposal_is_left_once_a_description_changes(paths, shifts, described):
    found = sorted_out([*paths, PathChange(described, "changed")], shifts)
    assert found.kind in ("describe", "mixture")
    if sorted_out(paths, shifts).kind == "propose":
        assert found.kind == "mixture"
