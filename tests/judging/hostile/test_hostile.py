"""No hostile proposal passes the review, and their honest neighbours do; the table at the end of a run counts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.judging.hostile.families import FAMILIES
from tests.judging.hostile.harness import Variant, try_family
from tests.scaffold.registry import Scratch

_SOME = 5


def _cases() -> Iterator[object]:
    """Every family in parts: one variant, five others, the rest, and all of them with the model.

    Two minutes of `make test-all` are for hostile proposals: the last two parts take longer.
    """
    for family in FAMILIES:
        first = family.hostile[0]
        others = [variant for variant in family.variants if variant is not first]
        name = family.name.replace(" ", "-")
        # Spread over the family, in which neighbours are most alike.
        quick = [variant for variant in others if not variant.reproduce]
        some = quick[:: max(1, -(-len(quick) // _SOME))]
        rest = [variant for variant in others if variant not in some]
        yield pytest.param(family.name, [first], id=f"{name}-first")
        yield pytest.param(family.name, some, id=f"{name}-some", marks=pytest.mark.slow)
        if rest:
            yield pytest.param(family.name, rest, id=f"{name}-rest", marks=pytest.mark.long)
        whole = [replace(variant, model=True) for variant in family.variants]
        yield pytest.param(family.name, whole, id=f"{name}-with-the-model", marks=pytest.mark.long)


@pytest.mark.parametrize(("family", "variants"), list(_cases()))
def test_none_passes(
    family: str,
    variants: list[Variant],
    judged: Scratch,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    outcomes = list(try_family(variants, judged, tmp_path / "reports", monkeypatch))
    hostile = [outcome for outcome in outcomes if not outcome.variant.honest]
    through = sum(outcome.code == 0 for outcome in hostile)
    record_property("hostile", [family, len(hostile), through, max(outcome.seconds for outcome in outcomes)])
    faults = [f"{outcome.variant.name}: {outcome.fault}" for outcome in outcomes if outcome.fault]
    assert not faults, "\n".join(faults)
