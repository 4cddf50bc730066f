from __future__ import annotations

import pytest
from hypothesis import given, strategies

from mintmark.changing.channel_files import point_channel, yanked_status
from mintmark.errors import InvalidRegistryError
from mintmark.registry.schemas import accepts
from mintmark.registry.yaml.text import parse_yaml

TEXTS = [
    "version: 1.0.0\n",
    "version: 1.0.0",
    "# 1.0.0 was here\nschema: 1\nversion:   '1.0.0'   # version: 9.9.9\n",
    'schema: 1\r\nversion: "1.0.0"\r\n# end\r\n',
    "schema: 1\nversion: 1.0.0 # ünïcode\n",
]
NUMBERS = strategies.builds(
    "{}.{}.{}{}".format,
    *[strategies.integers(0, 10**6)] * 3,
    strategies.sampled_from(["", "-rc.1", "-1e5", "+build.7", "-alpha+x"]),
)


@given(text=strategies.sampled_from(TEXTS), number=NUMBERS)
def test_there_and_back_gives_the_same_bytes(text: str, number: str) -> None:
    moved = point_channel(text.encode(), number, "x")
    assert parse_yaml(moved)["version"] == number
    assert point_channel(moved, "1.0.0", "x") == text.encode()
    assert moved.decode().replace(number, "1.0.0", 1) == text or number in text


@given(number=NUMBERS)
def test_a_new_file(number: str) -> None:
    text = point_channel(None, number, "x")
    assert accepts("channel", parse_yaml(text))
    assert point_channel(text, number, "x") == text


@pytest.mark.parametrize(
    "text", ["schema: 1\n", "{version: 1.0.0}\n", "? version\n: 1.0.0\n", " version: 1.0.0\n", "\xff"]
)
def test_no_line_to_move(text: str) -> None:
    with pytest.raises(InvalidRegistryError, match=r"x: has no line to move; write version: 2\.0\.0"):
        point_channel(text.encode("latin-1"), "2.0.0", "x")


@given(reason=strategies.text(min_size=1).filter(str.strip), replacement=strategies.none() | NUMBERS)
def test_status_round_trip(reason: str, replacement: str | None) -> None:
    data = parse_yaml(yanked_status(reason, replacement))
    assert accepts("status", data)
    assert (data["reason"], data.get("replacement")) == (reason, replacement)
