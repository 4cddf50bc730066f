"""Which packages of others the light client imports when it lists, shows and pulls: a positive list."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.registry.site_fixture import Site, build_site, start_site
from tests.scaffold.registry import Scratch

# configobj and platformdirs read where DVC has the bytes.
LIGHT = {"configobj", "jsonschema_rs", "platformdirs", "yaml"}
PROGRAM = """
import sys
from mintmark.cli import main
code = main(sys.argv[1:])
names = {name.split(".")[0] for name in sys.modules}
nobodys = ("mintmark", "cython_runtime", "sitecustomize")  # a Python of a distribution brings the last one
own = {name for name in names if not name.startswith("_") and name not in nobodys}
print("loaded", code, *sorted(own - sys.stdlib_module_names), file=sys.stderr)
"""
COMMANDS = [
    ["list"],
    ["list", "--versions"],
    ["list", "iris", "--json"],
    ["show", "iris"],
    ["show", "iris@production"],
    ["pull", "iris@production", "--output", "pulled"],
    ["pull", "iris@1.1.0", "--all", "--output", "all"],
]


@pytest.fixture
def site(scratch: Scratch, tmp_path: Path) -> Iterator[Site]:
    build_site(scratch.root, tmp_path / "site")
    site = start_site(tmp_path / "site")
    yield site
    site.stop()


def third_parties(folder: Path, *arguments: str) -> set[str]:
    """Run a command in a process of its own, with no cache, and return the packages of others that it imported."""
    environment = {**os.environ, "MINTMARK_CACHE": str(folder / "no-cache-yet")}
    command = (sys.executable, "-c", PROGRAM, *arguments)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    word, code, *names = done.stderr.splitlines()[-1].split()
    assert (word, code) == ("loaded", "0"), done.stderr
    return set(names)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_clone_is_read_with_light_packages_alone(scratch: Scratch, command: list[str]) -> None:
    assert third_parties(scratch.root, *command) - LIGHT == set()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_site_is_read_with_light_packages_alone(site: Site, tmp_path: Path, command: list[str]) -> None:
    assert third_parties(tmp_path, *command, "--registry", site.url) - LIGHT == set()
