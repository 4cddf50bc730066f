"""What the page of a model says first: what is served, how good it is, and since when."""

from __future__ import annotations

from typing import Any

import pytest
from tests.publishing.site.pages.model_pages import content, page, sample
from tests.publishing.site.samples.sample_versions import (
    HOSTILE,
    assert_safe,
    config,
    event,
    held,
    index,
    review,
    row,
    version,
)

BEFORE = {"version": "0.9.0", "value": 0.94, "low": 0.9, "high": 0.97, "rows": "same", "difference": 0.01}


def answered(
    standing: str | None = "better", *, before: bool = True, kept: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    """An index with 1.0.0 in production and 1.1.0 waiting in staging; `changes` go into the row of 1.0.0."""
    rows = [row(version("1.1.0"), "staging"), {**row(version("1.0.0"), "production"), **changes}, row(version("0.9.0"))]
    champion = {
        "channel": "production",
        "version": "1.0.0",
        "row": rows[1],
        "review": kept,
        "compared_with": {**BEFORE, "standing": standing} if before else None,
        "url": "versions/1.0.0/model.skops",
    }
    channels = {"staging": held("1.1.0", "1.0.0", event(7)), "production": held("1.0.0", "0.9.0", event(5))}
    return index(*rows, champion=champion, channels=channels)


def test_the_first_block_says_what_is_served_how_good_since_when_and_how_healthy() -> None:
    reproduced = {"time": "2026-06-02T09:30:00Z", "by": "Grace", "identical": True}
    text = page(answered(reproduced=reproduced)).text("")
    for part in (
        "In production 1.0.0 roc_auc 0.95 [0.93, 0.97] ▲ 0.01 better than 0.9.0 (paired test on the same rows)",
        "Since 2026-06-05, moved by Ada in 5555555 (#45). Made 2026-06-01 by Ada",
        "✓ meets the gates of today ✓ files verified ✓ reproduced 1.1.0 is in staging.",
        "No review kept.",
    ):
        assert part in text, part
    assert text.index("In production") < text.index("Tells irises apart.")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (answered("inconclusive"), "▲ 0.01 inconclusive against 0.9.0 (paired test on the same rows)"),
        (answered(None), "+0.01 against 0.9.0, no verdict (undecided)"),
        (answered(before=False), "It was compared with no other version: undecided."),
        (answered(missed=["roc_auc is too low"]), "✗ misses a gate of today: roc_auc is too low"),
        (answered(verified=False), "✗ files missing or not as recorded"),
        (answered(verified=None), "– files not checked here"),
        (answered(yanked={"reason": "It *leaks*.", "replacement": "0.9.0", **event(8)}), "It was yanked. Use 0.9.0"),
        (index(row(version("1.0.0"))), "In production nothing yet The latest version is 1.0.0."),
        (index(), "In production nothing yet No version is registered yet."),
    ],
)
def test_the_first_block_is_honest(shown: dict[str, Any], expected: str) -> None:
    assert expected in page(shown).text("")
    assert ("mm-answer--bad" in content(shown)) == ("yanked" in expected)


def test_the_first_block_says_what_the_review_decided() -> None:
    kept = review()
    told = kept["report"]["comparison"]
    told["against"] = "iris@0.9.0"
    text = page(answered("no worse", kept=kept)).text("")
    said = "Its review: Pass +0.0133 [-0.0012, +0.0321] no worse than iris@0.9.0 (by a paired test on "
    assert said in text
    assert "margin 0.01)" in text
    assert "▲ 0.01" not in text  # the site's own test says the same of the same two
    assert "▲ 0.01 better than 0.9.0" in page(answered("better", kept=kept)).text("")
    told["difference"] |= {"standing": "inconclusive", "rows_needed": 900}
    text = page(answered(None, kept=kept)).text("")
    assert "inconclusive against iris@0.9.0" in text
    assert "some 900 rows would decide it" in text
    told |= {"champion": None, "difference": None}
    assert "Pass (there was nothing to compare it with, on " in page(answered(before=False, kept=kept)).text("")
    assert "The tag does not agree with itself" in page(answered(kept={**kept, "outcome": "failure"})).text("")
    assert "No review kept." in page(answered(kept={**kept, "report": None, "fault": "it is lightweight"})).text("")
    assert_safe(content(answered(kept=review(report={**kept["report"], "comparison": {**told, "against": HOSTILE}}))))


def test_a_champion_that_cannot_be_read_is_not_nothing() -> None:
    sentence = "production points to 1.0.0, whose record cannot be read"
    entry = {"kind": "unreadable", "severity": "high", "channel": "production", "sentence": sentence, "since": None}
    other = {"kind": "gates", "severity": "medium", "channel": "staging", "sentence": "staging misses", "since": None}
    shown = index(row(version("0.9.0")), attention=[entry, other])
    text = page(shown).text("")
    assert f"In production cannot be read {sentence}." in text
    assert "nothing yet" not in text
    assert "staging misses." in text
    assert content(shown).count(sentence) == 1


def test_the_first_block_has_what_to_copy_and_what_to_do() -> None:
    made = content(answered(missed=[]))
    assert 'data-copies="get-1">Copy Python</button>' in made
    text = page(answered()).text("")
    assert f'model = mintmark.load("iris@production", path="{config()["site"]}")' in text
    assert "curl -fLO https://acme.github.io/models/api/v1/models/iris/versions/1.0.0/model.skops" in text
    assert "mintmark promote iris@1.1.0 production" in text
    assert "mintmark rollback iris production" in text
    assert "models/iris/channels/production.yaml opens in GitHub's editor. Write: version: 0.9.0" in text
    bare = config(site=None, repository=None)
    assert "GitHub" not in page(answered(), config=bare).text("")
    assert "Roll back to 0.9.0 In a terminal: mintmark rollback iris production" in page(answered(), config=bare).text(
        ""
    )
    assert 'path="<span data-address="../../">' in content(answered(), config=bare).replace("&#34;", '"')


def test_the_first_block_offers_no_move_that_is_refused() -> None:
    refused = {"version": "1.1.0", "kind": "promote", "refused": "is yanked"}
    made = page(sample(choices={"production": [refused]}))
    assert "1.1.0 is in staging. It cannot be promoted: 1.1.0 is yanked." in made.text("")
    assert "Promote 1.1.0" not in made.text("")
    for gone in (sample(choices={}), sample(choices={}, versions=[])):  # beyond the versions that choices tell of
        assert "Promote 1.1.0" not in page(gone).text("")
    fine = sample(channels={"staging": held("1.2.0", None, event(7))})
    assert "Promote 1.2.0" in page(fine).text("")
