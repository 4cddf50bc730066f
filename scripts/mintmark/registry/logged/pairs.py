"""Pairs of answers to the same rows, one that callers got and one of a shadow, as the log has them. Judges nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pyarrow as pa

from mintmark.errors import MintmarkError
from mintmark.registry.logged.decisions import read_answers, read_inputs
from mintmark.registry.logged.folded import unfolded
from mintmark.registry.logged.form import About

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mintmark.core.judgement.answers import Answer
    from mintmark.core.reference import Reference
    from mintmark.registry.logged.reading import PredictionLog

_OK: Final = 200
_KEY: Final = ["id", "row"]
MOST_ROWS: Final = 2_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairs:
    """Rows that both versions answered: `keys` has their id, row and time; `inputs` are those the served one was given.

    `unpaired` counts rows that one of the two answered alone, `twice` those of ids that several requests had, and
    `others` pairs of other versions that these channels had before.
    """

    first: About
    second: About
    keys: pd.DataFrame = field(repr=False)
    inputs: pd.DataFrame = field(repr=False)
    answers: tuple[Answer, Answer] = field(repr=False)
    unpaired: int = 0
    twice: int = 0
    others: int = 0

    def __len__(self) -> int:
        return len(self.keys)


def read_pairs(log: PredictionLog, served: Reference, shadow: Reference) -> Pairs:
    """Return the pairs of two references to one model; of channels, those of the versions that were paired last.

    Raises `MintmarkError` where there is none.
    """
    sides = [_read_side(log, served, shadow=False), _read_side(log, shadow, shadow=True)]
    for reference, side, kind in zip((served, shadow), sides, ("served", "shadow"), strict=True):
        if not side:
            raise MintmarkError(f"{log.where}: has no answer of {reference} as {kind}")
    keys = [_keys(side, f"{log.where}: the ids of {served} and {shadow}") for side in sides]
    clean = [each[~each.duplicated(_KEY, keep=False)] for each in keys]
    twice = sum(len(each) for each in keys) - sum(len(each) for each in clean)
    both = clean[0].merge(clean[1], on=_KEY, suffixes=("", "_shadow"))
    if both.empty:
        raise MintmarkError(f"{log.where}: no request was answered by both {served} and {shadow}")
    last = both.loc[both["time"].idxmax()]
    chosen = both[(both["part"] == last["part"]) & (both["part_shadow"] == last["part_shadow"])].sort_values("time")
    one, other = sides[0][last["part"]], sides[1][last["part_shadow"]]
    what = f"{log.where}: the answers of {served} and {shadow}"
    rows = unfolded(one[1].take(pa.array(chosen["place"])), what)
    rows_shadow = unfolded(other[1].take(pa.array(chosen["place_shadow"])), what)
    return Pairs(
        first=one[0],
        second=other[0],
        keys=chosen[[*_KEY, "time"]].reset_index(drop=True),
        inputs=read_inputs(rows, one[0]),
        answers=(read_answers(rows, one[0]), read_answers(rows_shadow, other[0])),
        unpaired=sum(len(each) for each in clean) - 2 * len(both),
        twice=twice,
        others=len(both) - len(chosen),
    )


def _read_side(log: PredictionLog, reference: Reference, *, shadow: bool) -> list[tuple[About, pa.Table]]:
    """Return the answers that a reference gave, by version and what is said of them."""
    selector = str(reference.selector)
    is_version = selector[:1].isdigit()
    wanted: dict[str, object] = {"status": _OK, "shadow": shadow}
    if not is_version:
        wanted["channel"] = selector
    found: dict[str, tuple[About, list[pa.Table]]] = {}
    rows = 0
    for place in log.places(reference.model, selector if is_version else None):
        for part in log.read(place, rows=wanted):
            if part.rows.num_rows:
                found.setdefault(repr(part.about), (part.about, []))[1].append(part.rows)
                rows += part.rows.num_rows
        if rows > MOST_ROWS:
            raise MintmarkError(f"{log.where}: has over {MOST_ROWS:,} answers of {reference}; copy some days of it")
    return [(about, pa.concat_tables(tables)) for about, tables in found.values()]


def _keys(side: Sequence[tuple[About, pa.Table]], what: str) -> pd.DataFrame:
    parts = []
    for number, (_, table) in enumerate(side):
        keys = unfolded(table.select([*_KEY, "time"]), what).to_pandas()
        parts.append(keys.assign(part=number, place=range(len(keys))))
    return pd.concat(parts, ignore_index=True)


def shown_rows(pairs: Pairs, places: Sequence[int]) -> pd.DataFrame:
    """Return some of the pairs as a table: what names them, what both said, and the inputs."""
    one, other = pairs.answers
    table: dict[str, Any] = {name: pairs.keys[name].iloc[list(places)].tolist() for name in (*_KEY, "time")}
    table["served"] = [one.prediction[place] for place in places]
    table["shadow"] = [other.prediction[place] for place in places]
    inputs: Mapping[str, pd.Series] = {name: pairs.inputs[name].iloc[list(places)].tolist() for name in pairs.inputs}
    return pd.DataFrame({**table, **{name: values for name, values in inputs.items() if name not in table}})
