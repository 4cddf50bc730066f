"""What happened in words."""

from __future__ import annotations

from typing import get_args

import pytest

from mintmark.core.events import EventKind
from mintmark.core.words.events import event_sentence

MOVE = {"channel": "production", "before": "1.0.0", "after": "1.1.0"}


@pytest.mark.parametrize(
    ("kind", "parts", "sentence"),
    [
        ("create", {}, "the model was created"),
        ("describe", {}, "model.yaml was changed"),
        ("anchor", {"after": "1.1.0"}, "the anchor was moved to 1.1.0"),
        ("anchor", {"before": "1.1.0"}, "the anchor was moved from 1.1.0 to the first champion"),
        ("remove", {}, "the model was removed"),
        ("propose", {"version": "1.1.0"}, "1.1.0 was registered"),
        ("withdraw", {"version": "1.1.0"}, "1.1.0 was withdrawn"),
        ("promote", MOVE, "1.1.0 was promoted to production in place of 1.0.0"),
        ("promote", {**MOVE, "before": None}, "1.1.0 was promoted to production"),
        ("rollback", {**MOVE, "before": "1.1.0", "after": "1.0.0"}, "production was rolled back from 1.1.0 to 1.0.0"),
        ("close", {**MOVE, "after": None}, "production was closed; it pointed to 1.0.0"),
        ("yank", {"version": "1.1.0", "reason": "it\nleaks \x1b "}, "1.1.0 was yanked: it leaks \\x1b"),
        ("yank", {"version": "1.1.0"}, "1.1.0 was yanked"),
        ("unyank", {"version": "1.1.0"}, "1.1.0 is no longer yanked"),
        ("damage", {"version": "1.1.0"}, "1.1.0 was damaged: its files were changed after it was registered"),
        ("damage", {"channel": "staging"}, "the file of staging was damaged: it names no version"),
        ("mend", {"version": "1.1.0"}, "1.1.0 was mended: its files are those that were registered"),
        ("mend", {"channel": "staging"}, "the file of staging was mended: it can be read again"),
        ("of a later mintmark", {}, "of a later mintmark"),
    ],
)
def test_sentences(kind, parts, sentence):
    assert event_sentence(kind, **parts) == sentence


def test_every_kind_of_event_has_one():
    for kind in get_args(EventKind):
        assert event_sentence(kind, version="1.0.0", **MOVE) != kind
