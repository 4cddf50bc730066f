"""How many examples Hypothesis tries where a test names a number of its own."""

from __future__ import annotations

from hypothesis import settings


def examples(count: int) -> int:
    """Return the number, or in the profile of `make test` a share of it: `@settings` would overrule that profile."""
    usual, asked = settings.get_profile("mintmark").max_examples, settings().max_examples
    return count if asked >= usual else max(1, min(count, usual) * asked // usual)
