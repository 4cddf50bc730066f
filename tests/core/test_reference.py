from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mintmark.core.reference import Reference, format_reference, is_name, parse_reference
from mintmark.core.version import Version, format_version, parse_version

names = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,5}){0,3}", fullmatch=True)
_released = st.builds(Version, st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
_prerelease = st.builds(Version, st.integers(0, 99), st.just(0), st.just(0), st.just(("rc", "1")))
references = st.builds(Reference, names, st.one_of(names, _released, _prerelease))


@given(references)
def test_parse_and_format_are_twins(reference: Reference) -> None:
    assert parse_reference(format_reference(reference)) == reference


@given(st.text(max_size=30))
def test_any_text_parses_or_is_refused_in_a_sentence(text: str) -> None:
    try:
        reference = parse_reference(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017
    else:
        assert format_reference(reference) == text


@given(names, st.text(alphabet="abz019.-_@/A \n\\", max_size=8))
def test_only_names_and_versions_can_follow_the_at(model: str, selector: str) -> None:
    assume(not is_name(selector))
    try:
        version = parse_version(selector)
    except ValueError:
        with pytest.raises(ValueError, match=r"is neither a version|is not a version"):
            parse_reference(f"{model}@{selector}")
    else:
        assert format_version(version) == selector


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "names no version; write MODEL@1.4.2"),
        ("iris", "names no version; write iris@1.4.2, @production or @latest"),
        ("Iris@1.0.0", "cannot be a model"),
        ("../iris@1.0.0", "cannot be a model"),
        ("a/b@1.0.0", "cannot be a model"),
        ("@1.0.0", "cannot be a model"),
        ("iris\n@1.0.0", "cannot be a model"),
        ("ir--is@1.0.0", "cannot be a model"),
        ("iris-@1.0.0", "cannot be a model"),
        ("a" * 64 + "@1.0.0", "cannot be a model"),
        ("iris@", "is neither a version such as 1.4.2 nor the name of a channel"),
        ("iris@Production", "neither"),
        ("iris@../x", "neither"),
        ("iris@v1.0.0", "neither"),
        ("iris@1.0", "is not a version"),
        ("iris@1.0.0@x", "is not a version"),
        ("iris@1.0.0-01", "is not a version"),
    ],
)
def test_what_is_no_reference(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_reference(text)
    assert sentence in str(caught.value)


def test_a_version_begins_with_a_digit_and_a_channel_with_a_letter() -> None:
    assert parse_reference("iris@1.4.2").selector == parse_version("1.4.2")
    assert parse_reference("iris@production").selector == "production"
    assert parse_reference("iris@latest").selector == "latest"
    assert str(parse_reference("breast-cancer@candidate")) == "breast-cancer@candidate"
