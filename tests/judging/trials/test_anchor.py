"""Many small losses do not add up: the first champion stays the mark."""

from __future__ import annotations

import pytest
from tests.judging.judged_fixture import propose
from tests.judging.trials.test_clean_rows import said
from tests.scaffold.registry import Scratch
from tests.scaffold.review import Review


def crown(judged: Scratch, version: str) -> None:
    for channel in ("staging", "production"):
        assert judged.mintmark("promote", f"loans@{version}", channel, "--here").code == 0


def review_next(crowned: Scratch) -> Review:
    """What is said of 1.2.0, proposed on top of `base`."""
    crowned.branch("next", "base")
    propose(crowned, "--version", "1.2.0", C=0.9)
    return crowned.review(base="base")


@pytest.fixture
def crowned(judged: Scratch) -> Scratch:
    """On the branch `base`: 1.1.0 was the second champion, and 1.0.0 the first."""
    judged.branch("base", "better")
    crown(judged, "1.1.0")
    return judged


@pytest.mark.slow
def test_a_candidate_is_held_against_the_first_champion_too(crowned: Scratch) -> None:
    found = review_next(crowned)
    ((verdict, message),) = said(found, "anchor")
    assert verdict == "pass"
    assert message.startswith("better than the anchor loans@1.0.0: accuracy +")


@pytest.mark.slow
def test_the_anchor_is_what_model_yaml_of_the_base_names(crowned: Scratch) -> None:
    """Here the champion itself, and then there is nothing more to ask."""
    crowned.edit("models/loans/model.yaml", "owners:", 'anchor: "1.1.0"\nowners:')
    crowned.commit("Move the anchor")
    assert said(review_next(crowned), "anchor") == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("anchor", "code", "message"),
    [
        ("1.1.0", 42, 'anchor is changed: none -> "1.1.0"'),
        ("1.0.0", 42, 'anchor is changed: none -> "1.0.0"'),  # the first champion, which it is anyway
        ("9.9.9", 1, "anchor may move to 1.1.0, which holds production, and not to 9.9.9"),
        ("1.1", 1, "as Semantic Versioning writes it"),
    ],
)
def test_an_anchor_moves_to_the_champion_alone(crowned: Scratch, anchor: str, code: int, message: str) -> None:
    crowned.branch("move", "base")
    crowned.edit("models/loans/model.yaml", "owners:", f'anchor: "{anchor}"\nowners:')
    crowned.commit("Move the anchor")
    found = crowned.review(base="base")
    assert (found.code, found.kind) == (code, "describe")
    assert message in found.text


@pytest.mark.long
def test_an_anchor_that_is_gone_asks_a_person(crowned: Scratch) -> None:
    crowned.edit("models/loans/model.yaml", "owners:", 'anchor: "0.9.0"\nowners:')
    crowned.commit("An anchor that was withdrawn")
    found = review_next(crowned)
    assert found.code == 42
    assert said(found, "anchor") == [
        ("decide", "the anchor loans 0.9.0 is not there any more; move it to the champion (anchor: in model.yaml)")
    ]
