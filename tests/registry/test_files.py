from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.registry.files import format_json, parse_json, read_json, read_text_file, read_yaml, write_atomically
from mintmark.registry.yaml.text import MAX_BYTES, YamlFault


def test_a_file_of_keys_and_values_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: yes\nb: [1]\n")
    assert read_yaml(tmp_path / "a.yaml") == {"a": "yes", "b": [1]}


@pytest.mark.parametrize(
    ("content", "place", "sentence"),
    [
        (b"a: 1\na: 2\n", ":2:1: ", "is there twice"),
        (b"a: \xff\n", ":1: ", "is not UTF-8"),
        (b"- a\n", ":1: ", "must hold keys and values"),
        (b"", ":1: ", "must hold keys and values"),
        (b"a: *b\n", ":1:4: ", "aliases are not allowed"),
    ],
)
def test_a_fault_names_file_and_line(tmp_path: Path, content: bytes, place: str, sentence: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    with pytest.raises(InvalidRegistryError) as caught:
        read_yaml(path)
    assert str(caught.value).startswith(f"{path}{place}")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"a": 1, "a": 2}', 'has the key "a" twice'),
        (b'{"a": {"b": 1, "b": 1}}', 'has the key "b" twice'),
        (b'{"a": NaN}', "NaN is not a JSON number"),
        (b'{"a": -Infinity}', "is not a JSON number"),
        (b'{"a": 1,}', "is not valid JSON"),
        (b"", "is not valid JSON"),
        (b'{"a": "\xff"}', "is not UTF-8"),
        (b"[" * 100_000, "is nested too deep"),
        (b'{"a":' * 100_000, "is nested too deep"),
        (b'{"a": ' + b"9" * 5000 + b"}", "holds a number with thousands of digits"),
        (b'{"a": "\\ud800"}', "holds half of a character"),
        (b'{"\\udfff": 1}', "holds half of a character"),
        (b" " * (MAX_BYTES + 1), "is larger than 1,048,576 bytes"),
    ],
)
def test_json_that_is_refused(content: bytes, sentence: str) -> None:
    with pytest.raises(YamlFault, match=sentence):
        parse_json(content)


def test_json_faults_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{\n  "a": 1,\n  oops\n}\n')
    with pytest.raises(InvalidRegistryError, match=r"a\.json:3:3: is not valid JSON"):
        read_json(path)
    path.write_text("[1]")
    with pytest.raises(InvalidRegistryError, match=r"a\.json:1: must hold a JSON object"):
        read_json(path)


def test_escaped_characters_beyond_the_first_plane_are_whole() -> None:
    assert parse_json(b'{"a": "\\ud83c\\udf37"}') == {"a": "\U0001f337"}


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=12,
)


@given(_json)
def test_json_that_is_written_is_read_back(data: Any) -> None:
    assert parse_json(format_json(data).encode()) == data


@given(st.binary(max_size=40))
def test_no_bytes_raise_anything_but_a_fault(text: bytes) -> None:
    try:
        parse_json(text)
    except YamlFault as fault:
        assert fault.message  # noqa: PT017


def test_not_a_number_is_not_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        format_json({"a": float("nan")})


def test_a_link_a_folder_a_pipe_and_nothing_are_refused(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("a")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, sentence in {
        "link": "is a symbolic link where a file belongs",
        "loop": "is a symbolic link where a file belongs",
        "folder": "is not a plain file",
        "pipe": "is not a plain file",
        "nothing": "there is no such file",
        "real/x": "Not a directory",
    }.items():
        with pytest.raises(MintmarkError, match=sentence):
            read_text_file(tmp_path / name)


def test_a_refused_file_is_closed(tmp_path: Path) -> None:
    before = len(os.listdir("/dev/fd"))
    for _ in range(20):
        with pytest.raises(MintmarkError):
            read_text_file(tmp_path)
    assert len(os.listdir("/dev/fd")) == before


def test_a_large_file_is_cut_just_past_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(10**9)  # sparse: it takes no room
    assert len(read_text_file(path)) == MAX_BYTES + 1
    assert read_text_file(path, limit=3) == b"\0\0\0\0"


def test_a_file_is_written_with_its_folders_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c.txt"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(path.parent) == ["c.txt"]


def test_the_mode_is_that_of_any_new_file(tmp_path: Path) -> None:
    previous = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a", b"x")
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_writing_over_a_link_replaces_the_link(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("safe")
    (tmp_path / "link").symlink_to("target")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "target").read_text() == "safe"
    assert not (tmp_path / "link").is_symlink()


def test_what_cannot_be_written_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(MintmarkError, match="cannot be written: "):
        write_atomically(tmp_path / "file" / "below", b"x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(MintmarkError, match=r"cannot be written: .*; nothing was changed"):
        write_atomically(tmp_path / "folder", b"x")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    program = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from mintmark.registry.files import write_atomically\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "write_atomically(Path(sys.argv[1]), b'x' * 5000)\n"
    )
    done = subprocess.run((sys.executable, "-c", program, str(path)), capture_output=True, text=True, check=False)
    assert "MintmarkError" in done.stderr
    assert "nothing was changed" in done.stderr
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_format_json_keeps_order_and_characters() -> None:
    assert format_json({"b": "é", "a": 1}) == '{\n  "b": "é",\n  "a": 1\n}\n'
    assert json.loads(format_json({"b": "é"})) == {"b": "é"}
