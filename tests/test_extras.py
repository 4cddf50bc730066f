"""A package that only an extra brings: every import of one is known, and a missing one is one sentence."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement
from tests.scaffold.marks import first_quick

from mintmark.about import DISTRIBUTION
from mintmark.extras import EXTRAS, MissingExtraError, explain_missing, install_line

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TRANSITIVE = {"joblib", "fsspec", "urllib3"}  # scikit-learn, DVC and requests bring them and document them as theirs
ELSEWHERE = {"mlflow-skinny": {"mlflow"}}  # in an environment of its own: tests/scaffold/mlflow_environment.py


@cache
def _by_distribution() -> dict[str, set[str]]:
    """The modules of each distribution that is installed, which takes seconds to find out."""
    found = {name: {*modules} for name, modules in ELSEWHERE.items()}
    for module, names in metadata.packages_distributions().items():
        for name in names:
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), set()).add(module)
    return found


def modules_of(requirements: list[str]) -> set[str]:
    """The modules of these distributions, in which an extra may name another."""
    by_distribution, found = _by_distribution(), set[str]()
    for requirement in map(Requirement, requirements):
        if requirement.name == DISTRIBUTION:
            for extra in requirement.extras:
                found |= modules_of(PROJECT["optional-dependencies"][extra])
        else:
            found |= by_distribution[re.sub(r"[-_.]+", "-", requirement.name).lower()]
    return found


def test_the_distribution_has_one_name() -> None:
    assert PROJECT["name"] == DISTRIBUTION


@pytest.mark.parametrize("extra", first_quick(EXTRAS))
def test_an_extra_brings_the_modules_that_are_said_of_it(extra: str) -> None:
    assert set(EXTRAS[extra]) - TRANSITIVE <= modules_of(PROJECT["optional-dependencies"][extra])


def test_every_import_of_a_package_comes_with_the_client_or_an_extra() -> None:
    known = modules_of(PROJECT["dependencies"]).union({"mintmark"}, sys.stdlib_module_names, *EXTRAS.values())
    unknown = set()
    for path in (ROOT / "scripts").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [str(node.module)]
            unknown |= {(path.name, name) for name in names if name.partition(".")[0] not in known}
    assert unknown == set()


@pytest.mark.parametrize(
    ("module", "wanted", "named"),
    [
        ("numpy", "registry", "registry"),
        ("numpy", "load", "load"),
        ("pyarrow.parquet", "site", "site"),
        ("jinja2", "registry", "site"),
        ("onnx", "load", "onnx"),
        ("distributed", "registry", "dask"),
    ],
)
def test_the_extra_that_is_wanted_most_is_named(
    monkeypatch: pytest.MonkeyPatch, module: str, wanted: str, named: str
) -> None:
    monkeypatch.setitem(sys.modules, module.partition(".")[0], None)
    error = explain_missing(ModuleNotFoundError(name=module), "mintmark review", wanted)
    assert isinstance(error, MissingExtraError)
    assert str(error).startswith(
        f"mintmark review needs the extra `{named}` ({module.partition('.')[0]} is missing): pip"
    )


@pytest.mark.parametrize("module", ["numpy.no_such_part", "mintmark.no_such_part", "no_such_package", None])
def test_a_bug_stays_a_bug(module: str | None) -> None:
    error = ModuleNotFoundError(name=module)
    assert explain_missing(error, "mintmark review", "registry") is error


GIT = {"url": "https://github.com/acme/mintmark", "vcs_info": {"vcs": "git", "commit_id": "4f2a"}}


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        (None, 'pip install "mintmark-registry[load]"'),
        ({"url": "file:///a%20b/mintmark", "dir_info": {}}, 'pip install "/a b/mintmark[load]"'),
        ({"url": "file:///m", "dir_info": {"editable": True}}, 'pip install --editable "/m[load]"'),
        (GIT, 'pip install "mintmark-registry[load] @ git+https://github.com/acme/mintmark@4f2a"'),
        ({"url": "file:///m-1.whl", "archive_info": {}}, 'pip install "mintmark-registry[load] @ file:///m-1.whl"'),
    ],
)
def test_an_extra_comes_from_where_mintmark_came_from(
    monkeypatch: pytest.MonkeyPatch, origin: dict[str, object] | None, line: str
) -> None:
    text = None if origin is None else json.dumps(origin)
    monkeypatch.setattr(metadata, "distribution", lambda name: SimpleNamespace(read_text=lambda file: text))
    assert install_line("load") == line


def test_a_copy_that_was_never_installed_names_the_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", lost)
    assert install_line("load") == 'pip install ".[load]" in a clone of Mintmark'


@pytest.mark.parametrize(
    ("missing", "arguments", "sentence"),
    [
        (
            "pyarrow",
            ("reproduce", "digits@1.0.0"),
            "mintmark: mintmark reproduce needs the extra `registry` (pyarrow is",
        ),
        ("markupsafe", ("site", "build"), "mintmark: mintmark site needs the extra `site` (markupsafe is"),
    ],
)
def test_a_command_that_lacks_a_package_says_so_in_one_sentence(
    tmp_path: Path, missing: str, arguments: tuple[str, ...], sentence: str
) -> None:
    code = "import sys; sys.modules[sys.argv[1]] = None; from mintmark.cli import main; sys.exit(main(sys.argv[2:]))"
    command = (sys.executable, "-c", code, missing, "-C", str(ROOT), *arguments)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1


def test_loading_without_scikit_learn_says_so_in_one_sentence() -> None:
    code = "import sys; sys.modules['skops'] = None; import mintmark; mintmark.load('digits@1.0.0')"
    done = subprocess.run((sys.executable, "-c", code), cwd=ROOT, capture_output=True, text=True, check=False)
    sentence = "mintmark.extras.MissingExtraError: mintmark.load needs the extra `load` (skops is missing): pip install"
    assert done.stderr.splitlines()[-1].startswith(sentence)
