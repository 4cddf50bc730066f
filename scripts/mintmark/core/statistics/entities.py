"""Which evaluation rows belong to one entity, by the `entity_column` of model.yaml. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mintmark.core.question import ROW, RecipeFault

if TYPE_CHECKING:
    from mintmark.core.question import Question
    from mintmark.core.statistics.metrics import Codes


def entity_codes(rows: pd.DataFrame, question: Question) -> Codes | None:
    """Return a code for each row, one for all rows of an entity, in the order of the entities; None without a column.

    Raises `RecipeFault` where the rows do not have the column, and where one of them names no entity: whether such rows
    are of one entity or of many, nobody knows.
    """
    name = question.entity_column
    if name is None:
        return None
    if name not in rows.columns:
        raise RecipeFault(("entity_column",), f'the evaluation data has no column "{name}"')
    column = rows[name]
    if column.isna().any():
        first = rows[ROW].to_numpy()[column.isna()][0] if ROW in rows.columns else int(column.isna().argmax())
        raise RecipeFault(
            ("entity_column",),
            f'{int(column.isna().sum())} evaluation rows have no "{name}", the first is row {first}; '
            f'write missing: {{columns: {{"{name}": drop-row}}}} in params.yaml, or fill it in the data',
        )
    try:
        codes: Codes = pd.factorize(column, sort=True)[0].astype(np.intp)
    except TypeError:
        raise RecipeFault(("entity_column",), f'"{name}" does not hold the names or numbers of entities') from None
    return codes
