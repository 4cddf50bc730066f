"""Digests of training rows that cannot be those of the training. Each proposal agrees with itself."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from tests.judging.hostile.harness import VERSION, Family
from tests.judging.hostile.rewriting import output, rewrite_output
from tests.judging.judged_fixture import bytes_of, forge, rewritten
from tests.scaffold.registry import Scratch

from mintmark.training.profile import reference_profile
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


def _with_entities(registry: Scratch) -> None:
    """From here on `region` is the entity column, for the base as well: whoever is judged has to tell whom it saw."""
    registry.git("switch", "--quiet", "base")
    registry.edit("models/loans/model.yaml", "target: paid\n", "target: paid\nentity_column: region\n")
    registry.commit("Tell the entities apart")
    registry.git("switch", "--quiet", "attack")


@training.variant(says='has no digests of "region"')
def _entities_are_dropped(registry: Scratch) -> None:
    _with_entities(registry)


@training.variant(says="has digests of 5 entities, and profile.json counts 10 in the training")
def _half_of_the_entities(registry: Scratch) -> None:
    _with_entities(registry)
    column = pd.Series(range(600), name="income")
    profile = reference_profile(column.to_frame(), column, None, [], entities=column % 10)
    forge(registry, "1.1.0", "profile.json", json.dumps(profile).encode())
    _rewrite(lambda table: _more(table, "entity", [each << 20 for each in range(5)]), registry)


@training.variant(says="has digests of 5 entities, and data.json counts 10 in the training")
def _half_of_the_entities_of_data_json(registry: Scratch) -> None:
    data = output(registry, "data.json") | {"train": {"rows": 600, "entities": 10}}
    rewrite_output(registry, "data.json", json.dumps(data).encode())
    _rewrite(lambda table: _more(table, "entity", [each << 20 for each in range(5)]), registry)


@training.variant(says="holds the digests of loans@1.0.0, which was trained on another table")
def _those_of_another_version(registry: Scratch) -> None:
    """Of a table that this record does not name; what else disagrees then is told beside it."""
    forge(registry, "1.1.0", NAME, bytes_of(registry, "1.0.0", NAME))
    with rewritten(registry.path(f"{VERSION}/version.yaml")) as record:
        next(each for each in record["data"] if each["role"] == "training")["hash"] = f"sha256:{'5' * 64}"


@training.variant(reproduce=True, says="other digests of training rows than it stores")
def _made_with_another_key(registry: Scratch) -> None:
    """They look like any others: only running the stages again tells."""
    _rewrite(lambda table: table.assign(digest=sorted((table.digest * 7 + 1) % (len(table) << 20))), registry)


@training.variant(honest=True, model=True)
def _those_of_the_training(registry: Scratch) -> None:
    _rewrite(lambda table: table, registry)


FAMILIES = [training]
