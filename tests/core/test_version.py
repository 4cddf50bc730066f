"""Semantic versions, held against the `semver` package."""

from __future__ import annotations

import pytest
import semver
from hypothesis import given
from hypothesis import strategies as st

from mintmark.core.version import Version, appearance, format_version, is_version, latest_release, parse_version

_number = st.integers(0, 10**6)
_word = st.from_regex(r"[0-9]{0,3}[A-Za-z-][0-9A-Za-z-]{0,4}", fullmatch=True)
_identifier = st.one_of(st.integers(0, 1000).map(str), _word)
_build = st.from_regex(r"[0-9A-Za-z-]{1,6}", fullmatch=True)
versions = st.builds(
    Version,
    _number,
    _number,
    _number,
    st.lists(_identifier, max_size=3).map(tuple),
    st.lists(_build, max_size=2).map(tuple),
)


@given(versions)
def test_parse_and_format_are_twins(version: Version) -> None:
    assert parse_version(format_version(version)) == version


@given(versions, versions)
def test_order_is_that_of_semantic_versioning(first: Version, second: Version) -> None:
    theirs = semver.Version.parse(str(first)).compare(str(second))
    if theirs:
        assert (first < second) == (theirs < 0)
        assert (first > second) == (theirs > 0)
    else:  # build metadata has no place in their order; ours is total
        assert (first < second) == (first.build < second.build)


@given(st.lists(versions, max_size=8))
def test_the_latest_release_is_the_highest_that_is_no_prerelease(given_versions: list[Version]) -> None:
    names = [str(version) for version in given_versions]
    releases = [version for version in given_versions if not version.is_prerelease]
    expected = str(max(releases)) if releases else None
    assert latest_release(names) == expected


@given(st.text(alphabet="0123456789.-+abZ \n", max_size=14))
def test_exactly_what_semver_accepts_is_accepted(text: str) -> None:
    assert is_version(text) == semver.Version.is_valid(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "v1.2.3",
        "01.2.3",
        "1.2.03",
        "1.2.3-",
        "1.2.3-01",
        "1.2.3+",
        "1.2.3-a..b",
        " 1.2.3",
        "1.2.3\n",
        "1.2.3-é",
        "١.2.3",
        "1.2.3+" + "a" * 60,
        "../1.2.3",
        "latest",
    ],
)
def test_what_is_no_version_is_refused_in_a_sentence(text: str) -> None:
    assert not is_version(text)
    with pytest.raises(ValueError, match=r"is not a version as Semantic Versioning writes it, such as 1.4.2"):
        parse_version(text)


def test_a_refusal_does_not_repeat_a_page_of_text() -> None:
    with pytest.raises(ValueError, match="is not a version") as caught:
        parse_version("x" * 100_000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("text", "part", "expected"),
    [
        ("1.4.2", "major", "2.0.0"),
        ("1.4.2", "minor", "1.5.0"),
        ("1.4.2", "patch", "1.4.3"),
        ("1.4.2+b7", "patch", "1.4.3"),
        ("2.0.0-rc.1", "major", "2.0.0"),
        ("2.0.0-rc.1", "patch", "2.0.0"),
    ],
)
def test_bump(text: str, part: str, expected: str) -> None:
    assert str(parse_version(text).bump(part)) == expected  # type: ignore[arg-type]


@given(versions, st.sampled_from(["major", "minor", "patch"]))
def test_a_bump_is_a_later_release(version: Version, part: str) -> None:
    bumped = version.bump(part)  # type: ignore[arg-type]
    assert bumped > Version(version.major, version.minor, version.patch, version.prerelease)
    assert not bumped.is_prerelease


def test_the_order_of_the_specification() -> None:
    texts = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
             "1.0.0-rc.1", "1.0.0", "1.0.1", "1.1.0", "2.0.0", "10.0.0"]  # fmt: skip
    assert [str(version) for version in sorted(map(parse_version, reversed(texts)))] == texts


@pytest.mark.parametrize(
    "number",
    [
        "2.0.0-rc.1", "2.0.0-RC.1", "2.0.0-rc.1+build.7", "2.0.0-rc1", "2.0.0-rc-1", "2.0.0-Rc--01", "2.0.0-rc.l",
        "2.0.0-rcI", "02.0.0-rc.1", "2.O.0-rc.1",
    ],
)  # fmt: skip
def test_numbers_that_pass_for_one_another(number: str) -> None:
    assert appearance(number) == appearance("2.0.0-rc.1")


@pytest.mark.parametrize(
    "number",
    [
        "2.0.0",
        "2.0.0-rc",
        "2.0.0-rc.2",
        "2.0.0-rc.11",
        "2.0.0-rc.1.1",
        "2.0.1-rc.1",
        "20.0.0-rc.1",
        "2.0.0-beta.1",
        "2.0.0-1",
    ],
)
def test_numbers_that_nobody_takes_for_one_another(number: str) -> None:
    assert appearance(number) != appearance("2.0.0-rc.1")


@given(st.tuples(*[st.integers(0, 10**6)] * 3), st.tuples(*[st.integers(0, 10**6)] * 3))
def test_releases_look_alike_only_where_they_are_the_same(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    numbers = [".".join(map(str, parts)) for parts in (one, other)]
    assert (appearance(numbers[0]) == appearance(numbers[1])) == (one == other)
