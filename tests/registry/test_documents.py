from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.registry.derived_cache import DerivedCache
from mintmark.registry.documents import Documents, blob_oid
from mintmark.registry.facts import whole

CHANNEL = b"version: 1.0.0\n"
BROKEN = b"version: 1.0.0\nversion: 2.0.0\n"
CONTENTS = {blob_oid(content): content for content in (CHANNEL, BROKEN)}


def read(oids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for oid in oids:
        yield oid, CONTENTS[oid]


def read_nothing(oids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    yield from ()


def upper(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key.upper(): value for key, value in document.items()}


@given(st.binary(max_size=200))
def test_the_id_of_a_blob_is_that_of_git(content: bytes) -> None:
    import hashlib

    assert blob_oid(content) == hashlib.sha1(b"blob " + str(len(content)).encode() + b"\0" + content).hexdigest()


def test_git_agrees_on_the_id_of_a_blob(tmp_path: Path) -> None:
    done = subprocess.run(
        ("git", "hash-object", "--stdin"), input=CHANNEL, capture_output=True, check=True, cwd=tmp_path
    )
    assert done.stdout.decode().strip() == blob_oid(CHANNEL)


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    return Documents(DerivedCache(tmp_path / "cache", "f"))


def test_a_second_read_parses_nothing(documents: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    first = documents.load("channel", {"a": CHANNEL, "b": BROKEN})
    monkeypatch.setattr("mintmark.registry.documents.parse_document", None)
    assert documents.load("channel", {"a": CHANNEL, "b": BROKEN}) == first


def test_findings_are_those_of_the_path_that_is_read(documents: Documents) -> None:
    for path in ("models/a/channels/x.yaml", "models/b/channels/y.yaml"):
        (finding,) = documents.load("channel", {path: BROKEN})[path].findings
        assert str(finding) == f'{path}:2:1: the key "version" is there twice; keep one of them'


def test_the_kind_is_part_of_what_is_remembered(documents: Documents) -> None:
    assert documents.load("channel", {"a": CHANNEL})["a"].data == {"version": "1.0.0"}
    assert documents.load("status", {"a": CHANNEL})["a"].data is None
    assert documents.load("channel", {"a": CHANNEL})["a"].data == {"version": "1.0.0"}


def test_facts_and_whole_documents_do_not_mix(documents: Documents) -> None:
    oids = {"a": blob_oid(CHANNEL)}
    assert documents.facts("channel", oids, upper, read)["a"].data == {"VERSION": "1.0.0"}
    assert documents.facts("channel", oids, whole, read)["a"].data == {"version": "1.0.0"}
    assert documents.load("channel", {"a": CHANNEL})["a"].data == {"version": "1.0.0"}
    assert documents.facts("channel", oids, upper, read_nothing)["a"].data == {"VERSION": "1.0.0"}


def test_facts_of_broken_documents_are_their_findings(documents: Documents) -> None:
    oids = {"x": blob_oid(BROKEN), "y": blob_oid(BROKEN)}
    for source in (read, read_nothing):
        found = documents.facts("channel", oids, whole, source)
        assert [found[path].findings[0].path for path in ("x", "y")] == ["x", "y"]


class Many:
    """So many documents that they are parsed in several processes."""

    def __init__(self, count: int) -> None:
        self.contents = {}
        for n in range(count):
            content = b"version: 1.%d.0\n" % n if n % 7 else b"version: %d\n" % n
            self.contents[blob_oid(content)] = content

    def __call__(self, oids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for oid in oids:
            yield oid, self.contents[oid]


def test_many_documents_are_the_same_from_several_processes(tmp_path: Path) -> None:
    many = Many(1300)
    oids = {f"p/{oid}": oid for oid in many.contents}
    together = Documents(DerivedCache(tmp_path / "a", "f")).facts("channel", oids, whole, many)
    alone = Documents(DerivedCache(tmp_path / "b", "f"))
    assert together.keys() == oids.keys()
    for path in list(oids)[::50]:
        assert together[path] == alone.facts("channel", {path: oids[path]}, whole, many)[path]
    broken = [path for path, document in together.items() if document.findings]
    assert len(broken) == len(range(0, 1300, 7))
