"""Every family of hostile proposals: what the modules `families_*.py` beside this one call FAMILIES."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from tests.judging.hostile.harness import Family

FAMILIES: list[Family] = [
    family
    for path in sorted(Path(__file__).parent.glob("families_*.py"))
    for family in import_module(f"tests.judging.hostile.{path.stem}").FAMILIES
]
