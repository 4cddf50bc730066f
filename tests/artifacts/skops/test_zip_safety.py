"""Hostile zips are refused before they are unpacked."""

from __future__ import annotations

import io
import json
import pickle
import tracemalloc
import warnings
import zipfile

import pytest


def test_a_pickle_renamed_to_skops_is_called_one(messages):
    from mintmark.artifacts.formats import check_artifact

    data = pickle.dumps({"model": 1})
    (finding,) = check_artifact(data, name="model.skops", declared_format="skops")
    assert "is a pickle (protocol" in finding.message
    assert "is not a complete zip" in messages(data)


def test_truncated_files_are_refused(dumped, messages):
    data = dumped["forest"]
    for size in (0, 1, 30, len(data) // 2, len(data) - 1):
        assert messages(data[:size])


def test_a_damaged_member_is_refused(dumped, messages):
    data = bytearray(dumped["logistic"])
    at = data.index(b"NUMPY") + 100
    data[at] ^= 1
    assert "cannot be unpacked" in messages(bytes(data))


def test_zip_bombs_are_refused_before_they_are_unpacked(take, messages):
    file = take("logistic")
    file.members["bomb.bin"] = b"\0" * (200 << 20)
    data = file.bytes()
    file.members.clear()
    assert len(data) < 1 << 20
    tracemalloc.start()
    text = messages(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "a zip bomb?" in text
    assert peak < 20_000_000


def test_a_member_larger_than_it_declares_is_refused(dumped, messages):
    data = bytearray(dumped["logistic"])
    central = data.rindex(b"PK\x01\x02")
    declared = int.from_bytes(data[central + 24 : central + 28], "little")
    data[central + 24 : central + 28] = (declared - 1).to_bytes(4, "little")
    assert messages(bytes(data))


def test_members_that_share_their_bytes_are_refused(take, messages):
    """The overlapping entries that make a bomb out of a small file."""
    data = bytearray(take("logistic").bytes())
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 4)
    third = data.index(b"PK\x01\x02", second + 4)
    data[third + 42 : third + 46] = data[second + 42 : second + 46]
    assert "overlaps another member" in messages(bytes(data))


def test_duplicate_members_are_refused(take, messages):
    file = take("logistic")
    buffer = io.BytesIO(file.bytes())
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("schema.json", "{}")
    assert "schema.json: occurs 2 times" in messages(buffer.getvalue())


@pytest.mark.parametrize("name", ["../evil.npy", "/etc/evil.npy", "a/../../b.npy", "..\\evil.npy", "C:evil.npy"])
def test_members_with_a_path_are_refused(take, messages, name):
    file = take("logistic")
    file.members[name] = b""
    assert "names a path outside the file" in messages(file.bytes())


@pytest.mark.parametrize("name", ["model.pkl", "folder/1.npy", "1.py", "1.npy\n", "schema.json "])
def test_members_that_do_not_belong_are_refused(take, messages, name):
    file = take("logistic")
    file.members[name] = pickle.dumps([1])
    assert "does not belong in a file of this format" in messages(file.bytes())


def test_encrypted_and_oddly_compressed_members_are_refused(take, messages):
    data = bytearray(take("logistic").bytes())
    central = data.index(b"PK\x01\x02")
    data[central + 8] |= 1
    assert "is encrypted; write the file without a password" in messages(bytes(data))
    file = take("logistic")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("schema.json", json.dumps(file.schema))
    assert "compressed in a way" in messages(buffer.getvalue())


def test_more_members_than_any_model_has_are_refused(messages, monkeypatch):
    monkeypatch.setattr("mintmark.artifacts.zip_members.MAX_MEMBERS", 3)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(4):
            archive.writestr(f"{number}.bin", b"")
    assert "has 4 members, more than 3" in messages(buffer.getvalue())
