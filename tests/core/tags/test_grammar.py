from __future__ import annotations

import re

import pytest
from gto.constants import tag_re
from gto.tag import parse_name
from hypothesis import given
from hypothesis import strategies as st

from mintmark.core.tags.grammar import ChannelTag, Tag, VersionTag, format_tag, next_number, parse_tag

CASES: dict[str, Tag] = {
    "breast-cancer@v1.4.2": VersionTag(model="breast-cancer", version="1.4.2"),
    "breast-cancer@v1.4.2!": VersionTag(model="breast-cancer", version="1.4.2", ends=True),
    "breast-cancer@v1.4.2#9": VersionTag(model="breast-cancer", version="1.4.2", number=9),
    "breast-cancer@v2.0.0-rc.1+linux": VersionTag(model="breast-cancer", version="2.0.0-rc.1+linux"),
    "breast-cancer#production#7": ChannelTag(model="breast-cancer", channel="production", number=7),
    "breast-cancer#production!#8": ChannelTag(model="breast-cancer", channel="production", number=8, ends=True),
}


@pytest.mark.parametrize("name", CASES)
def test_names_and_values_are_twins(name: str) -> None:
    assert parse_tag(name) == CASES[name]
    assert format_tag(CASES[name]) == name


@pytest.mark.parametrize("name", CASES)
def test_gto_reads_them_the_same_way(name: str) -> None:
    said, tag = parse_name(name), CASES[name]
    assert said["name"] == tag.model
    assert said.get("counter") == tag.number
    assert (
        said["action"].value
        == {
            (VersionTag, False): "register",
            (VersionTag, True): "deregister",
            (ChannelTag, False): "assign",
            (ChannelTag, True): "unassign",
        }[type(tag), tag.ends]
    )


@pytest.mark.parametrize(
    "name",
    ["v1.2.0", "iris", "iris@1.0.0", "iris@v1.0", "iris@v01.0.0", "iris@deprecated", "iris#production", "Iris@v1.0.0",
     "iris#production#0", "iris#production#07", "iris#production#7!", "iris##7", "a/b@v1.0.0", "iris@v1.0.0\n"],
)  # fmt: skip
def test_other_tags_are_none_of_ours(name: str) -> None:
    assert parse_tag(name) is None


_NAMES = st.from_regex(r"\A[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,5}){0,3}\Z")
_VERSIONS = st.from_regex(r"\A[1-9][0-9]?\.[0-9]\.[0-9](-[a-z]{1,3}\.[1-9])?\Z", fullmatch=True)
_NUMBERS = st.integers(1, 999_999_999)
_TAGS = st.one_of(
    st.builds(VersionTag, model=_NAMES, version=_VERSIONS, ends=st.booleans(), number=st.none() | _NUMBERS),
    st.builds(ChannelTag, model=_NAMES, channel=_NAMES, ends=st.booleans(), number=_NUMBERS),
)


@given(_TAGS)
def test_every_tag_comes_back_and_is_one_to_gto(tag: Tag) -> None:
    assert parse_tag(format_tag(tag)) == tag
    assert re.search(tag_re, format_tag(tag))


def test_the_number_counts_over_all_channels_of_a_model() -> None:
    tags = [tag for name in ("iris#staging#1", "iris#production!#4", "iris@v1.0.0", "wine#staging#9")
            if (tag := parse_tag(name))]  # fmt: skip
    assert next_number(tags, "iris") == 5
    assert next_number(tags, "wine") == 10
    assert next_number(tags, "digits") == 1
