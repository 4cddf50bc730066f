"""What each row adds to a metric: its influence, to first order. Pure arithmetic on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from mintmark.core.statistics.metrics import LOSSES, errors

if TYPE_CHECKING:
    from mintmark.core.statistics.metrics import Floats, Outcomes

_LARGEST: Final = 1e70  # the square of a sum of many such numbers is still one


def influence(name: str, o: Outcomes) -> Floats | None:
    """Return by how much each row moves a metric from what it is, times the number of rows, to first order.

    The sum is zero. None for a metric that has no such formula here, and where it is not defined or far too large.
    """
    with np.errstate(all="ignore"):
        moved = _influence(name, o)
    return moved if moved is not None and bool((np.abs(moved) < _LARGEST).all()) else None


def _influence(name: str, o: Outcomes) -> Floats | None:
    if name in LOSSES:
        return _centred(LOSSES[name](o))
    moved: Floats
    if name == "rmse":
        loss = LOSSES["mse"](o)
        moved = _centred(loss) / (2 * np.sqrt(loss.mean()))
        return moved
    if name in ("r2", "explained_variance"):
        loss = (errors(o) if name == "r2" else _centred(errors(o))) ** 2
        spread = _centred(o.truth) ** 2
        moved = (spread * (loss.mean() / spread.mean()) - loss) / spread.mean()
        return moved
    return None


def _centred(values: Floats) -> Floats:
    centred: Floats = values - values.mean()
    return centred
