"""Which rows a slice means."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mintmark.core.question import Condition
from mintmark.core.statistics.slices import SliceFault, slice_mask

FRAME = pd.DataFrame(
    {
        "age": [20.0, 55.0, np.nan, 60.0],
        "sex": ["f", "m", "f", None],
        "n": [1, 2, 3, 4],
        "ok": [True, False, True, True],
    }
)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"column": "age", "at_least": 55}, [False, True, False, True]),
        ({"column": "age", "below": 55}, [True, False, False, False]),
        ({"column": "age", "at_least": 20, "below": 60}, [True, True, False, False]),
        ({"column": "sex", "equals": "f"}, [True, False, True, False]),
        ({"column": "n", "in": [1, 4]}, [True, False, False, True]),
        ({"column": "n", "equals": 9}, [False] * 4),
        ({"column": "ok", "equals": True}, [True, False, True, True]),
    ],
)
def test_rows_that_meet_a_condition(where, expected):
    assert slice_mask(FRAME, Condition.from_dict(where)).tolist() == expected


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"column": "nope", "equals": 1}, 'no column "nope"'),
        ({"column": "sex", "at_least": 1}, "has no at_least"),
        ({"column": "sex", "equals": 1}, "which 1 is not"),
        ({"column": "n", "equals": "1"}, "which '1' is not"),
        ({"column": "n", "in": [1, "2"]}, "which '2' is not"),
    ],
)
def test_a_condition_that_does_not_fit_is_a_fault(where, message):
    with pytest.raises(SliceFault, match=message):
        slice_mask(FRAME, Condition.from_dict(where))
