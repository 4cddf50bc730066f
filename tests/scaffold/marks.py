"""Ways to say which cases of a test `make test` leaves to `make test-all`, and that in turn to `make test-long`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def first_quick(cases: Iterable[Any]) -> list[Any]:
    """Cases for `parametrize`: the first is as quick as its test, the others run in `make test-all`."""
    return _first(cases, pytest.mark.slow)


def others_long(cases: Iterable[Any]) -> list[Any]:
    """Cases for `parametrize`: the first is as quick as its test, the others run in `make test-long`."""
    return _first(cases, pytest.mark.long)


def _first(cases: Iterable[Any], mark: pytest.MarkDecorator) -> list[Any]:
    first, *others = cases
    return [first, *(pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=mark) for case in others)]
