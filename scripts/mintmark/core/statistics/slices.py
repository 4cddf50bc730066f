"""Which rows a slice of model.yaml means. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mintmark.core.question import Condition


class SliceFault(ValueError):  # noqa: N818 - a fault in data, which callers turn into a finding
    """A condition that does not fit the table."""


def slice_mask(frame: pd.DataFrame, where: Condition) -> NDArray[np.bool_]:
    """Return for each row whether it meets a condition.

    A missing value meets none. Raises `SliceFault` where the column is not there or is not of the condition's type.
    """
    name = where.column
    if name not in frame.columns:
        raise SliceFault(
            f'there is no column "{name}" (columns that are not inputs must be carried, see prepare.carry)'
        )
    column = frame[name]
    wanted = where.among if where.equals is None else (where.equals,)
    if wanted is not None:
        numeric = pd.api.types.is_numeric_dtype(column)
        for value in wanted:
            if isinstance(value, (int, float)) != numeric:
                raise SliceFault(f'"{name}" holds {column.dtype}, which {value!r} is not')
        chosen: NDArray[np.bool_] = column.isin(wanted).to_numpy(dtype=bool)
        return chosen
    if not pd.api.types.is_numeric_dtype(column):
        raise SliceFault(f'"{name}" holds {column.dtype} and has no at_least or below')
    mask = column.notna()
    if where.at_least is not None:
        mask &= column >= where.at_least
    if where.below is not None:
        mask &= column < where.below
    inside: NDArray[np.bool_] = mask.to_numpy(dtype=bool)
    return inside
