"""The locks: what makes and runs models, what workflows run, what develops Mintmark, and uv, which sets it up."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mintmark.core.provenance.pins import Pin, read_pins

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MODELS, CLONE, UV = "requirements.lock", "requirements-dev.lock", "requirements-uv.lock"
TOOL = "requirements-tool.lock"
MAKE_MODELS = ("registry", "dask", "onnx", "safetensors")  # as `make lock` says


def pins(lock: str) -> list[Pin]:
    return read_pins((ROOT / lock).read_bytes())


def closure(requirements: list[str]) -> set[str]:
    """Every distribution that installing these brings, by the metadata of what is installed here."""
    todo, seen = [Requirement(text) for text in requirements], set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        if name == PROJECT["project"]["name"]:
            extras = PROJECT["project"]["optional-dependencies"]
            todo += [Requirement(text) for extra in requirement.extras for text in extras[extra]]
            continue
        if (name, frozenset(requirement.extras)) in seen:
            continue
        seen.add((name, frozenset(requirement.extras)))
        for text in metadata.requires(name) or ():
            needed = Requirement(text)
            if needed.marker is None or any(
                needed.marker.evaluate({"extra": extra}) for extra in (requirement.extras or {""})
            ):
                todo.append(needed)
    return {name for name, _ in seen}


@pytest.mark.parametrize("lock", [MODELS, TOOL, CLONE, UV])
def test_everything_is_pinned_with_hashes(lock: str) -> None:
    found = pins(lock)
    assert found
    assert [pin.name for pin in found if pin.version is None or not pin.hashes] == []


def test_the_lock_of_models_holds_what_makes_and_runs_models_and_nothing_else() -> None:
    wanted = closure([*PROJECT["project"]["dependencies"], f"{PROJECT['project']['name']}[{','.join(MAKE_MODELS)}]"])
    assert {pin.name for pin in pins(MODELS) if pin.marker is None or pin.marker.evaluate()} == wanted
    assert not wanted & {"mypy", "playwright", "pytest", "mkdocs", "mkdocs-material", "ruff"}


def test_the_lock_of_the_clone_holds_everything_in_the_same_versions() -> None:
    models, clone = ({(pin.name, pin.version) for pin in pins(lock)} for lock in (MODELS, CLONE))
    assert models < clone
    tools = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependency-groups"]["dev"]}
    assert tools <= {name for name, _ in clone}


def test_the_lock_of_the_workflows_adds_what_builds_a_site() -> None:
    models, tool, clone = ({(pin.name, pin.version) for pin in pins(lock)} for lock in (MODELS, TOOL, CLONE))
    assert models < tool < clone
    site = {canonicalize_name(Requirement(text).name) for text in PROJECT["project"]["optional-dependencies"]["site"]}
    assert site <= {name for name, _ in tool}


def test_uv_comes_alone_and_only_for_the_set_up() -> None:
    assert [pin.name for pin in pins(UV)] == ["uv"]
    assert "uv" not in {pin.name for pin in pins(CLONE)}, "pip could not set up where uv has no wheel"


def test_no_development_tool_has_a_say_in_the_lock_of_models() -> None:
    said = subprocess.run(
        ("make", "-n", "-o", ".venv/.installed", "lock"), cwd=ROOT, capture_output=True, text=True, check=True
    )
    (command,) = [line for line in said.stdout.splitlines() if line.endswith(f"--output-file {MODELS}")]
    assert "--group" not in command
    assert "--constraint" not in command
    assert re.findall(r"--extra (\S+)", command) == list(MAKE_MODELS)
