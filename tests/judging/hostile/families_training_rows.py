"""Digests of training rows that cannot be those of the training. Each proposal agrees with itself."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from tests.judging.hostile.harness import Family
from tests.judging.judged_fixture import bytes_of, forge
from tests.scaffold.registry import Scratch

from mintmark.training.tables import format_parquet

NAME = "training-rows.parquet"
Change = Callable[[pd.DataFrame], pd.DataFrame]


def _rewrite(change: Change, registry: Scratch) -> None:
    table = pd.read_parquet(io.BytesIO(bytes_of(registry, "1.1.0", NAME)))
    forge(registry, "1.1.0", NAME, format_parquet(change(table)))


def _more(table: pd.DataFrame, kind: str, digests: list[int]) -> pd.DataFrame:
    return pd.concat([table, pd.DataFrame({"of": pd.Series([kind] * len(digests), dtype="str"), "digest": digests})])


training = Family("digests of training rows")
for _name, _change, _says in (
    ("none", lambda table: table.iloc[:0], "has digests of 0 rows"),
    ("one is left out", lambda table: table.iloc[1:], "data.json counts 600"),
    ("one is twice", lambda table: table.iloc[[0, *range(len(table))]], "data.json counts 600"),
    ("half of them", lambda table: table.iloc[::2], "has digests of 300 rows"),
    ("out of range", lambda table: table.assign(digest=table.digest + (len(table) << 20)), "out of the range"),
    ("below zero", lambda table: table.assign(digest=table.digest - (len(table) << 20)), "out of the range"),
    ("not sorted", lambda table: table.iloc[::-1], "not sorted"),
    ("shuffled", lambda table: table.sample(frac=1, random_state=1), "not sorted"),
    ("more ids than rows", lambda table: _more(table, "id", list(range(601))), "601 ids"),
    ("more entities than rows", lambda table: _more(table, "entity", list(range(601))), "601 entities"),
    ("one id over and over", lambda table: _more(table, "id", [5] * 600), "digests of an id twice"),
    ("of something else", lambda table: table.assign(of="person"), "digests of rows"),
    ("numbers with a point", lambda table: table.assign(digest=table.digest.astype(np.float64)), "digests of rows"),
    ("a third column", lambda table: table.assign(more=1), NAME),
    ("without its kind", lambda table: table[["digest"]], NAME),
):
    training.add(_name, partial(_rewrite, _change), says=_says)


@training.variant(honest=True, model=True)
def _those_of_the_training(registry: Scratch) -> None:
    _rewrite(lambda table: table, registry)


FAMILIES = [training]
