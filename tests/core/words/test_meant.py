"""What a mistyped name was meant to be."""

from __future__ import annotations

import pytest

from mintmark.core.words.meant import did_you_mean


@pytest.mark.parametrize(
    ("name", "known", "told"),
    [
        ("roc-auc", ["accuracy", "roc_auc"], 'did you mean "roc_auc"?'),
        ("c", ["C", "tol"], 'did you mean "C"?'),
        ("Mean Radius", ["mean radius", "mean texture"], 'did you mean "mean radius"?'),
        ("xyz", ["accuracy"], None),
        ("a", [], None),
    ],
)
def test_case_and_signs_do_not_matter(name: str, known: list[str], told: str | None) -> None:
    assert did_you_mean(name, known) == told
