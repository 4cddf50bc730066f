"""What governs, what a proposal may carry, and which names pass for others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.core.judgement.carried import NOTHING_READ, PIPELINE, Sources, belongs, governs, is_documentation
from mintmark.core.judgement.names import look, name_fault, twins

SOURCES = Sources.of(
    ["scripts/fit.py", "./data/loans.csv", "images/", "points.csv", "made.csv", ".", "/etc/passwd", "../up", "s3://b/x",
     "models/loans/model.yaml", "conftest.py", "~/x", ""],
    ["made.csv"],
)  # fmt: skip


def test_sources_lie_in_the_repository_and_were_made_by_no_stage() -> None:
    assert SOURCES.paths == {"scripts/fit.py", "data/loans.csv", "images", "points.csv", "conftest.py"}


@pytest.mark.parametrize(
    "path",
    [*PIPELINE, "scripts/fit.py", "data/loans.csv", "data/loans.csv.dvc", "data/.gitignore", ".gitignore", "images/a/b.png",
     "images.dvc", "points.csv"],
)  # fmt: skip
def test_a_proposal_carries(path: str) -> None:
    assert belongs(path, SOURCES)
    assert belongs(path, SOURCES | NOTHING_READ)
    assert bool(belongs(path, NOTHING_READ)) == (path in PIPELINE)


@pytest.mark.parametrize(
    "path",
    ["scripts/more.py", "data/other.csv", "docs/.gitignore", "made.csv", "etc/passwd", "x", "README.md", "conftest.py",
     "images/.gitattributes", "images/CODEOWNERS", "models/loans/model.yaml", ".dvc/store/x", "scripts/fit.py/x/../y.pth"],
)  # fmt: skip
def test_a_proposal_does_not_carry(path: str) -> None:
    assert not belongs(path, SOURCES)


@pytest.mark.parametrize(
    "path",
    ["CODEOWNERS", "docs/CodeOwners", "a/b/.gitattributes", ".dvc/config", ".dvc/tmp/x", "x/.dvcignore", "scripts/mintmark/x.py",
     "Scripts/Mintmark/x.py", "schemas/x.json", "requirements-dev.lock", "tools/constraints.txt", "a/setup.cfg", "Makefile",
     "build.mk", "mkdocs.yml", "data/conftest.py", "a/sitecustomize.py", "x.pth", "a/x.so", "models/registry.yaml", "numpy.py",
     "Dockerfile", ".github/x/.gitignore", "c\u043edeowners", "x.json"],
)  # fmt: skip
def test_what_governs(path: str) -> None:
    assert governs(path)
    assert not is_documentation(path)


@pytest.mark.parametrize(
    "path",
    ["README.md", "LICENSE", "NOTICE.txt", "docs/x.md", "scripts/x.py", "tests/x.py", "data/x.csv", ".gitignore", "a/.gitkeep",
     "models/loans/model.yaml", "models/CODEOWNERS", ".dvc/store/files/md5/ab/c", *PIPELINE, "data/x.lock.csv"],
)  # fmt: skip
def test_what_governs_nothing(path: str) -> None:
    assert not governs(path)


@pytest.mark.parametrize("path", ["docs/x.md", "docs/a/b.png", "README.md", "LICENSE"])
def test_documents(path: str) -> None:
    assert is_documentation(path)


@pytest.mark.parametrize("path", ["docs/x.py", "docs/x", "docs/a.js", "x.csv", "a/README.md"])
def test_what_is_no_document(path: str) -> None:
    assert not is_documentation(path)


def test_a_million_paths_and_sources_take_no_time() -> None:
    sources = Sources.of(f"data/{number}" for number in range(2_000))
    assert not any(belongs(f"other/{number}/x", sources) for number in range(2_000))


@pytest.mark.parametrize(
    ("name", "other"),
    [("Models", "models"), ("models.", "models"), ("models ", "models"), ("mo\u200bdels", "models"), ("\uff4dodels", "models"),
     ("m\u043edels", "models"), ("models\ufe0f", "models"), ("cafe\u0301", "caf\u00e9"), ("\u017fcripts", "scripts"), ("Dvc.YAML", "dvc.yaml"),
     (".git\u200bignore", ".gitignore"), ("models\x7f", "models")],
)  # fmt: skip
def test_names_that_pass_for_others(name: str, other: str) -> None:
    assert look(name) == look(other)
    assert list(twins([name], [name, other, "more"])) == [(name, other)]


@given(st.text(min_size=1, max_size=12))
def test_the_look_of_a_look(name: str) -> None:
    assert look(look(name)) == look(name)
    assert list(twins([name], [name])) == []


@pytest.mark.parametrize(
    "name",
    ["a\nb", "a\x00", "\udcff", "cafe\u0301", "a\u200bb", "a\u202eb", "a\u00a0b", "a.", "a ", " a", "a:b", "a?", 'a"', "a\\b", "CON", "nul.txt",
     "Lpt9.a.b", "COM1 .txt", "MODELS~1", "GIT~12.YAM", "a\ue000"],
)  # fmt: skip
def test_names_that_no_clone_holds(name: str) -> None:
    assert name_fault(name)


@pytest.mark.parametrize(
    "name",
    ["a b.md", "caf\u00e9", "\u65e5\u672c", "console", "com10", "a~b", "backup.py~", ".x", "a..b", "v1.2-rc+x", "~x~"],
)
def test_names_that_every_clone_holds(name: str) -> None:
    assert name_fault(name) == ""
